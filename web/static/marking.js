// Marks products without a reload. Without this script each mark loads the page again.

const show = (form, said) => {
  for (const button of form.querySelectorAll("[data-mark]")) {
    const on = button.dataset.mark === said;
    button.setAttribute("aria-pressed", String(on));
    button.value = on ? "none" : button.dataset.mark;
  }
};

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-marks]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields });
    if (!answer.ok || answer.url.includes("/login")) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(form, fields.get("mark"));
    document.querySelector("aside[aria-labelledby=marked]").replaceWith(page.querySelector("aside[aria-labelledby=marked]"));
  } catch {
    location.reload(); // shows what is wrong, or the login
  }
  form.removeAttribute("aria-busy");
});
