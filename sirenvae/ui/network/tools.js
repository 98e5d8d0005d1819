// What a click does: the row of tools above the picture, and the edits that clicks amount to.

import { button, html } from "../shared/dom.js";
import { variableAt } from "../shared/zoom.js";
import { edgeAt } from "./finder.js";

const TOOLS = [
  ["observe", "Observe", "Click a variable to make it observed or latent."],
  ["edge", "Add edge", "Click the parent, then the child."],
  ["reverse", "Reverse edge", "Click an edge, or its two ends, to turn it around."],
  ["remove", "Remove", "Click a variable or an edge to remove it."],
];
const REACH = 8; // pixels from an edge at which a click still means it

export class Tools {
  constructor(view) {
    this.view = view;
    this.tool = "observe";
    this.from = null; // the first of two variables
    this.element = html("div", { class: "tools", role: "group", "aria-label": "What a click does" });
    this.buttons = TOOLS.map(([tool, label, hint]) =>
      button(label, () => this.choose(tool), { title: hint, "data-tool": tool }),
    );
    const add = button("+ Variable", () => view.edit(`add ${this.freeName()}`), {
      class: "act", "data-tool": "variable", title: "A new latent variable without edges",
    });
    this.element.append(html("span", {}, "A click:"), ...this.buttons, add);
    view.root.prepend(this.element);
    this.choose("observe");
  }

  choose(tool) {
    this.tool = tool;
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one.dataset.tool === tool));
    this.drop();
    this.view.root.dataset.tool = tool;
    this.view.label();
    this.view.describe();
  }

  get hint() {
    if (this.from === null) return TOOLS.find(([tool]) => tool === this.tool)[2];
    const name = this.view.model.names[this.from];
    if (this.tool === "reverse") return `From ${name} to which variable? Escape lets go of it.`;
    return `${name} becomes the parent. Click its child; to a faded variable the edge exists or would close a cycle.`;
  }

  freeName() {
    const taken = new Set(this.view.model.names);
    let number = 1;
    while (taken.has(`X${number}`)) number += 1;
    return `X${number}`;
  }

  // What a click on a variable would do, for those who hear it.
  words(v, role) {
    if (this.tool === "observe") return role === "observed" ? "make it latent" : "make it observed";
    if (this.tool === "remove") return "remove it";
    return this.from === null ? "start an edge here" : "end the edge here";
  }

  onVariable(v) {
    const { view } = this;
    const names = view.model.names;
    if (this.tool === "observe") return view.toggle(v);
    if (this.tool === "remove") return view.edit(`remove ${names[v]}`);
    if (this.from === null) return this.take(v);
    const from = this.from;
    this.drop();
    if (from === v) return;
    const isThere = view.family.children[from].includes(v);
    const [a, b] = this.tool === "edge" || isThere ? [from, v] : [v, from];
    view.edit(`${this.tool === "edge" ? "add" : "reverse"} ${names[a]} > ${names[b]}`);
  }

  onEdge([a, b]) {
    const { names } = this.view.model;
    this.drop();
    this.view.edit(`${this.tool} ${names[a]} > ${names[b]}`);
  }

  // The edge that a click at this event would mean, or null.
  edgeUnder(event) {
    const isForEdges = this.tool === "reverse" || this.tool === "remove";
    if (!isForEdges || variableAt(this.view.picture, event) !== null) return null;
    return edgeAt(this.view.picture, this.view.zoom.point(event), REACH / this.view.picture.scale());
  }

  take(v) {
    this.from = v;
    const { picture, family } = this.view;
    picture.nodes[v].classList.add("picked");
    if (this.tool === "edge") {
      const barred = new Set([...family.ancestors(v), ...family.children[v]]);
      barred.delete(v);
      for (const u of barred) picture.nodes[u].classList.add("barred");
    }
    this.view.label();
    this.view.light(v);
  }

  drop() {
    if (this.from === null) return;
    this.from = null;
    for (const node of this.view.picture.nodes) node.classList.remove("picked", "barred");
    this.view.point(null);
    this.view.label();
    this.view.light(this.view.shown);
  }
}
