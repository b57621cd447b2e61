// Loads a page and replaces the main part of the present one by its main part.

import { wording } from "./wording.js";

const listeners = [];
let running = null; // the present request; a newer one aborts it

export const onSwap = (listener) => listeners.push(listener);

export const announce = (text) => {
  document.querySelector("#announcement").textContent = text;
};

const UNNOTICED_MS = 120; // answers that come sooner need no grey cards, which would only flash

let waiting = 0;

// Remove the grey cards.
export const stopWaiting = (reason) => {
  clearTimeout(waiting);
  document.querySelector("main").classList.remove("waiting");
  document.querySelectorAll(".skeleton").forEach((cards) => cards.remove());
  announce(reason);
};

// Show grey cards in place of results, unless the answer comes at once.
export const showWaiting = () => {
  clearTimeout(waiting);
  waiting = setTimeout(drawWaiting, UNNOTICED_MS);
};

const drawWaiting = () => {
  const skeleton = document.querySelector("#skeleton").content.cloneNode(true);
  document.querySelector("main").classList.add("waiting");
  const found = document.querySelector("[data-results]");
  if (found) {
    found.querySelectorAll(".grid, .empty, .pager").forEach((old) => old.remove());
    found.append(skeleton);
  } else {
    document.querySelector("[data-recents]")?.remove();
    document.querySelector(".ways")?.replaceWith(skeleton);
  }
  announce(wording("searching"));
};

const enter = (address, history) => {
  if (address === location.href || history === "stay") return;
  if (history === "push") window.history.pushState(null, "", address);
  else window.history.replaceState(null, "", address);
};

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

const told = (main) => {
  const heading = main.querySelector("[data-heading], h1");
  announce(main.querySelector("[role=alert]")?.textContent ?? heading?.textContent ?? document.title);
  return heading;
};

const show = (html, address, { history, focus }) => {
  clearTimeout(waiting);
  const next = parsed(html);
  const main = next.querySelector("main");
  if (!main) {
    location.assign(address);
    return;
  }
  const elsewhere = main.querySelector("[data-elsewhere]");
  if (elsewhere) {
    location.assign(elsewhere.href);
    return;
  }
  enter(address, history);
  document.title = next.title;
  document.querySelector("main").replaceWith(main);
  listeners.forEach((listener) => listener());
  const heading = told(main);
  if (focus) {
    window.scrollTo({ top: 0, behavior: "instant" });
    heading?.focus({ preventScroll: true });
  }
};

const showParts = (html, address, parts, history) => {
  clearTimeout(waiting);
  const next = parsed(html);
  if (!next.querySelector(parts[0])) { // a problem, or another kind of page
    location.assign(address);
    return;
  }
  enter(address, history);
  document.title = next.title;
  for (const part of parts) {
    const now = document.querySelector(part);
    const then = next.querySelector(part);
    if (now && then) now.replaceWith(then);
  }
  const main = document.querySelector("main");
  main.classList.remove("waiting");
  listeners.forEach((listener) => listener());
  told(main);
};

// Return the address at which the answered page can be loaded again.
const addressOf = (request) =>
  new URL(request.getResponseHeader("Content-Location") ?? request.responseURL, location.href).href;

// Resolve to the answered request; to null if the connection was lost or a newer request came.
// It is an XMLHttpRequest, because fetch can't report how much of a picture is sent.
const ask = (address, body = null, onProgress = null) =>
  new Promise((resolve) => {
    running?.abort();
    const request = new XMLHttpRequest();
    running = request;
    request.open(body ? "POST" : "GET", address);
    request.setRequestHeader("Accept", "text/html");
    if (body) request.setRequestHeader("Prefer", "return=representation"); // not a redirect to it
    if (onProgress) {
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      });
    }
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => {
      if (!body) location.assign(address); // the browser shows what is wrong
      resolve(null);
    });
    request.addEventListener("abort", () => resolve(null));
    request.send(body);
  });

// Load an address, or send a form, and show the answer. Resolves to whether there was one. `history`
// is `push`, `replace` or `stay`.
export const swap = async (address, { body = null, history = "push", focus = true, onProgress = null } = {}) => {
  const request = await ask(address, body, onProgress);
  if (!request) return false;
  // A refused form has no address of its own: stay where we are.
  const refused = body !== null && request.status >= 400;
  show(request.responseText, addressOf(request), { history: refused ? "stay" : history, focus });
  return true;
};

// Load an address and replace some parts of the page. If the answer lacks the first part, it is
// another kind of page, and is opened as a whole.
export const swapParts = async (address, parts, { history = "push" } = {}) => {
  showWaiting();
  const request = await ask(address);
  if (request) showParts(request.responseText, addressOf(request), parts, history);
};

export const watchLinks = () => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-swap]");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain) return;
    event.preventDefault();
    showWaiting();
    swap(link.getAttribute("href")); // a link inside a drawing has no plain href
  });
  let page = location.pathname + location.search;
  window.addEventListener("popstate", () => {
    const now = location.pathname + location.search;
    if (now !== page) swap(location.href, { history: "stay", focus: false });
    page = now;
  });
  onSwap(() => {
    page = location.pathname + location.search;
  });
};
