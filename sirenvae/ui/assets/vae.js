// The whole VAE in one picture. What is pointed at lights up from what it reads to what it reaches.

const views = new WeakMap();
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
const TURNS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

class VaeView {
  constructor(parent) {
    this.root = html("div", { class: "graph masks whole" });
    parent.append(this.root);
  }

  update(model) {
    if (model.id === this.id) return;
    const kept = this.subject === model.subject && this.choice.value;
    [this.id, this.subject, this.model] = [model.id, model.subject, model];
    this.vae = new Vae(model);
    this.#build();
    this.hovered = null;
    this.pinned = [this.vae.z, Math.floor((this.vae.latents - 1) / 2)];
    if (kept) {
      this.choice.value = kept;
      this.pinned = this.#place(kept);
    }
    this.#draw();
  }

  #build() {
    const { root } = this;
    root.replaceChildren();
    const line = html("div", { class: "said", "aria-live": "polite" });
    this.choice = html("select", { "aria-label": "Light up the paths of" });
    for (const source of SOURCES) this.choice.append(this.#group(...source));
    this.choice.append(html("option", { value: "", hidden: "" }, "a unit in between"));
    this.choice.addEventListener("change", () => this.point(this.#place(this.choice.value), true));
    line.append(html("span", { class: "picker" }, "Paths of ", this.choice));
    [this.claim, this.reason] = [html("b", { class: "claim" }), html("span", { class: "reason" })];
    line.append(html("p", {}, this.claim, " ", this.reason));
    this.stage = html("div", { class: "stage", tabindex: "0", role: "group" });
    this.stage.setAttribute("aria-label", "The whole model: arrow keys move from unit to unit");
    root.append(line, this.stage);
    legend(root, this.model.units ? SIGNS.units : SIGNS.sheets);
    this.#listen();
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.stage.clientWidth !== this.width && this.#draw());
    this.resize.observe(this.stage);
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

  #draw() {
    const width = Math.floor(this.stage.clientWidth);
    if (!width) return;
    this.width = width;
    this.stage.replaceChildren();
    const Board = this.model.units ? UnitBoard : SheetBoard;
    this.board = new Board(this.stage, this.vae, width);
    this.show();
  }

  #listen() {
    const { stage } = this;
    stage.addEventListener("pointermove", (event) => this.point(this.board.at(event), false));
    stage.addEventListener("pointerleave", () => this.point(null, false));
    stage.addEventListener("click", (event) => this.point(this.board.at(event), true));
    stage.addEventListener("keydown", (event) => {
      const turn = TURNS[event.key];
      if (!turn) return;
      event.preventDefault();
      this.point(this.#step(...turn), true);
    });
  }

  // The next unit in the column, or the one at the same height in the next column.
  #step(along, down) {
    const { columns } = this.vae;
    const [c, u] = this.pinned;
    if (down) return [c, (u + down + columns[c].size) % columns[c].size];
    const next = Math.max(0, Math.min(columns.length - 1, c + along));
    return [next, Math.round((u / Math.max(1, columns[c].size - 1)) * (columns[next].size - 1))];
  }

  // Pointing lights while it lasts; a click, a key or the list keeps it.
  point(chosen, pin) {
    if (pin && chosen) [this.pinned, this.hovered] = [chosen, null];
    else if (!pin) {
      if (String(this.hovered) === String(chosen)) return;
      this.hovered = chosen;
    }
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
    const [c, u] = this.hovered ?? this.pinned;
    const lit = vae.lit(c, u);
    this.board.light([c, u], lit);
    [this.claim.textContent, this.reason.textContent] = vae.describe(c, u, lit);
    const kind = vae.kind(c, u);
    this.choice.value = kind === "hidden" || kind === "state" ? "" : `${kind}-${u}`;
    root.dataset.chosen = kind === "hidden" ? `hidden ${c}-${u}` : `${kind} ${vae.name(c, u)}`;
    [root.dataset.reads, root.dataset.reaches] = [lit.behind, lit.ahead].map((sets) => this.#named(sets));
    root.dataset.ms = Math.round(performance.now() - started);
  }
}

export default function ({ parentElement, data }) {
  const mount = parentElement.querySelector(".mount");
  if (!views.has(mount)) views.set(mount, new VaeView(mount));
  views.get(mount).update(data);
}
