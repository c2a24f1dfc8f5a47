// Naming by key: whatever carries data-key is pressed by that key, unless somebody is typing or holding a modifier.

const typing = (element) => element.closest("input:not([type='hidden']), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const named = [...document.querySelectorAll("[data-key]")];
  const chosen = named.find((element) => element.dataset.key.toLowerCase() === event.key.toLowerCase());
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
});
