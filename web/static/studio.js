// The studio's lists: choices apply at once, and arrow keys move through rows.

document.addEventListener("change", (event) => {
  const control = event.target;
  if (control.matches("[data-submits]")) control.form.requestSubmit();
  // In the drawer, several filters are chosen before the button is pressed.
  const filters = control.closest("[data-filters]");
  if (filters && !filters.closest("[popover]").matches(":popover-open")) filters.requestSubmit();
});

// Empty fields are left out of addresses.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

document.addEventListener("keydown", (event) => {
  const rows = event.target.closest("[data-rows]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!rows || !step || !event.target.matches("a")) return;
  const links = [...rows.querySelectorAll("th a, .tile-title")];
  const next = links[links.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

document.querySelectorAll(".tip").forEach((tip) => {
  tip.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !tip.open) return;
    tip.open = false;
    tip.querySelector("summary").focus();
  });
});
document.addEventListener("click", (event) => {
  document.querySelectorAll(".tip[open]").forEach((tip) => {
    if (!tip.contains(event.target)) tip.open = false;
  });
});
