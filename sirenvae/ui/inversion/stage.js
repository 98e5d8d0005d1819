// The pictures of an inversion at the same positions, one of them large. A view and the large place outlive the steps.

import { MOST_DRAWN } from "../shared/canvas.js";
import { html, make } from "../shared/dom.js";
import { Picture } from "../shared/picture.js";
import { Routes } from "../shared/routes.js";
import { onVariable, Tip, variableAt, Zoom } from "../shared/zoom.js";

const PICTURES = [
  ["network", "Network", "The network with its arrows"],
  ["moral", "Moral graph", "Arrows dropped, parents of a common child connected"],
  ["induced", "Induced graph", "The moral graph and the fill edges so far"],
  ["inverse", "Inverse", "The inverse as far as it is built"],
];

export class Stage {
  // `role(v)` says in words what a variable is at the moment.
  constructor(root, role) {
    this.root = root;
    this.role = role;
    this.wanted = "induced"; // what the learner enlarged, shown or not
    this.pictures = {};
    this.resize = new ResizeObserver(() => this.each((picture) => picture.fitDetail()));
  }

  destroy() {
    this.resize.disconnect();
  }

  each(act) {
    for (const kind of Object.keys(this.pictures)) act(this.pictures[kind], kind);
  }

  // New pictures; on the same positions the view stays.
  build(data, isLarge) {
    const before = this.model?.id === data.model.id ? this.pictures[this.large] : null;
    const view = before && before.view !== before.whole ? before.view : null;
    this.model = data.model;
    this.resize.disconnect();
    this.element = html("div", { class: "stage" });
    [this.frames, this.pictures, this.abouts] = [{}, {}, {}];
    const routes = new Routes(this.model);
    this.kinds = PICTURES.filter(([kind]) => !data.finished || kind !== "induced");
    this.element.classList.toggle("three", this.kinds.length === 3);
    for (const [kind, title, about] of this.kinds) {
      const words = data.finished && kind === "inverse" ? data.finished.about : about;
      this.#frame(kind, title, words, routes, isLarge);
    }
    this.tip = new Tip(this.root);
    this.large = null;
    this.#start(data);
    this.enlarge(this.pictures[this.wanted] ? this.wanted : "inverse", view);
  }

  #frame(kind, title, about, routes, isLarge) {
    const frame = html("figure", { class: "frame", "data-picture": kind });
    this.abouts[kind] = html("span", {}, about);
    const head = html("figcaption", {}, html("b", {}, title), this.abouts[kind]);
    frame.append(head);
    this.element.append(frame);
    this.frames[kind] = frame;
    this.pictures[kind] = new Picture(frame, this.model, routes, title, isLarge);
    const zoom = new Zoom(head, this.pictures[kind]);
    this.pictures[kind].plot.addEventListener("click", (event) => {
      const v = variableAt(this.pictures[kind], event);
      if (v !== null && !zoom.dragged && kind === this.large) this.onVariableClick(v);
    });
    frame.addEventListener("click", () => frame.classList.contains("small") && this.#click(kind));
    frame.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === frame) this.#click(kind);
    });
    this.resize.observe(frame);
    this.#listen(this.pictures[kind]);
  }

  #listen(picture) {
    onVariable(
      picture,
      (v) => {
        this.each((other) => other.highlight(v, true));
        this.tip.show(picture.nodes[v], [this.model.names[v], this.role(v)]);
      },
      (v) => {
        this.each((other) => other.highlight(v, false));
        this.tip.hide();
      },
    );
  }

  #start({ moral, finished }) {
    for (const [parent, child] of this.model.edges) {
      this.pictures.network.addEdge(parent, child, "directed", true);
      for (const kind of ["moral", "induced"]) this.pictures[kind]?.addEdge(parent, child, "plain", false);
    }
    for (const [a, b] of moral) {
      for (const kind of ["moral", "induced"]) this.pictures[kind]?.addEdge(a, b, "moral", false);
    }
    for (const [parent, child] of finished?.edges ?? []) this.pictures.inverse.addEdge(parent, child, "inverse", true);
  }

  choose(kind) {
    this.wanted = kind;
    this.enlarge(kind);
  }

  #click(kind) {
    this.choose(kind);
    this.onChoose();
  }

  // Dropped parents are to be seen in the inverse alone: it stands in for the induced graph, whose story is over.
  showPruning(isPruning) {
    const kind = isPruning && this.wanted === "induced" ? "inverse" : this.wanted;
    if (this.pictures[kind] && kind !== this.large) this.enlarge(kind);
  }

  // The view travels with the large place: whoever is enlarged shows the part that was looked at.
  enlarge(kind, given = null) {
    const before = this.pictures[this.large];
    const view = given ?? (before && before.view !== before.whole ? before.view : null);
    this.large = kind;
    this.root.dataset.large = kind;
    this.frames[kind].blur();
    for (const [name, title] of this.kinds) {
      const small = name !== kind;
      this.frames[name].className = `frame ${small ? "small" : "large"}`;
      for (const [attribute, value] of [["tabindex", "0"], ["role", "button"], ["aria-label", `Enlarge: ${title}`]]) {
        if (small) this.frames[name].setAttribute(attribute, value);
        else this.frames[name].removeAttribute(attribute);
      }
      this.pictures[name].show(small ? null : view);
    }
  }

  // Say so where a picture leaves older edges out.
  note(kind, count) {
    const about = this.kinds.find(([name]) => name === kind)[2];
    const [most, all] = [MOST_DRAWN, count].map((number) => number.toLocaleString("en"));
    this.abouts[kind].textContent = count > MOST_DRAWN ? `${about}; the newest ${most} of ${all} are drawn` : about;
  }

  // An edge of a picture, made when it is first asked for.
  edge(kind, a, b, look, arrow, made) {
    const picture = this.pictures[kind];
    let edge = picture.edge(a, b);
    if (!edge) {
      edge = picture.addEdge(a, b, look, arrow);
      made?.(edge);
    }
    return edge;
  }

  // An edge of the inverse with a cross on it, which shows once the edge is dropped.
  cross(parent, child) {
    const edge = this.pictures.inverse.edge(parent, child);
    if (edge.querySelector(".cross")) return edge;
    make("path", { class: "cross", d: this.pictures.inverse.routes.cross(parent, child) }, edge);
    return edge;
  }
}
