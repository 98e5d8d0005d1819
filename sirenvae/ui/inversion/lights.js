// What a question lights in the pictures: edges of a path or of a difference, and letters beside variables. It lies over
// the edges, so it is the same whether they are lines or on a canvas.

import { make, write } from "../shared/dom.js";
import { RADIUS } from "../shared/routes.js";

const LETTER = 15; // pixels of a letter beside a disc, at any zoom
const SMALL_LETTER = 11; // in a small picture

export class Lights {
  constructor(stage) {
    this.stage = stage;
    this.layers = {}; // picture -> { picture, edges, marks }
  }

  // { edges: { picture: [[from, to, look], ...] }, marks: [[variable, words], ...], show: picture or null }
  show(lights) {
    this.clear();
    if (!lights) return;
    for (const [kind, edges] of Object.entries(lights.edges)) {
      const picture = this.stage.pictures[kind];
      if (picture) this.#light(kind, picture, edges, lights.marks);
    }
  }

  clear() {
    for (const { picture, edges, marks } of Object.values(this.layers)) {
      edges.remove();
      marks.remove();
      picture.onFit = null;
      picture.svg.classList.remove("asked");
    }
    this.layers = {};
  }

  #light(kind, picture, edges, marks) {
    const layer = { picture, edges: make("g", { class: "lights" }), marks: make("g", { class: "marks" }, picture.svg) };
    picture.svg.insertBefore(layer.edges, picture.nodeLayer);
    for (const [a, b, look] of edges) this.#edge(picture, layer.edges, a, b, look);
    for (const [v, words] of marks) {
      const { x, y, names } = picture.model;
      const mark = make("g", { transform: `translate(${x[v]} ${y[v]})`, "data-mark": names[v] }, layer.marks);
      make("circle", { r: RADIUS + 6 }, mark);
      const isWord = words.length > 1;
      write(words, { class: isWord ? "long" : "", "data-x": x[v] }, mark);
    }
    picture.onFit = (scale) => this.#fit(layer, scale);
    picture.svg.classList.add("asked");
    this.#fit(layer, picture.scale());
    this.layers[kind] = layer;
  }

  #edge(picture, layer, a, b, look) {
    const { names } = picture.model;
    const group = make("g", { class: `lit ${look}`, "data-lit": `${names[a]}-${names[b]}` }, layer);
    const hasHead = !["assumed", "joined"].includes(look);
    const { line, head } = picture.routes.paths(a, b, hasHead);
    make("path", { class: "line", d: line }, group);
    if (hasHead) make("path", { class: "head", d: head }, group);
    if (look === "gone") make("path", { class: "cross", d: picture.routes.cross(a, b) }, group);
  }

  // Where the middle of a word above its disc is, moved aside at the picture's edges; `letter` is half of one's width.
  #inside(text, { view: [left, , width] }, letter) {
    const [x, half] = [Number(text.dataset.x), letter * text.textContent.length];
    const aside = Math.max(left + half - x, Math.min(0, left + width - half - x));
    return Math.max(-half, Math.min(half, aside));
  }

  // Letters keep their size when the picture is zoomed.
  #fit({ marks, picture }, scale) {
    if (!scale) return;
    const size = picture.svg.closest(".frame.small") ? SMALL_LETTER : LETTER;
    for (const text of marks.querySelectorAll("text")) {
      text.setAttribute("font-size", (size / scale).toFixed(1));
      const isWord = text.classList.contains("long");
      text.setAttribute("x", (isWord ? this.#inside(text, picture, (0.3 * size) / scale) : -RADIUS - 7).toFixed(1));
      text.setAttribute("y", (isWord ? -RADIUS - 12 : -RADIUS - 3).toFixed(1));
    }
  }
}
