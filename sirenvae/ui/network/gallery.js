// The networks as cards in one row that scrolls, or all of them below each other; a click chooses one.

import { button, html } from "../shared/dom.js";

export class Gallery {
  constructor(mount) {
    this.row = html("div", { class: "cards", role: "group", "aria-label": "Networks to choose from" });
    this.all = button("", () => this.unfold(!this.root.classList.contains("unfolded")), { class: "all" });
    this.root = html("div", { class: "graph gallery" }, this.row, this.all);
    mount.append(this.root);
    this.unfold(false);
  }

  unfold(on) {
    this.root.classList.toggle("unfolded", on);
    this.all.textContent = on ? "One row" : "Show all";
    this.all.setAttribute("aria-expanded", String(on));
    if (!on) this.reveal();
  }

  update({ cards, chosen }, { setTriggerValue }) {
    this.choose = (name) => setTriggerValue("choose", name);
    const names = cards.map(({ name }) => name).join("\n");
    if (names !== this.names) {
      this.names = names;
      this.row.replaceChildren(...cards.map((card) => this.card(card)));
    }
    const isOther = chosen !== this.chosen;
    this.chosen = chosen;
    for (const card of this.row.children) card.setAttribute("aria-pressed", String(card.dataset.name === chosen));
    if (isOther) this.reveal();
  }

  card({ name, about, svg }) {
    const picture = html("span", { class: "thumb" });
    picture.innerHTML = svg; // made by us, without names
    const words = html("span", {}, html("b", {}, name), html("small", {}, about));
    const card = button(picture, () => this.choose(name), { "data-name": name });
    card.append(words);
    card.addEventListener("focus", () => card.matches(":focus-visible") && this.bring(card)); // all of it, for the Tab key
    return card;
  }

  // The chosen card comes into sight sideways; the page itself does not move.
  reveal() {
    const card = [...this.row.children].find(({ dataset }) => dataset.name === this.chosen);
    if (card) this.bring(card);
  }

  bring(card) {
    const air = Math.max(0, Math.min(40, (this.row.clientWidth - card.offsetWidth) / 2)); // a bit of its neighbours
    const [left, right] = [card.offsetLeft - air, card.offsetLeft + card.offsetWidth + air];
    if (left < this.row.scrollLeft) this.row.scrollLeft = left;
    else if (right > this.row.scrollLeft + this.row.clientWidth) this.row.scrollLeft = right - this.row.clientWidth;
  }
}
