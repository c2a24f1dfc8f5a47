// What every page may use: menus made of <details> close when the attention goes elsewhere, and a request of htmx that
// fails says so instead of leaving a dead button.

const openMenus = () => document.querySelectorAll("details.menu[open]");

function closeMenusOutside(target) {
  for (const menu of openMenus()) {
    if (!menu.contains(target)) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenusOutside(event.target));
document.addEventListener("focusin", (event) => closeMenusOutside(event.target));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// One notice however often a poll fails; the next answer takes it away.
function showProblem(what, status = "") {
  const place = document.querySelector("#messages");
  if (!place || place.querySelector("[data-request-problem]")) return;
  const notice = make("div", "notice notice-error");
  notice.dataset.requestProblem = "";
  const { problem, [what]: words } = place.dataset; // in the language of the page
  notice.append(make("span", "notice-kind", problem), make("div", "", words.replace("{status}", status)));
  place.append(notice);
}

const hideProblem = () => document.querySelector("[data-request-problem]")?.remove();

document.addEventListener("htmx:sendError", () => showProblem("lost"));

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 401 || status === 403) showProblem("denied");
  else if (status === 429) showProblem("busy");
  else showProblem("broken", status);
});

document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful) hideProblem();
});
