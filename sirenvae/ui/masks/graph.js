// The graph of a flow's dependencies: the shared drawing of the network's variables with the flow's edges on it.

import { ARROWS, html, make } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { variableAt, Zoom } from "../shared/zoom.js";

const MANY_EDGES = 150; // with more, the edges that are not chosen are drawn faintly

export class FlowGraph {
  constructor(host, model, routes, point) {
    this.model = model;
    this.routes = routes;
    this.pairs = new Map(); // "j-i" as inputs of the flow -> element
    const frame = html("div", { class: "frame large" });
    host.append(frame);
    this.picture = new Picture(frame, model.graph, routes, "The graph of dependencies");
    this.variable = new Map(model.node.map((v, input) => [v, input]));
    model.graph.names.forEach((_, v) => {
      const role = model.graph.observed.includes(v) ? "observed" : "latent";
      this.picture.setRole(v, `node ${role}${this.variable.has(v) ? "" : " aside"}`);
    });
    this.picture.svg.classList.toggle("dense", model.edges.length > MANY_EDGES);
    this.picture.svg.style.setProperty("--faint", Math.max(0.12, Math.min(0.6, 110 / model.edges.length)));
    this.ghosts = make("g", {}, this.picture.edgeLayer);
    this.zoom = new Zoom(frame, this.picture);
    this.#listen(point);
    this.picture.svg.setAttribute("tabindex", "0");
    this.picture.fitDetail();
  }

  // Draw the edges from input j to input i; `kind` gives their look.
  edge(j, i, kind) {
    const { node } = this.model;
    const group = this.picture.addEdge(node[j], node[i], kind, true);
    make("path", { class: "hit", d: group.firstChild.getAttribute("d") }, group);
    group.dataset.pair = `${j}-${i}`;
    this.pairs.set(`${j}-${i}`, group);
    return group;
  }

  removeEdge(j, i) {
    const { node } = this.model;
    this.pairs.get(`${j}-${i}`)?.remove();
    this.pairs.delete(`${j}-${i}`);
    this.picture.edges.delete(`${node[j]}-${node[i]}`);
  }

  // `point(chosen, pin)`: what the pointer or the keys are at, null when they leave.
  #listen(point) {
    const { svg } = this.picture;
    const chosen = (event) => {
      const pair = event.target.closest?.(".edge")?.dataset.pair.split("-").map(Number);
      if (pair) return { kind: "pair", j: pair[0], i: pair[1] };
      const input = this.variable.get(variableAt(this.picture, event));
      if (input === undefined) return null;
      return input < this.model.outputs ? { kind: "output", i: input } : { kind: "unit", k: 0, u: input };
    };
    // Not pointerover: it would come again, under a pointer at rest, whenever a lit edge is brought to the front.
    svg.addEventListener("pointermove", (event) => point(chosen(event), false));
    svg.addEventListener("pointerleave", () => point(null, false));
    svg.addEventListener("click", (event) => this.zoom.dragged || (chosen(event) && point(chosen(event), true)));
    svg.addEventListener("keydown", (event) => {
      const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!turn || !this.pairs.size) return;
      event.preventDefault();
      const edges = [...this.pairs.keys()];
      const [j, i] = edges[(edges.indexOf(this.current) + turn + edges.length) % edges.length].split("-").map(Number);
      point({ kind: "pair", j, i }, true);
    });
  }

  // Light edges given as [j, i] and variables given as inputs; an edge that is not there is drawn as a dotted ghost.
  light(edges, inputs) {
    const { node } = this.model;
    const { svg, nodes } = this.picture;
    for (const element of svg.querySelectorAll(".lit, .hot")) element.classList.remove("lit", "hot");
    this.ghosts.replaceChildren();
    svg.classList.toggle("pointing", edges.length + inputs.length > 0);
    for (const [j, i] of edges) {
      if (j === i) continue;
      const group = this.pairs.get(`${j}-${i}`);
      group?.classList.add("lit", "hot");
      // Lit edges come to the front, so that none is hidden by a quiet one.
      if (group) group.parentNode.append(group);
      else make("path", { class: "ghost", d: this.routes.paths(node[j], node[i], false).line }, this.ghosts);
    }
    for (const input of inputs) nodes[node[input]].classList.add("hot");
    this.current = edges.length === 1 ? `${edges[0][0]}-${edges[0][1]}` : null;
  }
}

// "From [input] to [output]" as two lists, for keys, fingers and graphs with many variables.
export class PairPicker {
  constructor(names, outputs, change) {
    const list = (label, count) => {
      const select = html("select", { "aria-label": label });
      for (let v = 0; v < count; v++) select.append(new Option(names[v], v));
      select.addEventListener("change", () => change(Number(this.from.value), Number(this.to.value)));
      return select;
    };
    this.from = list("From input", names.length);
    this.to = list("To output", outputs);
    this.element = html("span", { class: "picker" }, "From ", this.from, " to ", this.to);
  }

  show(j, i) {
    this.from.value = j;
    this.to.value = i;
  }
}

// Arrow keys move a cell among `outputs` rows and `inputs` columns.
export function moveCell(event, at, outputs, inputs) {
  const step = ARROWS[event.key];
  if (!step) return null;
  event.preventDefault();
  const clamp = (value, size) => Math.max(0, Math.min(size - 1, value));
  return { kind: "pair", j: clamp(at.j + step[0], inputs), i: clamp(at.i + step[1], outputs) };
}

export function legend(host, entries) {
  const marks = entries.map(([sign, words]) => html("span", {}, html("i", { class: sign }), words));
  return host.appendChild(html("div", { class: "legend" }, ...marks));
}
