// One drawing of a graph. Discs never move; edges are made once and afterwards only change their class, so that a step
// costs as much as what it changes and not as much as the graph.

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 22; // of a disc, in the units of the layout
const MIN_TEXT = 5.8; // the smallest text that is drawn, in pixels; smaller names wait for zoom or hover
const MIN_ARROW = 4.5; // radius in pixels below which arrowheads are hidden
const MAX_RADIUS = 48; // of a disc in pixels, where zooming in ends
const MAX_DETOUR = 240; // how far a bent edge may leave the straight line: a long arc hides more than it shows
const MAX_BENT = 150; // beyond so many variables edges stay straight: looking for free space costs edges x variables

function make(tag, attributes, parent) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Curves between discs, bent around the discs that a straight line would cross. All pictures of one graph share them.
class Routes {
  constructor(model) {
    this.model = model;
    this.bends = new Map();
  }

  // The control point of the quadratic curve from a to b; the same curve whichever way it is asked for.
  control(a, b) {
    const { x, y } = this.model;
    const [from, to] = a < b ? [a, b] : [b, a];
    const key = from * x.length + to;
    if (!this.bends.has(key)) this.bends.set(key, x.length > MAX_BENT ? 0 : this.#bend(from, to));
    const bend = this.bends.get(key);
    return [(x[from] + x[to]) / 2 - bend * (y[to] - y[from]), (y[from] + y[to]) / 2 + bend * (x[to] - x[from])];
  }

  // The control point of an edge that was bent at the start; the later edges of a large graph are straight.
  known(a, b) {
    return this.bends.get(Math.min(a, b) * this.model.x.length + Math.max(a, b)) ? this.control(a, b) : null;
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
    const cx = (x[from] + x[to]) / 2 - bend * (y[to] - y[from]);
    const cy = (y[from] + y[to]) / 2 + bend * (x[to] - x[from]);
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
}

// Where the whole graph fits, as [x, y, width, height].
function wholeView(model) {
  const margin = 2 * RADIUS;
  const [left, right] = [Math.min(...model.x) - margin, Math.max(...model.x) + margin];
  const [top, bottom] = [Math.min(...model.y) - margin, Math.max(...model.y) + margin];
  // A small graph does not fill the picture: its discs would be larger than a coin.
  const [width, height] = [Math.max(right - left, 560), Math.max(bottom - top, 370)];
  return [(left + right - width) / 2, (top + bottom - height) / 2, width, height];
}

class Picture {
  constructor(host, model, routes, label, large = false) {
    this.model = model;
    this.routes = routes;
    this.plot = html("div", { class: "plot" });
    host.append(this.plot);
    this.edges = new Map(); // "a-b" -> element, a and b as they were given
    this.around = new Map(); // variable -> its edge elements
    this.whole = wholeView(model);
    this.view = this.whole;
    this.svg = make("svg", { role: "group", "aria-label": label, preserveAspectRatio: "xMidYMid meet" }, this.plot);
    this.canvas = large ? new EdgeCanvas(this.plot, this) : null;
    this.edgeLayer = make("g", {}, this.svg);
    this.nodeLayer = make("g", {}, this.svg);
    this.#drawNodes();
    this.svg.setAttribute("viewBox", this.view.join(" "));
  }

  #drawNodes() {
    const { names, x, y } = this.model;
    this.sizes = names.map((name) => Math.min(0.85 * RADIUS, (1.75 * RADIUS) / (0.56 * name.length)));
    this.nodes = names.map((name, v) => {
      const group = make("g", { "data-node": name, transform: `translate(${x[v]} ${y[v]})` }, this.nodeLayer);
      make("circle", { class: "disc", r: RADIUS }, group);
      return group;
    });
    this.texts = names.map(() => null);
    this.costs = names.map(() => null);
  }

  setRole(v, role) {
    if (this.nodes[v].getAttribute("class") !== role) this.nodes[v].setAttribute("class", role);
  }

  // The fill cost as a small number at the disc's shoulder; null takes it away.
  setCost(v, cost) {
    if (cost === null) {
      this.costs[v]?.remove();
      this.costs[v] = null;
      return;
    }
    this.costs[v] ??= make("text", { class: "cost", x: 1.05 * RADIUS, y: -0.95 * RADIUS }, this.nodes[v]);
    if (this.costs[v].textContent !== String(cost)) this.costs[v].textContent = cost;
  }

  addEdge(a, b, kind, arrow) {
    if (this.canvas) {
      this.routes.control(a, b);
      return this.canvas.add(kind, a, b);
    }
    const { names } = this.model;
    const group = make("g", { class: `edge ${kind}`, "data-edge": `${names[a]}-${names[b]}` }, this.edgeLayer);
    const { line, head } = this.routes.paths(a, b, arrow);
    make("path", { class: "line", d: line }, group);
    if (arrow) make("path", { class: "head", d: head }, group);
    this.edges.set(`${a}-${b}`, group);
    for (const v of [a, b]) {
      if (!this.around.has(v)) this.around.set(v, []);
      this.around.get(v).push(group);
    }
    return group;
  }

  edge(a, b) {
    return this.edges.get(`${a}-${b}`) ?? this.edges.get(`${b}-${a}`);
  }

  highlight(v, on) {
    this.nodes[v].classList.toggle("hot", on);
    for (const edge of this.around.get(v) ?? []) edge.classList.toggle("hot", on);
    this.svg.classList.toggle("pointing", on);
    if (!this.canvas) return;
    this.canvas.hot = on ? v : null;
    this.canvas.redraw();
  }

  // Pixels per unit of the layout.
  scale() {
    const box = this.svg.getBoundingClientRect();
    return Math.min(box.width / this.view[2], box.height / this.view[3]) || 0;
  }

  show(view) {
    this.view = view ?? this.whole;
    this.svg.setAttribute("viewBox", this.view.map((number) => number.toFixed(2)).join(" "));
    this.fitDetail();
  }

  // Names, costs and arrowheads are drawn only where they are large enough to read.
  fitDetail() {
    const scale = this.scale();
    if (!scale) return;
    this.canvas?.redraw();
    this.onFit?.(scale);
    this.svg.classList.toggle("far", RADIUS * scale < MIN_ARROW);
    this.svg.classList.toggle("small", 0.6 * RADIUS * scale < MIN_TEXT);
    this.model.names.forEach((name, v) => {
      const readable = this.sizes[v] * scale >= MIN_TEXT;
      if (readable && !this.texts[v]) {
        this.texts[v] = make("text", { class: "name", "font-size": this.sizes[v].toFixed(1) }, this.nodes[v]);
        this.texts[v].textContent = name;
      } else if (!readable && this.texts[v]) {
        this.texts[v].remove();
        this.texts[v] = null;
      }
    });
  }
}

// Wheel, drag, double click and the corner buttons move one picture's view.
class Zoom {
  constructor(host, picture) {
    this.picture = picture;
    this.dragged = false;
    this.#wheel(picture.svg);
    this.#drag(picture.svg);
    picture.svg.addEventListener("dblclick", () => picture.show(null));
    const corner = html("div", { class: "zoom" });
    for (const [sign, label, act] of [
      ["+", "Zoom in", () => this.by(1.4)],
      ["−", "Zoom out", () => this.by(1 / 1.4)],
      ["⤢", "Show the whole graph", () => picture.show(null)],
    ]) {
      const button = html("button", { type: "button", "aria-label": label, title: label }, sign);
      button.addEventListener("click", (event) => {
        event.stopPropagation();
        act();
      });
      corner.append(button);
    }
    host.append(corner);
  }

