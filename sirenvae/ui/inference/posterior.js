// One posterior: sliders for what is observed, an interval of each latent for each voice, and ellipses of two latents.
// The exact posterior is the grey band and the dashed line; Python hears of a dragged value and sends what follows.

import { html, make, write } from "../shared/dom.js";
import { markPath, regionOf } from "./marks.js";

const SHARE = 0.9; // of a posterior inside intervals and ellipses
const [LANE, GAP, NAME, NUMBER] = [11, 13, 76, 54]; // of the intervals, in pixels
const SIDE = 300; // of the ellipses, in pixels
const PAUSE = 60; // milliseconds between two values that are told while one is dragged

export class PosteriorView {
  constructor(parent) {
    this.sliders = html("div", { class: "sliders", role: "group", "aria-label": "Observed values" });
    this.rows = html("div", { class: "rows" });
    this.ellipses = html("div", { class: "ellipses" });
    this.legend = html("ul", { class: "voices" });
    this.root = html("div", { class: "graph posterior" }, this.sliders, this.rows, this.ellipses, this.legend);
    parent.append(this.root);
    this.moved = new Map(); // what is to be told: place -> value
    this.resize = new ResizeObserver(() => this.draw());
    this.resize.observe(this.rows);
  }

  destroy() {
    clearTimeout(this.waiting);
    this.resize.disconnect();
  }

  update(data, { setTriggerValue }) {
    this.tell = () => {
      this.waiting = null;
      if (this.moved.size) setTriggerValue("given", Object.fromEntries(this.moved));
      this.moved.clear();
    };
    const isNew = data.id !== this.data?.id;
    const isSet = data.revision !== this.data?.revision;
    this.data = data;
    if (isNew) this.build();
    else if (isSet) this.place();
    this.draw();
  }

  build() {
    this.inputs = this.data.observed.map(({ name, low, high, place }, i) => {
      const step = (high - low) / 240;
      const input = html("input", { type: "range", min: low, max: high, step, "aria-label": name });
      const output = html("output");
      input.addEventListener("input", () => {
        this.moved.set(place, Number(input.value));
        this.say(i);
        this.waiting ??= setTimeout(this.tell, PAUSE);
      });
      return { input, output };
    });
    const labels = this.data.observed.map(({ name }, i) => {
      const { input, output } = this.inputs[i];
      return html("label", {}, html("b", {}, name), input, output);
    });
    this.sliders.replaceChildren(html("h4", {}, "Observed: drag"), ...labels);
    this.place();
  }

  // The sliders at the values that Python has set.
  place() {
    this.moved.clear();
    this.data.observed.forEach(({ value }, i) => {
      this.inputs[i].input.value = value;
      this.say(i);
    });
  }

  say(i) {
    this.inputs[i].output.textContent = short(Number(this.inputs[i].input.value));
  }

  draw() {
    const { voices } = this.data ?? {};
    if (!voices) return;
    this.exact = voices.find(({ name }) => name === "exact");
    this.learnt = voices.filter(({ name }) => name !== "exact");
    this.root.dataset.voices = voices.map(({ name }) => name).join(" ");
    this.drawRows();
    this.drawEllipses();
    this.legend.replaceChildren(...voices.map((voice) => html("li", {}, sample(voice), voice.label)));
  }

  drawRows() {
    const { latents } = this.data;
    const wide = Math.max(this.rows.clientWidth, 240);
    const high = Math.max(this.learnt.length, 2) * LANE + GAP;
    const about = "An interval of 90 % of each latent, exact and learnt";
    const svg = make("svg", { viewBox: `0 0 ${wide} ${latents.length * high}`, role: "img", "aria-label": about });
    svg.style.height = `${latents.length * high}px`;
    latents.forEach((latent, k) => this.drawRow(svg, latent, k, k * high, high, wide));
    this.rows.replaceChildren(html("h4", {}, "Latents: mean and 90 %"), svg);
  }

