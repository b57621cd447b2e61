// Recent searches and products. They stay in this browser: nothing is sent. Photos are kept as small
// pictures, as long as the server keeps the photos. Without localStorage nothing is remembered.

const KEY = "recent";
const MOST = 12;
const PHOTO_MS = 24 * 3600 * 1000; // the server keeps a photo for a day
const THUMBNAIL_PX = 112;

const read = () => {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => !(one.until < Date.now())) : [];
  } catch {
    return [];
  }
};

const write = (entries) => {
  try {
    if (entries.length) localStorage.setItem(KEY, JSON.stringify(entries.slice(0, MOST)));
    else localStorage.removeItem(KEY);
  } catch {
    // Refused, or full: then nothing is remembered.
  }
};

// Resolve to a small square picture as a data: address; to null where it can't be drawn.
const thumbnail = async (image) => {
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = THUMBNAIL_PX;
    const side = Math.min(image.naturalWidth, image.naturalHeight);
    canvas.getContext("2d").drawImage(
      image, (image.naturalWidth - side) / 2, (image.naturalHeight - side) / 2, side, side,
      0, 0, THUMBNAIL_PX, THUMBNAIL_PX,
    );
    return canvas.toDataURL("image/jpeg", 0.7);
  } catch {
    return null;
  }
};

const remember = async (entry) => {
  if (entry.kind === "photo") {
    const known = read().find((one) => one.key === entry.key);
    entry.until = known?.until ?? Date.now() + PHOTO_MS;
    entry.picture = known?.picture ?? await thumbnail(document.querySelector("[data-preview]"));
    if (!entry.picture) return;
  }
  write([entry, ...read().filter((one) => one.key !== entry.key)]);
};

// A page may show pictures of this site and blob: addresses only, so a data: address becomes one.
const shown = (picture) => {
  if (!picture.startsWith("data:")) return picture;
  const bytes = Uint8Array.from(atob(picture.split(",")[1]), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
};

const drawn = (template, { address, label, picture }) => {
  const item = template.content.cloneNode(true);
  const link = item.querySelector("a");
  const { pathname, search } = new URL(address, location.origin);
  link.href = pathname + search;
  const image = item.querySelector("img");
  if (picture) image.src = shown(picture);
  item.querySelector(picture ? "svg" : "img").remove();
  const words = item.querySelector("[data-recent-label]");
  if (label) words.textContent = label;
  return item;
};

export const watchRecent = () => {
  const page = document.querySelector("[data-recent]");
  if (page) remember(JSON.parse(page.dataset.recent));
  const shelf = document.querySelector("[data-recents]");
  const entries = shelf ? read() : [];
  if (!entries.length) return;
  const list = shelf.querySelector("ul");
  list.replaceChildren(...entries.map((entry) => drawn(shelf.querySelector("template"), entry)));
  const introduction = document.querySelector(".ways"); // hidden from who was here before
  const show = (known) => {
    shelf.hidden = !known;
    introduction.hidden = known;
  };
  show(true);
  shelf.querySelector("button").onclick = () => {
    write([]);
    show(false);
    document.querySelector("#text").focus();
  };
};
