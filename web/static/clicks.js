// Sends the shop which shown product was opened, if the shopper agreed. The question is asked once,
// on a page of results, unless the browser asks not to be tracked. Without an answer nothing is sent.

import { answerTo, remember, wantsNoTracking } from "./consent.js";

const answer = () => answerTo("clicks");

const tell = (event) => {
  const link = event.target.closest?.("[data-event] [data-sku] a[data-opens]");
  if (!link || event.button > 1 || answer() !== "yes" || wantsNoTracking()) return;
  const { sku } = link.closest("[data-sku]").dataset; // of the hit, or of a variant shown under it
  const rank = Number(link.closest("[data-rank]").dataset.rank);
  const click = { event_id: Number(link.closest("[data-event]").dataset.event), sku, rank };
  // A beacon outlives the page that is left.
  const address = document.querySelector("[data-clicks-to]").dataset.clicksTo;
  navigator.sendBeacon(address, new Blob([JSON.stringify(click)], { type: "application/json" }));
};

// Ask on a page of results while there is no answer; the footer's button asks again.
export const askForConsent = () => {
  const question = document.querySelector("[data-consent]");
  const again = document.querySelector("[data-consent-again]");
  if (wantsNoTracking()) return;
  again.hidden = !answer();
  question.hidden = Boolean(answer()) || !document.querySelector("[data-event]");
};

export const watchClicks = () => {
  document.addEventListener("click", tell);
  document.addEventListener("auxclick", tell); // opened in another tab
  const question = document.querySelector("[data-consent]");
  question.addEventListener("click", (event) => {
    const said = event.target.closest("[data-say]")?.dataset.say;
    if (!said) return;
    remember("clicks", said);
    askForConsent();
  });
  document.querySelector("[data-consent-again]").addEventListener("click", () => {
    question.hidden = false;
    question.querySelector("button").focus();
  });
};
