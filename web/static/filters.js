// Applies filters as they are chosen, instead of waiting for the button.

import { showWaiting, swap } from "./swap.js";

const TYPING_MS = 500;

const known = new WeakSet();

export const watchFilters = () => {
  const form = document.querySelector("[data-filters]");
  if (!form || known.has(form)) return;
  known.add(form);
  const drawer = form.closest("[popover]");
  const isDrawer = () => drawer.matches(":popover-open");
  const apply = () => {
    const fields = [...new FormData(form)].filter(([, value]) => value !== "");
    const chosen = document.activeElement;
    const again = chosen?.name ? [chosen.name, chosen.value, chosen.type] : null;
    showWaiting();
    swap(`${form.getAttribute("action")}?${new URLSearchParams(fields)}`, { focus: isDrawer() }).then(() => {
      // The filters were replaced: put the keyboard focus back.
      if (!again) return;
      const [name, value, type] = again;
      const same = [...document.querySelectorAll(`[data-filters] [name="${name}"]`)]
        .find((input) => type !== "checkbox" || input.value === value);
      same?.focus({ preventScroll: true });
    });
  };
  let timer = 0;
  form.addEventListener("change", () => {
    // In the drawer, shoppers choose several filters before they press the button.
    if (isDrawer()) return;
    clearTimeout(timer);
    timer = setTimeout(apply, document.activeElement?.type === "number" ? TYPING_MS : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    apply();
  });
};
