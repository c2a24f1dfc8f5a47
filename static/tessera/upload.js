// Uploading works as a plain form. This module sends the chosen or dropped pictures in small batches, so that one bad
// picture or one lost connection costs little, and shows each picture's fate as it is known.
//
//   <form class="upload" data-upload enctype="multipart/form-data"> … [data-upload-submit]
//   [data-upload-status] (live region) [data-upload-progress] [data-upload-retry] <ul data-upload-list>

const BATCH = 10;
const STATES = { waiting: "Waiting", sending: "Sending…", accepted: "Uploaded", duplicate: "Already here", refused: "Not accepted", failed: "Not sent" };

class Upload {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type="file"]');
    this.rows = [];
    this.sending = false;
    this.problem = "";
    this.held = []; // chosen before the rest of the form was filled in
    this.submit = form.querySelector("[data-upload-submit]");
    if (this.submit) this.submit.hidden = true;
    form.addEventListener("submit", (event) => this.onSubmit(event));
    this.input.addEventListener("change", () => this.choose([...this.input.files]));
    this.part("retry")?.addEventListener("click", () => this.retry());
    this.listenForDrops(form.querySelector(".dropzone") ?? form);
  }

  part(name) {
    return document.querySelector(`[data-upload-${name}]`);
  }

  onSubmit(event) {
    event.preventDefault();
    this.choose(this.input.files.length ? [...this.input.files] : this.held);
  }

  listenForDrops(zone) {
    let depth = 0; // dragenter and dragleave also fire for every child that is crossed
    const over = (by) => zone.classList.toggle("is-over", (depth = Math.max(0, depth + by)) > 0);
    zone.addEventListener("dragenter", () => over(1));
    zone.addEventListener("dragleave", () => over(-1));
    zone.addEventListener("dragover", (event) => event.preventDefault());
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      over(-depth);
      this.choose([...event.dataTransfer.files]);
    });
  }

  // ---- Batches -----------------------------------------------------------------------------------------------------------

  choose(files) {
    if (!files.length) return;
    if (!this.input.files.length) this.input.required = false; // dropped files never pass through the input
    const ready = this.form.reportValidity();
    this.held = ready ? [] : files;
    if (this.submit) this.submit.hidden = ready;
    if (!ready) return;
    this.input.value = "";
    this.rows.push(...files.map((file) => this.addRow(file)));
    this.send();
  }

  retry() {
    this.problem = "";
    for (const row of this.rows) if (row.state === "failed") setState(row, "waiting");
    this.send();
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    for (let batch; !this.problem && (batch = this.waiting().slice(0, BATCH)).length; ) {
      batch.forEach((row) => setState(row, "sending"));
      this.report();
      await this.sendBatch(batch);
    }
    this.waiting().forEach((row) => setState(row, "failed"));
    this.sending = false;
    this.report();
  }

  waiting() {
    return this.rows.filter((row) => row.state === "waiting");
  }

  sendBatch(batch) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) this.report((event.loaded / event.total) * batch.length);
      });
      request.addEventListener("loadend", () => {
        this.settle(batch, request);
        resolve();
      });
      request.open("POST", this.form.getAttribute("action") || location.href);
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", this.form.elements.csrfmiddlewaretoken?.value ?? "");
      request.send(this.body(batch));
    });
  }

  body(batch) {
    const data = new FormData(this.form);
    data.delete(this.input.name);
    for (const row of batch) data.append(this.input.name, row.file, row.file.name);
    return data;
  }

  settle(batch, request) {
    const answer = parse(request.responseText);
    if (!answer) this.problem = whyItFailed(request);
    for (const [row, outcome, item] of match(batch, answer ?? {})) OUTCOMES[outcome](row, item);
    // Whatever the server did not name has no known fate: sending it again is safe, a copy is recognised.
    for (const row of batch) if (row.state === "sending") setState(row, "failed");
    if (answer && batch.some((row) => row.state === "failed")) this.problem = "The server did not answer for every picture.";
  }

  // ---- What people see ------------------------------------------------------------------------------------------------------

  addRow(file) {
    const element = make("li", "upload-row");
    const row = {
      file,
      element,
      thumb: make("span", "upload-thumb"),
      name: make("span", "upload-name", file.name),
      text: make("span", "upload-state"),
      tags: make("span", "upload-tags"),
    };
    element.append(row.thumb, row.name, row.text, row.tags);
    setState(row, "waiting");
    this.part("list")?.append(element);
    return row;
  }

  report(inBatch = 0) {
    const done = this.rows.filter((row) => !["waiting", "sending", "failed"].includes(row.state)).length;
    const failed = this.rows.filter((row) => row.state === "failed").length;
    const progress = this.part("progress");
    if (progress) {
      progress.hidden = !this.sending;
      progress.max = this.rows.length;
      progress.value = Math.min(this.rows.length, done + inBatch);
    }
    const words = this.sending ? `Sending: ${done} of ${this.rows.length} done.` : this.summary(failed);
    const status = this.part("status");
    if (status && status.textContent !== words) status.textContent = words;
    const retry = this.part("retry");
    if (retry) {
      retry.hidden = this.sending || !failed;
      retry.textContent = `Try again with ${pictures(failed)}`;
    }
  }

  summary(failed) {
    const count = (state) => this.rows.filter((row) => row.state === state).length;
    const parts = [`${pictures(count("accepted"))} uploaded`];
    if (count("duplicate")) parts.push(`${count("duplicate")} already here`);
    if (count("refused")) parts.push(`${count("refused")} not accepted`);
    const kept = `${parts.join(", ")}.`;
    return failed ? `${this.problem} What arrived is kept: ${kept} Not sent: ${pictures(failed)}.` : kept;
  }
}

