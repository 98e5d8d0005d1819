// One block: the graph on the left, its masks on the right. Whatever is pointed at lights up in both.

const views = new WeakMap();

class BlockView {
  constructor(parent) {
    this.root = html("div", { class: "graph masks" });
    parent.append(this.root);
  }

  update(model) {
    if (model.id === this.id) return;
    const kept = this.pinned?.kind === "pair" && this.subject === model.subject ? this.pinned : null;
    [this.id, this.subject, this.model] = [model.id, model.subject, model];
    this.block = new Block(model);
    this.hovered = null;
    this.pinned = kept ?? this.#first();
    this.#build();
  }

  // Something is lit from the start: the first edge of the graph.
  #first() {
    const [j, i] = this.model.edges[0] ?? [0, 0];
    return { kind: "pair", j, i };
  }

  #build() {
    const { model, root } = this;
    root.replaceChildren();
    root.style.setProperty("--kept", model.flow === "posterior" ? "var(--green)" : "var(--quiet)");
    root.dataset.view = model.draw;
    const line = html("div", { class: "said", "aria-live": "polite" });
    root.append(line);
    this.picker = new PairPicker(line, model.names, model.outputs, (j, i) => this.point({ kind: "pair", j, i }, true));
    [this.claim, this.reason] = [html("b", { class: "claim" }), html("span", { class: "reason" })];
    line.append(html("p", {}, this.claim, " ", this.reason));
    const duo = html("div", { class: "duo" });
    const left = html("div", { class: "side" });
    this.stage = html("div", { class: "stage", tabindex: "0", role: "group" });
    this.stage.setAttribute("aria-label", "The masks: arrow keys move the pair");
    duo.append(left, this.stage);
    root.append(duo);
    this.graph = new FlowGraph(left, model, new Routes(model.graph), (chosen, pin) => this.point(chosen, pin));
    for (const [j, i] of model.edges) this.graph.edge(j, i, model.flow === "posterior" ? "inverse" : "directed");
    legend(root, this.#legend());
    this.#listen();
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.#draw());
    this.resize.observe(this.stage);
    this.#draw();
  }

  #legend() {
    const names = this.model.draw === "network"
      ? [["dot", "unit owns {v}"], ["dot full", "unit owns {v} and its parents"], ["stroke", "kept weight"], ["stroke own", "kept, within one owner"]]
      : [["cell", "kept weight"], ["cell own", "kept, within one owner: the diagonal"], ["cell none", "removed weight"]];
    return [...names, ["cell now", "on a path of the chosen pair"], ["disc-sign", "latent"], ["disc-sign seen", "observed"]];
  }

  #draw() {
    const width = Math.floor(this.stage.clientWidth);
    if (!width || width === this.width && this.drawn === this.id) return;
    [this.width, this.drawn] = [width, this.id];
    this.stage.replaceChildren();
    const Drawing = this.model.draw === "network" ? MaskWires : MaskBoard;
    this.board = new Drawing(this.stage, this.block, width);
    const [room, height] = this.board.corner();
    this.routes = room >= 180 && height >= 120 ? html("div", { class: "routes" }) : null;
    if (this.routes) {
      this.routes.style.width = `${room}px`;
      this.lines = Math.min(8, Math.floor((height - 80) / 22));
      this.stage.append(this.routes);
    }
    this.graph.picture.fitDetail();
    this.show();
  }

  #listen() {
    const { stage } = this;
    stage.addEventListener("pointermove", (event) => this.point(this.board.at(event), false));
    stage.addEventListener("pointerleave", () => this.point(null, false));
    stage.addEventListener("click", (event) => this.point(this.board.at(event), true));
    stage.addEventListener("keydown", (event) => {
      const at = this.pinned.kind === "pair" ? this.pinned : this.#first();
      const pair = moveCell(event, at, this.model.outputs, this.model.names.length);
      if (pair) this.point(pair, true);
    });
  }

  // Pointing lights while it lasts; a click or a key keeps it.
  point(chosen, pin) {
    const unit = chosen?.kind === "output" ? { kind: "unit", k: this.block.last, u: chosen.i } : chosen;
    if (pin && unit) [this.pinned, this.hovered] = [unit, null];
    else if (!pin) {
      if (JSON.stringify(this.hovered) === JSON.stringify(unit)) return;
      this.hovered = unit;
    }
    this.show();
  }

  show() {
    const { block, root } = this;
    const chosen = this.hovered ?? this.pinned;
    const lit = block.lit(chosen);
    this.board.light(chosen, lit);
    this.graph.light(...this.#inGraph(chosen, lit));
    if (chosen.kind === "pair") this.picker.show(chosen.j, chosen.i);
    [this.claim.textContent, this.reason.textContent] = describe(block, chosen);
    this.#listPaths(chosen);
    root.classList.toggle("refused", !lit.some((units) => units.size));
    root.dataset.lit = block.weights(lit).length;
    root.dataset.paths = chosen.kind === "pair" ? block.count(chosen.j, chosen.i) : "";
    root.dataset.pair = chosen.kind === "pair" ? `${block.names[chosen.j]}-${block.names[chosen.i]}` : "";
  }

  // In the board's empty corner: how to read it, and the paths of a pair one by one.
  #listPaths(chosen) {
    if (!this.routes) return;
    const { block } = this;
    this.routes.replaceChildren(html("p", {}, "A row is a unit with the set it owns, a column a unit of the layer before."));
    if (chosen.kind !== "pair") return;
    const total = block.count(chosen.j, chosen.i);
    const list = html("ol", {});
    for (const path of block.paths(chosen.j, chosen.i, this.lines)) {
      const units = path.map((u, k) => (k === 0 || k === block.last ? block.names[u] : block.set(k, u, 3)));
      list.append(html("li", {}, units.join(" → ")));
    }
    const more = total - list.children.length;
    const [input, output] = [block.names[chosen.j], block.names[chosen.i]];
    const heading = total ? `The ${several(total, "path")} from ${input} to ${output}` : `No path from ${input} to ${output}`;
    this.routes.append(html("b", {}, heading), list);
    if (more > 0) this.routes.append(html("p", {}, `and ${more} more`));
  }

  // The edges and variables of the graph that belong to what is chosen.
  #inGraph(chosen, lit) {
    const { block } = this;
    if (chosen.kind === "pair") return [[[chosen.j, chosen.i]], [chosen.j, chosen.i]];
    if (chosen.kind === "weight") {
      const [to, from] = [block.layers[chosen.k].sets[chosen.u], block.layers[chosen.k - 1].sets[chosen.w]];
      return [[], [...new Set([...to, ...from])]];
    }
    const owner = block.owner(chosen.k, chosen.u);
    if (chosen.k === 0) return [[...lit[block.last]].map((i) => [owner, i]), [owner]];
    const set = block.layers[chosen.k].sets[chosen.u];
    return [set.filter((j) => j !== owner).map((j) => [j, owner]), set];
  }
}

export default function ({ parentElement, data }) {
  const mount = parentElement.querySelector(".mount");
  if (!views.has(mount)) views.set(mount, new BlockView(mount));
  views.get(mount).update(data);
}
