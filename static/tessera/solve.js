// A challenge works as a plain form. This module adds keys, the countdown, and a fresh challenge when time is up.
//
//   <form data-challenge data-expires-in="120"> … [data-tiles], [data-series] or [data-answer] … [data-submit] [data-another]
//
// It listens on the document, so a challenge that htmx swaps in is found without any set-up.

const KEYS_OFF = "tessera-keys-off";
const TILE_KEYS = "123456789abcdefg"; // a key a tile, in reading order; 0 says that it is none of them
const SAY_AT = [30, 10];
const IDLE_RENEWALS = 1; // an empty chair gets one fresh challenge, not one every two minutes all night

let current = null;
let usedKeyboard = false;
let idleRenewals = 0;

// ---- Finding the challenge ---------------------------------------------------------------------------------------------

function start() {
  const form = document.querySelector("[data-challenge]");
  if (form === current?.form) return;
  clearInterval(current?.ticking);
  current = form && { form, touched: false, said: new Set(), deadline: deadlineOf(form) };
  if (!current) return;
  current.ticking = current.deadline && setInterval(tick, 250);
  showKeys();
  takeFocus();
  tick();
}

function deadlineOf(form) {
  const seconds = Number(form.dataset.expiresIn);
  return seconds > 0 ? Date.now() + seconds * 1000 : null;
}

function takeFocus() {
  const { form } = current;
  const elsewhere = document.activeElement;
  if (elsewhere && elsewhere !== document.body && !form.contains(elsewhere)) return;
  const answer = form.querySelector("[data-answer]");
  if (answer) answer.focus({ preventScroll: true });
  else if (usedKeyboard) form.querySelector("[data-tiles] input, [data-series] input")?.focus({ preventScroll: true });
}

const tiles = () => [...current.form.querySelectorAll("[data-tiles] input")];
const columns = () => Number(current.form.querySelector("[data-tiles]").dataset.columns);
const series = () => [...current.form.querySelectorAll("[data-series] fieldset")];
const isOpen = (question) => !question.querySelector(":checked");
const press = (name) => current.form.querySelector(`[data-${name}]`)?.click();

// ---- Keys ----------------------------------------------------------------------------------------------------------------

function keysAreOff() {
  try {
    return localStorage.getItem(KEYS_OFF) === "1";
  } catch {
    return false;
  }
}

function setKeysOff(off) {
  try {
    if (off) localStorage.setItem(KEYS_OFF, "1");
    else localStorage.removeItem(KEYS_OFF);
  } catch {
    // Storage is denied: the keys stay as they are.
  }
  showKeys();
}

function showKeys() {
  const hint = current?.form.querySelector("[data-keys]");
  if (!hint) return;
  hint.hidden = false;
  const toggle = hint.querySelector("[data-keys-toggle]");
  if (toggle) toggle.textContent = keysAreOff() ? toggle.dataset.turnOn : toggle.dataset.turnOff;
}

const isTextField = (element) =>
  element.matches("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

// Keys belong to the challenge while it, or nothing at all, has the focus.
function keysAreOurs(event) {
  if (!current?.form.isConnected || event.defaultPrevented || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (isTextField(event.target)) return false;
  return event.target === document.body || current.form.contains(event.target);
}

document.addEventListener("keydown", (event) => {
  usedKeyboard = true;
  if (!keysAreOurs(event)) return;
  const handled = event.key.startsWith("Arrow") ? moveFocus(event) : letterKey(event);
  if (handled) event.preventDefault();
});

function moveFocus(event) {
  const all = tiles();
  if (!all.length) return false;
  const from = all.indexOf(event.target);
  const to = from < 0 ? 0 : from + stepOf(event.key);
  const sameLine = Math.floor(to / columns()) === Math.floor(from / columns());
  const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
  if (all[to] && (from < 0 || sameLine || !sideways)) all[to].focus();
  return true;
}

function stepOf(key) {
  const forward = getComputedStyle(current.form).direction === "rtl" ? -1 : 1;
  return { ArrowLeft: -forward, ArrowRight: forward, ArrowUp: -columns(), ArrowDown: columns() }[key];
}

function letterKey(event) {
  if (event.key === "Enter") return submitByEnter(event);
  if (keysAreOff() || event.repeat) return false;
  if (["r", "s"].includes(event.key.toLowerCase())) {
    press("another");
    return true;
  }
  const undo = event.key.toLowerCase() === "u" && document.querySelector("[data-undo]"); // stands outside the challenge
  if (undo) {
    undo.click();
    return true;
  }
  return toggleTile(event.key) || pickOption(event.key);
}

// On a button or a link Enter already means that button or link.
function submitByEnter(event) {
  if (event.target.closest("button, a, summary, input[type=submit]")) return false;
  if (event.repeat) return true;
  press("submit");
  return true;
}

function toggleTile(key) {
  const all = tiles();
  if (all.length && key === "0") {
    press("none");
    return true;
  }
  if (all.length && key === "?") {
    press("unsure");
    return true;
  }
  const tile = key.length === 1 && all[TILE_KEYS.indexOf(key.toLowerCase())];
  if (!tile) return false;
  tile.focus();
  tile.click();
  return true;
}

// In a series a key answers the question that has the focus, else the first open one, and goes on to the next open one.
function pickOption(key) {
  const all = series();
  const here = all.find((question) => question.contains(document.activeElement)) ?? all.find(isOpen);
  const option = here && [...here.querySelectorAll("[data-key]")].find((input) => input.dataset.key === key.toLowerCase());
  if (!option) return false;
  option.click();
  const next = all.slice(all.indexOf(here)).find(isOpen) ?? all.find(isOpen);
  (next ? next.querySelector("input") : current.form.querySelector("[data-submit]")).focus();
  return true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys-toggle]")) setKeysOff(!keysAreOff());
});

