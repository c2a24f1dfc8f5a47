// What the protocols differ in: where the script lies, what it is called by, and what a form gets. The rest is one core.
//
//   fields   hidden ones, each with its name and its id
//   idOf     what `render` returns for the widget at this place
//   names    of a callback, where this protocol calls it otherwise

const rest = (place) => (place ? `-${place}` : "");

const PROTOCOLS = {
  hcaptcha: {
    paths: ["/1/api.js", "/1/secure-api.js"],
    globals: ["hcaptcha"],
    classes: ["h-captcha"],
    theme: "light",
    fields: [{ name: "h-captcha-response", idOf: (widget) => `h-captcha-response-${widget.id}` }],
    idOf: () => `t${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}${widgets.length}`,
    names: {},
  },
  recaptcha: {
    paths: ["/recaptcha/api.js"],
    globals: ["grecaptcha"],
    classes: ["g-recaptcha"],
    theme: "light",
    fields: [{ name: "g-recaptcha-response", idOf: (widget) => `g-recaptcha-response${rest(widget.place)}` }],
    idOf: (place) => place,
    names: {},
  },
  turnstile: {
    paths: ["/turnstile/v0/api.js"],
    globals: ["turnstile"],
    classes: ["cf-turnstile"],
    theme: "auto",
    fields: [{ name: "cf-turnstile-response", idOf: (widget) => `${widget.id}_response` }],
    idOf: (place) => `cf-chl-widget-t${place}`,
    names: {
      "chalexpired-callback": "timeout-callback",
      "open-callback": "before-interactive-callback",
      "close-callback": "after-interactive-callback",
    },
  },
};

// hCaptcha's script also stands in for reCAPTCHA's, unless a page says `recaptchacompat=off`.
function alsoRecaptcha(protocol) {
  protocol.globals.push("grecaptcha");
  protocol.classes.push("g-recaptcha");
  protocol.fields.push({ name: "g-recaptcha-response", idOf: (widget) => `g-recaptcha-response-${widget.id}` });
}
