// Hands on the address of a page: through the phone's own sheet, else into the clipboard.

import { announce } from "./swap.js";
import { wording } from "./wording.js";

const SAID_MS = 2500;

const onPhone = () => matchMedia("(pointer: coarse)").matches && Boolean(navigator.share);

const share = async (button) => {
  const url = new URL(button.dataset.share || location.href, location.href).href;
  const words = button.querySelector("span");
  if (onPhone()) {
    // Whoever closes the sheet has changed their mind; that is no problem.
    await navigator.share({ title: document.title, url }).catch(() => {});
    return;
  }
  const before = words.textContent;
  const said = await navigator.clipboard.writeText(url).then(() => "copied", () => "not-copied");
  words.textContent = wording(said);
  announce(wording(said));
  button.disabled = true; // until it says again what it does
  setTimeout(() => {
    words.textContent = before;
    button.disabled = false;
  }, SAID_MS);
};

// Both ways need a secure address; without one the button stays away.
export const watchShare = () => {
  const button = document.querySelector("[data-share]");
  if (!button || !(onPhone() || navigator.clipboard)) return;
  button.hidden = false;
  button.onclick = () => share(button);
};
