// Loaded in <head> without defer, so that a chosen theme is in place before the first paint.
(() => {
  const KEY = "tessera-theme";
  const root = document.documentElement;

  try {
    const chosen = localStorage.getItem(KEY);
    if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  } catch {
    // Storage is denied: the system's preference holds.
  }

  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  function show() {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(isDark()));
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
    try {
      localStorage.setItem(KEY, root.dataset.theme);
    } catch {
      // It still holds for this page.
    }
  });

  document.addEventListener("DOMContentLoaded", show);
})();
