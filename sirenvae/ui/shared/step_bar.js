// The step bar: |< < play > >|, a scrubber with a tick per step, and the speed; or why there are no steps.

import { button, html, make, placeIn } from "./dom.js";

const ICONS = {
  first: "M5 4v16M19 5 9 12l10 7z",
  back: "M17 5 7 12l10 7z",
  play: "M7 4l13 8-13 8z",
  pause: "M7 4v16M17 4v16",
  next: "M7 5l10 7-10 7z",
  last: "M19 4v16M5 5l10 7-10 7z",
};

function icon(name) {
  const svg = make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  make("path", { d: ICONS[name] }, svg);
  return svg;
}

export class StepBar {
  constructor(stepper) {
    this.stepper = stepper;
    this.last = stepper.steps.length;
    this.element = html("div", { class: "bar", role: "group", "aria-label": "Steps" });
    const buttons = html("div", { class: "buttons" });
    for (const [name, label, to] of [
      ["first", "First step (home)", () => 0],
      ["back", "Step back (left)", () => stepper.step - 1],
      ["play", "Play (space)", null],
      ["next", "Step on (right)", () => stepper.step + 1],
      ["last", "Last step (end)", () => this.last],
    ]) {
      buttons.append(button(icon(name), () => this.press(to), { class: name, "aria-label": label, title: label }));
    }
    this.playButton = buttons.querySelector(".play");
    this.count = html("span", { class: "count" });
    this.element.append(buttons, this.#scrubber(), this.count, this.#speed());
  }

  press(to) {
    if (!to) return this.stepper.togglePlay();
    this.stepper.pause();
    this.stepper.go(to());
  }

  #speed() {
    const speeds = ["0.5", "1", "2", "4", "16"].map((speed) => html("option", { value: speed }, `${speed}×`));
    this.select = html("select", { "aria-label": "Speed", title: "Speed" }, ...speeds);
    this.select.value = "1";
    return this.select;
  }

  speed() {
    return Number(this.select.value);
  }

  // A tick is as high and as red as its step has fill edges; where a parent is dropped it is an empty dotted frame.
  #ticks() {
    const { steps } = this.stepper;
    const most = steps.reduce((most, { fill }) => Math.max(most, fill?.length ?? 0), 1);
    const ticks = make("svg", { viewBox: `0 0 ${this.last + 1} 10`, preserveAspectRatio: "none", "aria-hidden": "true" });
    steps.forEach(({ fill }, i) => {
      const count = fill?.length ?? 0;
      const look = fill ? (count ? "filled" : "free") : "dropped";
      const height = { filled: 4 + (6 * count) / most, free: 2.5, dropped: 9 }[look];
      const tick = make("rect", { x: i + 1.15, y: 10 - height, width: 0.7, height, class: look }, ticks);
      if (count) tick.style.opacity = 0.5 + (0.5 * count) / most;
    });
    return ticks;
  }

  #scrubber() {
    const range = { "aria-valuemin": "0", "aria-valuemax": this.last };
    this.scrubber = html("div", { class: "scrubber", role: "slider", tabindex: "0", "aria-label": "Step", ...range });
    this.marker = html("div", { class: "marker" });
    this.veil = html("div", { class: "veil" }); // over the steps that are still to be predicted
    this.scrubber.append(this.#ticks(), this.veil, this.marker);
    this.#drag();
    return this.scrubber;
  }

  #drag() {
    const move = (event) => {
      const [x] = placeIn(this.scrubber, event);
      this.stepper.go(Math.floor((x / this.scrubber.getBoundingClientRect().width) * (this.last + 1)));
    };
    this.scrubber.addEventListener("pointerdown", (event) => {
      this.stepper.pause();
      this.scrubber.setPointerCapture(event.pointerId);
      move(event);
    });
    this.scrubber.addEventListener("pointermove", (event) => {
      if (this.scrubber.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  show(step) {
    this.marker.style.left = `${(100 * (step + 0.5)) / (this.last + 1)}%`;
    this.veil.style.left = `${(100 * (step + 1)) / (this.last + 1)}%`;
    const [seen, heard] = this.stepper.told(step);
    this.count.textContent = seen;
    this.scrubber.setAttribute("aria-valuenow", step);
    this.scrubber.setAttribute("aria-valuetext", heard);
    for (const name of ["first", "back"]) this.element.querySelector(`.${name}`).disabled = step === 0;
    for (const name of ["next", "last"]) this.element.querySelector(`.${name}`).disabled = step === this.last;
  }

  showPlaying(playing) {
    const label = playing ? "Pause (space)" : "Play (space)";
    this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }
}
