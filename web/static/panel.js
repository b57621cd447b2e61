// The search panel: a picture is dropped, pasted or picked, shown at once, and sent with progress.

import { watchIncoming } from "./incoming.js";
import { showWaiting, stopWaiting, swap } from "./swap.js";
import { wording } from "./wording.js";

const LONGEST_PX = 1024; // the server keeps no more
const SMALL_BYTES = 300_000; // smaller files are not reduced

// Return the picture reduced as the server would, or as it is where the browser can't read it.
const reduce = async (file) => {
  if (file.size <= SMALL_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff"; // what is transparent becomes white, as on the server
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
    return blob && blob.size < file.size ? new File([blob], "picture.jpg", { type: blob.type }) : file;
  } catch {
    return file;
  }
};

const draw = (image, file) => {
  const address = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  image.src = address;
};

// Show the picture at once: in the panel, and in place of the last photo with its parts.
const preview = (panel, file) => {
  const image = panel.querySelector("[data-preview]");
  const shot = panel.querySelector("[data-shot]");
  image.addEventListener("error", () => { shot.hidden = true; }, { once: true });
  draw(image, file);
  shot.hidden = false;
  const hint = panel.querySelector("[data-hint]");
  if (hint) hint.hidden = true;
  panel.querySelector("[data-remove]")?.remove();
  const stage = document.querySelector("[data-stage]");
  if (!stage) return;
  stage.querySelectorAll(":scope > :not(img)").forEach((old) => old.remove());
  draw(stage.querySelector("img"), file);
};

const say = (panel, share) => {
  const bar = panel.querySelector("progress");
  const done = share >= 1;
  if (done) bar.removeAttribute("value"); // how long the search takes is not known
  else bar.value = Math.round(share * 100);
  panel.querySelector("[data-sending-text]").textContent = done
    ? wording("looking")
    : wording("sending", { percent: Math.round(share * 100) });
};

let sent = 0; // counts sent forms, so that only the answer to the last one counts

// Send the panel with the chosen `{ file }` or `{ address }`, or with the picture that it has.
const send = async (panel, { file = null, address = null } = {}) => {
  const form = new FormData(panel);
  form.delete("picture");
  if (file || address) {
    form.delete("photo");
    form.delete("box");
    form.delete("photo_url");
  }
  if (file) form.set("picture", await reduce(file));
  if (address) form.set("photo_url", address);
  if (!["picture", "photo", "photo_url", "text"].some((name) => form.get(name)?.size || form.get(name)?.trim?.())) {
    panel.querySelector("input[type=search]").focus();
    return;
  }
  const sending = panel.querySelector("[data-sending]");
  const fetched = address || form.get("photo_url");
  sending.hidden = !file && !fetched;
  const tell = (share) => (fetched ? fetching(panel) : say(panel, share));
  tell(0);
  showWaiting();
  const mine = ++sent;
  const came = await swap(panel.action, { body: form, onProgress: tell });
  if (came || mine !== sent) return;
  const reason = wording("connection-failed");
  stopWaiting(reason);
  sending.hidden = false;
  sending.querySelector("progress").value = 0;
  sending.querySelector("[data-sending-text]").textContent = reason;
};

const fetching = (panel) => {
  panel.querySelector("progress").removeAttribute("value");
  panel.querySelector("[data-sending-text]").textContent = wording("fetching");
};

const chosen = new WeakMap(); // by panel: its picture, for words added before results come

const take = (panel, file) => {
  chosen.set(panel, { file });
  send(panel, { file }); // first: drawing the picture takes longer than a frame
  preview(panel, file);
};

const current = () => document.querySelector("[data-panel]");

// A picture, or the address of one, that came from elsewhere.
const receive = ({ file, address }) => {
  if (file) take(current(), file);
  else send(current(), { address });
};

watchIncoming({
  wanted: () => Boolean(current()),
  addresses: () => current().hasAttribute("data-addresses"),
  light: (on) => current()?.querySelector("[data-drop]").classList.toggle("over", on),
  receive,
});

const known = new WeakSet();

export const watchPanel = () => {
  const panel = current();
  if (!panel || known.has(panel)) return;
  known.add(panel);
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    send(panel, chosen.get(panel));
  });
  panel.querySelectorAll("[data-file]").forEach((input) =>
    input.addEventListener("change", () => input.files[0] && take(panel, input.files[0])));
};
