// What the three have in common: where they are shown, and a record of what they tell the page, under the same names.

window.said = [];

export const here = document.querySelector("#here");
export const heard = (name) => (...values) => void window.said.push([name, ...values.map(String)]);
