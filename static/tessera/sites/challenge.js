// The challenge in its frame: what it tells the page around, the work beside the pictures, and what to do where the
// network is lost. What is asked is the same as on /solve/, with solve.js.

const stage = document.querySelector("[data-stage]");
const problem = document.querySelector("[data-problem]");
const FITTED_BY = 1000; // milliseconds
let origin = null; // of the page around, by its first word
let last = null; // what was asked of the server, to be asked again
let isUnsent = false; // it didn't get there

// ---- Focus: keys are for what has opened, from the first one on ------------------------------------------------------------

let held = stage.querySelector("[data-answer]");
document.addEventListener("focusin", ({ target }) => {
  if (target.dataset.round) round(target.dataset.round);
  else held = target;
});
// A browser forgets what had the focus once it leaves the frame.
window.addEventListener("focus", () => {
  if (document.activeElement === document.body && held?.isConnected) held.focus({ preventScroll: true });
});
window.focus();

// Past either end browsers would go on to the box, which lies behind this.
function round(to) {
  const all = [...stage.querySelectorAll("a, audio, button, input, select, summary, textarea")];
  if (to === "last") all.reverse();
  all.find((one) => one.tabIndex >= 0 && (one.focus(), one === document.activeElement));
}

// ---- The page around ---------------------------------------------------------------------------------------------------

const tell = (what, more = {}) => origin && parent.postMessage({ tessera: what, ...more }, origin);

addEventListener("message", ({ source, origin: from, data }) => {
  if (source !== parent || parent === window || from === "null" || (origin && from !== origin)) return;
  if (!origin && data?.tessera === "hello") {
    origin = from;
    look();
    tellSize();
    setTimeout(begin, FITTED_BY);
  }
  if (origin && data?.tessera === "fitted") requestAnimationFrame(() => requestAnimationFrame(begin));
});

// Until nothing moves any more under a pointer, and everything listens: a browser by itself would send the form.
function begin() {
  if (!stage.inert) return;
  stage.inert = false;
  if (document.activeElement === document.body) held?.focus({ preventScroll: true });
}

// A verdict is set into the page like anything else; here it goes on to the page around.
function look() {
  const passed = stage.querySelector("[data-passed]");
  if (passed) {
    const { token, key, seconds } = passed.dataset;
    tell("passed", { token, key, seconds: Number(seconds) });
  }
  if (stage.querySelector("[data-over]")) tell("over");
  for (const form of stage.querySelectorAll("form")) workOf(form);
  const missing = [...stage.querySelectorAll("img")].find((image) => image.complete && !image.naturalWidth);
  if (missing) lostPicture(missing); // before anybody listened
}

// How wide it would be is up to what it shows (challenge.css); how high, to how wide it may be.
function tellSize() {
  const width = Number(getComputedStyle(stage).getPropertyValue("--wide"));
  tell("size", { width, height: stage.offsetHeight });
}

new ResizeObserver(tellSize).observe(stage);

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-close]")) tell("close");
  for (const menu of stage.querySelectorAll("details[open]")) menu.open = menu.contains(target);
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") escape();
  const types = event.target.matches("select, textarea, input:not([type=checkbox], [type=radio])");
  if (event.key.toLowerCase() === "w" && !types) stage.querySelector("[data-without]")?.click();
});

function escape() {
  const menu = stage.querySelector("details[open]");
  if (!menu) return tell("close");
  menu.open = false;
  menu.querySelector("summary").focus();
}

// ---- Work beside the pictures -------------------------------------------------------------------------------------------

const works = new Map(); // by what it is for: a next challenge of the same visit goes on with it

function workOf(form) {
  const place = form.matches("[data-worker]") ? form : form.querySelector("[data-worker]");
  if (!place) return null;
  const { worker, prefix, bits, pieces } = place.dataset;
  if (!works.has(prefix)) works.set(prefix, setToWork(worker, { prefix, bits: Number(bits), pieces: Number(pieces) }));
  const work = works.get(prefix);
  work.place = place;
  show(work);
  return work;
}

function setToWork(address, asked) {
  const work = { numbers: [], pieces: asked.pieces };
  try {
    work.worker = new Worker(address);
  } catch {
    return Object.assign(work, { broken: true });
  }
  work.worker.addEventListener("error", () => show(Object.assign(work, { broken: true })));
  work.worker.addEventListener("message", ({ data }) => {
    work.numbers.push(data);
    show(work);
    if (work.numbers.length === work.pieces) finish(work);
  });
  work.worker.postMessage(asked);
  return work;
}

const isDone = (work) => work.numbers.length === work.pieces;

function finish(work) {
  work.worker.terminate();
  const { form, submitter } = work.waiting ?? {};
  delete work.waiting;
  if (form?.isConnected) form.requestSubmit(submitter?.isConnected ? submitter : undefined);
}

function show(work) {
  const { place } = work;
  if (!place?.isConnected) return;
  place.querySelector("[data-work]").value = isDone(work) ? work.numbers.join(" ") : "";
  place.querySelector("[data-work-progress]").value = work.numbers.length;
  const state = work.broken ? "unable" : isDone(work) ? "done" : work.waiting ? "waiting" : "working";
  const words = place.querySelector("[data-work-status]");
  if (words.dataset.state !== state) words.textContent = place.getAttribute(`data-say-${state}`) ?? "";
  words.dataset.state = state;
}

// An answer goes as soon as the work is done, however fast somebody is. A report needs none.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const work = submitter?.hasAttribute("formaction") ? null : workOf(form);
  last = () => form.isConnected && form.requestSubmit(submitter?.isConnected ? submitter : undefined);
  if (!work || isDone(work)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  work.waiting = { form, submitter };
  show(work);
}, { capture: true });

// ---- A lost network: what was chosen stays, and is sent again ------------------------------------------------------------

const lostPictures = new Set(); // their addresses: one file, that every tile shows

function lost() {
  problem.hidden = false;
  problem.querySelector("button").focus();
}

function lostPicture({ src }) {
  lostPictures.add(src);
  lost();
}

function unsent() {
  isUnsent = true;
  lost();
}

document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  problem.hidden = true;
  isUnsent = false;
  if (elt.matches("a")) last = () => elt.isConnected && elt.click();
});
document.addEventListener("htmx:sendError", unsent);
document.addEventListener("htmx:responseError", ({ detail }) => detail.xhr.status === 404 ? tell("over") : unsent());
document.addEventListener("error", ({ target }) => {
  if (target.matches?.("[data-stage] img")) lostPicture(target);
}, { capture: true });

problem.querySelector("button").addEventListener("click", () => {
  problem.hidden = true;
  for (const picture of stage.querySelectorAll("img")) if (lostPictures.has(picture.src)) picture.src = picture.src;
  lostPictures.clear();
  if (isUnsent) last?.();
});

// ---- Start, and again after whatever the server has said ------------------------------------------------------------------

// Where something else than pictures has come, its heading is read; solve.js sees to the pictures.
document.addEventListener("htmx:afterSwap", () => {
  look();
  const heading = stage.querySelector("#challenge h2");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
});
look();
