// A network with states: its picture and a card for each variable, with a bar for each state, exact and learnt. A click
// on a state, or on a disc for one state after the other, observes it; Python hears of it and sends what follows.

import { MANY_LINES } from "../shared/canvas.js";
import { html } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { Routes } from "../shared/routes.js";
import { onVariable, Tip, variableAt, Zoom } from "../shared/zoom.js";
import { moveStop, pressed } from "../network/discs.js";

const HINT = "Click a state, or a disc for one state after the other. Orange: moved by the last click.";

export class MarginalsView {
  constructor(parent) {
    this.words = html("p", { class: "about" }, HINT);
    this.frame = html("div", { class: "frame large" });
    this.list = html("div", { class: "cards", role: "group", "aria-label": "Marginals" });
    const legend = html("ul", { class: "voices" }, ...["exact", "learnt", "before"].map(legendOf));
    const left = html("div", { class: "left" }, this.frame, legend, this.words);
    this.root = html("div", { class: "graph marginals" }, left, this.list);
    parent.append(this.root);
    this.tip = new Tip(this.root);
    this.resize = new ResizeObserver(() => this.picture.fitDetail());
    this.resize.observe(this.frame);
    this.stop = 0; // the variable that the tab key comes to
  }

  destroy() {
    this.resize.disconnect();
  }

  update(model, { setTriggerValue }) {
    this.observe = (v, state) => setTriggerValue("observe", [v, state]);
    const id = JSON.stringify([model.id, model.cards.map(({ states }) => states)]);
    const isNew = id !== this.id;
    [this.id, this.model] = [id, model];
    if (isNew) this.build();
    this.show();
  }

  build() {
    const { model } = this;
    this.stop = 0;
    this.tip.hide();
    this.frame.replaceChildren();
    this.picture = new Picture(this.frame, model, new Routes(model), "The network", model.edges.length > MANY_LINES);
    for (const [parent, child] of model.edges) this.picture.addEdge(parent, child, "directed", true);
    this.zoom = new Zoom(this.frame, this.picture);
    this.picture.nodes.forEach((node, v) => {
      node.setAttribute("tabindex", v === this.stop ? "0" : "-1");
      node.setAttribute("role", "button");
    });
    this.cards = model.cards.map(({ states }, v) => new Card(model.names[v], states, (state) => this.observe(v, state)));
    this.list.replaceChildren(...this.cards.map(({ root }) => root));
    this.listen();
    this.picture.fitDetail();
  }

  listen() {
    const { plot, svg } = this.picture;
    onVariable(
      this.picture,
      (v) => this.light(v, true),
      (v) => this.light(v, false),
    );
    svg.addEventListener("click", (event) => {
      const v = this.zoom.dragged ? null : variableAt(this.picture, event);
      if (v !== null) this.next(v);
    });
    plot.addEventListener("keydown", (event) => pressed(this, event, { take: (v) => this.next(v), drop: () => {} }));
    plot.addEventListener("focusin", (event) => moveStop(this, variableAt(this.picture, event)));
    this.cards.forEach(({ root }, v) => {
      root.addEventListener("pointerenter", () => this.picture.highlight(v, true));
      root.addEventListener("pointerleave", () => this.picture.highlight(v, false));
    });
  }

  // One state after the other, and in the end none.
  next(v) {
    const { seen, states } = this.model.cards[v];
    this.observe(v, seen + 1 < states.length ? seen + 1 : seen);
  }

  light(v, on) {
    this.picture.highlight(v, on);
    this.cards[v].root.classList.toggle("lit", on);
    if (on) this.tip.show(this.picture.nodes[v], [this.model.names[v], this.told(v)]);
    else this.tip.hide();
  }

  told(v) {
    const { seen, states, exact } = this.model.cards[v];
    if (seen >= 0) return `observed: ${states[seen]}`;
    return exact ? states.map((state, s) => `${state} ${percent(exact[s])}`).slice(0, 4).join(" · ") : "";
  }

  show() {
    const { names, cards } = this.model;
    cards.forEach((card, v) => {
      const isSeen = card.seen >= 0;
      this.picture.setRole(v, `node ${isSeen ? "observed" : "latent"} live${card.moved ? " moved" : ""}`);
      this.picture.nodes[v].setAttribute("aria-label", `${names[v]}: ${this.told(v)}`);
      this.cards[v].show(card);
    });
    this.root.dataset.observed = names.filter((_, v) => cards[v].seen >= 0).join(" ");
    this.root.dataset.learnt = cards.some(({ learnt }) => learnt);
    this.picture.canvas?.redraw(); // the theme may have changed
  }
}

// A variable: what is said of each of its states.
class Card {
  constructor(name, states, observe) {
    this.name = name;
    this.apart = html("span", { class: "apart" });
    this.rows = states.map((state, s) => {
      const [exact, learnt, before] = ["exact", "learnt", "before"].map((kind) => html("i", { class: kind }));
      const bars = html("span", { class: "bars" }, exact, learnt, before);
      const number = html("output", {});
      const button = html("button", { type: "button", "data-state": state, title: state }, html("span", {}, state), bars, number);
      button.addEventListener("click", () => observe(s));
      return { button, exact, learnt, before, number };
    });
    const head = html("h5", {}, html("b", {}, name), this.apart);
    this.root = html("section", { class: "card", "data-variable": name }, head, ...this.rows.map(({ button }) => button));
  }

  show({ states, seen, exact, learnt, before, kl, moved, rank }) {
    this.root.style.order = rank;
    this.root.classList.toggle("moved", moved);
    this.root.classList.toggle("seen", seen >= 0);
    this.apart.textContent = seen >= 0 ? "observed" : kl == null ? "" : kl < 1e-4 ? "KL < 0.0001" : `KL ${kl.toFixed(4)}`;
    this.rows.forEach((row, s) => {
      const chance = seen >= 0 ? Number(s === seen) : exact?.[s];
      widen(row.exact, chance);
      widen(row.learnt, learnt?.[s]);
      row.before.hidden = !before;
      if (before) row.before.style.left = `${100 * before[s]}%`;
      row.number.textContent = chance === undefined ? "–" : percent(chance);
      row.button.setAttribute("aria-pressed", s === seen);
      const said = [chance !== undefined && `exact ${percent(chance)}`, learnt && `learnt ${percent(learnt[s])}`];
      row.button.setAttribute("aria-label", [`${this.name} = ${states[s]}`, ...said.filter(Boolean)].join(", "));
    });
  }
}

function widen(bar, share) {
  bar.hidden = share === undefined || share === null;
  if (!bar.hidden) bar.style.width = `${100 * share}%`;
}

function legendOf(kind) {
  const words = { exact: "exact", learnt: "learnt", before: "exact, before the last click" };
  const mark = html("i", { class: kind });
  return html("li", {}, html("span", { class: "bars sample" }, mark), words[kind]);
}

// As Python writes it: as many digits as are worth reading.
function percent(share) {
  const value = 100 * share;
  return `${value.toFixed(value >= 9.95 || value === 0 ? 0 : value >= 0.095 ? 1 : 2)} %`;
}
