// The same block as a network: units are dots, kept weights are lines, inputs on the left.

import { make, placeIn, write } from "../shared/dom.js";
import { boardIn, longest, textWidth } from "./cells.js";

export class MaskWires {
  constructor(host, block, width) {
    this.block = block;
    const most = Math.max(...block.sizes);
    this.step = Math.max(4.5, Math.min(26, 560 / most));
    this.radius = Math.min(9, 0.4 * this.step);
    this.labelled = this.step >= 9;
    this.font = Math.max(8, Math.min(12, 0.6 * this.step));
    this.margin = this.labelled ? 22 + textWidth("m".repeat(longest(block.names)), this.font) : 16;
    const top = 28;
    this.height = top + most * this.step + 6;
    this.x = block.sizes.map((_, k) => this.margin + (k * (width - 2 * this.margin)) / block.last);
    this.y = block.sizes.map((size) => top + ((most - size) * this.step) / 2 + this.step / 2);
    this.svg = boardIn(host, width, this.height);
    this.base = make("g", { class: "base" }, this.svg);
    this.over = make("g", { class: "over" }, this.svg);
    this.#lines();
    this.dots = make("g", {}, this.svg);
    this.#units();
  }

  corner() {
    return [0, 0];
  }

  place(k, u) {
    return [this.x[k], this.y[k] + u * this.step];
  }

  #wire([k, u, w]) {
    const [[x1, y1], [x2, y2]] = [this.place(k - 1, w), this.place(k, u)];
    const middle = (x1 + x2) / 2;
    return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  }

  #lines() {
    const { block } = this;
    const everything = block.sizes.map((size) => new Set(Array.from({ length: size }, (_, u) => u)));
    const weights = block.weights(everything);
    const own = ([k, u, w]) => block.owner(k, u) === block.owner(k - 1, w);
    const faint = Math.max(0.12, Math.min(0.7, 90 / weights.length));
    const draw = (cls, chosen, opacity) =>
      make("path", { class: cls, d: chosen.map((weight) => this.#wire(weight)).join(""), opacity }, this.base);
    draw("wire", weights.filter((weight) => !own(weight)), faint);
    draw("wire own-wire", weights.filter(own), Math.min(1, 2 * faint));
  }

  #units() {
    const { block } = this;
    block.sizes.forEach((size, k) => {
      const anchor = ["start", "middle", "end"][k === 0 ? 0 : k === block.last ? 2 : 1];
      write(`${size} ${block.layerName(k)}`, { class: "title", x: this.x[k], y: 13, style: `text-anchor:${anchor}` }, this.dots);
      for (let u = 0; u < size; u++) {
        const [cx, cy] = this.place(k, u);
        const family = k > 0 && block.layers[k].sets[u].length > 1;
        make("circle", { class: family ? "unit family" : "unit", cx, cy, r: this.radius }, this.dots);
        if (this.labelled) this.#label(k, u, cx, cy);
      }
    });
  }

  // Names stand outside the outer layers; a hidden unit has its owner's name inside when there is room.
  #label(k, u, cx, cy) {
    const { block } = this;
    const name = block.names[block.owner(k, u)];
    const outer = k === 0 || k === block.last;
    if (!outer && textWidth(name, this.font - 1) > 2 * this.radius - 1) return;
    const x = k === 0 ? cx - this.radius - 5 : k === block.last ? cx + this.radius + 5 : cx;
    const cls = k === 0 ? "row" : k === block.last ? "row right" : "inside";
    write(name, { class: cls, x, y: cy + 0.5, "font-size": this.font - (outer ? 0 : 1) }, this.dots);
  }

  // The unit nearest to a point of the page.
  at(event) {
    const [px, py] = placeIn(this.svg, event);
    for (let k = 0; k <= this.block.last; k++) {
      const u = Math.round((py - this.y[k]) / this.step);
      if (Math.abs(px - this.x[k]) < Math.max(16, 2 * this.radius) && u >= 0 && u < this.block.sizes[k]) {
        return { kind: "unit", k, u };
      }
    }
    return null;
  }

  light(chosen, lit) {
    const { block } = this;
    this.over.replaceChildren();
    this.base.classList.toggle("dim", chosen !== null);
    if (!chosen) return;
    const wires = block.weights(lit).map((weight) => this.#wire(weight));
    make("path", { class: "lit-wire", d: wires.join("") }, this.over);
    const rings = lit.flatMap((units, k) => [...units].map((u) => [k, u]));
    if (chosen.kind === "pair") rings.push([0, chosen.j], [block.last, chosen.i]);
    for (const [k, u] of rings) {
      const [cx, cy] = this.place(k, u);
      make("circle", { class: "ring", cx, cy, r: this.radius + 2.5 }, this.over);
    }
  }
}
