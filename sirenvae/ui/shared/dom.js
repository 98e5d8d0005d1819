// Elements of SVG and of HTML, and where a pointer is in them.

export const SVG = "http://www.w3.org/2000/svg";
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }; // keys: [right, down]

export function make(tag, attributes, parent) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The bytes that Python sent as text.
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// Words in a drawing.
export function write(words, attributes, parent) {
  make("text", attributes, parent).textContent = words;
}

export function button(words, act, attributes = {}) {
  const element = html("button", { type: "button", ...attributes }, words);
  element.addEventListener("click", act);
  return element;
}

// Rows of cells, which are words or elements, below a head.
export function tableOf(heads, rows) {
  const row = (cells, tag) => html("tr", {}, ...cells.map((cell) => html(tag, {}, cell)));
  const body = html("tbody", {}, ...rows.map((cells) => row(cells, "td")));
  return [html("thead", {}, row(heads, "th")), body];
}

// Where the pointer is in an element, in pixels.
export function placeIn(element, { clientX, clientY }) {
  const { x, y } = element.getBoundingClientRect();
  return [clientX - x, clientY - y];
}

// A CSS variable as a colour that a canvas understands; the probe is an unseen element where the variable is known.
export function colourOf(probe, name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
