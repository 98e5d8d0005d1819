// One drawing of a graph. Discs never move; edges are made once and afterwards only change their class, so that a step
// costs as much as what it changes and not as much as the graph.

import { EdgeCanvas } from "./canvas.js";
import { html, make } from "./dom.js";
import { MIN_ARROW, RADIUS } from "./routes.js";

const MIN_TEXT = 5.8; // the smallest text that is drawn, in pixels; smaller names wait for zoom or hover

// Where the whole graph fits, as [x, y, width, height].
function wholeView(model) {
  const margin = 2 * RADIUS;
  const [left, right] = [Math.min(...model.x) - margin, Math.max(...model.x) + margin];
  const [top, bottom] = [Math.min(...model.y) - margin, Math.max(...model.y) + margin];
  // A small graph does not fill the picture: its discs would be larger than a coin.
  const [width, height] = [Math.max(right - left, 560), Math.max(bottom - top, 370)];
  return [(left + right - width) / 2, (top + bottom - height) / 2, width, height];
}

export class Picture {
  constructor(host, model, routes, label, large = false) {
    this.model = model;
    this.routes = routes;
    this.plot = html("div", { class: "plot" });
    host.append(this.plot);
    this.edges = new Map(); // "a-b" -> element, a and b as they were given
    this.around = new Map(); // variable -> its edge elements
    this.whole = wholeView(model);
    this.view = this.whole;
    this.svg = make("svg", { role: "group", "aria-label": label, preserveAspectRatio: "xMidYMid meet" }, this.plot);
    this.canvas = large ? new EdgeCanvas(this.plot, this) : null;
    this.edgeLayer = make("g", {}, this.svg);
    this.nodeLayer = make("g", {}, this.svg);
    this.#drawNodes();
    this.svg.setAttribute("viewBox", this.view.join(" "));
  }

  #drawNodes() {
    const { names, x, y } = this.model;
    this.sizes = names.map((name) => Math.min(0.85 * RADIUS, (1.75 * RADIUS) / (0.56 * name.length)));
    this.nodes = names.map((name, v) => {
      const group = make("g", { "data-node": name, transform: `translate(${x[v]} ${y[v]})` }, this.nodeLayer);
      make("circle", { class: "disc", r: RADIUS }, group);
      return group;
    });
    this.texts = names.map(() => null);
    this.costs = names.map(() => null);
  }

  setRole(v, role) {
    if (this.nodes[v].getAttribute("class") !== role) this.nodes[v].setAttribute("class", role);
  }

  // The fill cost as a small number at the disc's shoulder; null takes it away.
  setCost(v, cost) {
    if (cost === null) {
      this.costs[v]?.remove();
      this.costs[v] = null;
      return;
    }
    this.costs[v] ??= make("text", { class: "cost", x: 1.05 * RADIUS, y: -0.95 * RADIUS }, this.nodes[v]);
    if (this.costs[v].textContent !== String(cost)) this.costs[v].textContent = cost;
  }

  addEdge(a, b, kind, arrow) {
    if (this.canvas) {
      this.routes.control(a, b);
      return this.canvas.add(kind, a, b);
    }
    const { names } = this.model;
    const group = make("g", { class: `edge ${kind}`, "data-edge": `${names[a]}-${names[b]}` }, this.edgeLayer);
    const { line, head } = this.routes.paths(a, b, arrow);
    make("path", { class: "line", d: line }, group);
    if (arrow) make("path", { class: "head", d: head }, group);
    this.edges.set(`${a}-${b}`, group);
    for (const v of [a, b]) {
      if (!this.around.has(v)) this.around.set(v, []);
      this.around.get(v).push(group);
    }
    return group;
  }

  edge(a, b) {
    return this.edges.get(`${a}-${b}`) ?? this.edges.get(`${b}-${a}`);
  }

  highlight(v, on) {
    this.nodes[v].classList.toggle("hot", on);
    for (const edge of this.around.get(v) ?? []) edge.classList.toggle("hot", on);
    this.svg.classList.toggle("pointing", on);
    if (!this.canvas) return;
    this.canvas.hot = on ? v : null;
    this.canvas.redraw();
  }

  // Pixels per unit of the layout.
  scale() {
    const box = this.svg.getBoundingClientRect();
    return Math.min(box.width / this.view[2], box.height / this.view[3]) || 0;
  }

  show(view) {
    this.view = view ?? this.whole;
    this.svg.setAttribute("viewBox", this.view.map((number) => number.toFixed(2)).join(" "));
    this.fitDetail();
  }

  // Names, costs and arrowheads are drawn only where they are large enough to read.
  fitDetail() {
    const scale = this.scale();
    if (!scale) return;
    this.canvas?.redraw();
    this.onFit?.(scale);
    this.svg.classList.toggle("far", RADIUS * scale < MIN_ARROW);
    this.svg.classList.toggle("small", 0.6 * RADIUS * scale < MIN_TEXT);
    this.model.names.forEach((name, v) => {
      const readable = this.sizes[v] * scale >= MIN_TEXT;
      if (readable && !this.texts[v]) {
        this.texts[v] = make("text", { class: "name", "font-size": this.sizes[v].toFixed(1) }, this.nodes[v]);
        this.texts[v].textContent = name;
      } else if (!readable && this.texts[v]) {
        this.texts[v].remove();
        this.texts[v] = null;
      }
    });
  }
}
