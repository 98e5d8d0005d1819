// The cloud of points on a canvas: where they are, where they came from, and the lines of the flow's density.

import { bytesOf, html } from "../shared/dom.js";
import { contour, joined } from "./contours.js";

const RING = 7; // colours on each side of none
const NONE = -RING - 1; // the colour of a point before any block
const MARK = 8; // pixels of a point's mark, its rim included
const ARROWS = 90; // points that get an arrow
const LEAST_MOVE = 5; // pixels below which an arrow would be a dot
const MARGIN = { left: 46, right: 10, top: 10, bottom: 40 };

const decode = (text, Kind) => new Kind(bytesOf(text).buffer);

export class Cloud {
  constructor(host) {
    this.canvas = html("canvas", { role: "img" });
    this.probe = html("span", { hidden: "" });
    host.append(this.canvas, this.probe);
    this.host = host;
  }

  load(data) {
    this.data = data;
    this.points = data.frames.map((frame) => decode(frame.points, Int16Array));
    this.colours = data.frames.map((frame) => frame.colours && decode(frame.colours, Int16Array));
    this.grids = data.densities.map(({ values }) => decode(values, Float32Array));
    this.lines = data.densities.map(({ size, lines }, d) =>
      lines.map((level) => joined(contour(this.grids[d], size, level))),
    );
  }

