// What follows from the order of elimination. Python sends the order and the costs; the neighbours that a variable has
// left, and the fill edges between them, are replayed here: there can be hundreds of thousands.

// Every step: { v, parents, fill, words } of an elimination, { parent, child, words } of a dropped parent.
export function replaySteps({ model, moral, eliminated, pruned, words }) {
  const neighbours = new Neighbours(model.names.length);
  for (const [a, b] of [...model.edges, ...moral]) neighbours.join(a, b);
  const eliminations = eliminated.map((v, i) => ({ ...neighbours.eliminate(v), words: words[i] }));
  const prunings = pruned.map(([parent, child], i) => ({ parent, child, words: words[eliminated.length + i] }));
  return [...eliminations, ...prunings];
}

class Neighbours {
  constructor(count) {
    this.count = count;
    this.rows = Array.from({ length: count }, () => []);
    this.joined = new Uint8Array(count * count); // one byte a pair: cliques of hundreds are asked pair by pair
    this.gone = new Uint8Array(count);
  }

  // Whether they were not joined before.
  join(a, b) {
    if (this.joined[a * this.count + b]) return false;
    this.joined[a * this.count + b] = this.joined[b * this.count + a] = 1;
    this.rows[a].push(b);
    this.rows[b].push(a);
    return true;
  }

  eliminate(v) {
    this.gone[v] = 1;
    const parents = this.rows[v].filter((u) => !this.gone[u]).sort((a, b) => a - b);
    const fill = [];
    for (let i = 0; i < parents.length; i++) {
      for (let j = i + 1; j < parents.length; j++) {
        if (this.join(parents[i], parents[j])) fill.push([parents[i], parents[j]]);
      }
    }
    return { v, parents, fill };
  }
}

// The frontier from which elimination number `index` chose, as variable -> fill cost.
export function frontierAt({ eliminated, costs }, index) {
  const frontier = new Map();
  for (let i = 0; i <= index && i < costs.length; i++) {
    if (i > 0) frontier.delete(eliminated[i - 1]);
    for (const [v, cost] of costs[i]) frontier.set(v, cost);
  }
  if (index >= costs.length) frontier.clear();
  return frontier;
}

// The edges of the induced graph after `step` steps among what is left.
export function edgesAt({ model, moral, eliminated }, steps, step) {
  const gone = new Set(eliminated.slice(0, step));
  const fills = steps.slice(0, step).flatMap(({ fill }) => fill ?? []);
  return [...model.edges, ...moral, ...fills].filter(([a, b]) => !gone.has(a) && !gone.has(b));
}

export function neighboursOf(edges, some) {
  const found = new Set();
  for (const [a, b] of edges) {
    if (some.has(a)) found.add(b);
    if (some.has(b)) found.add(a);
  }
  return found;
}

// The edges that would be added if v were eliminated next.
export function missingEdges({ data, steps, step }, v) {
  const edges = edgesAt(data, steps, step);
  const around = [...neighboursOf(edges, new Set([v]))].sort((a, b) => a - b);
  const members = new Set(around);
  const key = (a, b) => Math.min(a, b) * data.model.names.length + Math.max(a, b);
  const joined = new Set(edges.filter(([a, b]) => members.has(a) && members.has(b)).map(([a, b]) => key(a, b)));
  const pairs = around.flatMap((a, i) => around.slice(i + 1).map((b) => [a, b]));
  return pairs.filter(([a, b]) => !joined.has(key(a, b)));
}