  // Zoom about a point of the layout; out to the whole graph at most.
  by(factor, at) {
    const [x, y, width, height] = this.picture.view;
    const whole = this.picture.whole;
    if (width / factor >= whole[2]) return this.picture.show(null);
    if (RADIUS * this.picture.scale() * factor > MAX_RADIUS) return;
    const [px, py] = at ?? [x + width / 2, y + height / 2];
    this.picture.show([px - (px - x) / factor, py - (py - y) / factor, width / factor, height / factor]);
  }

  point(event) {
    const box = this.picture.svg.getBoundingClientRect();
    const [x, y, width, height] = this.picture.view;
    const scale = this.picture.scale();
    return [
      x + width / 2 + (event.clientX - box.x - box.width / 2) / scale,
      y + height / 2 + (event.clientY - box.y - box.height / 2) / scale,
    ];
  }

  #wheel(svg) {
    const turn = (event) => {
      if (svg.closest(".frame.small")) return;
      // At the whole graph a turn that would zoom out scrolls the page instead, so that nobody is trapped here.
      if (event.deltaY > 0 && this.picture.view === this.picture.whole) return;
      event.preventDefault();
      this.by(Math.exp(-event.deltaY / 400), this.point(event));
    };
    svg.addEventListener("wheel", turn, { passive: false });
  }

  #drag(svg) {
    let from = null;
    svg.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      if (!svg.closest(".frame.small")) from = [event.clientX, event.clientY, ...this.picture.view];
    });
    svg.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
      if (!this.dragged && Math.hypot(dx, dy) < 5) return;
      if (!this.dragged) svg.setPointerCapture(event.pointerId);
      this.dragged = true;
      const scale = this.picture.scale();
      this.picture.show([from[2] - dx / scale, from[3] - dy / scale, from[4], from[5]]);
    });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (from = null));
  }
}

// A small box with a variable's name and role beside the pointer.
class Tip {
  constructor(root) {
    this.root = root;
    this.box = html("div", { class: "tip", role: "status" });
    root.append(this.box);
  }

  show(node, words) {
    const [here, there] = [this.root.getBoundingClientRect(), node.getBoundingClientRect()];
    this.box.replaceChildren(html("b", {}, words[0]), ` ${words[1]}`);
    this.box.classList.add("shown");
    const left = there.x - here.x + there.width / 2 - this.box.offsetWidth / 2;
    this.box.style.left = `${Math.max(0, Math.min(left, here.width - this.box.offsetWidth))}px`;
    this.box.style.top = `${there.y - here.y - this.box.offsetHeight - 8}px`;
  }

  hide() {
    this.box.classList.remove("shown");
  }
}

// Calls `enter` with a variable's number when the pointer or the focus comes to its disc, `leave` when it goes.
function onVariable(picture, enter, leave) {
  const number = new Map(picture.model.names.map((name, v) => [name, v]));
  // The listeners are on the box around the SVG: an SVG that listens for focus takes it, with a frame, at every click.
  const variable = (event) => number.get(event.target.closest?.("[data-node]")?.getAttribute("data-node"));
  for (const [into, out] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    picture.plot.addEventListener(into, (event) => variable(event) !== undefined && enter(variable(event)));
    picture.plot.addEventListener(out, (event) => variable(event) !== undefined && leave(variable(event)));
  }
}
