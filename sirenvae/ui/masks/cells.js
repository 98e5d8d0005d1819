// What the boards of cells share.

import { make, write } from "../shared/dom.js";

export const MAX_CELL = 23; // pixels; larger ones would push the product below the fold
export const MIN_CELL = 2;
export const LABELLED = 10; // cells smaller than this have no labels, until they are pointed at

// Room that a label takes, without asking the browser to lay it out.
export const textWidth = (text, size) => 0.6 * size * text.length;
export const longest = (texts) => Math.max(0, ...texts.map((text) => text.length));
export const cellsPath = (cells, s, inset = 0) =>
  cells.map(([x, y]) => `M${x + inset} ${y + inset}h${s - 2 * inset}v${s - 2 * inset}h${2 * inset - s}z`).join("");

export function boardIn(host, width, height) {
  return make("svg", { class: "board", width, height, viewBox: `0 0 ${width} ${height}` }, host);
}

// A name above its column, turned where it is too wide.
export function nameAbove(name, x, y, size, upright, parent) {
  const turn = upright ? { class: "column" } : { class: "column turned", transform: `rotate(-90 ${x} ${y})` };
  write(name, { x, y, "font-size": size, ...turn }, parent);
}

export function frameCell(x, y, cell, parent) {
  make("rect", { class: "frame-cell", x: x - 1, y: y - 1, width: cell + 2, height: cell + 2 }, parent);
}