// ---- Rows -------------------------------------------------------------------------------------------------------------------

// Rows by name; what the server renamed takes the rows that are left, in order.
function match(batch, answer) {
  const left = [...batch];
  const items = Object.keys(OUTCOMES).flatMap((outcome) => (answer[outcome] ?? []).map((item) => [outcome, item]));
  const take = (index) => (index < 0 ? undefined : left.splice(index, 1)[0]);
  const named = items.map(([outcome, item]) => [take(left.findIndex((row) => row.file.name === item.name)), outcome, item]);
  return named.map(([row, ...rest]) => [row ?? left.shift(), ...rest]).filter(([row]) => row);
}

function setState(row, state, words = "") {
  row.state = state;
  row.element.dataset.state = state;
  row.text.textContent = words ? `${STATES[state]}: ${words}` : STATES[state];
}

const OUTCOMES = {
  accepted: accept,
  duplicates: markDuplicate,
  refused: (row, item) => setState(row, "refused", item.reason),
};

function accept(row, item) {
  setState(row, "accepted");
  link(row, item.url);
  if (item.thumbnail) showThumbnail(row, item.thumbnail);
  const tags = make("span", "muted small", "Looking…");
  tags.setAttribute("hx-get", `${item.url}tags/`);
  tags.setAttribute("hx-trigger", "load, every 200ms"); // the server ends the asking by answering without a trigger
  tags.setAttribute("hx-swap", "outerHTML");
  row.tags.replaceChildren(tags);
  window.htmx?.process(tags);
}

function markDuplicate(row, item) {
  setState(row, "duplicate", "the same picture was uploaded before");
  link(row, item.url);
}

function link(row, url) {
  const anchor = make("a", "", row.file.name);
  anchor.href = url;
  row.name.replaceChildren(anchor);
}

function showThumbnail(row, url) {
  const image = make("img", "upload-thumb");
  image.src = url;
  image.alt = "";
  row.thumb.replaceWith(image);
  row.thumb = image;
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// ---- Words ------------------------------------------------------------------------------------------------------------------

const pictures = (count) => (count === 1 ? "1 picture" : `${count} pictures`);

function parse(text) {
  try {
    const answer = JSON.parse(text);
    return ["accepted", "duplicates", "refused"].some((key) => Array.isArray(answer?.[key])) ? answer : null;
  } catch {
    return null;
  }
}

function whyItFailed(request) {
  const { status } = request;
  if (status === 0) return "The connection was lost.";
  if (status === 401 || status === 403) return "You are no longer signed in, or may not upload here. Reload the page to sign in.";
  if (status === 413) return "These pictures are too large to send together.";
  if (status === 429) return "That was a lot at once; wait a minute.";
  return `The server could not take them (error ${status}).`;
}

// ---- Start ------------------------------------------------------------------------------------------------------------------

const uploads = [...document.querySelectorAll("form[data-upload]")].map((form) => new Upload(form));

window.addEventListener("beforeunload", (event) => {
  if (uploads.some((upload) => upload.sending)) event.preventDefault();
});

// A picture that misses the drop zone must not replace the page.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => {
    if (uploads.length && event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}
