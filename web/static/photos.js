// Has a photo kept that found nothing, if the shopper agreed. The question is asked where such a photo
// is shown, unless the browser asks not to be tracked. Without an answer nothing is kept.

import { answerTo, remember, wantsNoTracking } from "./consent.js";

const COOKIE = "photos";

const unmet = () => document.querySelector("[data-unmet]");

const keep = () => {
  const { unmet: event, photo } = unmet().dataset;
  const address = document.querySelector("[data-photos-to]").dataset.photosTo;
  const body = JSON.stringify({ event_id: Number(event), photo });
  fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true })
    .catch(() => {}); // a lost photo is no error
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