  drawRow(svg, { name, low, high: top }, k, y, high, wide) {
    const [left, right] = [NAME, wide - NUMBER];
    const x = (value) => left + ((right - left) * (Math.min(Math.max(value, low), top) - low)) / (top - low);
    const [begin, end] = [y + GAP / 2, y + high - GAP / 2];
    const row = make("g", { "data-latent": name }, svg);
    make("path", { class: "rule", d: `M0 ${y + high}H${wide}` }, row);
    write(name.length > 10 ? `${name.slice(0, 9)}…` : name, { class: "name", x: 0, y: (begin + end) / 2 + 4 }, row);
    if (this.exact) {
      const [mean, from, to] = this.exact.rows[k];
      make("rect", { class: "band", x: x(from), y: begin, width: Math.max(x(to) - x(from), 1), height: end - begin }, row);
      make("path", { class: "exact", d: `M${x(mean)} ${begin}V${end}` }, row);
      write(short(mean), { class: "number", x: wide, y: (begin + end) / 2 + 4 }, row);
    }
    this.learnt.forEach(({ name: voice, rows, colour, symbol }, lane) => {
      const [mean, from, to] = rows[k];
      const at = begin + LANE * (lane + 0.5) + (end - begin - LANE * this.learnt.length) / 2;
      const group = make("g", { "data-voice": voice, stroke: colour }, row);
      make("path", { class: "interval", d: `M${x(from)} ${at}H${x(to)}` }, group);
      const mark = { class: "mark", fill: symbol === "x" ? "none" : colour, d: markPath(symbol, 3.6) };
      make("path", { ...mark, transform: `translate(${x(mean)} ${at})` }, group);
    });
  }

  drawEllipses() {
    const { pair } = this.data;
    this.ellipses.replaceChildren();
    if (pair.length < 2) return;
    const [across, up] = pair;
    const [left, bottom] = [40, 34];
    const x = (value) => left + ((SIDE - left - 6) * (value - across.low)) / (across.high - across.low);
    const y = (value) => SIDE - bottom - ((SIDE - bottom - 6) * (value - up.low)) / (up.high - up.low);
    const about = `90 % of the posterior of ${across.name} and ${up.name}`;
    const svg = make("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": about });
    const clip = make("clipPath", { id: "inside-pair" }, svg);
    make("rect", { x: left, y: 6, width: SIDE - left - 6, height: SIDE - bottom - 6 }, clip);
    make("rect", { class: "box", x: left, y: 6, width: SIDE - left - 6, height: SIDE - bottom - 6 }, svg);
    for (const value of [across.low, across.high]) {
      const side = value === across.low ? "start" : "end";
      write(short(value), { class: `number ${side}`, x: x(value), y: SIDE - bottom + 15 }, svg);
    }
    for (const value of [up.low, up.high]) {
      write(short(value), { class: "number", x: left - 5, y: y(value) + (value === up.low ? 0 : 10) }, svg);
    }
    write(across.name, { class: "name middle", x: (left + SIDE) / 2, y: SIDE - 6 }, svg);
    write(up.name, { class: "name middle", transform: `translate(14 ${(SIDE - bottom) / 2}) rotate(-90)` }, svg);
    const inside = make("g", { "clip-path": "url(#inside-pair)" }, svg);
    for (const voice of [...this.learnt, ...(this.exact ? [this.exact] : [])]) {
      const { mean, covariance } = voice.pair;
      const points = regionOf(covariance, SHARE).map(([u, v]) => `${x(mean[0] + u).toFixed(1)} ${y(mean[1] + v).toFixed(1)}`);
      const look = voice === this.exact ? { class: "region exact" } : { class: "region", stroke: voice.colour };
      make("path", { ...look, "data-voice": voice.name, d: `M${points.join("L")}Z` }, inside);
    }
    this.ellipses.replaceChildren(html("h4", {}, "Two latents: 90 %"), svg);
  }
}

function sample({ name, colour, symbol }) {
  const svg = make("svg", { viewBox: "0 0 30 14", "aria-hidden": "true" });
  if (name === "exact") {
    make("rect", { class: "band", x: 1, y: 1, width: 28, height: 12 }, svg);
    make("path", { class: "exact", d: "M15 1V13" }, svg);
    return svg;
  }
  make("path", { class: "interval", d: "M2 7H28", stroke: colour }, svg);
  const mark = { class: "mark", stroke: colour, fill: symbol === "x" ? "none" : colour, d: markPath(symbol, 3.6) };
  make("path", { ...mark, transform: "translate(15 7)" }, svg);
  return svg;
}

// Three digits, which is what one can read while it moves.
function short(value) {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
  return Number(text).toString().replace("-", "−");
}
