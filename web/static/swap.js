// Fetches a page and puts its main part in place of the present one.

const listeners = [];
let running = null; // the request under way; a newer one ends it

export const onSwap = (listener) => listeners.push(listener);

const announce = (text) => {
  document.querySelector("#announcement").textContent = text;
};

// Take the grey cards away again.
export const stopWaiting = (reason) => {
  document.querySelector("main").classList.remove("waiting");
  document.querySelectorAll(".skeleton").forEach((cards) => cards.remove());
  announce(reason);
};

// Show grey cards where results will be.
export const showWaiting = () => {
  const skeleton = document.querySelector("#skeleton").content.cloneNode(true);
  document.querySelector("main").classList.add("waiting");
  const found = document.querySelector("[data-results]");
  if (found) {
    found.querySelectorAll(".grid, .empty, .pager").forEach((old) => old.remove());
    found.append(skeleton);
  } else {
    document.querySelector(".ways")?.replaceWith(skeleton);
  }
  announce("Searching");
};

const show = (html, address, { push, focus }) => {
  const next = new DOMParser().parseFromString(html, "text/html");
  const main = next.querySelector("main");
  if (!main) {
    location.assign(address);
    return;
  }
  if (push && address !== location.href) history.pushState(null, "", address);
  document.title = next.title;
  document.querySelector("main").replaceWith(main);
  listeners.forEach((listener) => listener());
  const heading = main.querySelector("[data-heading], h1");
  announce(main.querySelector("[role=alert]")?.textContent ?? heading?.textContent ?? document.title);
  if (focus) {
    window.scrollTo({ top: 0, behavior: "instant" });
    heading?.focus({ preventScroll: true });
  }
};

// Return where the page that came can be asked for again.
const addressOf = (request) =>
  new URL(request.getResponseHeader("Content-Location") ?? request.responseURL, location.href).href;

// Ask for an address, or send a form, and show the page that comes back. Resolves to whether one
// came; false after a lost connection, or when a newer request took over.
// XMLHttpRequest because fetch can't tell how much of a picture is sent.
export const swap = (address, { body = null, push = true, focus = true, onProgress = null } = {}) =>
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
    request.addEventListener("load", () => {
      // A refused form has no address of its own: stay where we are.
      const stay = body !== null && request.status >= 400;
      show(request.responseText, addressOf(request), { push: push && !stay, focus });
      resolve(true);
    });
    request.addEventListener("error", () => {
      if (!body) location.assign(address); // the browser says what is wrong
      resolve(false);
    });
    request.addEventListener("abort", () => resolve(false));
    request.send(body);
  });

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
    if (now !== page) swap(location.href, { push: false, focus: false });
    page = now;
  });
  onSwap(() => {
    page = location.pathname + location.search;
  });
};
