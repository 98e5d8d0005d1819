// A VAE with its hidden units: from x and noise through the encoder to z, from there above through the prior to noise
// and below through the decoder to x.

import { placeIn } from "../shared/dom.js";
import { several } from "../shared/words.js";
import { longest, textWidth } from "./cells.js";
import { Layers, PART_COLOUR } from "./paint.js";

const COLUMN = 46; // pixels between two columns at least; a narrow page scrolls
export const TITLE = 56; // room for the words above a part

export class UnitBoard {
  constructor(host, vae, width) {
    this.vae = vae;
    this.#measure(width);
    this.layers = new Layers(host, this.width, this.height);
    this.#draw();
  }

  #measure(width) {
    const { columns, z } = this.vae;
    const rows = (part) => Math.max(...columns.filter((column) => column.part === part).map((column) => column.size));
    const left = Math.max(rows("encoder"), columns[z].size);
    const [above, below] = [rows("prior"), rows("decoder")];
    this.step = Math.max(3.4, Math.min(24, 560 / Math.max(left, above + below)));
    this.radius = Math.min(8, 0.4 * this.step);
    this.labelled = this.step >= 9;
    this.font = Math.max(9, Math.min(12, 0.62 * this.step));
    const margin = this.labelled ? 18 + textWidth("m".repeat(longest(this.vae.names)), this.font) : 16;
    const right = columns.filter((column) => column.part === "prior").length;
    const decoders = columns.length - z - 1 - right;
    const across = z + Math.max(right, decoders);
    this.width = Math.max(width, 2 * margin + across * COLUMN);
    const gap = (this.width - 2 * margin) / across;
    const tall = (above + below) * this.step + TITLE;
    this.height = TITLE + Math.max(left * this.step, tall) + 8;
    const middle = TITLE + (this.height - TITLE - 8) / 2;
    const upper = middle - tall / 2 + (above * this.step) / 2;
    const lower = middle + tall / 2 - (below * this.step) / 2;
    // The decoder is as wide as the prior, however few columns it has.
    const stretch = Math.max(1, right / decoders);
    this.titles = [
      ["encoder", margin, middle - (left * this.step) / 2],
      ["prior", margin + (z + 1) * gap, upper - (above * this.step) / 2],
      ["decoder", margin + (z + stretch) * gap, lower - (below * this.step) / 2],
    ];
    this.x = columns.map(({ part }, c) => margin + gap * (part === "decoder" ? z + (c - z - right) * stretch : c));
    const centre = columns.map(({ part }) => ({ prior: upper, decoder: lower })[part] ?? middle);
    this.y = columns.map(({ size }, c) => centre[c] - ((size - 1) * this.step) / 2);
  }

  place(c, u) {
    return [this.x[c], this.y[c] + u * this.step];
  }

  #wires(context, weights) {
    context.beginPath();
    const straight = weights.length > 4000; // a curve costs more than a line, and cannot be told from it here
    for (const [{ from, to }, w, v] of weights) {
      const [[x1, y1], [x2, y2]] = [this.place(from, w), this.place(to, v)];
      context.moveTo(x1, y1);
      if (straight) context.lineTo(x2, y2);
      else context.bezierCurveTo((x1 + x2) / 2, y1, (x1 + x2) / 2, y2, x2, y2);
    }
    context.stroke();
  }

  #draw() {
    const { layers, vae } = this;
    const context = layers.base;
    for (const part of Object.keys(PART_COLOUR)) {
      const weights = [];
      for (const link of vae.links.filter((link) => link.part === part)) {
        link.into.forEach((earlier, v) => earlier.forEach((w) => weights.push([link, w, v])));
      }
      context.strokeStyle = layers.colour(PART_COLOUR[part]);
      context.setLineDash(part === "carry" ? [1, 4] : []);
      context.lineWidth = 1;
      context.globalAlpha = part === "carry" ? 0.6 : Math.max(0.08, Math.min(0.75, 260 / weights.length));
      this.#wires(context, weights);
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    this.#discs();
  }

  // Variables are discs, shaded when observed; hidden units are squares.
  #outline(context, c, u, grow = 0) {
    const [x, y] = this.place(c, u);
    const r = this.radius + grow;
    context.beginPath();
    if (this.vae.kind(c, u) === "hidden") context.rect(x - 0.8 * r, y - 0.8 * r, 1.6 * r, 1.6 * r);
    else context.arc(x, y, r, 0, 2 * Math.PI);
  }

  #discs() {
    const { layers, vae } = this;
    layers.base.strokeStyle = layers.colour("--ink");
    layers.base.lineWidth = this.step < 7 ? 0.7 : 1.3;
    vae.columns.forEach(({ size }, c) => this.#fill(layers.base, c, Array(size).keys()));
  }

  #fill(context, c, units) {
    const [paper, shade] = ["--paper", "--shade"].map((name) => this.layers.colour(name));
    for (const u of units) {
      context.fillStyle = ["observed", "decoded"].includes(this.vae.kind(c, u)) ? shade : paper;
      this.#outline(context, c, u);
      context.fill();
      context.stroke();
    }
  }

  // On the upper canvas, which is never dimmed.
  #labels(context, lit) {
    const { layers, vae } = this;
    const { model, blocks } = vae;
    const words = {
      encoder: `encoder q(z | x): ${several(blocks, "block")}, inverse's edges`,
      prior: `prior p(z): ${several(blocks, "block")}, network's edges`,
      decoder: "decoder p(x | z): one hidden layer",
    };
    for (const [part, x, top] of this.titles) {
      const from = part === "encoder" ? Math.max(4, x - 12) : x - 20;
      const title = from + textWidth(words[part], 12) <= this.width ? words[part] : words[part].split(":")[0];
      layers.text(context, title, from, Math.max(8, top - 44), { weight: 600 });
      const kept = `${(model[part].kept * (part === "decoder" ? 1 : blocks)).toLocaleString("en")} weights kept`;
      layers.text(context, kept, from, Math.max(23, top - 29), { size: 11, colour: "--quiet" });
    }
    for (const [c, sign] of [[0, "noise, x"], [vae.z, "z"], [vae.innovation, "noise"], [vae.decoded, "x"]]) {
      const align = c === 0 ? "left" : c === vae.z ? "center" : "right";
      const out = { left: -this.radius, center: 0, right: this.radius }[align];
      layers.text(context, sign, this.x[c] + out, this.y[c] - this.radius - 9, { align, weight: 600 });
    }
    if (!this.labelled) return;
    const isLit = (c, u) => lit.behind[c].has(u) || lit.ahead[c].has(u);
    for (const c of [0, vae.z, vae.decoded, vae.innovation]) {
      for (let u = 0; u < vae.columns[c].size; u++) this.#name(context, c, u, isLit(c, u) ? 600 : 400);
    }
  }

  #name(context, c, u, weight = 400) {
    const [x, y] = this.place(c, u);
    const name = this.vae.name(c, u);
    const left = c === 0;
    if (c === this.vae.z && textWidth(name, this.font - 1) <= 2 * this.radius) {
      const look = { size: this.font - 1, align: "center", weight, colour: "--st-text-color" };
      this.layers.text(context, name, x, y, look);
    } else if (c === this.vae.z) {
      if (weight !== 400) this.#tag(context, name, x, y);
    } else {
      const out = left ? -this.radius - 5 : this.radius + 5;
      const colour = weight === 400 ? "--quiet" : "--st-text-color";
      this.layers.text(context, name, x + out, y, { size: this.font, align: left ? "right" : "left", weight, colour });
    }
  }

  // A name on a patch of paper, where there is no room of its own.
  #tag(context, name, x, y) {
    const room = textWidth(name, 12) + 8;
    context.fillStyle = this.layers.colour("--paper");
    context.globalAlpha = 0.9;
    context.fillRect(x - room / 2, y - this.radius - 19, room, 16);
    context.globalAlpha = 1;
    const look = { align: "center", weight: 700, colour: "--st-text-color" };
    this.layers.text(context, name, x, y - this.radius - 11, look);
  }

  // The unit at a point of the page, as [column, unit].
  at(event) {
    const [px, py] = placeIn(this.layers.box, event);
    const reach = Math.max(this.radius + 3, 9);
    let best = null;
    this.vae.columns.forEach(({ size }, c) => {
      const u = Math.round((py - this.y[c]) / this.step);
      if (u < 0 || u >= size || Math.abs(px - this.x[c]) > reach) return;
      const far = Math.hypot(px - this.x[c], py - this.y[c] - u * this.step);
      if (far <= reach && (!best || far < best[2])) best = [c, u, far];
    });
    return best && best.slice(0, 2);
  }

  light([c, u], lit) {
    const { layers, vae } = this;
    const context = layers.over;
    context.clearRect(0, 0, layers.width, layers.height);
    layers.box.classList.add("dim");
    const now = layers.colour("--now");
    const weights = vae.weights(lit);
    context.strokeStyle = now;
    context.lineWidth = weights.length > 4000 ? 0.6 : this.step < 7 ? 1 : 1.7;
    context.globalAlpha = Math.max(0.25, Math.min(1, 1500 / weights.length));
    this.#wires(context, weights);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    vae.columns.forEach((_, k) => this.#fill(context, k, new Set([...lit.behind[k], ...lit.ahead[k]])));
    this.#labels(context, lit);
    context.strokeStyle = layers.colour("--st-text-color");
    context.lineWidth = 2;
    this.#outline(context, c, u, 3);
    context.stroke();
    if (!this.labelled && vae.kind(c, u) !== "hidden") this.#tag(context, vae.name(c, u), ...this.#inside(c, u));
  }

  #inside(c, u) {
    const [x, y] = this.place(c, u);
    const half = textWidth(this.vae.name(c, u), 12) / 2 + 4;
    return [Math.max(half, Math.min(this.width - half, x)), Math.max(22, y)];
  }
}
