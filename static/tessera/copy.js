// A button beside each snippet that copies it. Without scripts, or where the browser doesn't let us, there is none.

async function copy(button, text) {
  const words = button.firstChild;
  try {
    await navigator.clipboard.writeText(text);
    words.data = "Copied";
  } catch {
    words.data = "Select it and copy";
  }
  setTimeout(() => (words.data = "Copy"), 2000);
}

for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button, button.previousElementSibling.textContent));
}
