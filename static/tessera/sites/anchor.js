// The box to tick. It knows no cookie: by a key in its own storage it is known again, on this site alone. What it hears
// comes from the page around it, and it tells that page's origin and no other.

const box = document.querySelector("[data-box]");
const words = document.querySelector("[data-words]");
const root = document.documentElement;
const data = document.body.dataset;
const KEY = `tessera-key-${data.sitekey}`;

const GREETED_BY = 2000; // milliseconds
let origin = null; // of the page around, by its first word
let greeted;
const greeting = new Promise((resolve) => { greeted = resolve; });
let about = {};
let visit = null;

const tell = (what, more = {}) => origin && parent.postMessage({ tessera: what, ...more }, origin);

addEventListener("message", ({ source, origin: from, data: said }) => {
  if (source !== parent || parent === window || from === "null" || (origin && from !== origin)) return;
  if (origin === null && said?.tessera !== "hello") return;
  origin = from;
  if (Object.hasOwn(HEARD, said?.tessera)) HEARD[said.tessera](said);
});

const HEARD = {
  hello(said) {
    about = { action: said.action, cdata: said.cdata };
    greeted();
    if (said.passed) show("passed");
    tell("ready", { titles: { anchor: document.title, challenge: data.challengeTitle } });
    grow();
    if (data.code) tell("error", { code: data.code });
  },
  start() {
    if (root.dataset.state === "passed") again("idle");
    begin();
  },
  passed: () => again("passed"),
  closed: () => show("idle"),
  expired: () => again("expired"),
  over: () => again("over"),
  lost() {
    visit = null;
    show("error", data.sayOffline);
  },
  // What went wrong stays to be read: clients reset a widget as soon as it tells them.
  reset: () => again(["error", "expired", "over"].includes(root.dataset.state) ? root.dataset.state : "idle"),
};

box?.addEventListener("click", begin);

async function begin() {
  if (!box || ["working", "passed"].includes(root.dataset.state)) return;
  if (visit) return open();
  show("working");
  await Promise.race([greeting, new Promise((resolve) => setTimeout(resolve, GREETED_BY))]);
  if (!origin) return failed("invalid-host", data.sayAlone); // opened by itself, or by a page in a sandbox
  try {
    const answer = await fetch(data.begin, { method: "POST", credentials: "omit", headers, body: body() });
    const said = await answer.json();
    if (!answer.ok) return failed(said.error, said.words);
    if (said.token) return passedAtOnce(said);
    keep(said.key);
    visit = said.visit;
    open();
  } catch {
    failed("network-error", data.sayOffline);
  }
}

const headers = { "Content-Type": "application/json" };

function body() {
  const { sitekey, protocol } = data;
  return JSON.stringify({ sitekey, protocol, host: new URL(origin).hostname, key: kept(), ...about });
}

function open() {
  show("open");
  tell("open", { visit });
}

function passedAtOnce(said) {
  show("passed");
  tell("passed", { token: said.token, key: "", seconds: said.seconds });
}

function failed(code, why) {
  show("error", why);
  tell("error", { code });
}

// The visit is over: the next click begins another.
function again(state) {
  visit = null;
  show(state, state === "error" ? words.textContent : undefined);
}

// data-say-passed and so on: in the language of the frame.
function show(state, why) {
  root.dataset.state = state;
  words.textContent = why ?? words.getAttribute(`data-say-${state}`) ?? "";
  box?.setAttribute("aria-checked", String(state === "passed"));
  box?.setAttribute("aria-busy", String(state === "working"));
  grow();
}

// Long words get the room that they need.
function grow() {
  const main = document.querySelector("main");
  main.style.minBlockSize = "0"; // else it is never less than what it has
  const height = Math.max(Number(data.height), main.offsetHeight);
  main.style.minBlockSize = "";
  tell("size", { height });
}

function kept() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage is denied: a stranger each time
  }
}

function keep(key) {
  try {
    localStorage.setItem(KEY, key);
  } catch {
    // As above.
  }
}

document.querySelector("main").inert = false;
