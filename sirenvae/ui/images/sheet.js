// Images in rows: those of the first row can be chosen, by a click or a key, and Python hears of it.

import { bytesOf, colourOf, html } from "../shared/dom.js";

export class SheetView {
  constructor(parent) {
    this.root = html("div", { class: "sheet", role: "group", "aria-label": "Images and what is made of them" });
    this.probe = html("i", { hidden: "" });
    parent.append(this.root, this.probe);
  }

  update({ rows, height, width, chosen }, { setTriggerValue }) {
    const ink = colourOf(this.probe, "--st-text-color").match(/[\d.]+/g).slice(0, 3).map(Number);
    const size = height * width;
    const held = document.activeElement ?? null;
    const focus = this.root.contains(held) ? held.dataset.place : this.root.getRootNode().activeElement?.dataset?.place;
    const lines = rows.map(({ name, label, colour, images }, i) => {
      const bytes = bytesOf(images);
      const look = (place) => `cell${place === chosen && name !== "drawn" ? " chosen" : ""}`; // drawn from nothing
      const pictures = Array.from({ length: bytes.length / size }, (_, place) => {
        const picture = drawn(bytes.subarray(place * size, (place + 1) * size), height, width, ink);
        if (i > 0 || chosen === null) return html("span", { class: look(place) }, picture);
        const about = { "aria-label": `Image ${place + 1}`, "aria-pressed": String(place === chosen), "data-place": place };
        const cell = html("button", { type: "button", class: look(place), ...about }, picture);
        cell.addEventListener("click", () => setTriggerValue("pick", place));
        return cell;
      });
      const title = html("b", {}, label);
      if (colour) title.style.setProperty("--mark", colour);
      return html("div", { class: "line", "data-row": name }, title, html("div", { class: pictures.length > 1 ? "cells" : "cells one" }, ...pictures));
    });
    this.root.replaceChildren(...lines);
    if (focus !== undefined) this.root.querySelector(`[data-place="${focus}"]`)?.focus();
  }
}

// Ink where the image is dark, nothing where it is white: so it fits a light page and a dark one.
function drawn(bytes, height, width, ink) {
  const canvas = html("canvas", { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  bytes.forEach((level, i) => pixels.data.set([...ink, level], 4 * i));
  context.putImageData(pixels, 0, 0);
  return canvas;
}
