// The whole VAE in one picture. What is pointed at lights up from what it reads to what it reaches.

import { ARROWS, html } from "../shared/dom.js";
import { legend } from "./graph.js";
import { Vae } from "./model.js";
import { PointingView } from "./pointing.js";
import { SheetBoard } from "./sheets.js";
import { UnitBoard } from "./units.js";

const SOURCES = [ // kind, name of the group, sign behind a variable
  ["observed", "x, as the encoder reads it", "x"],
  ["noise", "noise of the posterior", "noise"],
  ["z", "latents z", "z"],
  ["innovation", "noise of the prior", "noise"],
  ["decoded", "x, as the decoder makes it", "x"],
];
const SIGNS = {
  units: [
    ["disc-sign", "latent, or noise"], ["disc-sign seen", "observed"], ["square-sign", "hidden unit"],
    ["stroke", "kept weight, edges of the inverse"], ["stroke quiet-sign", "kept weight, edges of the network"],
    ["stroke carry-sign", "the same x, read again"], ["stroke now", "on a path of what is chosen"],
  ],
  sheets: [
    ["cell", "edge of the inverse, or the variable itself"],
    ["quiet-sign", "edge of the network, or the variable itself"], ["now", "row and column of what is chosen"],
  ],
};

export class VaeView extends PointingView {
  constructor(place) {
    super(place, "graph masks whole");
  }

  change(isSame) {
    const kept = isSame && this.choice.value;
    this.vae = new Vae(this.model);
    this.#build();
    this.pinned = [this.vae.z, Math.floor((this.vae.latents - 1) / 2)];
    if (kept) {
      this.choice.value = kept;
      this.pinned = this.#place(kept);
    }
    this.redraw();
  }

  #build() {
    this.choice = html("select", { "aria-label": "Light up the paths of" });
    for (const source of SOURCES) this.choice.append(this.#group(...source));
    this.choice.append(html("option", { value: "", hidden: "" }, "a unit in between"));
    this.choice.addEventListener("change", () => this.point(this.#place(this.choice.value), true));
    const picker = html("span", { class: "picker" }, "Paths of ", this.choice);
    const stage = this.newStage("The whole model: arrow keys move from unit to unit");
    this.root.replaceChildren(this.words(picker), stage);
    legend(this.root, this.model.units ? SIGNS.units : SIGNS.sheets);
  }

  // The variables of one kind as a group of options; a value is "kind-unit".
  #group(kind, words, sign) {
    const { vae } = this;
    const group = html("optgroup", { label: words });
    const c = this.#column(kind);
    for (let u = 0; u < vae.columns[c].size; u++) {
      if (vae.kind(c, u) === kind) group.append(new Option(`${vae.name(c, u)} (${sign})`, `${kind}-${u}`));
    }
    return group;
  }

  #column(kind) {
    return { z: this.vae.z, innovation: this.vae.innovation, decoded: this.vae.decoded }[kind] ?? 0;
  }

  #place(value) {
    const [kind, u] = value.split("-");
    return [this.#column(kind), Number(u)];
  }

  draw(width) {
    const Board = this.model.units ? UnitBoard : SheetBoard;
    this.board = new Board(this.stage, this.vae, width);
  }

  move(event) {
    const turn = ARROWS[event.key];
    if (!turn) return null;
    event.preventDefault();
    return this.#step(...turn);
  }

  // The next unit in the column, or the one at the same height in the next column.
  #step(along, down) {
    const { columns } = this.vae;
    const [c, u] = this.pinned;
    if (down) return [c, (u + down + columns[c].size) % columns[c].size];
    const next = Math.max(0, Math.min(columns.length - 1, c + along));
    return [next, Math.round((u / Math.max(1, columns[c].size - 1)) * (columns[next].size - 1))];
  }

  // A whole model takes longer to light than a pointer to move on.
  refresh() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.show();
    });
  }

  // Which variables are lit, as text beside the picture.
  #named(sets) {
    const groups = Object.entries(this.vae.groups(sets));
    return JSON.stringify(Object.fromEntries(groups.map(([kind, list]) => [kind, list.map((v) => this.vae.names[v])])));
  }

  show() {
    const started = performance.now();
    const { vae, root } = this;
    const [c, u] = this.chosen;
    const lit = vae.lit(c, u);
    this.board.light([c, u], lit);
    this.say(vae.describe(c, u, lit));
    const kind = vae.kind(c, u);
    this.choice.value = kind === "hidden" || kind === "state" ? "" : `${kind}-${u}`;
    root.dataset.chosen = kind === "hidden" ? `hidden ${c}-${u}` : `${kind} ${vae.name(c, u)}`;
    [root.dataset.reads, root.dataset.reaches] = [lit.behind, lit.ahead].map((sets) => this.#named(sets));
    root.dataset.ms = Math.round(performance.now() - started);
  }
}
