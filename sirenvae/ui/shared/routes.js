// Curves between discs, bent around the discs that a straight line would cross. All pictures of one graph share them.

const MAX_DETOUR = 240; // how far a bent edge may leave the straight line: a long arc hides more than it shows
const MAX_BENT = 150; // beyond so many variables edges stay straight: looking for free space costs edges x variables

export const RADIUS = 22; // of a disc, in the units of the layout
export const MIN_ARROW = 4.5; // radius of a disc in pixels below which arrowheads are hidden

export class Routes {
  constructor(model) {
    this.model = model;
    this.bends = new Map();
  }

  // The control point of the quadratic curve from a to b; the same curve whichever way it is asked for.
  control(a, b) {
    const { x } = this.model;
    const [from, to] = a < b ? [a, b] : [b, a];
    const key = from * x.length + to;
    if (!this.bends.has(key)) this.bends.set(key, x.length > MAX_BENT ? 0 : this.#bend(from, to));
    return this.#at(from, to, this.bends.get(key));
  }

  // The control point of an edge that was bent at the start; the later edges of a large graph are straight.
  known(a, b) {
    return this.bends.get(Math.min(a, b) * this.model.x.length + Math.max(a, b)) ? this.control(a, b) : null;
  }

  #at(from, to, bend) {
    const { x, y } = this.model;
    return [(x[from] + x[to]) / 2 - bend * (y[to] - y[from]), (y[from] + y[to]) / 2 + bend * (x[to] - x[from])];
  }

  #bend(from, to) {
    const { x, y } = this.model;
    let best = 0;
    let fewest = Infinity;
    for (const bend of [0, 0.16, -0.16, 0.3, -0.3, 0.45, -0.45]) {
      if (Math.abs(bend) * Math.hypot(x[to] - x[from], y[to] - y[from]) > MAX_DETOUR) break;
      const hits = this.#hits(from, to, bend);
      if (hits < fewest) [best, fewest] = [bend, hits];
      if (hits === 0) break;
    }
    return best;
  }

  #hits(from, to, bend) {
    const { x, y } = this.model;
    const [cx, cy] = this.#at(from, to, bend);
    let hits = 0;
    for (let v = 0; v < x.length; v++) {
      if (v === from || v === to) continue;
      for (let t = 0.06; t < 1; t += 0.08) {
        const px = (1 - t) ** 2 * x[from] + 2 * t * (1 - t) * cx + t * t * x[to];
        const py = (1 - t) ** 2 * y[from] + 2 * t * (1 - t) * cy + t * t * y[to];
        if (Math.hypot(px - x[v], py - y[v]) < 1.3 * RADIUS) {
          hits += 1;
          break;
        }
      }
    }
    return hits;
  }

  // The path of the line from disc to disc and, for an arrow, of its head.
  paths(a, b, arrow) {
    const { x, y } = this.model;
    const [cx, cy] = this.control(a, b);
    const leave = Math.hypot(cx - x[a], cy - y[a]) || 1;
    const enter = Math.hypot(cx - x[b], cy - y[b]) || 1;
    const [ux, uy] = [(cx - x[b]) / enter, (cy - y[b]) / enter];
    const [tipX, tipY] = [x[b] + ux * (RADIUS + 3), y[b] + uy * (RADIUS + 3)];
    const head = arrow ? 12 : 0;
    const [startX, startY] = [x[a] + ((cx - x[a]) / leave) * RADIUS, y[a] + ((cy - y[a]) / leave) * RADIUS];
    const [baseX, baseY] = [tipX + ux * head, tipY + uy * head];
    const round = (number) => Math.round(number * 10) / 10;
    const line = ["M", startX, startY, "Q", cx, cy, baseX, baseY];
    const triangle = ["M", tipX, tipY, "L", baseX - uy * 6, baseY + ux * 6, "L", baseX + uy * 6, baseY - ux * 6, "Z"];
    const text = (parts) => parts.map((part) => (typeof part === "number" ? round(part) : part)).join(" ");
    return { line: text(line), head: text(triangle) };
  }

  // The path of a cross in the middle of the line.
  cross(a, b) {
    const { x, y } = this.model;
    const [cx, cy] = this.control(a, b);
    return `M${(x[a] + 2 * cx + x[b]) / 4 - 8} ${(y[a] + 2 * cy + y[b]) / 4 - 8}l16 16m0 -16l-16 16`;
  }
}
