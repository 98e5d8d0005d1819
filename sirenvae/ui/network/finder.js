// Which edge is under the pointer, and which variable lies in a direction: edges may be lines on a canvas that get no
// clicks, and the arrow keys go from disc to disc.

const CURVE_PARTS = 12; // straight parts that a bent edge is measured by

// The edge nearest to a point of the layout, as [from, to], or null if none is within `reach`.
export function edgeAt(picture, [px, py], reach) {
  const { x, y, edges } = picture.model;
  let [best, nearest] = [null, reach];
  for (const [a, b] of edges) {
    const control = picture.routes.known(a, b);
    const points = control ? curvePoints([x[a], y[a]], control, [x[b], y[b]]) : [[x[a], y[a]], [x[b], y[b]]];
    for (let i = 1; i < points.length; i++) {
      const distance = segmentDistance(px, py, points[i - 1], points[i]);
      if (distance < nearest) [best, nearest] = [[a, b], distance];
    }
  }
  return best;
}

function curvePoints([ax, ay], [cx, cy], [bx, by]) {
  return Array.from({ length: CURVE_PARTS + 1 }, (_, i) => {
    const t = i / CURVE_PARTS;
    const [start, middle, end] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    return [start * ax + middle * cx + end * bx, start * ay + middle * cy + end * by];
  });
}

function segmentDistance(px, py, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(px - ax - along * dx, py - ay - along * dy);
}

// The variable that an arrow key leads to from v: near, and more along the key's direction than beside it.
export function neighbourTowards({ x, y }, v, [dx, dy]) {
  let [best, least] = [v, Infinity];
  for (let u = 0; u < x.length; u++) {
    const [right, down] = [x[u] - x[v], y[u] - y[v]];
    const along = right * dx + down * dy;
    const aside = Math.abs(right * dy) + Math.abs(down * dx);
    if (u !== v && along > 0 && along + 2 * aside < least) [best, least] = [u, along + 2 * aside];
  }
  return best;
}
