// What the boards of cells share.

export const MAX_CELL = 23; // pixels; larger ones would push the product below the fold
export const MIN_CELL = 2;
export const LABELLED = 10; // cells smaller than this have no labels, until they are pointed at

// Room that a label takes, without asking the browser to lay it out.
export const textWidth = (text, size) => 0.6 * size * text.length;
export const longest = (texts) => Math.max(0, ...texts.map((text) => text.length));
export const cellsPath = (cells, s, inset = 0) =>
  cells.map(([x, y]) => `M${x + inset} ${y + inset}h${s - 2 * inset}v${s - 2 * inset}h${2 * inset - s}z`).join("");
export const several = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
