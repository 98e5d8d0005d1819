// Two matrices of the same rows and columns: the promise and the measurement.

import { make, placeIn, write } from "../shared/dom.js";
import { several } from "../shared/words.js";
import { boardIn, cellsPath, frameCell, LABELLED, longest, MIN_CELL, nameAbove, textWidth } from "./cells.js";

const FAINTEST = 1e-6; // entries this far below the largest are drawn faintest
const LARGEST = 32; // pixels of a cell
const BAR = 56; // height of the longest bar
const SHADE = [0, 1, 0.6, 0.45, 0.35, 0.3, 0.25, 0.2, 0.2]; // of an entry, by the blocks it takes

export class ReachBoard {
  constructor(host, model, width) {
    this.model = model;
    this.most = Math.max(...model.measured.flat());
    this.#measure(width);
    this.svg = boardIn(host, width, this.height);
    [this.cells, this.marks] = [make("g", {}, this.svg), make("g", {}, this.svg)];
    this.#matrix(0, `promised: reach of ${several(model.blocks, "block")}`, (i, j) => this.#promise(i, j));
    this.#matrix(1, "measured: mean |Jacobian|", (i, j) => this.#measurement(i, j));
    this.#bars();
    this.over = make("g", { class: "over" }, this.svg);
  }

  #measure(width) {
    const { names, outputs } = this.model;
    const [rows, columns] = [outputs, names.length];
    const room = (size) => 9 + textWidth("m".repeat(longest(names)), size);
    const beside = (width - 2 * room(12) - 24) / (2 * columns);
    const below = (width - room(12) - 8) / columns;
    const stacked = beside < 12;
    let cell = Math.min(LARGEST, stacked ? below : beside);
    this.labelled = cell >= LABELLED;
    if (!this.labelled) cell = Math.max(MIN_CELL, (width - 24) / columns);
    this.cell = Math.min(stacked ? 14 : LARGEST, Math.floor(cell * 4) / 4);
    this.font = Math.max(8, Math.min(12, 0.55 * this.cell));
    const margin = this.labelled ? room(this.font) : 14;
    this.upright = !this.labelled || textWidth("m".repeat(longest(names)), this.font) <= this.cell;
    const band = 22 + (this.labelled ? (this.upright ? 18 : room(this.font)) : 6);
    this.left = stacked ? [margin, margin] : [margin, 2 * margin + columns * this.cell + 16];
    const second = band + rows * this.cell + 14;
    this.top = stacked ? [band, second + band] : [band, band];
    this.bars = this.top[1] + rows * this.cell + 34;
    this.height = this.bars + BAR + 42;
  }

  // How many pairs each number of blocks reaches, the stack at hand in orange.
  #bars() {
    const { needed, blocks, most_blocks: last } = this.model;
    const values = needed.flatMap((row, i) => row.filter((value, j) => value > 0 && i !== j));
    if (!values.length) return;
    const [x, y] = [this.left[0], this.bars];
    write("pairs reached, by number of blocks", { class: "title start", x, y: y - 12 }, this.marks);
    for (let count = 1; count <= last; count++) {
      const reached = values.filter((value) => value <= count).length;
      const height = (BAR * reached) / values.length;
      const left = x + (count - 1) * 40;
      const cls = count === blocks ? "now" : "bar";
      make("rect", { class: cls, x: left, y: y + 14 + BAR - height, width: 28, height }, this.cells);
      for (const [text, at] of [[reached.toLocaleString("en"), y + 6 + BAR - height], [count, y + 24 + BAR]]) {
        write(text, { class: "inside", x: left + 14, y: at, "font-size": 11 }, this.marks);
      }
    }
  }

  #promise(i, j) {
    const { needed, blocks } = this.model;
    const value = needed[i][j];
    if (i === j) return ["own", 1, ""];
    if (!value || value > blocks) return null;
    if (value === blocks && blocks > 1) return ["now", 1, value];
    return ["kept", SHADE[Math.min(value, SHADE.length - 1)], value];
  }

  #measurement(i, j) {
    const { measured } = this.model;
    const value = measured[i][j];
    if (value === 0) return null;
    const level = 1 - Math.log(value / this.most) / Math.log(FAINTEST);
    return ["heat", Math.max(0.12, Math.min(1, level)), ""];
  }

  #matrix(n, title, look) {
    const { model, cell } = this;
    const [rows, columns] = [model.outputs, model.names.length];
    const [x, y] = [this.left[n], this.top[n]];
    make("rect", { class: "sheet", x, y, width: columns * cell, height: rows * cell }, this.cells);
    const alike = new Map(); // one path for all cells of one look
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const seen = look(i, j);
        if (!seen) continue;
        const key = `${seen[0]} ${seen[1].toFixed(2)}`;
        if (!alike.has(key)) alike.set(key, []);
        alike.get(key).push([x + j * cell, y + i * cell]);
        if (cell >= 18 && seen[2]) this.#number(x + (j + 0.5) * cell, y + (i + 0.54) * cell, seen);
      }
    }
    for (const [key, places] of alike) {
      const [cls, opacity] = key.split(" ");
      make("path", { class: cls, opacity, d: cellsPath(places, cell, cell >= 8 ? 1 : 0) }, this.cells);
    }
    make("path", { class: "rule", d: `M${x + rows * cell} ${y}v${rows * cell}` }, this.cells);
    write(title, { class: "title start", x, y: y - (this.top[0] - 13) }, this.marks);
    if (this.labelled) this.#labels(x, y);
  }

  #number(x, y, [cls, opacity, value]) {
    write(value, { class: `inside on-${cls}${opacity === 1 ? ` full ${this.model.flow}` : ""}`, x, y, "font-size": this.font }, this.marks);
  }

  #labels(left, top) {
    const { names, outputs } = this.model;
    const { cell, font, marks } = this;
    names.forEach((name, j) => {
      nameAbove(name, left + (j + 0.5) * cell, top - 6, font, this.upright, marks);
      if (j >= outputs) return;
      write(name, { class: "row", x: left - 5, y: top + (j + 0.54) * cell, "font-size": font }, marks);
    });
  }

  at(event) {
    const [x, y] = placeIn(this.svg, event);
    for (const n of [0, 1]) {
      const j = Math.floor((x - this.left[n]) / this.cell);
      const i = Math.floor((y - this.top[n]) / this.cell);
      if (i >= 0 && i < this.model.outputs && j >= 0 && j < this.model.names.length) return { kind: "pair", j, i };
    }
    return null;
  }

  light({ i, j }) {
    const { cell } = this;
    this.over.replaceChildren();
    for (const n of [0, 1]) frameCell(this.left[n] + j * cell, this.top[n] + i * cell, cell, this.over);
  }
}
