// What a step did: in words, as the frontier's table, and as the lines of the algorithm that ran. For a rule without
// steps: what it does and what comes out.

import { button, html, tableOf } from "../shared/dom.js";
import { several, shortened } from "../shared/words.js";
import { frontierAt } from "./replay.js";

const TABLE_ROWS = 8;
const FILL_BUTTONS = 4; // fill edges with a button, the newest; the others are in a list
const MOST_FILLS = 300; // of one list
const FIRST_INNER = 3; // lines of the algorithm from here to LAST_INNER are inside its loop
const LAST_INNER = 6;
const DROPPING = 7;

function algorithm({ order, pruned }) {
  const waits = order === "topological" ? "parents" : "children";
  const lines = [
    "Connect the parents of every variable; drop the arrows.",
    `Frontier: the latents without latent ${waits}.`,
    "While the frontier is not empty:",
    "v ← the cheapest of the frontier, by the edges its neighbours lack",
    "connect the remaining neighbours of v with each other",
    "make them the parents of v in the inverse",
    `remove v; who waited for no other of its latent ${waits} joins the frontier`,
  ];
  const last = "Drop parents that are redundant (only where a latent has no observed descendant).";
  return pruned.length ? [...lines, last] : lines;
}

const RULES = {
  stuhlmueller: [
    "Heuristic of Stuhlmüller et al.",
    "its parents in the inverse are its children, their other parents, and its own parents, as far as these are " +
      "observed or come later.",
  ],
  mean_field: ["Mean field", "its parents in the inverse are all observed variables."],
  fully_connected: [
    "Fully connected", "its parents in the inverse are all observed variables and all latents that come later.",
  ],
};

// Lines of an algorithm; some are inside its loop, and each has room for the values it ran with.
function codeOf(label, lines, isInner) {
  const items = lines.map((line, i) => html("li", { class: isInner(i) ? "inner" : "" }, html("span", {}, line), html("b")));
  return html("ol", { class: "code", "aria-label": label }, ...items);
}

export class WordsPanel {
  constructor(host, stepper) {
    this.stepper = stepper;
    this.title = html("h3");
    this.verdict = html("p", { class: "verdict", role: "status" });
    this.text = html("p", { class: "told", "aria-live": "polite" });
    this.fills = html("div", { class: "fills", role: "group", "aria-label": "Ask why a fill edge is there" });
    this.table = html("table", { class: "frontier-table" });
    this.code = codeOf("The algorithm", algorithm(stepper.data), (i) => i >= FIRST_INNER && i <= LAST_INNER);
    const algorithmTitle = html("h4", {}, "The algorithm");
    host.replaceChildren(this.title, this.verdict, this.text, this.fills, this.table, algorithmTitle, this.code);
  }

  // Whether a prediction was right; until the next step.
  judge(isRight, words) {
    this.verdict.className = `verdict ${isRight ? "right" : "wrong"}`;
    this.verdict.textContent = `${isRight ? "✓" : "✗"} ${words}`;
  }

  show(step) {
    const { data, steps, frontier } = this.stepper;
    this.title.textContent = step ? "What just happened" : "Before the first step";
    this.text.textContent = unbroken(step ? steps[step - 1].words : data.start);
    this.verdict.className = "verdict";
    this.verdict.textContent = "";
    this.#fills(step);
    this.#frontier(step, frontier);
    this.#lines(step);
  }

  // The fill edges so far, the newest first: a canvas cannot be clicked, and a line not be reached by key.
  #fills(step) {
    const { steps, model } = this.stepper;
    const newest = [];
    for (let s = step - 1; s >= 0 && newest.length < MOST_FILLS; s--) newest.push(...(steps[s].fill ?? []));
    const name = ([a, b]) => `${model.names[a]}–${model.names[b]}`;
    const buttons = newest.slice(0, FILL_BUTTONS).map((pair) => button(name(pair), () => this.why(...pair)));
    this.fills.hidden = !newest.length;
    this.fills.replaceChildren(html("span", {}, "Why this fill edge?"), ...buttons);
    const others = newest.slice(FILL_BUTTONS, MOST_FILLS);
    if (others.length) this.fills.append(this.#listOf(others, name));
  }

