// How a picture of a graph is looked at: its view is moved, and what is pointed at says its name.

import { button, html, placeIn } from "./dom.js";
import { RADIUS } from "./routes.js";

const MAX_RADIUS = 48; // of a disc in pixels, where zooming in ends

// Wheel, drag, double click and the corner buttons move one picture's view.
export class Zoom {
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
      const alone = (event) => {
        event.stopPropagation();
        act();
      };
      corner.append(button(sign, alone, { "aria-label": label, title: label }));
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
    const { svg, view } = this.picture;
    const { width, height } = svg.getBoundingClientRect();
    const [[px, py], scale] = [placeIn(svg, event), this.picture.scale()];
    return [view[0] + view[2] / 2 + (px - width / 2) / scale, view[1] + view[3] / 2 + (py - height / 2) / scale];
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
export class Tip {
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

// The number of the variable whose disc an event is at, or null.
export function variableAt(picture, { target }) {
  const node = target.closest?.("[data-node]");
  return node ? picture.nodes.indexOf(node) : null;
}

// Calls `enter` with a variable's number when the pointer or the focus comes to its disc, `leave` when it goes.
export function onVariable(picture, enter, leave) {
  // The listeners are on the box around the SVG: an SVG that listens for focus takes it, with a frame, at every click.
  const kinds = { pointerover: enter, focusin: enter, pointerout: leave, focusout: leave };
  for (const [kind, act] of Object.entries(kinds)) {
    picture.plot.addEventListener(kind, (event) => {
      const v = variableAt(picture, event);
      if (v !== null) act(v);
    });
  }
}
