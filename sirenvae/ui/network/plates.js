// A network with plates and an inverse of it, collapsed: a disc for each template, and a box around what is repeated.

import { html, make, write } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { RADIUS, Routes } from "../shared/routes.js";

const ROOM = 16; // between the discs of a plate and its box, in the units of the layout
const LINE = 26; // of the words in a box

export class PlatesView {
  constructor(parent) {
    this.root = html("div", { class: "graph plates" });
    parent.append(this.root);
    this.resize = new ResizeObserver(() => this.pictures?.forEach((picture) => picture.fitDetail()));
    this.resize.observe(this.root);
  }

  destroy() {
    this.resize.disconnect();
  }

  update(model) {
    if (model.id === this.id) return;
    this.id = model.id;
    this.pictures = [];
    this.root.replaceChildren(...model.panels.map((panel) => this.panel(model, panel)));
    this.root.dataset.panels = model.panels.map(({ kind }) => kind).join(" ");
    this.pictures.forEach((picture) => picture.fitDetail());
  }

  panel(model, { title, kind, edges, factors }) {
    const frame = html("div", { class: "frame" });
    const own = { ...model, edges };
    const picture = new Picture(frame, own, new Routes(own), title);
    this.pictures.push(picture);
    picture.svg.setAttribute("role", "img");
    picture.svg.setAttribute("aria-label", `${title}: ${factors.join("; ")}`);
    const observed = new Set(model.observed);
    model.names.forEach((_, v) => picture.setRole(v, `node ${observed.has(v) ? "observed" : "latent"}`));
    for (const [a, b] of edges) picture.addEdge(a, b, kind, true);
    const boxes = model.plates.map((plate) => drawBox(picture, plate));
    picture.show(around(picture.whole, boxes));
    const list = html("ul", { class: "factors" }, ...factors.map((words) => html("li", {}, html("code", {}, words))));
    return html("figure", {}, html("figcaption", {}, title), frame, list);
  }
}

// The box of a plate as [left, top, right, bottom], with its name and the number of copies in its lower right corner.
function drawBox({ svg, model, edgeLayer }, { name, size, members }) {
  const [xs, ys] = [model.x, model.y].map((places) => members.map((v) => places[v]));
  const far = RADIUS + ROOM;
  const [left, top, right, bottom] = [Math.min(...xs) - far, Math.min(...ys) - far, Math.max(...xs) + far, Math.max(...ys) + far + LINE];
  const box = make("g", { class: "plate", "data-plate": name });
  svg.insertBefore(box, edgeLayer);
  make("rect", { x: left, y: top, width: right - left, height: bottom - top, rx: 10 }, box);
  write(`${name} × ${size}`, { x: right - 8, y: bottom - 8 }, box);
  return [left, top, right, bottom];
}

// A view that holds what was in sight and all boxes.
function around([x, y, width, height], boxes) {
  const air = 8;
  const left = Math.min(x, ...boxes.map((box) => box[0] - air));
  const top = Math.min(y, ...boxes.map((box) => box[1] - air));
  const right = Math.max(x + width, ...boxes.map((box) => box[2] + air));
  const bottom = Math.max(y + height, ...boxes.map((box) => box[3] + air));
  return [left, top, right - left, bottom - top];
}
