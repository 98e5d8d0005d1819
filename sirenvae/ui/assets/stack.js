// A stack of blocks: what it may reach, on the graph and as a matrix, and beside it what a real flow's Jacobian shows.

const views = new WeakMap();

class StackView {
  constructor(parent) {
    this.root = html("div", { class: "graph masks stacked" });
    parent.append(this.root);
  }

  update(model) {
    if (model.id === this.id) return;
    const same = model.subject === this.subject;
    [this.id, this.subject, this.model] = [model.id, model.subject, model];
    this.hovered = null;
    if (same) {
      this.legend.remove();
    } else {
      this.pinned = this.#first();
      this.#build();
    }
    legend(this.root, this.#legend());
    this.legend = this.root.lastChild;
    this.#edges();
    this.#draw();
  }

  // Something is lit from the start: a pair that takes two blocks, if there is one.
  #first() {
    const { needed } = this.model;
    for (const blocks of [2, 1]) {
      for (let i = needed.length - 1; i >= 0; i--) {
        const j = needed[i].findIndex((value, input) => value === blocks && input !== i);
        if (j >= 0) return { j, i };
      }
    }
    return { j: 0, i: 0 };
  }

  #build() {
    const { model, root } = this;
    root.replaceChildren();
    root.style.setProperty("--kept", model.flow === "posterior" ? "var(--green)" : "var(--quiet)");
    const line = html("div", { class: "said", "aria-live": "polite" });
    this.picker = new PairPicker(line, model.names, model.outputs, (j, i) => this.point({ kind: "pair", j, i }, true));
    [this.claim, this.reason] = [html("b", { class: "claim" }), html("span", { class: "reason" })];
    line.append(html("p", {}, this.claim, " ", this.reason));
    const duo = html("div", { class: "duo" });
    const left = html("div", { class: "side" });
    this.stage = html("div", { class: "stage", tabindex: "0", role: "group" });
    this.stage.setAttribute("aria-label", "What the stack reaches: arrow keys move the pair");
    duo.append(left, this.stage);
    root.append(line, duo);
    this.graph = new FlowGraph(left, model, new Routes(model.graph), (chosen, pin) => this.point(chosen, pin));
    this.reached = new Map();
    this.#listen();
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.stage.clientWidth !== this.width && this.#draw());
    this.resize.observe(this.stage);
  }

  #legend() {
    const now = this.model.blocks > 1 ? [["cell now", `first reached by block ${this.model.blocks}`]] : [];
    return [["own", "its own input"], ["cell", "a parent: one block"], ["cell far1", "an ancestor: more blocks"], ...now,
      ["cell none", "never, or not yet: exactly zero"], ["ramp", "mean |∂y/∂x|, log scale"]];
  }

  // Add the pairs that the stack reaches now and take away those that it no longer does.
  #edges() {
    const { needed, blocks, flow } = this.model;
    const direct = flow === "posterior" ? "inverse" : "directed";
    needed.forEach((row, i) => row.forEach((value, j) => {
      if (i === j || value === 0) return;
      const kind = value > blocks ? null : value === 1 ? direct : value === blocks ? "far new" : "far-edge";
      const key = `${j}-${i}`;
      if (this.reached.get(key) === kind) return;
      this.graph.removeEdge(j, i);
      if (kind) this.graph.edge(j, i, kind === "far new" ? "far-edge new" : kind);
      this.reached.set(key, kind);
    }));
  }

  #draw() {
    const width = Math.floor(this.stage.clientWidth);
    if (!width) return;
    this.width = width;
    this.stage.replaceChildren();
    this.board = new ReachBoard(this.stage, this.model, width);
    this.graph.picture.fitDetail();
    this.show();
  }

  #listen() {
    const { stage } = this;
    stage.addEventListener("pointermove", (event) => this.point(this.board.at(event), false));
    stage.addEventListener("pointerleave", () => this.point(null, false));
    stage.addEventListener("click", (event) => this.point(this.board.at(event), true));
    stage.addEventListener("keydown", (event) => {
      const pair = moveCell(event, this.pinned, this.model.outputs, this.model.names.length);
      if (pair) this.point(pair, true);
    });
  }

  point(chosen, pin) {
    const pair = chosen && this.#pair(chosen);
    if (pin && pair) [this.pinned, this.hovered] = [pair, null];
    else if (!pin) {
      if (JSON.stringify(this.hovered) === JSON.stringify(pair)) return;
      this.hovered = pair;
    }
    this.show();
  }

  // A variable of the graph stands for one end of the pair, the other end stays.
  #pair({ kind, i, j, u }) {
    if (kind === "pair") return { j, i };
    return kind === "output" ? { j: this.pinned.j, i } : { j: u, i: this.pinned.i };
  }

  // A shortest chain of edges from input j to output i: one hop for each block.
  #chain({ j, i }) {
    const { needed, outputs } = this.model;
    const chain = [i];
    while (chain[0] !== j) {
      const at = chain[0];
      const left = needed[at][j];
      const before = (v) => v !== at && needed[at][v] === 1 && needed[v][j] === left - 1;
      chain.unshift(left === 1 ? j : [...Array(outputs).keys()].find(before));
    }
    return chain;
  }

  show() {
    const { model, root } = this;
    const pair = this.hovered ?? this.pinned;
    const blocks = model.needed[pair.i][pair.j];
    const chain = blocks ? this.#chain(pair) : [pair.j, pair.i];
    const edges = chain.slice(1).map((v, n) => [chain[n], v]);
    this.graph.light(blocks ? edges : [[pair.j, pair.i]], chain);
    this.board.light(pair);
    this.picker.show(pair.j, pair.i);
    [this.claim.textContent, this.reason.textContent] = this.#describe(pair, blocks, chain);
    root.classList.toggle("refused", !blocks || blocks > model.blocks);
    root.dataset.pair = `${model.names[pair.j]}-${model.names[pair.i]}`;
    root.dataset.blocks = model.blocks;
  }

  #describe({ i, j }, blocks, chain) {
    const { names, measured } = this.model;
    const [from, to] = [names[j], names[i]];
    const value = measured[i][j];
    const number = value === 0 ? "exactly 0" : value < 0.001 ? value.toExponential(1) : value.toPrecision(2);
    const said = `Measured mean |∂${to}/∂${from}|: ${number}.`;
    if (i === j) return [`${to} always sees itself`, said];
    if (!blocks) return [`no path: ${from} is not an ancestor of ${to}`, said];
    const way = chain.map((v) => names[v]).join(" → ");
    if (blocks > this.model.blocks) return [`no path yet: ${way} takes ${blocks} blocks`, said];
    return [blocks === 1 ? `${from} is a parent of ${to}: one block` : `${way}: ${blocks} blocks, one edge each`, said];
  }
}

export default function ({ parentElement, data }) {
  const mount = parentElement.querySelector(".mount");
  if (!views.has(mount)) views.set(mount, new StackView(mount));
  views.get(mount).update(data);
}
