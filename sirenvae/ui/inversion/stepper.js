// Elimination, step by step: the pictures, the words, the frontier and the pseudocode. An inverse that is made without
// steps is shown finished. The whole trace is here, so a step never waits for the server; Python only learns, a moment
// later, where we are.

import { MANY_LINES } from "../shared/canvas.js";
import { html } from "../shared/dom.js";
import { StepBar } from "../shared/step_bar.js";
import { Stepped } from "../shared/stepped.js";
import { board, post } from "./board.js";
import { Lights } from "./lights.js";
import { Prediction } from "./predict.js";
import { frontierAt, replaySteps } from "./replay.js";
import { Stage } from "./stage.js";
import { legend, RulePanel, WordsPanel } from "./words.js";

const PLAY_EVERY = 1400; // milliseconds between steps at speed 1

export class Stepper extends Stepped {
  constructor(mount) {
    super(PLAY_EVERY);
    this.root = html("div", { class: "graph stepper" });
    mount.append(this.root);
    this.stage = new Stage(this.root, (v) => this.role(v));
    this.stage.onVariableClick = (v) => this.predict?.click(v);
    this.stage.onChoose = () => this.tellLater();
    this.lights = new Lights(this.stage);
    this.onLights = () => this.light();
    board.addEventListener("lights", this.onLights);
    post("stepper", this);
  }

  // Called at every run of the page: only another trace rebuilds anything. The client's step is the truth, and another
  // rule for the same network goes on from it, unless an address was gone to that says another one.
  update(data, { setStateValue }) {
    const { stage } = this;
    this.tell = () => setStateValue("at", { network: this.data.network, step: this.step, large: stage.wanted });
    const isVisit = data.visit !== this.visit;
    if (isVisit) this.arrive(data);
    if (data.id === this.id) {
      this.stage.each((picture) => picture.canvas?.redraw()); // the theme may differ
      if (data.predict !== this.predict.mode) {
        this.predict.setMode(data.predict);
        this.look(new Set());
      }
      if (isVisit) this.go(data.step, false);
      if (isVisit) this.stage.enlarge(this.stage.pictures[data.large] ? data.large : "inverse");
      return;
    }
    this.pause();
    const isSame = data.network === this.data?.network && !isVisit;
    if (!isSame) this.reached = data.step;
    this.id = data.id;
    this.data = data;
    this.model = data.model;
    this.steps = replaySteps(data);
    this.build();
    this.step = -1;
    this.go(this.reached, isSame && this.steps.length > 0);
    this.light();
  }

  // The picture that an address wants large is not pushed aside by what a question lights there and then.
  arrive({ visit, large }) {
    this.pause();
    clearTimeout(this.telling);
    this.visit = visit;
    this.stage.wanted = large;
    this.lit = undefined;
    this.isAsked = large !== "induced";
  }

  // What a question on the page wants lit; where it is news, the picture to look at comes to the front.
  light() {
    this.isExplaining = false;
    const lights = board.lights?.model === this.model?.id ? board.lights : null;
    this.lights.show(lights);
    const news = JSON.stringify(lights);
    const isNews = lights && news !== this.lit && !(this.isAsked && this.lit === undefined);
    if (isNews && !lights.edges[this.stage.large]?.length) this.stage.choose(lights.show);
    if (lights || this.lit !== undefined) this.lit = news;
  }

  destroy() {
    super.destroy();
    board.removeEventListener("lights", this.onLights);
    if (board.stepper === this) post("stepper", null);
    this.stage.destroy();
  }

  build() {
    this.observed = new Set(this.model.observed);
    this.when = new Map(this.data.eliminated.map((v, i) => [v, i + 1]));
    this.frontier = this.waiting = new Map();
    this.predict = new Prediction(this);
    this.predict.setMode(this.data.predict);
    const added = this.steps.reduce((sum, { fill, parents }) => sum + (fill?.length ?? 0) + (parents?.length ?? 0), 0);
    this.isLarge = this.model.edges.length + added + (this.data.finished?.edges.length ?? 0) > MANY_LINES;
    const words = html("div", { class: "words" });
    this.bar = this.steps.length ? new StepBar(this) : noSteps();
    this.root.replaceChildren();
    this.stage.build(this.data, this.isLarge);
    this.root.prepend(this.stage.element, this.bar.element, words, legend(this.data));
    this.panel = this.data.finished ? new RulePanel(words, this.data) : new WordsPanel(words, this);
    if (!this.data.finished) words.prepend(this.predict.element);
    this.model.names.forEach((_, v) => this.paint(v, 0));
  }

  role(v) {
    if (this.observed.has(v)) return "observed";
    if (this.data.finished) return "latent";
    const when = this.when.get(v);
    if (when < this.step) return `eliminated in step ${when}`;
    if (when === this.step) return "eliminated now";
    const cost = this.waiting.get(v);
    if (cost === undefined) return "latent, waits";
    if (!this.predict.isOn) return `in the frontier, fill cost ${cost}`;
    return this.predict.mode === "parents" ? "goes next" : "in the frontier";
  }

  told(step) {
    const { v, parent, child } = this.steps[step - 1] ?? {};
    const { names } = this.model;
    const done = child === undefined ? `${names[v]} eliminated` : `${names[child]} loses its parent ${names[parent]}`;
    return [`step ${step} of ${this.steps.length}`, `step ${step}, ${step ? done : "start"}`];
  }

  // Only what lies between the old and the new step is touched.
  move(before, target) {
    const touched = new Set(this.concerned(before));
    if (!this.isLarge) this.mark(before, false);
    for (let s = before + 1; s <= target; s++) this.apply(s, true, touched);
    for (let s = before; s > target; s--) this.apply(s, false, touched);
    if (this.steps.length) this.reached = target;
    if (this.isLarge) this.drawEdges(target);
    else this.mark(target, true);
    this.look(touched);
  }

