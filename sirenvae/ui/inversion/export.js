// The large picture as a file, and the address of what is seen. Everything is made here; nothing is asked of a server.

import { STYLES } from "../shared/canvas.js";
import { button, colourOf, html, make, SVG } from "../shared/dom.js";
import { board } from "./board.js";

const COPIED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-family",
  "font-weight", "text-anchor", "dominant-baseline", "paint-order", "display"];
const SHARP = 2; // pixels of the PNG for each pixel of the screen

// The large picture as an SVG of its own: every look is written into it, and edges on a canvas become lines.
function standalone(picture) {
  const copy = picture.svg.cloneNode(true);
  const scale = picture.scale();
  const [left, top, width, height] = picture.view;
  const originals = [picture.svg, ...picture.svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(originals[i]);
    const isFixed = style.vectorEffect === "non-scaling-stroke";
    element.setAttribute("style", COPIED.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
    // Not every program knows widths that do not scale.
    if (isFixed) {
      element.style.strokeWidth = `${parseFloat(style.strokeWidth) / scale}`;
      const dashes = style.strokeDasharray.split(/[ ,]+/).map((dash) => parseFloat(dash) / scale);
      if (style.strokeDasharray !== "none") element.style.strokeDasharray = dashes.join(" ");
    }
    for (const name of ["tabindex", "role"]) element.removeAttribute(name);
  });
  if (picture.canvas) copy.insertBefore(canvasLines(picture, scale), copy.firstChild);
  const paper = make("rect", { x: left, y: top, width, height });
  paper.style.fill = getComputedStyle(picture.plot.closest(".frame")).backgroundColor;
  copy.insertBefore(paper, copy.firstChild);
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  for (const [name, value] of Object.entries({ xmlns: SVG, width: across, height: down })) copy.setAttribute(name, value);
  copy.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  return { text: new XMLSerializer().serializeToString(copy), width: across, height: down };
}

function canvasLines(picture, scale) {
  const group = make("g", {});
  for (const [kind, pairs] of picture.canvas.layers) {
    const { colour, width, alpha, dash, arrow } = STYLES[kind];
    const stroke = colourOf(picture.canvas.probe, colour);
    const layer = make("g", { stroke, fill: "none", opacity: alpha, "stroke-width": width / scale }, group);
    if (dash) layer.setAttribute("stroke-dasharray", dash.map((part) => part / scale).join(" "));
    for (const [a, b] of pairs) {
      const { line, head } = picture.routes.paths(a, b, arrow);
      make("path", { d: line }, layer);
      if (arrow) make("path", { d: head, fill: stroke, stroke: "none" }, layer);
    }
  }
  return group;
}

const svg = ({ text }) => new Blob([text], { type: "image/svg+xml" });

async function png({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = html("canvas");
  Object.assign(canvas, { width: width * SHARP, height: height * SHARP });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = html("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export class Exporter {
  constructor(host) {
    this.root = html("div", { class: "graph export" });
    this.address = html("input", { type: "text", readonly: "", "aria-label": "Link to this step" });
    this.address.addEventListener("focus", () => this.address.select());
    this.said = html("span", { role: "status" });
    const saves = [["svg", svg], ["png", png]].map(([ending, made]) =>
      button(`Picture as ${ending.toUpperCase()}`, () => this.save(ending, made)),
    );
    this.root.append(
      html("div", { class: "row" }, button("Copy link", () => this.copy()), this.address),
      html("div", { class: "row" }, ...saves, this.said),
    );
    host.append(this.root);
    this.onStep = () => this.show();
    board.addEventListener("step", this.onStep);
    board.addEventListener("stepper", this.onStep);
  }

  destroy() {
    for (const name of ["step", "stepper"]) board.removeEventListener(name, this.onStep);
  }

  update({ name }) {
    this.name = name;
    this.show();
  }

  // The address of the page with the step as it is now; the page's own follows a moment later.
  show() {
    const link = new URL(location.href);
    if (board.step > 0) link.searchParams.set("step", board.step);
    else link.searchParams.delete("step");
    this.address.value = link.href;
    this.said.textContent = "";
  }

  async copy() {
    this.address.select();
    // Without a secure connection there is no clipboard: the selected text is copied the old way.
    if (navigator.clipboard) await navigator.clipboard.writeText(this.address.value);
    else document.execCommand("copy");
    this.said.textContent = "The link is copied.";
  }

  // The large picture, as what `made` makes of it.
  async save(ending, made) {
    const { stage } = board.stepper;
    const name = `${this.name}-${stage.large}.${ending}`;
    download(await made(standalone(stage.pictures[stage.large])), name);
    this.said.textContent = `${name} is saved.`;
  }
}
