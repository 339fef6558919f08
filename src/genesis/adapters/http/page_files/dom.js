// Elements without markup: everything that comes from outside becomes a text node.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined).map(asNode));
  return node;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

// What is drawn anew while somebody walks through it with the keyboard keeps their place.
export function keepFocus(node, work) {
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  work(node);
  if (key && document.activeElement?.dataset.key !== key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

// Exact decimals come as text and are shown with all their digits; only the thousands are set apart.
export function exact(text, decimals = null) {
  if (text === "" || text === null || text === undefined) return "–";
  const [whole, part = ""] = String(text).split(".");
  const shown = decimals === null ? part : part.slice(0, decimals).padEnd(decimals, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return shown ? `${grouped}.${shown}` : grouped;
}

export const signed = (text, decimals = 2) => (String(text).startsWith("-") ? "" : "+") + exact(text, decimals);
export const percent = (fraction, digits = 2) => `${(100 * fraction).toFixed(digits)}\u202f%`;
export const tone = (text) => (Number(text) > 0 ? "up" : Number(text) < 0 ? "down" : "");

export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return size >= 1000 ? value.toFixed(2) : size >= 1 || value === 0 ? String(+value.toFixed(4)) : value.toPrecision(4);
}

export const when = (mts, seconds = true) =>
  mts ? new Date(mts).toISOString().slice(0, seconds ? 19 : 16).replace("T", " ") : "–";
export const clock = (mts) => new Date(mts).toLocaleTimeString([], { hour12: false });