  // Paint what changed, and let everything beside the pictures say where we are. A learner who predicts sees the
  // frontier of the step to come, without its costs.
  look(touched) {
    const { step, data } = this;
    for (const v of this.waiting.keys()) touched.add(v);
    this.frontier = frontierAt(data, Math.max(step - 1, 0));
    this.waiting = this.predict.isOn ? frontierAt(data, step) : this.frontier;
    if (this.predict.isOn && this.predict.mode === "parents") this.waiting = new Map([[this.predict.next, 0]]);
    for (const v of [...this.waiting.keys(), ...this.concerned(step)]) touched.add(v);
    for (const v of touched) this.paint(v, step);
    if (this.isExplaining) this.light();
    this.stage.showPruning(this.steps[step - 1]?.child !== undefined);
    this.bar.show(step);
    this.panel.show(step);
    this.predict.show();
    post("step", step);
  }

  // Why a fill edge is there: its cause and the two edges that it had to the pair.
  explain(a, b, v) {
    this.isExplaining = true;
    const [first, second] = [[v, a, "joined"], [v, b, "joined"]];
    this.lights.show({ edges: { induced: [first, second, [a, b, "caused"]] }, marks: [[v, "cause"]] });
    if (this.stage.large !== "induced") this.stage.choose("induced");
  }

  // The variables that step s is about.
  concerned(s) {
    if (s < 1) return [];
    const { v, parent, child } = this.steps[s - 1];
    return v === undefined ? [parent, child] : [v];
  }

  // Show or take back what step s changed. The edges of the variable fade one step later: now they are being looked at.
  apply(s, forward, touched) {
    const { v, fill, parents, parent, child } = this.steps[s - 1];
    for (const u of this.concerned(s)) touched.add(u);
    if (this.isLarge) return;
    if (v === undefined) this.stage.cross(parent, child).classList.toggle("pruned", forward);
    else {
      for (const [a, b] of fill) this.reveal("induced", a, b, "fill", false, forward);
      for (const u of parents) this.reveal("inverse", u, v, "inverse", true, forward);
    }
    this.fade(forward ? s - 1 : s, forward);
    if (!forward) this.fade(s - 1, false);
  }

  fade(s, gone) {
    const { v, parents } = this.steps[s - 1] ?? {};
    for (const parent of parents ?? []) this.stage.pictures.induced.edge(v, parent)?.classList.toggle("gone", gone);
  }

  reveal(kind, a, b, look, arrow, shown) {
    const ask = (edge) => look === "fill" && edge.addEventListener("click", () => this.panel.why(a, b));
    this.stage.edge(kind, a, b, look, arrow, ask).classList.toggle("absent", !shown);
  }

  // The canvases of a large graph: edges among what is not yet eliminated, the inverse so far, and what is new.
  drawEdges(step) {
    if (this.data.finished) return;
    const alive = ([a, b]) => !(this.when.get(a) < step) && !(this.when.get(b) < step);
    const key = (parent, child) => parent * this.model.names.length + child;
    const done = this.steps.slice(0, step);
    const now = done.pop() ?? {};
    const pruned = done.filter(({ child }) => child !== undefined).map(({ parent, child }) => [parent, child]);
    const dropped = now.child === undefined ? [] : [[now.parent, now.child]];
    const missing = new Set([...pruned, ...dropped].map(([parent, child]) => key(parent, child)));
    const [fills, inverse] = [[], []];
    for (const { v, fill = [], parents = [] } of done) {
      for (const pair of fill) if (alive(pair)) fills.push(pair);
      for (const parent of parents) if (!missing.has(key(parent, v))) inverse.push([parent, v]);
    }
    const fresh = (now.parents ?? []).map((parent) => [parent, now.v]);
    this.lay("induced", {
      plain: this.model.edges.filter(alive),
      moral: this.data.moral.filter(alive),
      fill: fills,
      "fill new": now.fill ?? [],
    });
    this.lay("inverse", { inverse, "inverse new": fresh, pruned, "pruned new": dropped });
    this.stage.note("induced", fills.length);
    this.stage.note("inverse", inverse.length);
  }

  lay(kind, layers) {
    const { canvas } = this.stage.pictures[kind];
    for (const [look, pairs] of Object.entries(layers)) canvas.set(look, pairs);
    canvas.redraw();
  }

  mark(step, on) {
    if (step < 1) return;
    const { induced, inverse } = this.stage.pictures;
    const { v, fill = [], parents = [], parent, child } = this.steps[step - 1];
    for (const [a, b] of fill) induced.edge(a, b)?.classList.toggle("new", on);
    for (const u of parents) inverse.edge(u, v)?.classList.toggle("new", on);
    if (child !== undefined) inverse.edge(parent, child).classList.toggle("new", on);
  }

  paint(v, step) {
    const when = this.when.get(v);
    let role = this.observed.has(v) ? "node observed" : "node latent";
    const cost = this.waiting.get(v);
    if (when < step) role = "node eliminated";
    else if (when === step) role = "node now";
    else if (cost !== undefined) role = "node latent frontier";
    if (this.steps[step - 1]?.child !== undefined && this.concerned(step).includes(v)) role += " parting";
    const shown = cost !== undefined && when >= step && !this.predict.isOn ? cost : null;
    this.stage.each((picture) => {
      picture.setRole(v, role);
      picture.setCost(v, shown);
    });
  }
}

// In the bar's place where a rule has no steps.
function noSteps() {
  const words = "This rule does not eliminate, so there are no steps: the inverse is shown as it comes out.";
  return { element: html("p", { class: "bar no-steps" }, words), show() {}, showPlaying() {} };
}
