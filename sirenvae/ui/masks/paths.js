// A block of masked layers as lists of neighbours, and the paths through them. No drawing here.

import { bytesOf } from "../shared/dom.js";
import { several, shortened } from "../shared/words.js";

export class Block {
  constructor(model) {
    this.names = model.names;
    this.layers = model.layers;
    this.sizes = model.layers.map((layer) => layer.owners.length);
    this.last = this.sizes.length - 1;
    this.masks = model.masks.map((bits, m) => unpack(bits, this.sizes[m + 1] * this.sizes[m]));
    const joins = this.masks.map((mask, k) => neighbours(mask, this.sizes[k]));
    this.into = [[], ...joins.map(({ into }) => into)]; // of a unit, units of the layer before
    this.outOf = [...joins.map(({ outOf }) => outOf), []]; // of a unit, units of the layer after
  }

  // Whether the weight from unit w of layer k - 1 to unit u of layer k stays.
  kept(k, u, w) {
    return this.masks[k - 1][u * this.sizes[k - 1] + w] === 1;
  }

  // Units that can be reached from the given unit, layer by layer: forwards (+1) or backwards (-1).
  spread(k, unit, direction) {
    const lit = this.sizes.map(() => new Set());
    lit[k].add(unit);
    const neighbours = direction > 0 ? this.outOf : this.into;
    for (let layer = k; direction > 0 ? layer < this.last : layer > 0; layer += direction) {
      for (const u of lit[layer]) for (const v of neighbours[layer][u]) lit[layer + direction].add(v);
    }
    return lit;
  }

  // The units on some path of what is pointed at: a pair of input and output, a weight, or a unit.
  lit(chosen) {
    if (chosen.kind === "pair") {
      const [from, to] = [this.spread(0, chosen.j, 1), this.spread(this.last, chosen.i, -1)];
      return from.map((units, k) => new Set([...units].filter((u) => to[k].has(u))));
    }
    if (chosen.kind === "weight" && !this.kept(chosen.k, chosen.u, chosen.w)) return this.sizes.map(() => new Set());
    const before = this.spread(chosen.kind === "weight" ? chosen.k - 1 : chosen.k, chosen.w ?? chosen.u, -1);
    const after = this.spread(chosen.k, chosen.u, 1);
    return before.map((units, k) => new Set([...units, ...after[k]]));
  }

  // The kept weights between lit units, as [k, u, w].
  weights(lit) {
    const found = [];
    for (let k = 1; k <= this.last; k++) {
      for (const u of lit[k]) for (const w of this.into[k][u]) if (lit[k - 1].has(w)) found.push([k, u, w]);
    }
    return found;
  }

  // How many paths of kept weights lead from input j to output i.
  count(j, i) {
    let ways = new Map([[j, 1]]);
    for (let k = 0; k < this.last; k++) {
      const next = new Map();
      for (const [u, n] of ways) for (const v of this.outOf[k][u]) next.set(v, (next.get(v) ?? 0) + n);
      ways = next;
    }
    return ways.get(i) ?? 0;
  }

  // The first paths from input j to output i, each as the units it visits.
  paths(j, i, most) {
    const lit = this.lit({ kind: "pair", j, i });
    const found = [];
    const walk = (path) => {
      const k = path.length - 1;
      if (k === this.last) found.push(path);
      else for (const u of this.outOf[k][path[k]]) if (found.length < most && lit[k + 1].has(u)) walk([...path, u]);
    };
    if (lit[0].size) walk([j]);
    return found;
  }

  owner(k, u) {
    return this.layers[k].owners[u];
  }

  // The set of a unit in braces, its owner first; long ones are cut.
  set(k, u, most = 8) {
    const own = this.owner(k, u);
    const members = [own, ...this.layers[k].sets[u].filter((v) => v !== own)].map((v) => this.names[v]);
    return `{${shortened(members, most)}}`;
  }

