// Keeps a photo that found nothing, if the shopper agreed. Asks where such a photo is; a browser that
// asks not to be tracked is not asked. Without an answer nothing is kept.

import { answerTo, remember, wantsNoTracking } from "./consent.js";

const COOKIE = "photos";

const unmet = () => document.querySelector("[data-unmet]");

const keep = () => {
  const { unmet: event, photo } = unmet().dataset;
  const address = document.querySelector("[data-photos-to]").dataset.photosTo;
  const body = JSON.stringify({ event_id: Number(event), photo });
  fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true })
    .catch(() => {}); // to keep it is no duty
};

// The footer's button asks again, to change the answer.
export const askForPhoto = () => {
  const question = document.querySelector("[data-photos-to]");
  const again = document.querySelector("[data-photos-again]");
  if (wantsNoTracking()) return;
  again.hidden = !answerTo(COOKIE);
  question.hidden = Boolean(answerTo(COOKIE)) || !unmet();
  if (unmet() && answerTo(COOKIE) === "yes") keep();
};

export const watchPhotoAnswers = () => {
  const question = document.querySelector("[data-photos-to]");
  question.addEventListener("click", (event) => {
    const said = event.target.closest("[data-say]")?.dataset.say;
    if (!said) return;
    remember(COOKIE, said);
    askForPhoto();
  });
  document.querySelector("[data-photos-again]").addEventListener("click", () => {
    question.hidden = false;
    question.querySelector("button").focus();
  });
};