for (const kind of ["pointerdown", "keydown", "input"]) {
  document.addEventListener(kind, (event) => {
    if (kind === "pointerdown") usedKeyboard = false;
    if (!current || (!current.form.contains(event.target) && event.target !== document.body)) return;
    current.touched = true;
    idleRenewals = 0;
  }, { capture: true });
}

// ---- An answer that could not be read ------------------------------------------------------------------------------------

// What is still open is marked, tied to the message that says what is wrong, and gets the focus.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr?.status !== 422 || event.detail.elt !== current?.form) return;
  const open = [...current.form.querySelectorAll("[data-answer], [data-group]"), ...series().filter(isOpen)];
  for (const field of open) {
    field.setAttribute("aria-describedby", "solve-result");
    if (!field.matches("[data-group]")) field.setAttribute("aria-invalid", "true");
  }
  const first = open[0]?.matches("input") ? open[0] : open[0]?.querySelector("input");
  first?.focus();
});

document.addEventListener("input", (event) => {
  const field = event.target.closest?.("[data-challenge] [aria-invalid]");
  field?.removeAttribute("aria-invalid");
  field?.removeAttribute("aria-describedby");
});

// ---- Countdown -----------------------------------------------------------------------------------------------------------

function tick() {
  if (!current?.deadline) return;
  if (!current.form.isConnected) return start();
  const left = Math.max(0, Math.ceil((current.deadline - Date.now()) / 1000));
  showTime(left);
  for (const mark of SAY_AT) {
    if (left === mark) say(mark, wordsFor(mark));
  }
  if (left === 0) expire();
}

function showTime(left) {
  const timer = current.form.querySelector("[data-timer]");
  if (!timer) return;
  timer.classList.toggle("is-short", left <= 10);
  timer.querySelector("progress").value = left;
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const place = timer.querySelector("[data-timer-text]");
  if (place.textContent !== text) place.textContent = text;
  place.setAttribute("role", "timer"); // read on demand; only the marks are announced
}

// In the language of the page, which brings them: data-say-30 and so on.
const wordsFor = (what) => current.form.getAttribute(`data-say-${what}`);

function say(mark, words) {
  if (current.said.has(mark)) return;
  current.said.add(mark);
  const live = current.form.querySelector("[data-timer-live]");
  if (live) live.textContent = words;
}

function expire() {
  if (current.form.matches(".htmx-request")) return; // an answer is on its way; the server judges whether it came in time
  if (document.hidden) return; // asked for again when somebody looks
  clearInterval(current.ticking);
  if (!current.touched && idleRenewals >= IDLE_RENEWALS) return waitForSomebody();
  if (!current.touched) idleRenewals += 1;
  say(0, wordsFor("another"));
  press("another");
}

function waitForSomebody() {
  say(0, wordsFor("back"));
  const place = current.form.querySelector("[data-timer-text]");
  if (place) place.textContent = wordsFor("back");
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tick();
});

// A page from the back-forward cache still shows a challenge that has been answered.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && current) press("another");
});

document.addEventListener("htmx:afterSwap", start);
start();
