// A stack of blocks: what it may reach, on the graph and as a matrix, and beside it what a real flow's Jacobian shows.

import { legend } from "./graph.js";
import { PairView } from "./pointing.js";
import { ReachBoard } from "./reach.js";

export class StackView extends PairView {
  constructor(place) {
    super(place, "graph masks stacked");
  }

  change(isSame) {
    if (isSame) {
      this.legend.remove();
    } else {
      this.pinned = this.#first();
      this.layOut("What the stack reaches: arrow keys move the pair");
      this.reached = new Map();
    }
    this.legend = legend(this.root, this.#legend());
    this.#edges();
    this.redraw();
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

  #legend() {
    const now = this.model.blocks > 1 ? [["cell now", `first reached by block ${this.model.blocks}`]] : [];
    return [["own", "its own input"], ["cell", "a parent: one block"], ["cell far1", "an ancestor: more blocks"], ...now,
      ["cell none", "never, or not yet: exactly zero"], ["ramp", "mean |∂y/∂x|, log scale"]];
  }

  // Add the pairs that the stack reaches now and take away those that it no longer does.
  #edges() {
    const { needed, blocks } = this.model;
    needed.forEach((row, i) => row.forEach((value, j) => {
      if (i === j || value === 0) return;
      const kind = value > blocks ? null : value === 1 ? this.direct : value === blocks ? "far new" : "far-edge";
      const key = `${j}-${i}`;
      if (this.reached.get(key) === kind) return;
      this.graph.removeEdge(j, i);
      if (kind) this.graph.edge(j, i, kind === "far new" ? "far-edge new" : kind);
      this.reached.set(key, kind);
    }));
  }

  draw(width) {
    this.board = new ReachBoard(this.stage, this.model, width);
    this.graph.picture.fitDetail();
  }

  move(event) {
    return this.moveFrom(this.pinned, event);
  }

  // A variable of the graph stands for one end of the pair, the other end stays.
  resolve({ kind, i, j, u }) {
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
    const { model, root, chosen: pair } = this;
    const blocks = model.needed[pair.i][pair.j];
    const chain = blocks ? this.#chain(pair) : [pair.j, pair.i];
    const edges = chain.slice(1).map((v, n) => [chain[n], v]);
    this.graph.light(blocks ? edges : [[pair.j, pair.i]], chain);
    this.board.light(pair);
    this.picker.show(pair.j, pair.i);
    this.say(this.#describe(pair, blocks, chain));
    root.classList.toggle("refused", !blocks || blocks > model.blocks);
    root.dataset.pair = `${model.names[pair.j]}-${model.names[pair.i]}`;
    root.dataset.blocks = model.blocks;
  }

  #describe({ i, j }, blocks, chain) {
    const { names, measured } = this.model;
    const [from, to] = [names[j], names[i]];
    const value = measured[i][j];
    const said = `Measured mean |\u2060∂${to}/∂${from}\u2060|: ${written(value)}.`; // no line ends within the bars
    if (i === j) return [`${to} always sees itself`, said];
    if (!blocks) return [`no path: ${from} is not an ancestor of ${to}`, said];
    const way = chain.map((v) => names[v]).join(" → ");
    if (blocks > this.model.blocks) return [`no path yet: ${way} takes ${blocks} blocks`, said];
    return [blocks === 1 ? `${from} is a parent of ${to}: one block` : `${way}: ${blocks} blocks, one edge each`, said];
  }
}

// A mean of a derivative: small ones as the rest of the page writes them.
function written(value) {
  if (value === 0) return "exactly 0";
  if (value >= 0.001) return value.toPrecision(2);
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits}\u00a0·\u00a010${[...power].map((sign) => ({ "-": "⁻", "+": "" })[sign] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]).join("")}`;
}
