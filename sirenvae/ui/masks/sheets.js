// A VAE that is too large for its units: which variable sees which, as three matrices where the parts would stand.

import { placeIn } from "../shared/dom.js";
import { Layers, PART_COLOUR } from "./paint.js";
import { TITLE } from "./units.js";

const SHEET_GAP = 56; // pixels between two matrices
const NARROW = 640; // on a narrower page the matrices stand one below the other

export class SheetBoard {
  constructor(host, vae, width) {
    this.vae = vae;
    this.#measure(width);
    this.layers = new Layers(host, width, this.height);
    for (const sheet of this.sheets) this.#draw(sheet);
  }

  #measure(width) {
    const { model } = this.vae;
    const size = (name) => [model[name].inputs.length, model[name].outputs.length];
    const [[ec, er], [pc, pr], [dc, dr]] = ["encoder", "prior", "decoder"].map(size);
    const right = Math.max(pc, dc);
    const narrow = width < NARROW;
    const beside = Math.min((width - 32 - SHEET_GAP) / (ec + right), 760 / (pr + dr));
    const cell = narrow ? (width - 24) / Math.max(ec, right) : beside;
    this.cell = cell;
    const second = narrow ? 12 : 12 + ec * cell + SHEET_GAP;
    const priorTop = narrow ? TITLE + er * cell + TITLE + 12 : TITLE;
    const decoderTop = priorTop + pr * cell + TITLE + 12;
    this.sheets = [
      { part: "encoder", x: 12, y: TITLE, title: "encoder: latents (rows) see latents | x" },
      { part: "prior", x: second, y: priorTop, title: "prior: latents see latents" },
      { part: "decoder", x: second, y: decoderTop, title: "decoder: x (rows) sees latents" },
    ].map((sheet) => {
      const { inputs: columns, outputs: rows } = model[sheet.part];
      return { ...sheet, columns, rows, into: this.vae.joins[sheet.part][0].into };
    });
    this.height = Math.max(decoderTop + dr * cell, TITLE + er * cell) + 10;
  }

  // A single kept cell stays visible when many share a pixel.
  #draw({ part, x, y, columns, rows, into }) {
    const { layers, cell } = this;
    const context = layers.base;
    context.fillStyle = layers.colour("--st-text-color");
    context.globalAlpha = 0.05;
    context.fillRect(x, y, columns.length * cell, rows.length * cell);
    context.fillStyle = layers.colour(PART_COLOUR[part]);
    context.globalAlpha = 1;
    this.#cells(context, { x, y, into });
    const context0 = columns.findIndex((v) => v >= this.vae.latents);
    if (context0 < 0) return;
    context.fillStyle = layers.colour("--quiet");
    context.fillRect(x + context0 * cell, y, 1, rows.length * cell);
  }

  // On the upper canvas, which is never dimmed.
  #label({ part, x, y, title, columns, rows }) {
    const { layers, vae } = this;
    layers.text(layers.over, title, x, y - 26, { weight: 600 });
    const [kept, all] = [vae.model[part].edges, rows.length * columns.length].map((n) => n.toLocaleString("en"));
    layers.text(layers.over, `${kept} of ${all} pairs`, x, y - 11, { size: 11, colour: "--quiet" });
  }

  // Fill the cells, one rectangle for all that share a pixel.
  #cells(context, { x, y, into }) {
    const { cell } = this;
    const side = Math.max(cell, 1);
    const seen = new Set(); // pixels that are drawn already
    into.forEach((earlier, i) => {
      for (const j of earlier) {
        const key = cell < 1 ? Math.round(j * cell) * 65536 + Math.round(i * cell) : -1;
        if (key >= 0 && seen.has(key)) continue;
        seen.add(key);
        context.fillRect(x + j * cell, y + i * cell, side, side);
      }
    });
  }

  // The variable at a point of the page: a row's, or a column's above and below the matrix.
  at(event) {
    const [px, py] = placeIn(this.layers.box, event);
    for (const { part, x, y, columns, rows } of this.sheets) {
      const [j, i] = [Math.floor((px - x) / this.cell), Math.floor((py - y) / this.cell)];
      if (j < 0 || j >= columns.length || i < 0 || i >= rows.length) continue;
      if (part === "decoder") return [this.vae.decoded, i];
      return part === "prior" ? [this.vae.innovation, i] : [this.vae.z, i];
    }
    return null;
  }

  // The row and the column of a variable, and what stands in them.
  light([c, u]) {
    const { layers, vae, cell } = this;
    const context = layers.over;
    context.clearRect(0, 0, layers.width, layers.height);
    layers.box.classList.add("dim", "sheets");
    const variable = vae.columns[c].variables[u];
    const now = layers.colour("--now");
    for (const sheet of this.sheets) {
      const { x, y, columns, rows } = sheet;
      this.#label(sheet);
      const [j, i] = [columns.indexOf(variable), rows.indexOf(variable)];
      context.fillStyle = now;
      context.globalAlpha = 0.45;
      if (j >= 0) context.fillRect(x + (j + 0.5) * cell - 0.75, y, 1.5, rows.length * cell);
      if (i >= 0) context.fillRect(x, y + (i + 0.5) * cell - 0.75, columns.length * cell, 1.5);
      context.globalAlpha = 1;
      for (const b of i >= 0 ? sheet.into[i] : []) this.#mark(context, x + (b + 0.5) * cell, y + (i + 0.5) * cell);
      for (const a of j >= 0 ? this.vae.joins[sheet.part][0].outOf[j] : []) {
        this.#mark(context, x + (j + 0.5) * cell, y + (a + 0.5) * cell);
      }
    }
  }

  #mark(context, x, y) {
    const side = Math.max(this.cell, 2.5);
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
}
