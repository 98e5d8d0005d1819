// The learner's inverse, on the network's positions: a click on an edge takes it away or brings it back, two variables
// make a new one. Python hears of the pair and sends the inverse that it leads to.

import { MANY_LINES } from "../shared/canvas.js";
import { html, make } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { Routes } from "../shared/routes.js";
import { onVariable, Tip, variableAt, Zoom } from "../shared/zoom.js";
import { moveStop, pressed } from "../network/discs.js";
import { edgeAt } from "../network/finder.js";

const REACH = 8; // pixels from an edge at which a click still means it
const HINT = "click an edge to take it away or to bring it back; click a variable, then a latent, to add one.";

export class InverseView {
  constructor(parent) {
    this.root = html("div", { class: "graph single own" });
    this.frame = html("div", { class: "frame large" });
    this.words = html("p", { class: "about", role: "status" });
    this.root.append(this.words, this.frame);
    parent.append(this.root);
    this.tip = new Tip(this.root);
    this.resize = new ResizeObserver(() => this.picture.fitDetail());
    this.resize.observe(this.frame);
    this.from = null; // the first of two variables
    this.stop = 0; // the variable that the tab key comes to
  }

  update(model, { setTriggerValue }) {
    this.toggle = (a, b) => setTriggerValue("toggle", [a, b]);
    const isNew = model.id !== this.model?.id || this.isLarge !== isLarge(model);
    this.model = model;
    this.isLarge = isLarge(model);
    if (isNew) this.build();
    this.showEdges();
    this.describe();
  }

  destroy() {
    this.resize.disconnect();
  }

  build() {
    const { model } = this;
    [this.from, this.stop] = [null, 0];
    this.observed = new Set(model.observed);
    this.tip.hide();
    this.frame.replaceChildren();
    this.picture = new Picture(this.frame, model, new Routes(model), "Your inverse", this.isLarge);
    this.zoom = new Zoom(this.frame, this.picture);
    model.names.forEach((_, v) => this.picture.setRole(v, `node ${this.role(v)} live`));
    this.picture.nodes.forEach((node, v) => {
      node.setAttribute("tabindex", v === this.stop ? "0" : "-1");
      node.setAttribute("role", "button");
    });
    this.listen();
    this.picture.fitDetail();
  }

  role(v) {
    return this.observed.has(v) ? "observed" : "latent";
  }

  // The edges as they are now; those that are gone stay as a dotted line, to be brought back.
  showEdges() {
    const { inverse, gone, added } = this.model;
    const { picture } = this;
    const isAdded = new Set(added.map(String));
    const kept = inverse.filter((edge) => !isAdded.has(String(edge)));
    picture.model = { ...this.model, edges: [...inverse, ...gone] };
    if (picture.canvas) {
      picture.canvas.set("inverse", kept);
      picture.canvas.set("inverse new", added);
      picture.canvas.set("pruned new", gone);
      picture.canvas.redraw();
    } else {
      picture.edgeLayer.replaceChildren();
      picture.edges.clear();
      picture.around.clear();
      for (const [edges, kind] of [[kept, "inverse"], [added, "inverse new"], [gone, "inverse pruned new"]]) {
        for (const [a, b] of edges) {
          const edge = picture.addEdge(a, b, kind, true);
          if (edges === gone) make("path", { class: "cross", d: picture.routes.cross(a, b) }, edge);
        }
      }
    }
    this.pointer = make("path", { class: "pointer" }, picture.edgeLayer);
    Object.assign(this.root.dataset, { edges: inverse.length, gone: gone.length, added: added.length });
    picture.nodes.forEach((node, v) => node.setAttribute("aria-label", `${this.model.names[v]}, ${this.role(v)}`));
  }

  listen() {
    const { plot, svg } = this.picture;
    onVariable(
      this.picture,
      (v) => this.light(v, true),
      (v) => this.light(v, false),
    );
    svg.addEventListener("click", (event) => {
      if (this.zoom.dragged) return;
      const v = variableAt(this.picture, event);
      const edge = v === null ? this.edgeUnder(event) : null;
      if (v !== null) this.take(v);
      else if (edge) this.send(...edge);
      else this.drop();
    });
    svg.addEventListener("pointermove", (event) => this.point(event));
    svg.addEventListener("pointerleave", () => this.point(null));
    plot.addEventListener("keydown", (event) => pressed(this, event, { take: (v) => this.take(v), drop: () => this.drop() }));
    plot.addEventListener("focusin", (event) => moveStop(this, variableAt(this.picture, event)));
  }

  light(v, on) {
    this.picture.highlight(v, on);
    if (on && !this.picture.texts[v]) this.tip.show(this.picture.nodes[v], [this.model.names[v], this.role(v)]);
    else this.tip.hide();
  }

  edgeUnder(event) {
    return edgeAt(this.picture, this.zoom.point(event), REACH / this.picture.scale());
  }

  // The first variable is the parent, the second the child: an edge between them goes, or comes.
  take(v) {
    if (this.from === null) {
      this.from = v;
      this.picture.nodes[v].classList.add("picked");
    } else {
      const from = this.from;
      this.drop();
      if (from !== v) this.send(from, v);
    }
    this.describe();
  }

  send(a, b) {
    this.drop();
    this.toggle(a, b);
  }

  drop() {
    if (this.from !== null) this.picture.nodes[this.from].classList.remove("picked");
    this.from = null;
    this.point(null);
    this.describe();
  }

  // The edge that a click would mean, or the edge that is being drawn.
  point(event) {
    const { x, y } = this.model;
    const isOnDisc = event && variableAt(this.picture, event) !== null;
    const edge = event && !isOnDisc && this.from === null ? this.edgeUnder(event) : null;
    let path = "";
    if (edge) path = this.picture.routes.paths(...edge, true).line;
    else if (event && this.from !== null) path = `M ${x[this.from]} ${y[this.from]} L ${this.zoom.point(event).join(" ")}`;
    this.pointer.setAttribute("d", path);
    this.picture.svg.classList.toggle("on-edge", Boolean(edge));
  }

  describe() {
    const name = this.model.names[this.from];
    const words = this.from === null ? HINT : `${name} is the parent. Click the child, a latent; Escape lets go.`;
    this.words.replaceChildren(html("b", {}, "Your inverse: "), words);
  }
}

const isLarge = ({ inverse, gone }) => inverse.length + gone.length > MANY_LINES;
