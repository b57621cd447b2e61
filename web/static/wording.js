// Texts of the modules in the page's language: `layout.html` holds them.

const words = document.querySelector("#wording");

// Return the text of this name with its {values} filled in.
export const wording = (name, values = {}) =>
  words.getAttribute(`data-wording-${name}`).replace(/\{(\w+)\}/g, (_, value) => values[value]);
