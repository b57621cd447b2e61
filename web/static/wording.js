// What modules say in the page's language: `layout.html` holds the sentences.

const words = document.querySelector("#wording");

// Return the sentence of that name with its {values} filled in.
export const wording = (name, values = {}) =>
  words.getAttribute(`data-wording-${name}`).replace(/\{(\w+)\}/g, (_, value) => values[value]);
