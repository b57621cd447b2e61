// Shares the address of a page: with the phone's share sheet, or else through the clipboard.

import { announce } from "./swap.js";
import { wording } from "./wording.js";

const SAID_MS = 2500;

const onPhone = () => matchMedia("(pointer: coarse)").matches && Boolean(navigator.share);

const share = async (button) => {
  const url = new URL(button.dataset.share || location.href, location.href).href;
  const words = button.querySelector("span");
  if (onPhone()) {
    // The promise is rejected where the sheet is closed: nothing to do.
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

// Both ways need https; without it the button stays hidden.
export const watchShare = () => {
  const button = document.querySelector("[data-share]");
  if (!button || !(onPhone() || navigator.clipboard)) return;
  button.hidden = false;
  button.onclick = () => share(button);
};
