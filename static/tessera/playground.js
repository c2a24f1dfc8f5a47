// The playground: an invisible widget asks when somebody presses “Verify”, as an integrator's page would let it; and if
// the widget's script doesn't come, the page says so.

const form = document.querySelector("#playground");
const lost = document.querySelector("#playground-lost");
const place = form.querySelector("[data-sitekey]");
const token = () => form.elements.namedItem(form.dataset.field)?.value;

function show(words) {
  lost.hidden = false;
  lost.querySelector("div").textContent = words;
}

const api = () => window.tessera ?? window.hcaptcha ?? window.grecaptcha ?? window.turnstile;

form.addEventListener("submit", async (event) => {
  if (place.dataset.size !== "invisible" || token() || !api()) return;
  event.preventDefault();
  try {
    await api().execute(undefined, { async: true });
    form.submit();
  } catch {
    show("The challenge was closed or failed. Press “Verify” to get another.");
  }
});

window.addEventListener("load", () => {
  if (!api()) show("The widget’s script didn’t come. Reload the page; if that doesn’t help, look into the browser’s console.");
});