  layerName(k) {
    if (k === 0) return "inputs";
    if (k === this.last) return "outputs";
    return this.last === 2 ? "hidden units" : `hidden units ${k}`;
  }

  unitName(k, u) {
    if (k === 0) return `input ${this.names[u]}`;
    if (k === this.last) return `output ${this.names[u]}`;
    return `the hidden unit ${this.set(k, u)} of ${this.names[this.owner(k, u)]}`;
  }
}

export function unpack(base64, length) {
  const bytes = bytesOf(base64);
  return Uint8Array.from({ length }, (_, n) => (bytes[n >> 3] >> (7 - (n & 7))) & 1);
}

// Of a mask with so many columns: the columns that each row keeps, and the rows that each column does.
export function neighbours(mask, columns) {
  const into = Array.from({ length: mask.length / columns }, () => []);
  const outOf = Array.from({ length: columns }, () => []);
  for (let n = mask.indexOf(1); n >= 0; n = mask.indexOf(1, n + 1)) {
    into[Math.floor(n / columns)].push(n % columns);
    outOf[n % columns].push(Math.floor(n / columns));
  }
  return { into, outOf };
}

// What is pointed at, in words. The first is the claim, the second says why.
export function describe(block, chosen) {
  const { names } = block;
  if (chosen.kind === "unit") return describeUnit(block, chosen);
  if (chosen.kind === "weight") return describeWeight(block, chosen);
  const [input, output] = [names[chosen.j], names[chosen.i]];
  const lit = block.lit(chosen);
  const hidden = lit.slice(1, -1).reduce((sum, units) => sum + units.size, 0);
  const paths = several(block.count(chosen.j, chosen.i), "path");
  if (chosen.i === chosen.j) {
    return [`${output} sees itself: ${paths}`, `All of them stay within units that ${output} owns. They are the diagonal of the Jacobian.`];
  }
  const seen = block.set(block.last, chosen.i);
  if (hidden === 0) {
    const turned = block.layers[block.last].sets[chosen.j]?.includes(chosen.i) ? `The edge runs from ${output} to ${input}. ` : "";
    return [`no path: ${input} is not a parent of ${output}`, `${turned}Output ${output} owns ${seen}. A unit that has seen ${input} holds ${input} in its set, so no weight leads from it to ${output}.`];
  }
  return [`${input} is a parent of ${output}: ${paths}`, `They pass through ${several(hidden, "hidden unit")} whose set holds ${input} and lies within ${seen}, the set of output ${output}.`];
}

function describeUnit(block, { k, u }) {
  const owner = block.names[block.owner(k, u)];
  if (k === 0) {
    const outputs = [...block.spread(0, u, 1)[block.last]].map((i) => block.names[i]);
    return [`Input ${owner} owns {${owner}}`, outputs.length ? `It reaches the outputs ${outputs.join(", ")}.` : "It reaches no output."];
  }
  const whose = k === block.last ? `Output ${owner}` : `This unit belongs to ${owner} and`;
  return [`${whose} owns ${block.set(k, u)}`, `It reads the ${block.layerName(k - 1)} whose sets lie within its own: ${block.into[k][u].length} of ${block.sizes[k - 1]}.`];
}

function describeWeight(block, { k, u, w }) {
  const [later, earlier] = [block.unitName(k, u), block.unitName(k - 1, w)];
  if (block.kept(k, u, w)) {
    return [`This weight stays: ${block.set(k - 1, w)} lies within ${block.set(k, u)}`, `It leads from ${earlier} to ${later}.`];
  }
  const held = new Set(block.layers[k].sets[u]);
  const outside = block.layers[k - 1].sets[w].filter((v) => !held.has(v)).map((v) => block.names[v]);
  return [`This weight is removed: ${block.set(k, u)} does not hold ${outside.slice(0, 6).join(", ")}`, `From ${earlier} to ${later} it would carry what ${block.names[block.owner(k, u)]} must not see.`];
}
