// The Markov blanket of a variable: who is in it and why, in the picture and in a sentence.

import { html } from "../shared/dom.js";
import { shortened } from "../shared/words.js";

const KIN = [
  ["parents", "P", "parent", "parents"],
  ["children", "C", "child", "children"],
  ["coparents", "S", "other parent of its children", "other parents of its children"],
];
const MOST_LISTED = 6; // names of a kind in the sentence

export class Family {
  constructor({ names, edges }) {
    this.names = names;
    this.parents = names.map(() => []);
    this.children = names.map(() => []);
    for (const [parent, child] of edges) {
      this.parents[child].push(parent);
      this.children[parent].push(child);
    }
  }

  blanket(v) {
    const [parents, children] = [this.parents[v], this.children[v]];
    const known = new Set([v, ...parents, ...children]);
    const coparents = [...new Set(children.flatMap((child) => this.parents[child]))].filter((u) => !known.has(u));
    return { parents, children, coparents };
  }

  // v and all variables with a directed path to it.
  ancestors(v) {
    const found = new Set([v]);
    const waiting = [v];
    while (waiting.length) {
      for (const parent of this.parents[waiting.pop()]) {
        if (found.has(parent)) continue;
        found.add(parent);
        waiting.push(parent);
      }
    }
    return found;
  }

  sentence(v, role) {
    const blanket = this.blanket(v);
    const lists = KIN.filter(([kind]) => blanket[kind].length).map(([kind, letter, one, many]) => {
      const members = blanket[kind].map((u) => this.names[u]);
      return `${members.length === 1 ? one : many} (${letter}) ${shortened(members, MOST_LISTED)}`;
    });
    const name = this.names[v];
    const start = [html("b", {}, name), ` is ${role}. `];
    if (!lists.length) return [...start, `It has no edge, so it is independent of all others.`];
    const inside = KIN.reduce((sum, [kind]) => sum + blanket[kind].length, 0);
    const others = this.names.length - 1 - inside;
    const given = inside === 1 ? "Given that one" : `Given these ${inside}`;
    const rest = others === 1 ? "the one other variable" : `the ${others} other variables`;
    const claim = others ? `${given}, ${name} is independent of ${rest}.` : "It holds all other variables.";
    return [...start, html("b", {}, "Markov blanket"), `: ${lists.join("; ")}. ${claim}`];
  }
}

// Light up v and its blanket, with a letter for the reason; `null` puts everything back.
export function showBlanket(picture, family, v) {
  for (const u of picture.lit ?? []) {
    picture.nodes[u].classList.remove("kin", "self");
    picture.setCost(u, null);
  }
  for (const edge of picture.litEdges ?? []) edge.classList.remove("hot");
  picture.svg.classList.toggle("blanket", v !== null);
  [picture.lit, picture.litEdges] = [[], []];
  if (v === null) return;
  const blanket = family.blanket(v);
  picture.nodes[v].classList.add("self");
  for (const [kind, letter] of KIN) {
    for (const u of blanket[kind]) {
      picture.nodes[u].classList.add("kin");
      picture.setCost(u, letter);
    }
  }
  picture.lit = [v, ...KIN.flatMap(([kind]) => blanket[kind])];
  const pairs = blanket.children.flatMap((child) => family.parents[child].map((parent) => `${parent}-${child}`));
  picture.litEdges = pairs.map((pair) => picture.edges.get(pair)).filter(Boolean);
  for (const edge of picture.litEdges) edge.classList.add("hot");
}
