// What the two drawings of a whole VAE share: canvases that are sharp, in the colours of the theme.

import { colourOf, html } from "../shared/dom.js";

export class Layers {
  constructor(host, width, height) {
    this.box = html("div", { class: "layers" });
    this.box.style.width = `${width}px`;
    this.box.style.height = `${height}px`;
    this.probe = html("span", { hidden: "" });
    host.append(this.box);
    [this.base, this.over] = [0, 1].map(() => this.#canvas(width, height));
    this.box.append(this.probe);
    Object.assign(this, { width, height });
  }

  #canvas(width, height) {
    const sharp = window.devicePixelRatio || 1;
    const [across, down] = [width, height].map((pixels) => Math.round(pixels * sharp));
    const canvas = html("canvas", { "aria-hidden": "true", width: across, height: down });
    this.box.append(canvas);
    const context = canvas.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    return context;
  }

  colour(name) {
    return colourOf(this.probe, name);
  }

  text(context, words, x, y, { size = 12, align = "left", weight = 400, colour = "--ink" } = {}) {
    context.font = `${weight} ${size}px ${getComputedStyle(this.box).fontFamily}`;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillStyle = this.colour(colour);
    context.fillText(words, x, y);
  }
}

export const PART_COLOUR = { encoder: "--green", prior: "--quiet", decoder: "--quiet", carry: "--quiet" };
