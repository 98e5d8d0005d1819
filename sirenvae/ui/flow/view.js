// A flow, step by step: forwards block by block, backwards sweep by sweep. All frames are here, so that a step never
// waits for the server; Python learns a moment later where we are.

import { html, make } from "../shared/dom.js";
import { StepBar } from "../shared/step_bar.js";
import { Stepped } from "../shared/stepped.js";
import { KINDS, ResidualChart, StretchChart } from "./charts.js";
import { Cloud, shade } from "./cloud.js";

const TELL_AFTER = 250; // milliseconds of rest before Python is told the step
const PLAY_EVERY = 1100; // milliseconds between steps at speed 1
const GLIDE = 280; // milliseconds that points take from one frame to the next

class FlowBar extends StepBar {
  show(step) {
    super.show(step);
    const words = this.stepper.told(step);
    this.count.textContent = words;
    this.scrubber.setAttribute("aria-valuetext", words);
  }
}

export class FlowView extends Stepped {
  constructor(mount) {
    super(PLAY_EVERY);
    this.root = html("div", { class: "graph stepper flow" });
    mount.append(this.root);
    this.shows = { arrows: true, density: false };
  }

  update(data, { setStateValue }) {
    this.tell = (step) => setStateValue("at", { way: this.data.way, step });
    if (data.id === this.id) return this.paint(); // the theme may differ
    this.pause();
    const isSame = data.way === this.data?.way;
    const start = isSame ? this.step : data.step;
    [this.id, this.data] = [data.id, data];
    this.model = { names: [] };
    this.steps = data.frames.slice(1).map(() => ({ fill: [] })); // as the step bar draws ticks
    this.build();
    this.step = -1;
    this.go(Math.min(start, this.steps.length), isSame);
  }

  destroy() {
    super.destroy();
    cancelAnimationFrame(this.gliding);
    clearTimeout(this.telling);
    this.resize?.disconnect();
  }

  build() {
    const { data, root } = this;
    const stage = html("div", { class: "cloud-stage" });
    const words = html("div", { class: "words" });
    this.bar = new FlowBar(this);
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
    const list = html("ul", { class: "kinds" });
    for (const [kind, text, dash] of KINDS) {
      const svg = make("svg", { viewBox: "0 0 30 10", "aria-hidden": "true" });
      make("path", { class: `fall ${kind}`, "stroke-dasharray": dash, d: "M0 5H30" }, svg);
      list.append(html("li", {}, svg, text));
    }
    const svg = make("svg", { viewBox: "0 0 30 10", "aria-hidden": "true" });
    make("path", { class: "promise", d: "M0 5H30" }, svg);
    list.append(html("li", {}, svg, "what the bound promises a plain sweep"));
    return list;
  }

  #legend() {
    const most = this.data.most_colour.toFixed(2);
    const list = html("ul", { class: "legend" });
    const ramp = html("i", { class: "ramp" });
    for (let k = -3; k <= 3; k++) {
      const part = html("span", {});
      part.style.background = k ? shade(k / 3) : "var(--neutral)";
      ramp.append(part);
    }
    list.append(
      html("li", {}, html("i", { class: "shrinks" }), "disc: volume shrinks"),
      html("li", {}, html("i", { class: "grows" }), "ring: it expands"),
      html("li", {}, `−${most}`, ramp, `+${most} nats, the log-determinant`),
    );
    if (this.data.densities.length) {
      list.append(html("li", {}, html("i", { class: "inner-line" }), "half of the mass inside"), html("li", {}, html("i", { class: "outer-line" }), "nine tenths inside"));
    }
    return list;
  }

  told(step) {
    const { frames, way, bounds } = this.data;
    const { block, sweep } = frames[step];
    if (way === "forwards") return step ? `after block ${block} of ${bounds.length}` : "before block 1";
    return step ? `block ${block}, sweep ${sweep}` : "noise";
  }

  go(k, tell = true) {
    const target = Math.max(0, Math.min(k, this.steps.length));
    if (target === this.step) return;
    const started = performance.now();
    const before = Math.max(this.step, 0);
    this.step = target;
    const { block, sweep, words } = this.data.frames[target];
    this.said.textContent = words;
    this.bar.show(target);
    this.stretch.show(this.data.way === "forwards" || target ? block : 0);
    this.residuals?.show(block, sweep);
    this.cloud.canvas.setAttribute("aria-label", `${this.data.num_points} points, ${this.told(target)}`);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || Math.abs(target - before) !== 1;
    cancelAnimationFrame(this.gliding);
    if (still) this.paint();
    else this.#glide(before, performance.now());
    Object.assign(this.root.dataset, { step: target, way: this.data.way, ms: (performance.now() - started).toFixed(1) });
    if (!tell) return;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(this.step), TELL_AFTER);
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
