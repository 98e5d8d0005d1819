// Elimination, step by step: four pictures at the same positions, the words, the frontier and the pseudocode.
// The whole trace is here, so a step never waits for the server; Python only learns, a moment later, where we are.

const PICTURES = [
  ["network", "Network", "The network with its arrows"],
  ["moral", "Moral graph", "Arrows dropped, parents of a common child connected"],
  ["induced", "Induced graph", "The moral graph and the fill edges so far"],
  ["inverse", "Inverse", "The inverse as far as it is built"],
];
const TELL_AFTER = 250; // milliseconds of rest before Python is told the step
const PLAY_EVERY = 1400; // milliseconds between steps at speed 1
const TABLE_ROWS = 8;
const BUSY = "input, textarea, select, [contenteditable=true], [role=listbox], [role=combobox], [role=radiogroup]";
const steppers = new WeakMap();

class Stepper {
  constructor(mount) {
    this.root = html("div", { class: "graph stepper" });
    mount.append(this.root);
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.resize = new ResizeObserver(() => this.each((picture) => picture.fitDetail()));
  }

  // Called at every run of the page: only another trace rebuilds anything, the client's step is the truth.
  update(data, tell) {
    this.tell = tell;
    if (data.id === this.id) return this.each((picture) => picture.canvas?.redraw()); // the theme may have changed
    this.pause();
    this.id = data.id;
    this.data = data;
    this.model = data.model;
    this.frontiers = replayFrontiers(data.steps);
    this.build();
    this.step = -1;
    this.go(Math.min(data.step, data.steps.length), false);
  }

  destroy() {
    this.pause();
    clearTimeout(this.telling);
    document.removeEventListener("keydown", this.onKey);
    this.resize.disconnect();
  }

  each(act) {
    for (const [kind] of PICTURES) act(this.pictures[kind], kind);
  }

  build() {
    const stage = html("div", { class: "stage" });
    this.words = html("div", { class: "words" });
    this.bar = new StepBar(this);
    this.root.replaceChildren(stage, this.bar.element, this.words, legend());
    this.resize.disconnect();
    const added = this.data.steps.reduce((sum, { fill, parents }) => sum + fill.length + parents.length, 0);
    this.isLarge = this.model.edges.length + added > MANY_LINES;
    this.frames = {};
    this.pictures = {};
    const routes = new Routes(this.model);
    for (const [kind, title, about] of PICTURES) this.frame(stage, kind, title, about, routes);
    this.drawStart();
    this.panel = new WordsPanel(this.words, this);
    this.tip = new Tip(this.root);
    this.each((picture) => this.listen(picture));
    this.enlarge(this.large ?? "induced");
  }

