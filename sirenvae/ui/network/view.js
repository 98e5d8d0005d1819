// The network as one picture: pointing at a variable lights up its Markov blanket, a click does what the tool says.
// Python hears of clicks and sends the network that they lead to.

import { MANY_LINES } from "../shared/canvas.js";
import { html, make } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { Routes } from "../shared/routes.js";
import { onVariable, Tip, variableAt, Zoom } from "../shared/zoom.js";
import { moveStop, pressed } from "./discs.js";
import { Family, showBlanket } from "./family.js";
import { Tools } from "./tools.js";

const GLIDE = 300; // milliseconds that a disc takes to its new place

export class NetworkView {
  constructor(parent) {
    this.root = html("div", { class: "graph single" });
    this.frame = html("div", { class: "frame large" });
    this.words = html("p", { class: "about", role: "status" });
    this.root.append(this.words, this.frame);
    parent.append(this.root);
    this.tip = new Tip(this.root);
    this.resize = new ResizeObserver(() => this.picture.fitDetail());
    this.resize.observe(this.frame);
    this.shown = null; // the variable whose blanket is lit
    this.stop = 0; // the variable that the tab key comes to
  }

  update(model, { setTriggerValue }) {
    this.toggle = (v) => setTriggerValue("toggle", v);
    this.edit = (change) => setTriggerValue("edit", change);
    const isNew = model.id !== this.model?.id;
    const before = this.model;
    this.model = model;
    if (isNew) this.build(before);
    this.root.dataset.observed = model.observed.map((v) => model.names[v]).join(" ");
    this.observed = new Set(model.observed);
    model.names.forEach((_, v) => this.picture.setRole(v, `node ${this.role(v)} live`));
    if (model.editable && !this.tools) this.tools = new Tools(this);
    this.label();
    this.light(this.shown);
    this.picture.canvas?.redraw(); // the theme may have changed
  }

  destroy() {
    this.resize.disconnect();
  }

  role(v) {
    return this.observed.has(v) ? "observed" : "latent";
  }

  label() {
    this.picture?.nodes.forEach((node, v) => {
      const role = this.role(v);
      const act = this.tools ? this.tools.words(v, role) : role === "observed" ? "make it latent" : "make it observed";
      node.setAttribute("aria-label", `${this.model.names[v]}, ${role}: ${act}`);
    });
  }

  build(before) {
    const { model } = this;
    const old = this.picture && { view: this.picture.view, whole: this.picture.whole, model: before };
    const hadFocus = this.root.getRootNode().activeElement?.closest?.("[data-node]");
    if (this.tools) this.tools.from = null;
    this.shown = null;
    this.tip.hide();
    this.frame.replaceChildren();
    this.family = new Family(model);
    this.picture = new Picture(this.frame, model, new Routes(model), "The network", model.edges.length > MANY_LINES);
    for (const [parent, child] of model.edges) this.picture.addEdge(parent, child, "directed", true);
    this.pointer = make("path", { class: "pointer" }, this.picture.edgeLayer);
    this.zoom = new Zoom(this.frame, this.picture);
    this.listen();
    this.stop = Math.max(0, model.names.indexOf(hadFocus?.getAttribute("data-node")));
    this.picture.nodes.forEach((node, v) => {
      node.setAttribute("tabindex", v === this.stop ? "0" : "-1");
      node.setAttribute("role", "button");
    });
    if (hadFocus) this.picture.nodes[this.stop].focus({ preventScroll: true });
    if (old) this.follow(old);
    this.picture.fitDetail();
  }

  // After an edit: discs glide to where they are now, and a zoomed view stays with what was in its middle.
  follow({ view, whole, model }) {
    const place = new Map(model.names.map((name, v) => [name, [model.x[v], model.y[v]]]));
    const kept = this.model.names.map((name, v) => [v, place.get(name)]).filter(([, was]) => was);
    if (!kept.length || 2 * kept.length < this.model.names.length) return; // another network
    const { x, y } = this.model;
    if (view !== whole) {
      const [midX, midY] = [view[0] + view[2] / 2, view[1] + view[3] / 2];
      const far = ([, was]) => Math.hypot(was[0] - midX, was[1] - midY);
      const [v, was] = kept.reduce((best, one) => (far(one) < far(best) ? one : best));
      this.picture.show([view[0] + x[v] - was[0], view[1] + y[v] - was[1], view[2], view[3]]);
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const [v, [wasX, wasY]] of kept) {
      if (wasX === x[v] && wasY === y[v]) continue;
      const at = (left, top) => ({ transform: `translate(${left}px, ${top}px)` });
      this.picture.nodes[v].animate([at(wasX, wasY), at(x[v], y[v])], { duration: GLIDE, easing: "ease-out" });
    }
    this.picture.edgeLayer.animate([{ opacity: 0 }, { opacity: 1 }], { duration: GLIDE });
  }

  listen() {
    const { plot, svg } = this.picture;
    onVariable(
      this.picture,
      (v) => this.light(v),
      () => this.light(this.focused()),
    );
    svg.addEventListener("click", (event) => {
      if (this.zoom.dragged) return;
      const v = variableAt(this.picture, event);
      const edge = this.tools?.edgeUnder(event);
      if (v !== null) this.act(v);
      else if (edge) this.tools.onEdge(edge);
      else this.tools?.drop();
    });
    svg.addEventListener("pointermove", (event) => this.point(event));
    svg.addEventListener("pointerleave", () => this.point(null));
    plot.addEventListener("keydown", (event) => pressed(this, event, { take: (v) => this.act(v), drop: () => this.tools?.drop() }));
    plot.addEventListener("focusin", (event) => moveStop(this, variableAt(this.picture, event)));
  }

  act(v) {
    if (this.tools) this.tools.onVariable(v);
    else this.toggle(v);
  }

  focused() {
    const node = this.picture.plot.querySelector("[data-node]:focus-visible");
    return node ? this.picture.nodes.indexOf(node) : null;
  }

  light(v) {
    if (this.shown !== null && this.shown !== v) this.picture.highlight(this.shown, false);
    const isDrawing = this.tools?.from != null; // then an edge is in question, and nothing fades but what bars it
    showBlanket(this.picture, this.family, isDrawing ? null : v);
    if (v !== null && !isDrawing) this.picture.highlight(v, true);
    this.shown = v;
    if (v !== null && !this.picture.texts[v]) this.tip.show(this.picture.nodes[v], [this.model.names[v], this.role(v)]);
    else this.tip.hide();
    this.describe();
  }

  // The edge that a click would mean, or the edge that is being drawn.
  point(event) {
    if (!this.tools) return;
    const { x, y } = this.model;
    const edge = event && this.tools.edgeUnder(event);
    const { from } = this.tools;
    let path = "";
    if (edge) path = this.picture.routes.paths(...edge, true).line;
    else if (event && from !== null) path = `M ${x[from]} ${y[from]} L ${this.zoom.point(event).join(" ")}`;
    this.pointer.setAttribute("d", path);
    this.picture.svg.classList.toggle("on-edge", Boolean(edge));
  }

  describe() {
    const words = [];
    const isDrawing = this.tools?.from != null;
    if (this.tools && (this.shown === null || isDrawing)) words.push(this.tools.hint, " ");
    if (isDrawing) words.push(this.shown === null ? "" : `Now at ${this.model.names[this.shown]}.`);
    else if (this.shown !== null) words.push(...this.family.sentence(this.shown, this.role(this.shown)));
    else words.push("Point at a variable, or go to it with the tab and arrow keys, to see its Markov blanket.");
    this.words.replaceChildren(...words);
  }
}
