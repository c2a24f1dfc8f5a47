import VueHcaptcha from "@hcaptcha/vue3-hcaptcha";
import { createApp, h, KeepAlive, ref } from "vue";
import Comment from "page:vue";
import { heard, here } from "./heard.js";

const captcha = ref();
const isAside = ref(false);
const events = {
  onVerify: heard("passed"),
  onExpired: heard("expired"),
  onError: heard("failed"),
  onOpened: heard("opened"),
  onClosed: heard("shut"),
  onRendered: heard("ready"),
};
const SomethingElse = { render: () => h("p", "Something else") };
let app;

function show(render) {
  app = createApp({ render });
  app.mount(here);
}

window.client = {
  pages: { vue: () => show(() => h(Comment)) },
  show: (props) =>
    show(() => h(KeepAlive, () => (isAside.value ? h(SomethingElse) : h(VueHcaptcha, { ref: captcha, ...events, ...props })))),
  hide: () => app.unmount(),
  putAside: () => (isAside.value = true),
  takeBack: () => (isAside.value = false),
  execute: () => captcha.value.executeAsync(),
  reset: () => captcha.value.reset(),
};