  // A list that is filled when it is about to be opened: hundreds of entries would slow every step down.
  #listOf(pairs, name) {
    const list = html("select", { "aria-label": "Another fill edge" }, html("option", { value: "" }, "another"));
    const fill = () => {
      if (list.length === 1) list.append(...pairs.map((pair, i) => html("option", { value: i }, name(pair))));
    };
    for (const moment of ["focus", "pointerdown"]) list.addEventListener(moment, fill);
    list.addEventListener("change", () => list.value && this.why(...pairs[list.value]));
    return list;
  }

  // The answer to a question about a fill edge: who caused it, and through which factor.
  why(a, b) {
    const { steps, model } = this.stepper;
    const { names } = model;
    const same = ([c, d]) => (a === c && b === d) || (a === d && b === c);
    const cause = steps.findIndex(({ fill }) => fill?.some(same));
    const { v: gone, parents } = steps[cause];
    const v = names[gone];
    this.title.textContent = `Why ${names[a]}–${names[b]}?`;
    this.text.textContent =
      `Step ${cause + 1} eliminated ${v}. ${names[a]} and ${names[b]} were both its neighbours and not each other's. ` +
      `Summing ${v} out leaves one factor over all its neighbours, τ${cause + 1}(${this.#list([...parents])}), so the ` +
      "two depend on each other from then on.";
    this.stepper.explain(a, b, gone);
  }

  #frontier(step, frontier) {
    const { names } = this.stepper.model;
    const chosen = step ? this.stepper.steps[step - 1].v : null;
    const seen = [...frontier].filter(([v]) => v === chosen || !this.stepper.predict.isOn); // costs are what is asked
    const rows = seen.sort(([u, a], [v, b]) => (v === chosen) - (u === chosen) || a - b || u - v);
    this.table.hidden = !rows.length;
    const cells = rows.slice(0, TABLE_ROWS).map(([v, cost]) => [names[v], cost, v === chosen ? "eliminated" : ""]);
    const [head, body] = tableOf(["frontier", "fill cost", ""], cells);
    if (rows.length && rows[0][0] === chosen) body.firstChild.className = "eliminated";
    if (rows.length > TABLE_ROWS) body.append(wholeRow(`and ${rows.length - TABLE_ROWS} more, none cheaper`, 3));
    this.table.replaceChildren(head, body);
  }

  // Each line that ran carries the values it ran with.
  #lines(step) {
    const values = step ? this.#ran(step) : this.#ranFirst();
    const isFilled = step > 0 && this.stepper.steps[step - 1].fill?.length > 0;
    [...this.code.children].forEach((line, i) => {
      line.classList.toggle("ran", i in values);
      line.classList.toggle("filled", (i === 4 && isFilled) || (i === DROPPING && i in values));
      line.lastChild.textContent = unbroken(values[i] ?? "");
    });
  }

  #ranFirst() {
    const { data, frontier } = this.stepper;
    return { 0: `${several(data.moral.length, "edge")} added`, 1: this.#list([...frontier.keys()]) };
  }

  #ran(step) {
    const { data, steps, model, frontier } = this.stepper;
    const { v, fill, parents, parent, child } = steps[step - 1];
    if (child !== undefined) return { [DROPPING]: `${model.names[parent]} → ${model.names[child]}` };
    const joined = [...frontierAt(data, step).keys()].filter((u) => !frontier.has(u));
    return {
      3: model.names[v],
      4: fill.length ? shortened(fill.map(([a, b]) => `${model.names[a]}–${model.names[b]}`)) : "nothing to add",
      5: parents.length ? `${this.#list(parents)} → ${model.names[v]}` : "none left",
      6: joined.length ? `${this.#list(joined)} ${joined.length === 1 ? "joins" : "join"}` : "nobody joins",
    };
  }

  #list(variables) {
    return shortened(variables.sort((u, v) => u - v).map((v) => this.stepper.model.names[v]));
  }
}

// Beside a finished inverse: the rule, and the parents that it gave.
export class RulePanel {
  constructor(host, { method, order, start, finished }) {
    const [name, parents] = RULES[method];
    const loop = method === "mean_field" ? "For every latent v:" : `For every latent v, in ${order} order:`;
    const code = codeOf("The rule", [loop, parents], (i) => i > 0);
    const [head, body] = tableOf(["latent", "parents in the inverse"], finished.rows);
    if (finished.more) body.append(wholeRow(`and ${finished.more} more latents`, 2));
    const table = html("table", { class: "frontier-table given" }, head, body);
    host.replaceChildren(
      html("h3", {}, name), html("p", { class: "told short" }, start), table, html("h4", {}, "The rule"), code,
    );
  }

  show() {}
}

function wholeRow(words, columns) {
  return html("tr", {}, html("td", { colspan: columns }, words));
}

// No line ends within the name of an edge.
function unbroken(text) {
  return text.replaceAll("–", "\u2060–\u2060");
}

// The marks of the pictures, drawn with the same classes as the pictures themselves.
export function legend({ finished, pruned }) {
  const list = html("ul", { class: "legend", "aria-label": "Legend" });
  const disc = (role) => `<g class="node ${role}" transform="translate(18 10)"><circle class="disc" r="7"/></g>`;
  const line = (kind) => `<g class="edge ${kind}"><path class="line" d="M2 10H34"/></g>`;
  const arrow = (kind) =>
    `<g class="edge ${kind}"><path class="line" d="M2 10H26"/><path class="head" d="M35 10L25 5.5V14.5Z"/></g>`;
  const variables = [[disc("latent"), "latent"], [disc("observed"), "observed"]];
  const eliminating = [
    [disc("latent frontier"), "frontier, with fill cost"],
    [disc("now"), "eliminated now"],
    [disc("eliminated"), "eliminated before"],
  ];
  const edges = [
    [line("moral"), "added by moralizing"],
    [line("fill new"), "fill edge (thick: new)"],
    [arrow("inverse new"), "edge of the inverse (thick: new)"],
  ];
  const dropping = pruned.length ? [[arrow("inverse pruned"), "redundant, dropped"]] : [];
  const marks = finished
    ? [...variables, edges[0], [arrow("inverse new"), "edge of the inverse"]]
    : [...variables, ...eliminating, ...edges, ...dropping];
  list.innerHTML = marks
    .map(([drawing, words]) => `<li><svg viewBox="0 0 36 20" aria-hidden="true">${drawing}</svg>${words}</li>`)
    .join("");
  return list;
}
