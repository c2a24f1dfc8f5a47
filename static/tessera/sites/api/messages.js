// What the frames and this page tell each other: each word to one origin, and heard from that origin and window alone.

const PATIENCE = 8000; // milliseconds for a frame to answer the first word
const answered = new WeakSet();
const VISIT = /^[0-9a-f-]{36}$/;
const FROM_ANCHOR = {
  ready(widget, { titles }) {
    widget.titles = { anchor: String(titles.anchor), challenge: String(titles.challenge) };
    widget.anchor.title = widget.titles.anchor;
    widget.greeted = true;
    if (widget.waiting.length && !widget.dialog?.open) start(widget); // the frame may have lost an earlier word
  },
  open(widget, { visit }) {
    if (VISIT.test(visit)) openOverlay(widget, visit);
  },
  size(widget, { height }) {
    if (widget.size !== "invisible") dress(widget.anchor, { height: `${Math.min(Math.ceil(Number(height)) || 0, 300)}px` });
  },
  passed: pass,
  error: (widget, { code }) => fail(widget, String(code)),
};
const FROM_CHALLENGE = {
  size(widget, wanted) {
    if (widget.dialog.open) fit(widget, wanted); // hidden it has none
    tell(widget, widget.challenge, "fitted");
  },
  close: leave,
  passed(widget, said) {
    tell(widget, widget.anchor, "passed");
    pass(widget, said);
  },
  // Its half hour is over.
  over(widget) {
    closeOverlay(widget);
    tell(widget, widget.anchor, "over");
    settle(widget, ({ reject }) => reject("challenge-expired"));
    call(widget, "chalexpired-callback");
  },
};

function tell(widget, frame, what, more = {}) {
  frame.contentWindow?.postMessage({ tessera: what, ...more }, SCRIPT.origin);
}

// The first word: by it a frame learns on whose page it is. It comes again where a page moves the frame. One that doesn't
// answer is what a browser shows in place of it: the network is lost, or the page's policy forbids the frame.
function greet(widget, frame, otherwise) {
  const action = String(widget.params.action ?? "");
  const cdata = String(widget.params.cData ?? widget.params.cdata ?? "");
  answered.delete(frame);
  tell(widget, frame, "hello", { action, cdata, passed: lasts(widget) });
  setTimeout(() => frame.isConnected && !answered.has(frame) && otherwise(widget), PATIENCE);
}

function silent(widget) {
  complain(`the frame of ${BASE} doesn't answer. Is it reachable, and does this page's policy allow it (frame-src)?`);
  fail(widget, "network-error");
}

// The box can be ticked again.
function lost(widget) {
  closeOverlay(widget);
  tell(widget, widget.anchor, "lost");
  fail(widget, "network-error");
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== SCRIPT.origin || !source || typeof data?.tessera !== "string") return;
  for (const widget of widgets) {
    if (source === widget.anchor.contentWindow) return hear(FROM_ANCHOR, widget, widget.anchor, data);
    if (source === widget.challenge?.contentWindow) return hear(FROM_CHALLENGE, widget, widget.challenge, data);
  }
});

function hear(words, widget, frame, data) {
  answered.add(frame);
  if (Object.hasOwn(words, data.tessera)) words[data.tessera](widget, data);
}
