// A widget: the frame with the box to tick, the hidden fields, and the token while it lasts.

const SIZES = { normal: ["303px", "78px"], compact: ["164px", "144px"], flexible: ["100%", "78px"] };
const widgets = [];
let made = 0;

function render(where, given = {}) {
  const element = elementOf(where);
  if (!element) return complain(`there is no element ${String(where)} to render into.`);
  const before = widgets.find((widget) => widget.element === element);
  if (before?.anchor.isConnected) {
    complain("a widget was rendered into this element already. Remove it first, or reset it.");
    return before.id;
  }
  if (before) remove(before); // the page has emptied the element meanwhile
  const params = { ...read(element), ...given };
  if (!params.sitekey) complain("no sitekey is given: put it into data-sitekey.");
  return build(element, params).id;
}

// «data-expired-callback» is the parameter «expired-callback».
function read(element) {
  const data = [...element.attributes].filter(({ name }) => name.startsWith("data-"));
  return Object.fromEntries(data.map(({ name, value }) => [name.slice(5), value]));
}

function build(element, params) {
  const place = made++;
  const isButton = element.matches("button, input[type=submit], input[type=button]");
  const size = isButton || params.size === "invisible" ? "invisible" : params.size in SIZES ? params.size : "normal";
  const widget = { element, params, size, place, id: spec.idOf(place), token: "", key: "", until: 0, waiting: [] };
  widget.host = isButton ? element.parentNode.insertBefore(make("div", {}), element.nextSibling) : element;
  widget.anchor = anchorOf(widget);
  widget.fields = params["response-field"] === false || params["response-field"] === "false" ? [] : fieldsOf(widget);
  widgets.push(widget);
  widget.host.append(widget.anchor, ...widget.fields);
  if (isButton) listenTo(widget);
  return widget;
}

function anchorOf(widget) {
  const { params, size } = widget;
  const theme = ["light", "dark", "auto"].includes(params.theme) ? params.theme : spec.theme;
  const wanted = { sitekey: params.sitekey ?? "", protocol: PROTOCOL, theme, size };
  const hl = params.hl ?? params.language ?? ASKED.get("hl");
  if (hl && hl !== "auto") wanted.hl = hl;
  widget.look = { theme, ...(wanted.hl && { hl }) };
  const frame = make("iframe", { border: 0, "border-radius": "6px", "max-width": "100%", "vertical-align": "top" }, {
    title: "Tessera",
    referrerPolicy: "origin", // by which the server says at once where a page isn't one of the site's
    src: `${BASE}/embed/widget/?${new URLSearchParams(wanted)}`,
  });
  const [width, height] = SIZES[size] ?? ["1px", "1px"];
  dress(frame, { width, height });
  if (size === "invisible") hide(frame);
  else if (params.tabindex !== undefined) frame.tabIndex = Number(params.tabindex) || 0;
  frame.dataset[`${PROTOCOL}WidgetId`] = widget.id;
  frame.addEventListener("load", () => greet(widget, frame, silent));
  return frame;
}

function hide(frame) {
  dress(frame, { position: "absolute", visibility: "hidden" });
  frame.tabIndex = -1;
  frame.setAttribute("aria-hidden", "true");
}

function fieldsOf(widget) {
  return spec.fields.map(({ name, idOf }) => {
    const tag = PROTOCOL === "turnstile" ? "input" : "textarea";
    const field = make(tag, { display: "none" }, { id: idOf(widget), name: widget.params["response-field-name"] || name });
    if (tag === "input") field.type = "hidden";
    return field;
  });
}

// A button of the class asks for the token itself, and its callback sends the form.
function listenTo(widget) {
  widget.pressed = (event) => {
    event.preventDefault();
    execute(widget).catch(() => {}); // the callbacks tell
  };
  widget.element.addEventListener("click", widget.pressed);
}

function remove(widget) {
  forget(widget);
  widgets.splice(widgets.indexOf(widget), 1);
  if (widget.pressed) widget.element.removeEventListener("click", widget.pressed);
  for (const part of [widget.anchor, ...widget.fields]) part.remove();
  if (widget.host !== widget.element) widget.host.remove();
}
