// Last: the names that a page knows us by, and what stands in the page already.

if (PROTOCOL === "hcaptcha" && ASKED.get("recaptchacompat") !== "off") alsoRecaptcha(spec);

// Two parts of a page may each load the script: its widgets stay those of the first.
const known = window[spec.globals[0]];
const api = known?.from === BASE ? known : Object.assign(calls, { from: BASE });
for (const name of [...spec.globals, "tessera"]) window[name] = api;

whenReady(() => {
  if (ASKED.get("render") !== "explicit") api.implicitRender();
  functionOf(ASKED.get("onload"))?.();
  // What a page has asked grecaptcha.ready for before there was one.
  for (const then of window.___grecaptcha_cfg?.fns?.splice(0) ?? []) then();
});
