// Questions without pictures work as plain forms. This module lets the browser do some work in the background, so that
// fewer questions are needed and nobody has to wait.
//
//   <input name="way" data-way>    says «work» instead of «wait»
//   <form data-unseen data-worker=… data-prefix=… data-bits=… data-pieces=…> … [data-work] [data-work-status] [data-work-progress]

const canWork = typeof Worker === "function";
const form = document.querySelector("[data-unseen][data-worker]");

if (canWork) {
  for (const way of document.querySelectorAll("[data-way]")) way.value = "work";
  for (const words of document.querySelectorAll("[data-scripts]")) words.hidden = false;
  for (const words of document.querySelectorAll("[data-no-scripts]")) words.hidden = true;
}
document.querySelector("[data-unseen] [aria-invalid] input")?.focus(); // what is still open
if (form) begin();

function begin() {
  const field = form.querySelector("[data-work]");
  if (field.value) return say("done", Number(form.dataset.pieces));
  form.addEventListener("submit", (event) => {
    if (field.value || !canWork) return;
    event.preventDefault();
    form.dataset.waiting = "";
    say("waiting");
  });
  canWork ? work(field) : giveUp();
}

function work(field) {
  const worker = new Worker(form.dataset.worker);
  const numbers = [];
  say("working");
  worker.addEventListener("error", giveUp);
  worker.addEventListener("message", ({ data }) => {
    numbers.push(data);
    progress(numbers.length);
    if (numbers.length < Number(form.dataset.pieces)) return;
    worker.terminate();
    field.value = numbers.join(" ");
    say("done");
    if ("waiting" in form.dataset) form.requestSubmit();
  });
  worker.postMessage({ prefix: form.dataset.prefix, bits: Number(form.dataset.bits), pieces: Number(form.dataset.pieces) });
}

// The other way needs no work: the buttons below ask for it from now on.
function giveUp() {
  for (const way of document.querySelectorAll("[data-way]")) way.value = "wait";
  delete form.dataset.waiting;
  say("unable");
}

function progress(value) {
  form.querySelector("[data-work-progress]").value = value;
}

// In the language of the page, which brings the words: data-say-done and so on.
function say(what, value) {
  form.querySelector("[data-work-status]").textContent = form.getAttribute(`data-say-${what}`);
  if (value) progress(value);
}
