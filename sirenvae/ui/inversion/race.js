// The race of rules: a row for each with the edges of its inverse so far, and the same as lines over the steps. It
// follows the stepper on the same page.

import { html, make, write } from "../shared/dom.js";
import { board } from "./board.js";

const LOOKS = {
  "nami topological": "one", "nami reverse": "two", "stuhlmueller topological": "three",
  "mean_field topological": "four", "fully_connected topological": "five",
};
const HEADS = ["rule", "edges so far", "in the end", "largest parent set", "fill edges"];
const PROPERTIES = ["faithful", "minimal", "natural"];
const [WIDEST, HIGH, LEFT, BOTTOM] = [860, 250, 50, 38]; // of the chart, in pixels

export class RaceBoard {
  constructor(host) {
    this.root = html("div", { class: "graph race" });
    host.append(this.root);
    this.onStep = () => this.show();
    board.addEventListener("step", this.onStep);
  }

  destroy() {
    board.removeEventListener("step", this.onStep);
  }

  update({ rows, shown }) {
    const id = JSON.stringify([rows, shown]);
    if (id === this.id) return;
    this.id = id;
    this.rows = rows;
    this.most = Math.max(...rows.map(({ num_edges }) => num_edges), 1);
    const title = html("h4", {}, "Edges of the inverse after each step");
    this.root.replaceChildren(html("div", { class: "scroll" }, this.#table(shown)), title, this.#chart());
    this.show();
  }

  #table(shown) {
    const head = html("tr", {}, ...[...HEADS, ...PROPERTIES].map((words) => html("th", { scope: "col" }, words)));
    head.children[1].setAttribute("colspan", "2"); // the bar and its number
    const body = html("tbody");
    this.cells = this.rows.map((row) => {
      const bar = html("div", { class: "length" });
      const count = html("td", { class: "number" });
      const isShown = row.method === shown[0] && (row.order === shown[1] || row.num_fill_edges === null);
      const name = html("th", { scope: "row" }, this.#sample(row), isShown ? html("b", {}, row.name) : row.name);
      const line = html("tr", { class: isShown ? "shown" : "", "data-rule": `${row.method} ${row.order}` });
      const numbers = [row.num_edges, row.largest_parent_set, row.num_fill_edges].map(number);
      const verdicts = PROPERTIES.map((property) => verdict(row[property]));
      line.append(name, html("td", { class: "bar-cell" }, bar), count, ...numbers, ...verdicts);
      body.append(line);
      return { bar, count, row };
    });
    const caption = html("caption", {}, "The rules of inversion on this network");
    return html("table", {}, caption, html("thead", {}, head), body);
  }

  #sample({ method, order }) {
    const svg = make("svg", { viewBox: "0 0 26 10", class: "sample", "aria-hidden": "true" });
    make("path", { d: "M1 5H25", class: `track ${LOOKS[`${method} ${order}`]}` }, svg);
    return svg;
  }

  #chart() {
    const last = Math.max(...this.rows.map(({ running_edges }) => running_edges.length - 1));
    const wide = Math.min(this.root.clientWidth || WIDEST, WIDEST); // so that its words are as large as others
    this.x = (step) => LEFT + ((wide - LEFT - 12) * step) / last;
    this.y = (count) => HIGH - BOTTOM - ((HIGH - BOTTOM - 14) * count) / this.most;
    this.last = last;
    const about = "Edges of the inverse against the step, one line for each rule";
    const svg = make("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart", role: "img", "aria-label": about });
    for (const part of [0, 0.5, 1]) {
      const count = Math.round(part * this.most);
      make("path", { class: "grid", d: `M${LEFT} ${this.y(count)}H${wide - 12}` }, svg);
      write(count.toLocaleString("en"), { class: "tick end", x: LEFT - 7, y: this.y(count) + 4 }, svg);
    }
    for (const step of [0, last]) {
      write(step, { class: `tick ${step ? "end" : ""}`, x: this.x(step), y: HIGH - BOTTOM + 16 }, svg);
    }
    write("step", { class: "tick middle", x: (LEFT + wide) / 2, y: HIGH - 4 }, svg);
    for (const { running_edges: counts, method, order } of this.rows) {
      const points = counts.map((count, step) => `${this.x(step).toFixed(1)} ${this.y(count).toFixed(1)}`);
      make("path", { class: `track ${LOOKS[`${method} ${order}`]}`, d: `M${points.join("L")}` }, svg);
    }
    this.cursor = make("path", { class: "cursor" }, svg);
    return svg;
  }

  show() {
    const step = Math.min(board.step, this.last);
    this.root.dataset.step = step;
    this.cursor.setAttribute("d", `M${this.x(step)} 12V${HIGH - BOTTOM}`);
    for (const { bar, count, row } of this.cells) {
      const edges = row.running_edges[Math.min(step, row.running_edges.length - 1)];
      bar.style.width = `${(100 * edges) / this.most}%`;
      count.textContent = edges.toLocaleString("en");
    }
  }
}

function number(value) {
  return html("td", { class: "number" }, value === null ? "none" : value.toLocaleString("en"));
}

function verdict(value) {
  const [mark, words] = { true: ["✓", "yes"], false: ["✗", "no"] }[value] ?? ["", "–"];
  return html("td", { class: `verdict ${words}` }, mark ? `${mark} ${words}` : words);
}
