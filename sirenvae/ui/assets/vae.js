// The whole VAE in one picture. What is pointed at lights up from what it reads to what it reaches.

const views = new WeakMap();
const SOURCES = [["observed", "x, as the encoder reads it"], ["noise", "noise of the posterior"], ["z", "latents z"], ["innovation", "noise of the prior"], ["decoded", "x, as the decoder makes it"]];

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
    for (const [kind, words] of SOURCES) this.choice.append(this.#group(kind, words));
    this.choice.append(html("option", { value: "", hidden: "" }, "a unit in between"));
    this.choice.addEventListener("change", () => this.point(this.#place(this.choice.value), true));
    line.append(html("span", { class: "picker" }, "Paths of ", this.choice));
    [this.claim, this.reason] = [html("b", { class: "claim" }), html("span", { class: "reason" })];
    line.append(html("p", {}, this.claim, " ", this.reason));
    this.stage = html("div", { class: "stage", tabindex: "0", role: "group" });
    this.stage.setAttribute("aria-label", "The whole model: arrow keys move from unit to unit");
    root.append(line, this.stage);
    legend(root, this.model.units
      ? [["disc-sign", "latent, or noise"], ["disc-sign seen", "observed"], ["square-sign", "hidden unit"], ["stroke", "kept weight, edges of the inverse"], ["stroke quiet-sign", "kept weight, edges of the network"], ["stroke carry-sign", "the same x, read again"], ["stroke now", "on a path of what is chosen"]]
      : [["cell", "edge of the inverse, or the variable itself"], ["quiet-sign", "edge of the network, or the variable itself"], ["now", "row and column of what is chosen"]]);
    this.#listen();
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.stage.clientWidth !== this.width && this.#draw());
    this.resize.observe(this.stage);
  }

  // The variables of one kind as a group of options; a value is "column-unit", with the kind instead of the column.
  #group(kind, words) {
    const { vae } = this;
    const group = html("optgroup", { label: words });
    const column = vae.columns[this.#column(kind)];
    for (let u = 0; u < column.size; u++) {
      if (vae.kind(this.#column(kind), u) === kind) group.append(new Option(`${vae.name(this.#column(kind), u)} (${kind === "observed" || kind === "decoded" ? "x" : kind === "z" ? "z" : "noise"})`, `${kind}-${u}`));
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
      const [along, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [0, 0];
      if (!along && !down) return;
      event.preventDefault();
      this.point(this.#step(along, down), true);
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
    const names = (sets) => JSON.stringify(Object.fromEntries(Object.entries(vae.groups(sets)).map(([k, list]) => [k, list.map((v) => vae.names[v])])));
    [root.dataset.reads, root.dataset.reaches] = [names(lit.behind), names(lit.ahead)];
    root.dataset.ms = Math.round(performance.now() - started);
  }
}

export default function ({ parentElement, data }) {
  const mount = parentElement.querySelector(".mount");
  if (!views.has(mount)) views.set(mount, new VaeView(mount));
  views.get(mount).update(data);
}
