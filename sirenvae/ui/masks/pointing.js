// What the pictures of masks have in common: something is lit from the start, pointing lights while it lasts, and a click,
// a key or a list keeps it. A view builds itself for a model (`change`), draws its board (`draw`), lights what is chosen
// (`show`), and says where a key leads (`move`).

import { html } from "../shared/dom.js";
import { Routes } from "../shared/routes.js";
import { FlowGraph, moveCell, PairPicker } from "./graph.js";

export class PointingView {
  constructor(parent, look) {
    this.root = html("div", { class: look });
    parent.append(this.root);
  }

  // Only another model changes anything; of the same subject a view may keep what was chosen.
  update(model) {
    if (model.id === this.id) return;
    const isSame = model.subject === this.subject;
    [this.id, this.subject, this.model] = [model.id, model.subject, model];
    this.hovered = null;
    this.change(isSame);
  }

  get chosen() {
    return this.hovered ?? this.pinned;
  }

  // The line above the picture: a list to choose from, then what is said of the choice.
  words(...choosers) {
    [this.claim, this.reason] = [html("b", { class: "claim" }), html("span", { class: "reason" })];
    const said = html("p", {}, this.claim, " ", this.reason);
    return html("div", { class: "said", "aria-live": "polite" }, ...choosers, said);
  }

  say([claim, reason]) {
    [this.claim.textContent, this.reason.textContent] = [claim, reason];
  }

  // An empty stage for the board; it is drawn anew when its width changes.
  newStage(label) {
    this.stage = html("div", { class: "stage", tabindex: "0", role: "group", "aria-label": label });
    this.stage.addEventListener("pointermove", (event) => this.point(this.board.at(event), false));
    this.stage.addEventListener("pointerleave", () => this.point(null, false));
    this.stage.addEventListener("click", (event) => this.point(this.board.at(event), true));
    this.stage.addEventListener("keydown", (event) => {
      const moved = this.move(event);
      if (moved) this.point(moved, true);
    });
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.stage.clientWidth !== this.width && this.redraw());
    this.resize.observe(this.stage);
    return this.stage;
  }

  redraw() {
    this.width = this.stage.clientWidth;
    if (!this.width) return;
    this.stage.replaceChildren();
    this.draw(this.width);
    this.show();
  }

  point(pointed, pin) {
    const chosen = pointed && this.resolve(pointed);
    if (pin && chosen) [this.pinned, this.hovered] = [chosen, null];
    else if (!pin) {
      if (JSON.stringify(this.hovered) === JSON.stringify(chosen)) return;
      this.hovered = chosen;
    }
    this.refresh();
  }

  resolve(pointed) {
    return pointed;
  }

  refresh() {
    this.show();
  }
}

// A flow's graph on the left and a board of its pairs on the right; a pair is chosen on either or from two lists.
export class PairView extends PointingView {
  layOut(label) {
    const { model, root } = this;
    root.style.setProperty("--kept", model.flow === "posterior" ? "var(--green)" : "var(--quiet)");
    this.picker = new PairPicker(model.names, model.outputs, (j, i) => this.point({ kind: "pair", j, i }, true));
    const left = html("div", { class: "side" });
    const duo = html("div", { class: "duo" }, left, this.newStage(label));
    root.replaceChildren(this.words(this.picker.element), duo);
    this.graph = new FlowGraph(left, model, new Routes(model.graph), (chosen, pin) => this.point(chosen, pin));
  }

  // The look of a direct edge of this flow.
  get direct() {
    return this.model.flow === "posterior" ? "inverse" : "directed";
  }

  // The pair that an arrow key leads to.
  moveFrom(at, event) {
    return moveCell(event, at, this.model.outputs, this.model.names.length);
  }
}
