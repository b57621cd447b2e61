// What the page says in its language; `layout.html` holds the sentences as data of a template.

const words = document.querySelector("#wording").dataset;

// Return a sentence with its {names} filled in.
export const wording = (name, values = {}) =>
  words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
