// Predict, then reveal: the learner says what the next step does before it is shown. The score stays in this tab.

import { button, html } from "../shared/dom.js";
import { several, shortened } from "../shared/words.js";
import { edgesAt, missingEdges, neighboursOf } from "./replay.js";

const MOST_CHOICES = 40; // buttons for variables; of more only those near the one that goes
const HIGHEST_COST = 5; // a question about a cost offers 0 to this, and more
const SCORES = "sirenvae-predictions";

export class Prediction {
  constructor(stepper) {
    this.stepper = stepper;
    this.element = html("section", { class: "predict", "aria-label": "Prediction" });
    this.picked = new Set();
  }

  // Whether there is something to predict at this step.
  get isOn() {
    return this.mode !== "off" && this.stepper.step < this.stepper.data.eliminated.length;
  }

  get next() {
    return this.stepper.data.eliminated[this.stepper.step];
  }

  setMode(mode = "off") {
    this.mode = mode;
    this.stepper.root.classList.toggle("predicting", mode !== "off");
  }

  show() {
    const isInside = this.element.contains(this.element.getRootNode().activeElement);
    for (const v of this.picked) this.stepper.stage.each((picture) => picture.nodes[v].classList.remove("chosen"));
    this.picked.clear();
    this.element.replaceChildren();
    this.element.hidden = this.mode === "off";
    if (this.mode === "off") return;
    if (this.isOn) this.element.append(...this.#question());
    else this.element.append(html("p", {}, "Nothing is left to predict."));
    this.element.append(this.#score());
    if (isInside) this.element.querySelector("button")?.focus();
  }

  #question() {
    const { names } = this.stepper.model;
    const frontier = [...this.stepper.waiting.keys()].sort((u, v) => u - v);
    if (this.mode === "parents") return this.#askParents(names[this.next]);
    if (frontier.length === 1) return this.#askCost(names[frontier[0]]);
    const words = "Which of the frontier goes next? The one whose neighbours need the fewest edges to be all connected.";
    const choices = frontier.slice(0, MOST_CHOICES).map((v) => button(names[v], () => this.pick(v)));
    const more = frontier.length > MOST_CHOICES ? [html("p", {}, "The others can be clicked in the picture.")] : [];
    return this.#ask(words, choices, ...more);
  }

  #ask(words, choices, ...more) {
    const question = [html("h3", {}, "Your turn"), html("p", {}, words)];
    return [...question, html("div", { class: "choices" }, ...choices), ...more];
  }

