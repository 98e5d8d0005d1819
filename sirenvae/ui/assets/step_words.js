// What a step did: in words, as the frontier's table, and as the lines of the algorithm that ran.

function algorithm(order) {
  const waits = order === "topological" ? "parents" : "children";
  return [
    "Connect the parents of every variable; drop the arrows.",
    `Frontier: the latents without latent ${waits}.`,
    "While the frontier is not empty:",
    "v ← the cheapest of the frontier, by the edges its neighbours lack",
    "connect the remaining neighbours of v with each other",
    "make them the parents of v in the inverse",
    `remove v; who waited for no other of its latent ${waits} joins the frontier`,
  ];
}

class WordsPanel {
  constructor(host, stepper) {
    this.stepper = stepper;
    this.title = html("h3");
    this.text = html("p", { class: "told", "aria-live": "polite" });
    this.table = html("table", { class: "frontier-table" });
    this.code = html("ol", { class: "code", "aria-label": "The algorithm" });
    for (const [i, line] of algorithm(stepper.data.order).entries()) {
      this.code.append(html("li", { class: i > 2 ? "inner" : "" }, html("span", {}, line), html("b")));
    }
    host.replaceChildren(this.title, this.text, this.table, html("h4", {}, "The algorithm"), this.code);
  }

  show(step) {
    const { data, frontier } = this.stepper;
    this.title.textContent = step ? "What just happened" : "Before the first step";
    this.text.textContent = step ? data.steps[step - 1].words : data.start;
    this.#frontier(step, frontier);
    this.#lines(step);
  }

  // The answer to a click on a fill edge.
  why(a, b) {
    const { names } = this.stepper.model;
    const same = ([c, d]) => (a === c && b === d) || (a === d && b === c);
    const cause = this.stepper.data.steps.findIndex(({ fill }) => fill.some(same));
    const v = names[this.stepper.data.steps[cause].v];
    this.title.textContent = `Why ${names[a]}–${names[b]}?`;
    this.text.textContent =
      `Step ${cause + 1} eliminated ${v}. ${names[a]} and ${names[b]} were both its neighbours and not each other's. ` +
      `Summing ${v} out leaves one factor over all its neighbours, so the two depend on each other from then on.`;
  }

  #frontier(step, frontier) {
    const { names } = this.stepper.model;
    const chosen = step ? this.stepper.data.steps[step - 1].v : null;
    const rows = [...frontier].sort(([u, a], [v, b]) => (v === chosen) - (u === chosen) || a - b || u - v);
    const body = html("tbody");
    for (const [v, cost] of rows.slice(0, TABLE_ROWS)) {
      const mark = v === chosen ? "eliminated" : "";
      body.append(
        html("tr", { class: mark }, html("td", {}, names[v]), html("td", {}, String(cost)), html("td", {}, mark)),
      );
    }
    if (rows.length > TABLE_ROWS) {
      body.append(html("tr", {}, html("td", { colspan: "3" }, `and ${rows.length - TABLE_ROWS} more, none cheaper`)));
    }
    const head = html("tr", {}, html("th", {}, "frontier"), html("th", {}, "fill cost"), html("th"));
    this.table.replaceChildren(html("thead", {}, head), body);
  }

  // Each line that ran carries the values it ran with.
  #lines(step) {
    const { data, model, frontiers } = this.stepper;
    const list = (numbers) => shortened(numbers.map((v) => model.names[v]));
    const values = new Array(this.code.children.length).fill(null);
    if (step === 0) [values[0], values[1]] = [countOf(data.moral.length, "edge"), list([...(frontiers[0]?.keys() ?? [])])];
    else {
      const { v, fill, parents } = data.steps[step - 1];
      const joined = [...(frontiers[step]?.keys() ?? [])].filter((u) => !frontiers[step - 1].has(u));
      values[3] = model.names[v];
      values[4] = fill.length ? shortened(fill.map(([a, b]) => `${model.names[a]}–${model.names[b]}`)) : "nothing to add";
      values[5] = parents.length ? `${list(parents)} → ${model.names[v]}` : "none left";
      values[6] = joined.length ? `${list(joined)} joins` : "nobody joins";
    }
    [...this.code.children].forEach((line, i) => {
      line.classList.toggle("ran", values[i] !== null);
      line.classList.toggle("filled", i === 4 && step > 0 && data.steps[step - 1].fill.length > 0);
      line.lastChild.textContent = values[i] ?? "";
    });
  }
}

function countOf(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"} added`;
}

function shortened(words, most = 5) {
  return words.slice(0, most).join(", ") + (words.length > most ? ` and ${words.length - most} more` : "");
}

// The marks of the pictures, drawn with the same classes as the pictures themselves.
function legend() {
  const list = html("ul", { class: "legend", "aria-label": "Legend" });
  const disc = (role) => `<g class="node ${role}" transform="translate(18 10)"><circle class="disc" r="7"/></g>`;
  const line = (kind) => `<g class="edge ${kind}"><path class="line" d="M2 10H34"/></g>`;
  const arrow = (kind) =>
    `<g class="edge ${kind}"><path class="line" d="M2 10H26"/><path class="head" d="M35 10L25 5.5V14.5Z"/></g>`;
  for (const [drawing, words] of [
    [disc("latent"), "latent"],
    [disc("observed"), "observed"],
    [disc("latent frontier"), "frontier, with fill cost"],
    [disc("now"), "eliminated now"],
    [disc("eliminated"), "eliminated before"],
    [line("moral"), "added by moralizing"],
    [line("fill new"), "fill edge (thick: new)"],
    [arrow("inverse new"), "edge of the inverse (thick: new)"],
  ]) {
    const item = html("li");
    item.innerHTML = `<svg viewBox="0 0 36 20" aria-hidden="true">${drawing}</svg>`;
    item.append(words);
    list.append(item);
  }
  return list;
}
