// What a page may call. The widget is named by its id or its element; unnamed it is the first one.

function pick(id) {
  if (id === undefined || id === null) return widgets.find((widget) => widget.host.isConnected) ?? missing("no widget");
  const named = widgets.find((widget) => String(widget.id) === String(id));
  return named ?? widgets.find((widget) => widget.element === elementOf(id)) ?? missing(`no widget ${String(id)}`);
}

const missing = (what) => complain(`there is ${what} on this page.`);

function executed(id, options) {
  const isId = id === null || typeof id !== "object" || id instanceof Element;
  const widget = pick(isId ? id : undefined);
  const wantsPromise = (isId ? options : id)?.async;
  const isNamed = isId && id !== undefined && id !== null;
  if (!widget) return wantsPromise ? Promise.reject(isNamed ? "invalid-captcha-id" : "missing-captcha") : undefined;
  const token = execute(widget);
  if (wantsPromise) return token;
  token.catch(() => {}); // the callbacks tell
}

const withPicked = (then, otherwise) => (id, ...more) => {
  const widget = pick(id);
  return widget ? then(widget, ...more) : otherwise;
};

const calls = {
  render,
  execute: executed,
  reset: withPicked(reset),
  remove: withPicked(remove),
  getResponse: withPicked(tokenOf, ""),
  getRespKey: withPicked((widget) => (lasts(widget) ? widget.key : ""), ""),
  isExpired: withPicked((widget) => widget.expired || (widget.token !== "" && !lasts(widget)), false),
  setData: withPicked((widget, data) => Object.assign(widget, { data })), // some send `rqdata`; nothing here needs it
  close: withPicked((widget) => widget.dialog?.open && leave(widget)),
  ready: (then) => whenReady(() => functionOf(then)?.()),
  implicitRender,
};

function implicitRender() {
  for (const element of document.querySelectorAll(spec.classes.map((name) => `.${name}`).join())) {
    if (!widgets.some((widget) => widget.element === element)) render(element);
  }
}