  #askCost(name) {
    const cost = (n) => button(String(n), () => this.guess((actual) => actual === n, String(n)));
    const costs = Array.from({ length: HIGHEST_COST + 1 }, (_, n) => cost(n));
    const more = button("more", () => this.guess((actual) => actual > HIGHEST_COST, `more than ${HIGHEST_COST}`));
    return this.#ask(`The frontier holds ${name} alone. How many fill edges does it cost?`, [...costs, more]);
  }

  #askParents(name) {
    const words = `${name} goes next. Which variables become its parents? Mark them, here or in the picture.`;
    const { names } = this.stepper.model;
    const toggle = (v) => button(names[v], () => this.toggle(v), { "aria-pressed": "false" });
    this.toggles = new Map(this.#candidates().map((v) => [v, toggle(v)]));
    return this.#ask(words, this.toggles.values(), button("Check", () => this.check(), { class: "main" }));
  }

  // Everything that is left; in a large graph what is at most two edges away.
  #candidates() {
    const { data, step, model } = this.stepper;
    const left = model.names.map((_, v) => v).filter((v) => v !== this.next && !(this.stepper.when.get(v) <= step));
    if (left.length <= MOST_CHOICES) return left;
    const edges = edgesAt(data, this.stepper.steps, step);
    const near = neighboursOf(edges, new Set([this.next]));
    const further = neighboursOf(edges, near);
    return [...near, ...[...further].filter((v) => !near.has(v) && v !== this.next)]
      .slice(0, Math.max(near.size, MOST_CHOICES))
      .sort((u, v) => u - v);
  }

  // A click on a disc of the large picture.
  click(v) {
    if (!this.isOn) return;
    if (this.mode === "parents") this.toggle(v);
    else if (this.stepper.waiting.size > 1 && this.stepper.waiting.has(v)) this.pick(v);
  }

  pick(v) {
    const { names } = this.stepper.model;
    const [next, costs] = [this.next, this.stepper.waiting];
    const [mine, best] = [costs.get(v), costs.get(next)];
    const lacking = missingEdges(this.stepper, v).map(([a, b]) => `${names[a]}–${names[b]}`);
    const price = lacking.length ? `${several(lacking.length, "edge")} added: ${shortened(lacking)}` : "no edge";
    let words = "Right.";
    if (v !== next) {
      words =
        mine === best
          ? `Right: ${names[v]} is as cheap as ${names[next]}, and ties go to whoever was declared first.`
          : `Not ${names[v]}: it would have cost ${mine} (${price}), and ${names[next]} costs ${best}.`;
    }
    this.#reveal(mine === best, words);
  }

  guess(isRight, said) {
    const cost = this.stepper.waiting.get(this.next);
    this.#reveal(isRight(cost), isRight(cost) ? "Right." : `Not ${said}: it costs ${cost}.`);
  }

  toggle(v) {
    const { when, step, stage } = this.stepper;
    if (v === this.next || when.get(v) <= step) return;
    if (!this.picked.delete(v)) this.picked.add(v);
    this.toggles.get(v)?.setAttribute("aria-pressed", this.picked.has(v));
    stage.each((picture) => picture.nodes[v].classList.toggle("chosen", this.picked.has(v)));
  }

  check() {
    const { names } = this.stepper.model;
    const name = names[this.next];
    const parents = new Set(this.stepper.steps[this.stepper.step].parents);
    const list = (some) => shortened(some.map((v) => names[v]));
    const missed = [...parents].filter((v) => !this.picked.has(v));
    const wrong = [...this.picked].filter((v) => !parents.has(v));
    const words = [];
    const verb = (some, one, more) => `${list(some)} ${some.length > 1 ? more : one}`;
    if (missed.length) words.push(`${verb(missed, "was", "were")} missing, connected to ${name} by now.`);
    if (wrong.length) words.push(`${verb(wrong, "is", "are")} no neighbour of ${name} at this moment.`);
    this.#reveal(!words.length, words.length ? `Not quite: ${words.join(" ")}` : "Right.");
  }

  #reveal(isRight, words) {
    const { stepper } = this;
    const answers = this.#answers();
    const again = stepper.step in answers;
    if (!again) this.#keep({ ...answers, [stepper.step]: isRight });
    stepper.pause();
    stepper.go(stepper.step + 1);
    stepper.panel.judge(isRight, again ? `${words} This step counted before.` : words);
  }

  #score() {
    const answers = Object.values(this.#answers());
    const right = answers.filter(Boolean).length;
    const count = answers.length ? `${right} of ${answers.length}` : "nothing answered yet";
    const said = html("output", {}, `Score: ${count}`);
    const line = html("p", { class: "score" }, said);
    if (this.isOn) line.append(button("Show me", () => this.stepper.go(this.stepper.step + 1)));
    if (answers.length) line.append(button("Start over", () => this.#startOver()));
    return line;
  }

  #startOver() {
    this.#keep({});
    this.stepper.go(0);
    this.show();
  }

  // The answers so far, as step -> right or wrong; of this network, rule and kind of question.
  #answers() {
    return this.#all()[`${this.stepper.id} ${this.mode}`] ?? {};
  }

  #all() {
    return JSON.parse(sessionStorage.getItem(SCORES) ?? "{}");
  }

  #keep(answers) {
    sessionStorage.setItem(SCORES, JSON.stringify({ ...this.#all(), [`${this.stepper.id} ${this.mode}`]: answers }));
  }
}
