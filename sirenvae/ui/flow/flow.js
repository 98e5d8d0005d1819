// A flow, step by step: forwards block by block, backwards sweep by sweep. All frames are here, so that a step never
// waits for the server; Python learns a moment later where we are.

import { html, make } from "../shared/dom.js";
import { mounting } from "../shared/mount.js";
import { StepBar } from "../shared/step_bar.js";
import { Stepped } from "../shared/stepped.js";
import { KINDS, ResidualChart, StretchChart } from "./charts.js";
import { Cloud, shade } from "./cloud.js";

const PLAY_EVERY = 1100; // milliseconds between steps at speed 1
const GLIDE = 280; // milliseconds that points take from one frame to the next

class FlowView extends Stepped {
  constructor(mount) {
    super(PLAY_EVERY);
    this.root = html("div", { class: "graph stepper flow" });
    mount.append(this.root);
    this.shows = { arrows: true, density: false };
  }

  update(data, { setStateValue }) {
    this.tell = () => setStateValue("at", { way: this.data.way, step: this.step });
    if (data.id === this.id) return this.paint(); // the theme may differ
    this.pause();
    const isSame = data.way === this.data?.way;
    const start = isSame ? this.step : data.step;
    [this.id, this.data] = [data.id, data];
    this.steps = data.frames.slice(1).map(() => ({ fill: [] })); // as the step bar draws ticks
    this.build();
    this.step = -1;
    this.go(Math.min(start, this.steps.length), isSame);
  }

  destroy() {
    super.destroy();
    cancelAnimationFrame(this.gliding);
    this.resize?.disconnect();
  }

  build() {
    const { data, root } = this;
    const stage = html("div", { class: "cloud-stage" });
    const words = html("div", { class: "words" });
    this.bar = new StepBar(this);
    this.said = html("p", { class: "told", "aria-live": "polite" });
    this.cloud = new Cloud(stage);
    this.cloud.load(data);
    stage.append(this.#switches());
    words.append(html("h3", {}, "What just happened"), this.said);
    this.residuals = null;
    if (data.residuals.length) {
      const figure = html("figure", {});
      words.append(html("h4", {}, "Largest residual |x + g(x) − y|, log axis"), figure, this.#kinds());
      this.residuals = new ResidualChart(figure, data);
    }
    const figure = html("figure", {});
    words.append(html("h4", {}, "Lipschitz bound of each block"), figure);
    this.stretch = new StretchChart(figure, data);
    words.append(html("p", { class: "note" }, "Bar: product of the spectral norms. Notch: the most that was measured at the points. Dotted: what the flow guarantees, 0.97 for each of its two layers."));
    root.replaceChildren(stage, this.bar.element, words, this.#legend());
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.paint());
    this.resize.observe(stage);
  }

  #switches() {
    const box = html("div", { class: "switches" });
    for (const [name, text] of [["arrows", "arrows of displacement"], ["density", "density as shading"]]) {
      if (name === "density" && !this.data.densities.length) continue;
      const input = html("input", { type: "checkbox" });
      input.checked = this.shows[name];
      input.addEventListener("change", () => {
        this.shows[name] = input.checked;
        this.paint();
      });
      box.append(html("label", {}, input, text));
    }
    return box;
  }

  #kinds() {
    const promise = ["promise", "what the bound promises a plain sweep", ""];
    const looks = KINDS.map(([kind, text, dash]) => [`fall ${kind}`, text, dash]);
    return listOf("kinds", [...looks, promise].map(([look, text, dash]) => {
      const svg = make("svg", { viewBox: "0 0 30 10", "aria-hidden": "true" });
      make("path", { class: look, d: "M0 5H30", ...(dash && { "stroke-dasharray": dash }) }, svg);
      return [svg, text];
    }));
  }

  #legend() {
    const most = this.data.most_colour.toFixed(2);
    const ramp = html("i", { class: "ramp" });
    for (let k = -3; k <= 3; k++) {
      ramp.append(html("span", { style: `background: ${k ? shade(k / 3) : "var(--neutral)"}` }));
    }
    const sign = (look) => html("i", { class: look });
    const marks = [
      [sign("shrinks"), "disc: volume shrinks"],
      [sign("grows"), "ring: it expands"],
      [`−${most}`, ramp, `+${most} nats, the log-determinant`],
    ];
    const lines = [[sign("inner-line"), "half of the mass inside"], [sign("outer-line"), "nine tenths inside"]];
    return listOf("legend", this.data.densities.length ? [...marks, ...lines] : marks);
  }

  told(step) {
    const { frames, way, bounds } = this.data;
    const { block, sweep } = frames[step];
    const isForwards = way === "forwards";
    const start = isForwards ? "before block 1" : "noise";
    const later = isForwards ? `after block ${block} of ${bounds.length}` : `block ${block}, sweep ${sweep}`;
    return Array(2).fill(step ? later : start);
  }

  move(before, target) {
    const { block, sweep, words } = this.data.frames[target];
    this.said.textContent = words;
    this.bar.show(target);
    this.stretch.show(this.data.way === "forwards" || target ? block : 0);
    this.residuals?.show(block, sweep);
    this.cloud.canvas.setAttribute("aria-label", `${this.data.num_points} points, ${this.told(target)[0]}`);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || Math.abs(target - before) !== 1;
    cancelAnimationFrame(this.gliding);
    if (still) this.paint();
    else this.#glide(before, performance.now());
    this.root.dataset.way = this.data.way;
  }

  #glide(before, since) {
    const part = Math.min(1, (performance.now() - since) / GLIDE);
    this.cloud.draw(this.step, before, part, this.shows);
    if (part < 1) this.gliding = requestAnimationFrame(() => this.#glide(before, since));
  }

  paint() {
    if (this.step >= 0) this.cloud.draw(this.step, this.step, 1, this.shows);
  }
}

function listOf(look, items) {
  return html("ul", { class: look }, ...items.map((parts) => html("li", {}, ...parts)));
}

export default mounting({ flow: FlowView });
