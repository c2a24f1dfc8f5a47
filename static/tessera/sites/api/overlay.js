// The challenge: a frame in a dialog over the page. The dialog keeps the focus in, and the page behind it quiet.

const GROUND = { light: "#fdfcf9", dark: "#1e2125" }; // plaster, until the frame has drawn itself
const MARGIN = 16;
const OVER_ALL = { width: "100vw", height: "100dvh", "max-width": "none", "max-height": "none", inset: 0, margin: 0 };
const CENTRED = { padding: 0, border: 0, background: "rgb(20 22 25 / 60%)", "place-content": "center", overflow: "hidden" };

function openOverlay(widget, visit) {
  if (!widget.dialog) buildOverlay(widget, visit);
  dress(widget.dialog, { display: "grid" });
  if (!widget.dialog.open) widget.dialog.showModal();
  focus(widget.challenge);
  call(widget, "open-callback");
}

// An element that has the focus already doesn't get it for what has been loaded into it since.
function focus(frame) {
  frame.blur();
  frame.focus();
}

function buildOverlay(widget, visit) {
  const { theme } = widget.look;
  const isDark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const ground = { border: 0, "border-radius": "6px", background: GROUND[isDark ? "dark" : "light"] };
  widget.challenge = make("iframe", ground, {
    title: widget.titles?.challenge ?? "Tessera",
    src: `${BASE}/embed/${visit}/?${new URLSearchParams(widget.look)}`,
  });
  fit(widget, { width: 360, height: 520 });
  widget.challenge.addEventListener("load", () => {
    greet(widget, widget.challenge, lost);
    if (widget.dialog.open) focus(widget.challenge);
  });
  const dialog = make("dialog", { ...OVER_ALL, ...CENTRED });
  dialog.setAttribute("aria-label", widget.challenge.title);
  // Escape and the like: a browser closes it itself, and doesn't always ask before.
  dialog.addEventListener("close", () => dialog.style.display !== "none" && leave(widget));
  dialog.addEventListener("click", (event) => event.target === dialog && leave(widget));
  dialog.append(widget.challenge);
  document.body.append(dialog);
  widget.dialog = dialog;
  watch(widget);
}

// No larger than the screen: the frame scrolls where it must.
function fit(widget, { width, height }) {
  const within = (wanted, room) => `${Math.max(200, Math.min(Math.ceil(Number(wanted)) || 0, room - MARGIN))}px`;
  dress(widget.challenge, {
    width: within(Math.min(width, 760), document.documentElement.clientWidth),
    height: within(height, window.innerHeight),
  });
  widget.wanted = { width, height };
}

addEventListener("resize", () => widgets.forEach((widget) => widget.challenge && fit(widget, widget.wanted)));

// A page that takes the widget away without a word, as single-page applications do, takes its challenge with it. The widget
// stays known: some put it aside, and show the same element again.
function watch(widget) {
  widget.watch = new MutationObserver(() => widget.host.isConnected || forget(widget));
  widget.watch.observe(document, { childList: true, subtree: true });
}

// Somebody has closed it: the challenge waits behind the box.
function leave(widget) {
  hideOverlay(widget);
  tell(widget, widget.anchor, "closed");
  settle(widget, ({ reject }) => reject("challenge-closed"));
  call(widget, "close-callback");
}

function hideOverlay(widget) {
  widget.dialog.close(); // which gives the focus back to a button of the page
  dress(widget.dialog, { display: "none" });
  if (widget.size !== "invisible") focus(widget.anchor);
}

function closeOverlay(widget) {
  if (!widget.dialog) return;
  hideOverlay(widget);
  dropOverlay(widget);
}

function dropOverlay(widget) {
  widget.watch?.disconnect();
  widget.dialog?.remove();
  widget.dialog = widget.challenge = widget.watch = undefined;
}
