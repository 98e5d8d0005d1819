// The two charts beside the cloud: how far each block may stretch, and how the residual falls from sweep to sweep.

import { make, write } from "../shared/dom.js";

const CHART = { width: 340, left: 44, right: 12 };
export const KINDS = [
  ["plain", "plain sweep", ""],
  ["diagonal", "by the diagonal", "6 4"],
  ["newton", "with the whole Jacobian: ours", ""],
];
const LOW = 0.4; // of a bar that has no room for its number
const LEAST = -15; // powers of ten below this are rounding

function label(parent, x, y, text, attributes = {}) {
  write(text, { x, y, ...attributes }, parent);
}

// Bars of the Lipschitz bounds, what was measured in each as a notch, and the line that no bar passes.
export class StretchChart {
  constructor(host, data) {
    const { width, left, right } = CHART;
    const height = 190;
    const [top, bottom] = [26, height - 34];
    const y = (value) => bottom - (value * (bottom - top)) / 1.08;
    const count = data.bounds.length;
    const step = (width - left - right) / count;
    const words = data.bounds.map((bound, k) => `block ${k + 1}: bound ${bound.toFixed(3)}, measured ${data.stretch[k].toFixed(3)}`);
    const about = `Lipschitz bounds, all below 1; ${words.join("; ")}`;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": about }, host);
    for (const tick of [0, 0.5]) {
      make("path", { class: "rule", d: `M${left} ${y(tick)}H${width - right}` }, svg);
      label(svg, left - 6, y(tick) + 4, tick, { "text-anchor": "end" });
    }
    this.bars = data.bounds.map((bound, k) => {
      const [x, wide] = [left + (k + 0.2) * step, 0.6 * step];
      const bar = make("g", { class: "stretch", "data-bound": bound }, svg);
      make("rect", { x, y: y(bound), width: wide, height: bottom - y(bound) }, bar);
      make("path", { class: "measured", d: `M${x - 4} ${y(data.stretch[k])}h${wide + 8}` }, bar);
      const [name, height] = bound < LOW ? ["above", y(bound) - 6] : ["inside", bottom - 5];
      label(bar, x + wide / 2, height, bound.toFixed(2), { class: name, "text-anchor": "middle" });
      label(bar, x + wide / 2, bottom + 15, k + 1, { "text-anchor": "middle" });
      return bar;
    });
    make("path", { class: "limit", d: `M${left} ${y(1)}H${width - right}` }, svg);
    label(svg, left - 6, y(1) + 4, 1, { "text-anchor": "end" });
    label(svg, left, y(1) - 8, "beyond this line a block may fold", { class: "limit-name" });
    make("path", { class: "promise", d: `M${left} ${y(data.promised)}H${width - right}` }, svg);
    label(svg, left + (width - left - right) / 2, height - 4, "block", { "text-anchor": "middle" });
  }

  show(block) {
    this.bars.forEach((bar, k) => bar.classList.toggle("at", k + 1 === block));
  }
}

// The largest residual of a block after each sweep, on a log axis; the sweep at hand is a ring.
export class ResidualChart {
  constructor(host, data) {
    this.host = host;
    this.data = data;
  }

  #scales(kinds) {
    const { width, left, right } = CHART;
    const most = Math.max(8, Math.min(40, Math.max(...kinds.newton.map((_, k) => k)) + 16));
    const highest = Math.ceil(Math.log10(Math.max(...kinds.newton, ...kinds.plain.slice(0, 3))));
    const power = (value) => Math.max(LEAST, Math.log10(Math.max(value, 1e-300)));
    const [top, bottom] = [14, 196];
    return {
      most, highest, top, bottom,
      x: (sweep) => left + (sweep * (width - left - right)) / most,
      y: (value) => top + ((highest - power(value)) * (bottom - top)) / (highest - LEAST),
    };
  }

  show(block, sweep) {
    if (this.block !== block) this.#draw(block);
    this.block = block;
    const kinds = this.data.residuals[block - 1];
    const value = kinds.newton[Math.min(sweep, kinds.newton.length - 1)];
    this.ring.setAttribute("cx", this.scales.x(sweep));
    this.ring.setAttribute("cy", this.scales.y(value));
    this.svg.dataset.residual = value;
    this.svg.dataset.block = block;
  }

  #draw(block) {
    const kinds = this.data.residuals[block - 1];
    const { width, left, right } = CHART;
    const scales = (this.scales = this.#scales(kinds));
    const { x, y, most, highest, bottom } = scales;
    const svg = (this.svg = make("svg", { viewBox: `0 0 ${width} 236`, role: "img" }));
    svg.setAttribute("aria-label", `Residual per sweep of block ${block}, log axis: ${kinds.newton.map((r) => r.toExponential(0)).join(", ")}`);
    for (let power = LEAST; power <= highest; power += 5) {
      make("path", { class: "rule", d: `M${left} ${y(10 ** power)}H${width - right}` }, svg);
      const text = make("text", { x: left - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, svg);
      text.append("10", make("tspan", { dy: -5, "font-size": 9 }));
      text.lastChild.textContent = String(power).replace("-", "−");
    }
    for (let sweep = 0; sweep <= most; sweep += 4) label(svg, x(sweep), bottom + 16, sweep, { "text-anchor": "middle" });
    label(svg, (left + width - right) / 2, bottom + 34, `sweeps of block ${block}`, { "text-anchor": "middle" });
    const bound = this.data.bounds[block - 1];
    make("path", { class: "promise", d: `M${x(0)} ${y(kinds.plain[0])}L${x(most)} ${y(kinds.plain[0] * bound ** most)}` }, svg);
    for (const [kind, , dash] of KINDS) {
      const inside = kinds[kind].slice(0, most + 1);
      const points = inside.map((value, k) => [x(k), y(value)]);
      make("path", { class: `fall ${kind}`, "stroke-dasharray": dash, d: `M${points.map((p) => p.join(" ")).join("L")}` }, svg);
      for (const [px, py] of points) {
        if (kind === "newton") make("circle", { class: "newton", cx: px, cy: py, r: 3.5 }, svg);
        if (kind === "diagonal") make("path", { class: "diagonal", d: `M${px - 3} ${py - 3}h6v6h-6z` }, svg);
      }
    }
    this.ring = make("circle", { class: "sweep-now", r: 8 }, svg);
    this.host.replaceChildren(svg);
  }
}