  frame(stage, kind, title, about, routes) {
    const frame = html("figure", { class: "frame", "data-picture": kind });
    const head = html("figcaption", {}, html("b", {}, title), html("span", {}, about));
    frame.append(head);
    stage.append(frame);
    this.frames[kind] = frame;
    this.pictures[kind] = new Picture(frame, this.model, routes, title, this.isLarge);
    new Zoom(head, this.pictures[kind]);
    frame.addEventListener("click", () => frame.classList.contains("small") && this.enlarge(kind));
    frame.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === frame) this.enlarge(kind);
    });
    this.resize.observe(frame);
  }

  // The view travels with the large place: whoever is enlarged shows the part that was looked at.
  enlarge(kind) {
    const view = this.large && this.pictures[this.large].view;
    this.large = kind;
    this.root.dataset.large = kind;
    this.frames[kind].blur();
    for (const [name, title] of PICTURES) {
      const small = name !== kind;
      this.frames[name].className = `frame ${small ? "small" : "large"}`;
      for (const [attribute, value] of [["tabindex", "0"], ["role", "button"], ["aria-label", `Enlarge: ${title}`]]) {
        if (small) this.frames[name].setAttribute(attribute, value);
        else this.frames[name].removeAttribute(attribute);
      }
      this.pictures[name].show(small || !view || view === this.pictures[kind].whole ? null : view);
    }
  }

  drawStart() {
    const { edges, observed } = this.model;
    this.observed = new Set(observed);
    for (const [parent, child] of edges) {
      this.pictures.network.addEdge(parent, child, "directed", true);
      for (const kind of ["moral", "induced"]) this.pictures[kind].addEdge(parent, child, "plain", false);
    }
    for (const [a, b] of this.data.moral) {
      for (const kind of ["moral", "induced"]) this.pictures[kind].addEdge(a, b, "moral", false);
    }
    this.when = new Map(this.data.steps.map(({ v }, i) => [v, i + 1]));
    this.model.names.forEach((_, v) => this.paint(v, 0));
  }

  listen(picture) {
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

  role(v) {
    if (this.observed.has(v)) return "observed";
    const when = this.when.get(v);
    if (when < this.step) return `eliminated in step ${when}`;
    if (when === this.step) return "eliminated now";
    const cost = this.frontier.get(v);
    return cost === undefined ? "latent, waits" : `in the frontier, fill cost ${cost}`;
  }

  // Move to step k. Only what lies between the old and the new step is touched.
  go(k, tell = true) {
    const target = Math.max(0, Math.min(k, this.data.steps.length));
    if (target === this.step) return;
    const started = performance.now();
    const before = Math.max(this.step, 0);
    const touched = new Set([...(this.frontier?.keys() ?? []), ...this.eliminated(before)]);
    if (!this.isLarge) this.mark(before, false);
    for (let s = before + 1; s <= target; s++) this.apply(s, true, touched);
    for (let s = before; s > target; s--) this.apply(s, false, touched);
    this.step = target;
    this.frontier = this.frontiers[Math.max(target - 1, 0)] ?? new Map();
    for (const v of this.frontier.keys()) touched.add(v);
    if (this.isLarge) this.drawEdges(target);
    else this.mark(target, true);
    for (const v of touched) this.paint(v, target);
    this.bar.show(target);
    this.panel.show(target);
    this.root.dataset.step = target;
    this.root.dataset.stepMs = (performance.now() - started).toFixed(1);
    if (tell) this.tellLater();
  }

  tellLater() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(this.step), TELL_AFTER);
  }

  eliminated(step) {
    return step > 0 ? [this.data.steps[step - 1].v] : [];
  }

  // Show or take back what step s added. The edges of the variable fade one step later: now they are being looked at.
  apply(s, forward, touched) {
    const { v, fill, parents } = this.data.steps[s - 1];
    touched.add(v);
    if (this.isLarge) return;
    for (const [a, b] of fill) this.reveal("induced", a, b, "fill", false, forward);
    for (const parent of parents) this.reveal("inverse", parent, v, "inverse", true, forward);
    this.fade(forward ? s - 1 : s, forward);
    if (!forward) this.fade(s - 1, false);
  }

  fade(s, gone) {
    if (s < 1) return;
    const { v, parents } = this.data.steps[s - 1];
    for (const parent of parents) this.pictures.induced.edge(v, parent)?.classList.toggle("gone", gone);
  }

  reveal(kind, a, b, look, arrow, shown) {
    const picture = this.pictures[kind];
    let edge = picture.edge(a, b);
    if (!edge) {
      edge = picture.addEdge(a, b, look, arrow);
      if (look === "fill") edge.addEventListener("click", () => this.panel.why(a, b));
    }
    edge.classList.toggle("absent", !shown);
  }

  // The canvases of a large graph: edges among what is not yet eliminated, the inverse so far, and what is new.
  drawEdges(step) {
    const alive = ([a, b]) => !(this.when.get(a) < step) && !(this.when.get(b) < step);
    const fills = [];
    const inverse = [];
    for (const { v, fill, parents } of this.data.steps.slice(0, Math.max(step - 1, 0))) {
      for (const pair of fill) if (alive(pair)) fills.push(pair);
      for (const parent of parents) inverse.push([parent, v]);
    }
    const now = step > 0 ? this.data.steps[step - 1] : { v: null, fill: [], parents: [] };
    const { induced: { canvas: induced }, inverse: { canvas: inverted } } = this.pictures;
    induced.set("plain", this.model.edges.filter(alive));
    induced.set("moral", this.data.moral.filter(alive));
    induced.set("fill", fills);
    induced.set("fill new", now.fill);
    inverted.set("inverse", inverse);
    inverted.set("inverse new", now.parents.map((parent) => [parent, now.v]));
    induced.redraw();
    inverted.redraw();
  }

  mark(step, on) {
    if (step < 1) return;
    const { v, fill, parents } = this.data.steps[step - 1];
    for (const [a, b] of fill) this.pictures.induced.edge(a, b)?.classList.toggle("new", on);
    for (const parent of parents) this.pictures.inverse.edge(parent, v)?.classList.toggle("new", on);
  }

  paint(v, step) {
    const when = this.when.get(v);
    let role = this.observed.has(v) ? "node observed" : "node latent";
    const cost = this.frontier?.get(v);
    if (when < step) role = "node eliminated";
    else if (when === step) role = "node now";
    else if (cost !== undefined) role = "node latent frontier";
    const shown = cost !== undefined && when >= step ? cost : null;
    this.each((picture) => {
      picture.setRole(v, role);
      picture.setCost(v, shown);
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const target = event.composedPath()[0];
    if (target.closest?.(BUSY)) return;
    if (event.key === " " && target.closest?.("button, a, summary, [role=button], [role=tab]")) return;
    const moves = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: this.data.steps.length };
    if (event.key in moves) {
      this.pause();
      this.go(moves[event.key]);
    } else if (event.key === " ") this.togglePlay();
    else return;
    event.preventDefault();
  }

  togglePlay() {
    if (this.playing) return this.pause();
    if (this.step === this.data.steps.length) this.go(0);
    const tick = () => {
      this.go(this.step + 1);
      if (this.step === this.data.steps.length) this.pause();
      else this.playing = setTimeout(tick, PLAY_EVERY / this.bar.speed());
    };
    this.playing = setTimeout(tick, 300);
    this.bar.showPlaying(true);
  }

  pause() {
    clearTimeout(this.playing);
    this.playing = null;
    this.bar?.showPlaying(false);
  }
}

// The trace holds what changed in the frontier; this gives the whole frontier of every step, as variable -> fill cost.
function replayFrontiers(steps) {
  let frontier = new Map();
  return steps.map(({ v, set }) => {
    for (const [u, cost] of set) frontier.set(u, cost);
    const whole = frontier;
    frontier = new Map(frontier);
    frontier.delete(v);
    return whole;
  });
}

export default function ({ data, parentElement, setStateValue }) {
  const mount = parentElement.querySelector(".mount");
  if (!steppers.has(mount)) steppers.set(mount, new Stepper(mount));
  const stepper = steppers.get(mount);
  stepper.update(data, (step) => setStateValue("at", { id: data.id, step }));
  return () => stepper.destroy();
}
