// The token: given, read, and taken back when its time is over.

const lasts = (widget) => widget.token !== "" && Date.now() < widget.until;
const tokenOf = (widget) => (lasts(widget) ? widget.token : "");

function call(widget, name, ...values) {
  const callback = functionOf(widget.params[spec.names[name] ?? name]);
  if (typeof callback !== "function") return;
  try {
    callback(...values);
  } catch (error) {
    reportError(error); // the page's own
  }
}

// A text area's text is what a reset of the form brings back.
function fill(widget) {
  for (const field of widget.fields) {
    if (field.tagName === "TEXTAREA") field.textContent = widget.token;
    field.value = widget.token;
  }
  widget.anchor.dataset[`${PROTOCOL}Response`] = widget.token;
}

function pass(widget, { token, key, seconds }) {
  Object.assign(widget, { token, key, until: Date.now() + seconds * 1000 });
  widget.expiry = setTimeout(() => expire(widget), seconds * 1000);
  fill(widget);
  closeOverlay(widget);
  settle(widget, ({ resolve }) => resolve({ response: token, key }));
  call(widget, "callback", token, key); // last: clients read the token elsewhere
}

function expire(widget) {
  empty(widget);
  widget.expired = true;
  tell(widget, widget.anchor, "expired");
  call(widget, "expired-callback");
}

function empty(widget) {
  clearTimeout(widget.expiry);
  Object.assign(widget, { token: "", key: "", until: 0, expired: false });
  fill(widget);
}

function fail(widget, code) {
  settle(widget, ({ reject }) => reject(code));
  call(widget, "error-callback", code);
}

function settle(widget, how) {
  for (const one of widget.waiting.splice(0)) how(one);
}

// As if it had just been rendered.
function forget(widget) {
  empty(widget);
  dropOverlay(widget);
  settle(widget, ({ reject }) => reject("challenge-closed"));
}

function reset(widget) {
  forget(widget);
  tell(widget, widget.anchor, "reset");
}

// Like a click on the box. Who asks again while a challenge is open waits for the same token.
function execute(widget) {
  return new Promise((resolve, reject) => {
    widget.waiting.push({ resolve, reject });
    if (widget.waiting.length > 1) return;
    empty(widget);
    if (widget.greeted) start(widget);
  });
}

function start(widget) {
  tell(widget, widget.anchor, "start");
}
