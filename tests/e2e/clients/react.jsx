import HCaptcha from "@hcaptcha/react-hcaptcha";
import { Activity, createRef, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import Comment from "page:react";
import Order from "page:reacthook";
import { heard, here } from "./heard.js";

const captcha = createRef();
const root = createRoot(here);
const events = {
  onVerify: heard("passed"),
  onExpire: heard("expired"),
  onError: heard("failed"),
  onOpen: heard("opened"),
  onClose: heard("shut"),
  onReady: heard("ready"),
};
let shown;

const draw = (what) => root.render(<StrictMode>{what}</StrictMode>);
const drawn = (mode) => draw(<Activity mode={mode}><HCaptcha ref={captcha} {...events} {...shown} /></Activity>);

window.client = {
  pages: { react: () => draw(<Comment />), reacthook: () => draw(<Order />) },
  show(props) {
    shown = props;
    drawn("visible");
  },
  hide: () => draw(null),
  putAside: () => drawn("hidden"),
  takeBack: () => drawn("visible"),
  execute: () => captcha.current.execute({ async: true }),
  reset: () => captcha.current.resetCaptcha(),
};
