// Makes the staff's pages quicker. They work without it.

// Ask before a form is sent: <form data-confirm="Roll back to generation 4?">.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (!question) return;
  const answer = event.target.elements.confirmed; // without it, a page of its own would ask again
  if (!window.confirm(question)) event.preventDefault();
  else if (answer) answer.value = "yes";
});

// On a phone the menu is a strip: scroll to the current entry.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Close the account menu when something else is chosen, or on Escape.
const menu = document.querySelector(".me");
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Copy a secret that is shown once.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // needs https, or localhost
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
