// One block: the graph on the left, its masks on the right. Whatever is pointed at lights up in both.

import { html } from "../shared/dom.js";
import { MaskBoard } from "./board.js";
import { several } from "../shared/words.js";
import { legend } from "./graph.js";
import { Block, describe } from "./paths.js";
import { PairView } from "./pointing.js";
import { MaskWires } from "./wires.js";

export class BlockView extends PairView {
  constructor(place) {
    super(place, "graph masks");
  }

  change(isSame) {
    this.block = new Block(this.model);
    this.pinned = isSame && this.pinned.kind === "pair" ? this.pinned : this.#first();
    this.root.dataset.view = this.model.draw;
    this.layOut("The masks: arrow keys move the pair");
    for (const [j, i] of this.model.edges) this.graph.edge(j, i, this.direct);
    legend(this.root, this.#legend());
    this.redraw();
  }

  // Something is lit from the start: the first edge of the graph.
  #first() {
    const [j, i] = this.model.edges[0] ?? [0, 0];
    return { kind: "pair", j, i };
  }

  #legend() {
    const names = this.model.draw === "network"
      ? [["dot", "unit owns {v}"], ["dot full", "unit owns {v} and its parents"], ["stroke", "kept weight"], ["stroke own", "kept, within one owner"]]
      : [["cell", "kept weight"], ["cell own", "kept, within one owner: the diagonal"], ["cell none", "removed weight"]];
    return [...names, ["cell now", "on a path of the chosen pair"], ["disc-sign", "latent"], ["disc-sign seen", "observed"]];
  }

  draw(width) {
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
  }

  move(event) {
    return this.moveFrom(this.pinned.kind === "pair" ? this.pinned : this.#first(), event);
  }

  resolve(pointed) {
    return pointed.kind === "output" ? { kind: "unit", k: this.block.last, u: pointed.i } : pointed;
  }

  show() {
    const { block, root, chosen } = this;
    const lit = block.lit(chosen);
    this.board.light(chosen, lit);
    this.graph.light(...this.#inGraph(chosen, lit));
    if (chosen.kind === "pair") this.picker.show(chosen.j, chosen.i);
    this.say(describe(block, chosen));
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