  // A colour as the canvas wants it. To ask the browser is slow, so it is asked once for each theme.
  #colour(css) {
    if (!this.known.has(css)) {
      this.probe.style.color = css.startsWith("--") ? `var(${css})` : css;
      this.known.set(css, getComputedStyle(this.probe).color);
    }
    return this.known.get(css);
  }

  #checkTheme() {
    const { color, fontFamily } = getComputedStyle(this.host);
    if (color !== this.theme) [this.known, this.marks] = [new Map(), new Map()];
    [this.theme, this.family] = [color, fontFamily];
  }

  // The mark of a point: a disc where volume shrinks, a ring where it grows, so that colour is not the only sign.
  #mark(group, sharp) {
    const key = `${group} ${sharp}`;
    if (this.marks.has(key)) return this.marks.get(key);
    const mark = new OffscreenCanvas(MARK * sharp, MARK * sharp);
    const context = mark.getContext("2d");
    context.scale(sharp, sharp);
    context.beginPath();
    context.arc(MARK / 2, MARK / 2, 2, 0, 2 * Math.PI);
    context.globalAlpha = 0.75;
    context.strokeStyle = context.fillStyle = this.#colour(group === NONE ? "--quiet" : shade(group / RING));
    context.lineWidth = 1.2;
    context[group > 0 ? "stroke" : "fill"]();
    this.marks.set(key, mark);
    return mark;
  }

  #place() {
    const size = Math.min(this.host.clientWidth, 620);
    const sharp = window.devicePixelRatio || 1;
    const pixels = Math.round(size * sharp);
    if (this.canvas.width !== pixels) {
      Object.assign(this.canvas, { width: pixels, height: pixels });
      Object.assign(this.canvas.style, { width: `${size}px`, height: `${size}px` });
    }
    this.size = size;
    this.inner = Math.min(size - MARGIN.left - MARGIN.right, size - MARGIN.top - MARGIN.bottom);
    const context = this.canvas.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    return context;
  }

  x(value) {
    return MARGIN.left + (0.5 + value / (2 * this.data.window)) * this.inner;
  }

  y(value) {
    return MARGIN.top + (0.5 - value / (2 * this.data.window)) * this.inner;
  }

  // Frame k, the points a part of their way from the frame before; `shows` says what else is drawn.
  draw(k, from, part, shows) {
    this.#checkTheme();
    const context = this.#place();
    if (!this.size) return;
    context.clearRect(0, 0, this.size, this.size);
    this.#axes(context);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, this.inner, this.inner);
    context.clip();
    const density = densityOf(this.data, k);
    if (shows.density && density !== null) this.#heat(context, density);
    this.#dots(context, k, from, part);
    if (density !== null) this.#contours(context, density);
    if (shows.arrows && part === 1 && k > 0) this.#arrows(context, k);
    context.restore();
  }

  #axes(context) {
    const { window: reach, axes } = this.data;
    context.strokeStyle = this.#colour("--line");
    context.lineWidth = 1;
    context.setLineDash([]);
    context.strokeRect(MARGIN.left, MARGIN.top, this.inner, this.inner);
    const step = [0.5, 1, 2, 5, 10, 20, 50].find((s) => reach / s <= 4.5) ?? reach / 2;
    context.fillStyle = this.#colour("--quiet");
    context.font = `12px ${this.family}`;
    for (let tick = -Math.floor(reach / step) * step; tick <= reach; tick += step) {
      context.globalAlpha = tick === 0 ? 1 : 0.45;
      context.beginPath();
      context.moveTo(this.x(tick), MARGIN.top);
      context.lineTo(this.x(tick), MARGIN.top + this.inner);
      context.moveTo(MARGIN.left, this.y(tick));
      context.lineTo(MARGIN.left + this.inner, this.y(tick));
      context.stroke();
      context.globalAlpha = 1;
      const label = String(tick).replace("-", "−");
      [context.textAlign, context.textBaseline] = ["center", "top"];
      context.fillText(label, this.x(tick), MARGIN.top + this.inner + 5);
      [context.textAlign, context.textBaseline] = ["right", "middle"];
      context.fillText(label, MARGIN.left - 6, this.y(tick));
    }
    context.fillStyle = this.#colour("--st-text-color");
    context.font = `600 13px ${this.family}`;
    [context.textAlign, context.textBaseline] = ["center", "alphabetic"];
    context.fillText(axes[0], MARGIN.left + this.inner / 2, this.size - 6);
    context.save();
    context.translate(13, MARGIN.top + this.inner / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(axes[1], 0, 0);
    context.restore();
  }

  #at(k, n, from, part) {
    const unit = this.data.reach / 32767;
    const [to, before] = [this.points[k], this.points[from]];
    const mix = (i) => unit * (part === 1 ? to[i] : before[i] + part * (to[i] - before[i]));
    return [this.x(mix(2 * n)), this.y(mix(2 * n + 1))];
  }

  #dots(context, k, from, part) {
    const colours = this.colours[k];
    const sharp = window.devicePixelRatio || 1;
    for (let n = 0; n < this.data.num_points; n++) {
      const group = colours ? Math.round((colours[n] / 32767) * RING) : NONE;
      const [x, y] = this.#at(k, n, from, part);
      context.drawImage(this.#mark(group, sharp), x - MARK / 2, y - MARK / 2, MARK, MARK);
    }
  }

  #arrows(context, k) {
    const every = Math.max(1, Math.floor(this.data.num_points / ARROWS));
    context.strokeStyle = context.fillStyle = this.#colour("--ink");
    context.lineWidth = 1;
    context.globalAlpha = 0.75;
    context.beginPath();
    const heads = new Path2D();
    for (let n = 0; n < this.data.num_points; n += every) {
      const [x0, y0] = this.#at(k - 1, n, k - 1, 1);
      const [x1, y1] = this.#at(k, n, k, 1);
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (length < LEAST_MOVE) continue;
      const [ux, uy, head] = [(x1 - x0) / length, (y1 - y0) / length, Math.min(7, 0.6 * length)];
      context.moveTo(x0, y0);
      context.lineTo(x1 - ux * head, y1 - uy * head);
      heads.moveTo(x1, y1);
      heads.lineTo(x1 - ux * head - uy * 0.45 * head, y1 - uy * head + ux * 0.45 * head);
      heads.lineTo(x1 - ux * head + uy * 0.45 * head, y1 - uy * head - ux * 0.45 * head);
      heads.closePath();
    }
    context.stroke();
    context.fill(heads);
    context.globalAlpha = 1;
  }

  #contours(context, density) {
    const { size } = this.data.densities[density];
    const place = (value) => -this.data.window + (2 * this.data.window * value) / (size - 1);
    this.lines[density].forEach((lines, level) => {
      for (const [colour, width] of [["--paper", 4.5], ["--line-of-density", 2]]) {
        context.beginPath();
        for (const line of lines) {
          line.forEach(([x, y], k) => context[k ? "lineTo" : "moveTo"](this.x(place(x)), this.y(place(y))));
        }
        context.strokeStyle = this.#colour(colour);
        context.lineWidth = width;
        context.lineCap = "round";
        context.setLineDash(level === 0 && width < 4 ? [7, 5] : []);
        context.globalAlpha = width > 4 ? 0.7 : 1;
        context.stroke();
      }
    });
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  #heat(context, density) {
    const { size } = this.data.densities[density];
    const grid = this.grids[density];
    const most = grid.reduce((a, b) => Math.max(a, b));
    const [r, g, b] = this.#colour("--line-of-density").match(/[\d.]+/g).map(Number);
    const picture = new ImageData(size, size);
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        const value = grid[(size - 1 - j) * size + i] / most;
        picture.data.set([r, g, b, 150 * Math.sqrt(value)], 4 * (j * size + i));
      }
    }
    const small = new OffscreenCanvas(size, size);
    small.getContext("2d").putImageData(picture, 0, 0);
    const half = this.inner / (size - 1) / 2;
    context.drawImage(small, MARGIN.left - half, MARGIN.top - half, this.inner + 2 * half, this.inner + 2 * half);
  }
}

// Which of the densities belongs to frame k: the one that the points should have there.
function densityOf({ way, frames, densities }, k) {
  if (!densities.length) return null;
  if (way === "forwards") return frames[k].block;
  return k === 0 ? densities.length - 1 : frames[k].block - 1;
}

// From blue (shrinks) over grey to vermilion (expands); `value` between -1 and 1.
export function shade(value) {
  const strength = Math.round(100 * Math.min(1, 0.25 + 0.75 * Math.abs(value)));
  return `color-mix(in srgb, ${value > 0 ? "var(--vermilion)" : "var(--blue)"} ${strength}%, var(--neutral))`;
}
