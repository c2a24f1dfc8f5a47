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
function showProblem(words) {
  const place = document.querySelector("#messages");
  if (!place || place.querySelector("[data-request-problem]")) return;
  const notice = make("div", "notice notice-error");
  notice.dataset.requestProblem = "";
  notice.append(make("span", "notice-kind", "Problem"), make("div", "", words));
  place.append(notice);
}

const hideProblem = () => document.querySelector("[data-request-problem]")?.remove();

document.addEventListener("htmx:sendError", () =>
  showProblem("The connection was lost. This page is as you left it; check the connection and try again."));

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 401 || status === 403) showProblem("You are no longer signed in, or may not do this. Reload the page.");
  else if (status === 429) showProblem("That was a lot at once. Wait a minute, then try again.");
  else showProblem(`The server could not do this (error ${status}). This page is as you left it; try again, or reload it.`);
});

document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful) hideProblem();
});
