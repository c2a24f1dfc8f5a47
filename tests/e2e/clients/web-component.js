import "@hcaptcha/vanilla-hcaptcha";
import { heard, here } from "./heard.js";

const listeners = {
  verified: ({ token, eKey }) => heard("passed")(token, eKey),
  expired: () => heard("expired")(),
  error: ({ error }) => heard("failed")(error),
  opened: () => heard("opened")(),
  closed: () => heard("shut")(),
  loaded: () => heard("ready")(),
};
let captcha;

window.client = {
  show(props) {
    captcha = document.createElement("h-captcha");
    for (const [name, value] of Object.entries(props)) captcha.setAttribute(name, value);
    for (const [name, listener] of Object.entries(listeners)) captcha.addEventListener(name, listener);
    here.append(captcha);
  },
  hide: () => captcha.remove(),
  putAside: () => captcha.remove(),
  takeBack: () => here.append(captcha),
  execute: () => captcha.executeAsync(),
  reset: () => captcha.reset(),
};
