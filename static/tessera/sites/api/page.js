// What is needed of the page around: our own address, an element, a global function, styles that a strict policy allows.

const SCRIPT = new URL(ownAddress());
const [PROTOCOL, PATH] = spoken(SCRIPT.pathname);
const BASE = SCRIPT.origin + SCRIPT.pathname.slice(0, -PATH.length);
const ASKED = SCRIPT.searchParams;
const spec = PROTOCOLS[PROTOCOL];

// Read at once: a page may take the tag out as soon as the script has run.
function ownAddress() {
  const paths = Object.values(PROTOCOLS).flatMap((protocol) => protocol.paths);
  const isOurs = ({ src }) => src && paths.some((path) => new URL(src).pathname.endsWith(path));
  const ours = document.currentScript?.src ? document.currentScript : [...document.scripts].find(isOurs);
  if (ours) return ours.src;
  throw new Error("Tessera: load this script by a tag with its address, so that it knows where it comes from.");
}

function spoken(address) {
  for (const [name, { paths }] of Object.entries(PROTOCOLS)) {
    const path = paths.find((one) => address.endsWith(one));
    if (path) return [name, path];
  }
  throw new Error(`Tessera: ${address} is none of the addresses of this script.`);
}

const complain = (words) => console.error(`Tessera: ${words}`);

function elementOf(where) {
  if (where instanceof Element) return where;
  if (typeof where !== "string" || !where) return null;
  try {
    return document.getElementById(where) ?? document.querySelector(where);
  } catch {
    return null; // it is no selector either
  }
}

const functionOf = (named) => (typeof named === "string" ? window[named] : named);

// By the object model: a policy without 'unsafe-inline' forbids style attributes. Important: pages style every iframe.
function dress(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value, "important");
}

function make(tag, styles, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  dress(element, styles);
  return element;
}

function whenReady(then) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", then, { once: true });
  else then();
}
