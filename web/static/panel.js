// The search panel: drop, paste or pick a picture, see it at once, send it and watch it go.

import { showWaiting, stopWaiting, swap } from "./swap.js";
import { wording } from "./wording.js";

const LONGEST_PX = 1024; // the server keeps no more
const SMALL_BYTES = 300_000; // not worth reducing

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

const preview = (panel, file) => {
  const image = panel.querySelector("[data-preview]");
  const shot = panel.querySelector("[data-shot]");
  const address = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  image.addEventListener("error", () => { shot.hidden = true; }, { once: true });
  image.src = address;
  shot.hidden = false;
  const hint = panel.querySelector("[data-hint]");
  if (hint) hint.hidden = true;
  panel.querySelector("[data-remove]")?.remove();
};

const say = (panel, share) => {
  const bar = panel.querySelector("progress");
  const done = share >= 1;
  if (done) bar.removeAttribute("value"); // the rest takes as long as it takes
  else bar.value = Math.round(share * 100);
  panel.querySelector("[data-sending-text]").textContent = done
    ? wording("looking")
    : wording("sending", { percent: Math.round(share * 100) });
};

let sent = 0; // counts forms, so that an answer can tell whether it is still waited for

const send = async (panel, file) => {
  const form = new FormData(panel);
  form.delete("picture");
  if (file) {
    form.delete("photo");
    form.delete("box");
    form.set("picture", await reduce(file));
  } else if (!form.get("photo") && !form.get("text").trim()) {
    panel.querySelector("input[type=search]").focus();
    return;
  }
  const sending = panel.querySelector("[data-sending]");
  sending.hidden = !file;
  say(panel, 0);
  showWaiting();
  const mine = ++sent;
  const came = await swap(panel.action, { body: form, onProgress: (share) => say(panel, share) });
  if (came || mine !== sent) return;
  const reason = wording("connection-failed");
  stopWaiting(reason);
  sending.hidden = false;
  sending.querySelector("progress").value = 0;
  sending.querySelector("[data-sending-text]").textContent = reason;
};

const chosen = new WeakMap(); // panel to picture, for words that are added before results come

const take = (panel, file) => {
  chosen.set(panel, file);
  send(panel, file); // first, for it takes longer than a frame until the picture is drawn
  preview(panel, file);
};

const firstPicture = (files) =>
  [...(files ?? [])].find((file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name));

const current = () => document.querySelector("[data-panel]");

// Pictures may be dropped or pasted anywhere on a page that has a panel.
const watchDocument = () => {
  document.addEventListener("paste", (event) => {
    const file = firstPicture(event.clipboardData?.files);
    if (!file || !current()) return;
    event.preventDefault();
    take(current(), file);
  });
  let depth = 0; // dragenter and dragleave come for every element on the way
  const light = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    current()?.querySelector("[data-drop]").classList.toggle("over", depth > 0);
  };
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") && current();
  document.addEventListener("dragenter", (event) => carriesFiles(event) && light(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && light(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    light(0);
    const file = firstPicture(event.dataTransfer.files);
    if (file) take(current(), file);
  });
};

watchDocument();

const known = new WeakSet();

export const watchPanel = () => {
  const panel = current();
  if (!panel || known.has(panel)) return;
  known.add(panel);
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    send(panel, chosen.get(panel) ?? null);
  });
  panel.querySelectorAll("[data-file]").forEach((input) =>
    input.addEventListener("change", () => input.files[0] && take(panel, input.files[0])));
};
