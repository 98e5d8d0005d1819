// The masks as matrices on one board. Each hidden layer turns a corner, so that a product stands right of its left factor
// and below its right one: the column of an input and the row of an output cross in the cell of their pair.

import { make, placeIn, write } from "../shared/dom.js";
import { boardIn, cellsPath, frameCell, LABELLED, longest, MAX_CELL, MIN_CELL, nameAbove, textWidth } from "./cells.js";

export class MaskBoard {
  constructor(host, block, width) {
    this.block = block;
    this.#measure(width);
    this.svg = boardIn(host, width, this.height);
    this.base = make("g", { class: "base" }, this.svg);
    this.over = make("g", { class: "over" }, this.svg);
    for (let k = 1; k <= block.last; k++) {
      this.#matrix(k, k - 1);
      if (k > 1) this.#matrix(k, 0);
    }
    this.#labels();
  }

  // Cell size, and where the columns and rows of each layer begin.
  #measure(width) {
    const { names, sizes, last } = this.block;
    const columns = sizes.slice(0, last).reduce((a, b) => a + b);
    const outputs = names.slice(0, sizes[last]);
    const gap = 16;
    const fit = (margin) => Math.min(MAX_CELL, (width - margin - gap * (last - 1) - 8) / columns);
    let cell = fit(9 + textWidth("m".repeat(longest(outputs)), 12));
    const labelled = cell >= LABELLED;
    if (!labelled) cell = Math.max(MIN_CELL, fit(14));
    this.cell = Math.floor(cell * 4) / 4;
    this.labelled = labelled;
    this.font = Math.max(8, Math.min(12, 0.55 * this.cell));
    const margin = labelled ? 9 + textWidth("m".repeat(longest(outputs)), this.font) : 14;
    this.upright = !labelled || textWidth("m".repeat(longest(names)), this.font) <= this.cell;
    const band = this.upright ? 18 : 8 + textWidth("m".repeat(longest(names)), this.font);
    const title = 20;
    this.columns = [];
    let x = Math.max(margin, (width - columns * this.cell - gap * (last - 1) - 8 + margin) / 2);
    for (let k = last - 1; k >= 0; k--) {
      this.columns[k] = x;
      x += sizes[k] * this.cell + gap;
    }
    this.rows = [];
    let y = 0;
    for (let k = 1; k <= last; k++) {
      y += title + band;
      this.rows[k] = y;
      y += sizes[k] * this.cell + (k < last ? 6 : 0);
    }
    this.height = y + 6;
  }

  // The empty corner left of the first mask, as [width, height]; what is said about the paths fits in there.
  corner() {
    const labels = this.labelled ? 90 : 20;
    return [this.columns[this.block.last - 2] - labels, this.rows[this.block.last] - (this.labelled ? 60 : 50)];
  }

  place(k, u, column, w) {
    return [this.columns[column] + w * this.cell, this.rows[k] + u * this.cell];
  }

  // The matrix in the rows of layer k and the columns of layer c; for k > c + 1 the product of the masks between.
  #matrix(k, c) {
    const { block, cell } = this;
    const [rows, columns] = [block.sizes[k], block.sizes[c]];
    const [x, y] = this.place(k, 0, c, 0);
    const product = k > c + 1;
    make("rect", { class: "sheet", x, y, width: columns * cell, height: rows * cell }, this.base);
    const [own, other] = [[], []];
    for (let u = 0; u < rows; u++) {
      const members = product ? new Set(block.layers[k].sets[u]) : null;
      for (let w = 0; w < columns; w++) {
        if (!(product ? members.has(w) : block.kept(k, u, w))) continue;
        (block.owner(k, u) === block.owner(c, w) ? own : other).push(this.place(k, u, c, w));
      }
    }
    const inset = cell >= 8 ? 1 : 0;
    make("path", { class: "kept", d: cellsPath(other, cell, inset) }, this.base);
    make("path", { class: "own", d: cellsPath(own, cell, inset) }, this.base);
    // A notch says "same owner" to eyes that do not see the colour.
    if (cell >= 8) make("path", { class: "notch", d: cellsPath(own, cell, 0.38 * cell) }, this.base);
    make("path", { class: "rule", d: this.#rules(k, c) }, this.base);
    const name = product ? (k === block.last ? "product = graph" : "product so far") : `mask ${k}`;
    const full = `${name}: ${block.layerName(k)} × ${block.layerName(c)}`;
    // Left of a mask the board is empty, but for the words about the paths in the corner.
    const words = c === block.last - 2 ? Math.max(0, this.corner()[0]) : 0;
    const room = product ? columns * cell + 10 : x + columns * cell - words;
    const text = textWidth(full, 12) <= room ? full : name;
    const above = k === 1 ? 0 : this.rows[k - 1] + block.sizes[k - 1] * cell + 6;
    write(text, { class: "title", x: x + columns * cell, y: above + 13 }, this.base);
  }

  // Thin lines between the units of different owners; of small cells only the context is set apart.
  #rules(k, c) {
    const { block, cell } = this;
    const [x, y] = this.place(k, 0, c, 0);
    const [width, height] = [block.sizes[c] * cell, block.sizes[k] * cell];
    const outputs = block.sizes[block.last];
    const context = block.layers[c].owners.findIndex((owner) => owner >= outputs);
    if (cell < 8) return context > 0 ? `M${x + context * cell} ${y}v${height}` : "M0 0";
    let d = "";
    for (let u = 1; u < block.sizes[k]; u++) {
      if (block.owner(k, u) !== block.owner(k, u - 1)) d += `M${x} ${y + u * cell}h${width}`;
    }
    for (let w = 1; w < block.sizes[c]; w++) {
      if (block.owner(c, w) !== block.owner(c, w - 1)) d += `M${x + w * cell} ${y}v${height}`;
    }
    return d;
  }

  #labels() {
    if (!this.labelled) return;
    const { block, cell, font } = this;
    for (let k = 1; k <= block.last; k++) {
      const c = k - 1;
      for (const [first, count, name] of this.#groups(c)) {
        const x = this.columns[c] + (first + count / 2) * cell;
        nameAbove(name, x, this.rows[k] - 6, font, textWidth(name, font) <= count * cell, this.base);
      }
      for (let u = 0; u < block.sizes[k]; u++) {
        const x = this.columns[k - 1] - 5;
        write(k === block.last ? block.names[u] : this.#setThatFits(k, u), { class: "row", x, y: this.rows[k] + (u + 0.54) * cell, "font-size": font }, this.base);
      }
    }
  }

  // A hidden unit's set, as far as there is room left of its row.
  #setThatFits(k, u) {
    const room = this.columns[k - 1] - this.columns[k] - 8;
    for (let most = 8; most > 0; most--) {
      const text = this.block.set(k, u, most).replace(/ and (\d+) more/, ", +$1");
      if (textWidth(text, this.font) <= room) return text;
    }
    return this.block.names[this.block.owner(k, u)];
  }

  // Neighbouring units of one owner, as [first, count, name].
  #groups(k) {
    const { owners } = this.block.layers[k];
    const groups = [];
    owners.forEach((owner, u) => {
      if (u && owners[u - 1] === owner) groups[groups.length - 1][1] += 1;
      else groups.push([u, 1, this.block.names[owner]]);
    });
    return groups;
  }

  // The cell under a point of the page: a pair where the product stands, else a weight.
  at(event) {
    const [px, py] = placeIn(this.svg, event);
    const { block, cell } = this;
    for (let k = 1; k <= block.last; k++) {
      const u = Math.floor((py - this.rows[k]) / cell);
      if (u < 0 || u >= block.sizes[k]) continue;
      for (const c of k > 1 ? [k - 1, 0] : [0]) {
        const w = Math.floor((px - this.columns[c]) / cell);
        if (w < 0 || w >= block.sizes[c]) continue;
        if (c === 0 && k === block.last) return { kind: "pair", j: w, i: u };
        return c === k - 1 ? { kind: "weight", k, u, w } : { kind: "unit", k, u };
      }
    }
    return null;
  }

  // Light the paths of what is chosen, name its rows and columns, and quiet the rest.
  light(chosen, lit) {
    const { block, cell } = this;
    this.over.replaceChildren();
    this.base.classList.toggle("dim", chosen !== null);
    if (!chosen) return;
    const cells = block.weights(lit).map(([k, u, w]) => this.place(k, u, k - 1, w));
    for (let k = 2; k <= block.last; k++) {
      for (const u of lit[k]) for (const w of lit[0]) if (block.layers[k].sets[u].includes(w)) cells.push(this.place(k, u, 0, w));
    }
    if (chosen.kind === "pair") this.#bands(chosen);
    make("path", { class: "lit", d: cellsPath(cells, cell, cell >= 8 ? 1 : 0) }, this.over);
    if (chosen.kind === "weight") {
      const [x, y] = this.place(chosen.k, chosen.u, chosen.k - 1, chosen.w);
      frameCell(x, y, cell, this.over);
    }
  }

  // The column of the input and the row of the output, and the cell in which they cross.
  #bands({ i, j }) {
    const { block, cell } = this;
    const [x, bottom] = this.place(block.last, i, 0, j);
    const top = this.rows[1];
    const left = this.columns[block.last - 1];
    const right = this.columns[0] + block.sizes[0] * cell;
    make("rect", { class: "band", x, y: top, width: cell, height: bottom + cell - top }, this.over);
    make("rect", { class: "band", x: left, y: bottom, width: right - left, height: cell }, this.over);
    frameCell(x, bottom, cell, this.over);
    if (this.labelled) return;
    write(block.names[j], { class: "column tag", x: x + cell / 2, y: top - 4, "font-size": 12 }, this.over);
    write(block.names[i], { class: "tag", x: left, y: bottom - 4, "font-size": 12 }, this.over);
  }
}
