// Lines of equal value through a square grid by marching squares, as [x0, y0, x1, y1] in units of cells.
export function contour(values, size, level) {
  const segments = [];
  const at = (a, b) => (level - a) / (b - a);
  for (let j = 0; j + 1 < size; j++) {
    for (let i = 0; i + 1 < size; i++) {
      const [a, b, c, d] = [values[j * size + i], values[j * size + i + 1], values[(j + 1) * size + i + 1], values[(j + 1) * size + i]];
      const crossings = [];
      if (a < level !== b < level) crossings.push([i + at(a, b), j]);
      if (b < level !== c < level) crossings.push([i + 1, j + at(b, c)]);
      if (d < level !== c < level) crossings.push([i + at(d, c), j + 1]);
      if (a < level !== d < level) crossings.push([i, j + at(a, d)]);
      for (let k = 0; k + 1 < crossings.length; k += 2) segments.push([...crossings[k], ...crossings[k + 1]]);
    }
  }
  return segments;
}

// Segments that meet, as lines [[x, y], ...]: a dash runs along a line, and each segment alone is too short for one.
export function joined(segments) {
  const meeting = new Map();
  for (const segment of segments) {
    for (const end of [segment.slice(0, 2), segment.slice(2)]) {
      if (!meeting.has(String(end))) meeting.set(String(end), []);
      meeting.get(String(end)).push(segment);
    }
  }
  const rest = new Set(segments);
  const grown = (line) => {
    for (;;) {
      const end = String(line.at(-1));
      const next = meeting.get(end).find((segment) => rest.has(segment));
      if (!next) return line;
      rest.delete(next);
      line.push(String(next.slice(0, 2)) === end ? next.slice(2) : next.slice(0, 2));
    }
  };
  const lines = [];
  for (const segment of segments) {
    if (rest.delete(segment)) lines.push(grown(grown([segment.slice(0, 2), segment.slice(2)]).reverse()));
  }
  return lines;
}
