// The edges of a large graph, on a canvas below the discs: thousands of SVG lines would take longer to paint than a step
// may last.

import { colourOf, html } from "./dom.js";
import { MIN_ARROW, RADIUS } from "./routes.js";

export const MANY_LINES = 400; // a graph with more edges than this, all steps counted, has them on a canvas
export const MOST_DRAWN = 4000; // of one kind, the newest; more would be one blot and not be read
export const STYLES = {
  directed: { colour: "--quiet", width: 1, alpha: 0.8, arrow: true },
  plain: { colour: "--quiet", width: 1, alpha: 0.7 },
  moral: { colour: "--purple", width: 1.3, alpha: 0.9, dash: [2, 3] },
  fill: { colour: "--vermilion", width: 0.7, alpha: 0.25 },
  inverse: { colour: "--green", width: 0.8, alpha: 0.3 },
  "fill new": { colour: "--vermilion", width: 1.6, alpha: 0.8, dash: [6, 3] },
  pruned: { colour: "--vermilion", width: 0.8, alpha: 0.4, dash: [1, 3] },
  "pruned new": { colour: "--vermilion", width: 2, alpha: 1, dash: [2, 3] },
  "inverse new": { colour: "--green", width: 1.6, alpha: 0.9, arrow: true },
};

export class EdgeCanvas {
  constructor(host, picture) {
    this.picture = picture;
    this.layers = new Map(); // kind -> [[from, to], ...]
    this.canvas = html("canvas", { "aria-hidden": "true" });
    this.probe = html("span", { hidden: "" });
    this.hot = null;
    host.prepend(this.canvas, this.probe);
  }

  add(kind, a, b) {
    if (!this.layers.has(kind)) this.layers.set(kind, []);
    this.layers.get(kind).push([a, b]);
  }

  set(kind, pairs) {
    this.layers.set(kind, pairs.length > MOST_DRAWN ? pairs.slice(-MOST_DRAWN) : pairs);
  }

  // One frame for all that changed since the last.
  redraw() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  draw() {
    const box = this.picture.svg.getBoundingClientRect();
    const scale = this.picture.scale();
    if (!scale) return;
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(box.width * sharp), Math.round(box.height * sharp)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d");
    const [left, top, across, down] = this.picture.view;
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    // The same place as preserveAspectRatio="xMidYMid meet" gives the discs; lines keep their width at any zoom.
    const place = { scale, x: box.width / 2 - (left + across / 2) * scale, y: box.height / 2 - (top + down / 2) * scale };
    for (const [kind, pairs] of this.layers) this.#layer(context, kind, pairs, place);
  }

  #layer(context, kind, pairs, place) {
    const style = STYLES[kind];
    context.strokeStyle = context.fillStyle = colourOf(this.probe, style.colour);
    context.setLineDash(style.dash ?? []);
    const isHot = ([a, b]) => a === this.hot || b === this.hot;
    const groups = this.hot === null ? [[pairs, 1, 0]] : [[pairs, 0.35, 0], [pairs.filter(isHot), 1, 1]];
    for (const [some, fade, wider] of groups) {
      context.globalAlpha = wider ? 1 : style.alpha * fade;
      context.lineWidth = style.width + wider;
      this.#lines(context, some, place);
      if (style.arrow && RADIUS * place.scale >= MIN_ARROW) this.#heads(context, some, place);
    }
  }

  #lines(context, pairs, { scale, x: left, y: top }) {
    const { x, y } = this.picture.model;
    context.beginPath();
    for (const [a, b] of pairs) {
      context.moveTo(left + x[a] * scale, top + y[a] * scale);
      const control = this.picture.routes.known(a, b);
      const end = [left + x[b] * scale, top + y[b] * scale];
      if (control) context.quadraticCurveTo(left + control[0] * scale, top + control[1] * scale, ...end);
      else context.lineTo(...end);
    }
    context.stroke();
  }

  #heads(context, pairs, { scale, x: left, y: top }) {
    const { x, y } = this.picture.model;
    context.beginPath();
    for (const [a, b] of pairs) {
      const [cx, cy] = this.picture.routes.known(a, b) ?? [x[a], y[a]];
      const length = Math.hypot(cx - x[b], cy - y[b]) || 1;
      const [ux, uy] = [(cx - x[b]) / length, (cy - y[b]) / length];
      const point = (along, aside) => [
        left + (x[b] + ux * along - uy * aside) * scale,
        top + (y[b] + uy * along + ux * aside) * scale,
      ];
      context.moveTo(...point(RADIUS + 2, 0));
      context.lineTo(...point(RADIUS + 16, 7));
      context.lineTo(...point(RADIUS + 16, -7));
    }
    context.fill();
  }
}
