// The marks of the charts, by the names that the registry has for them.

const SHAPES = {
  circle: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  diamond: (r) => `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0Z`,
  "triangle-up": (r) => `M0 ${-1.2 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
  x: (r) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  star: (r) => `M0 ${-1.5 * r}L${0.5 * r} ${-0.5 * r}L${1.5 * r} 0L${0.5 * r} ${0.5 * r}L0 ${1.5 * r}L${-0.5 * r} ${0.5 * r}L${-1.5 * r} 0L${-0.5 * r} ${-0.5 * r}Z`,
};

// The outline of a mark around the origin.
export const markPath = (symbol, radius) => SHAPES[symbol](radius);

// The border of the region of a normal distribution of two variables that holds a share of it: [x, y] from the middle.
export function regionOf([[a, b], [, c]], share, count = 60) {
  const reach = Math.sqrt(-2 * Math.log(1 - share));
  // Cholesky's factor of the covariance takes the circle to the ellipse.
  const l = Math.sqrt(Math.max(a, 0));
  const m = l ? b / l : 0;
  const n = Math.sqrt(Math.max(c - m * m, 0));
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    const [u, v] = [reach * Math.cos(angle), reach * Math.sin(angle)];
    return [l * u, m * u + n * v];
  });
}
