// The networks as cards in one row that scrolls, or all of them below each other; a click chooses one.

export class Gallery {
  constructor(mount) {
    this.root = document.createElement("div");
    this.root.className = "graph gallery";
    this.row = document.createElement("div");
    this.row.className = "cards";
    this.row.setAttribute("role", "group");
    this.row.setAttribute("aria-label", "Networks to choose from");
    this.all = document.createElement("button");
    this.all.type = "button";
    this.all.className = "all";
    this.all.addEventListener("click", () => this.unfold(!this.root.classList.contains("unfolded")));
    this.root.append(this.row, this.all);
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
    const card = document.createElement("button");
    card.type = "button";
    card.dataset.name = name;
    const picture = document.createElement("span");
    picture.className = "thumb";
    picture.innerHTML = svg; // made by us, without names
    const words = document.createElement("span");
    const title = document.createElement("b");
    title.textContent = name;
    const text = document.createElement("small");
    text.textContent = about;
    words.append(title, text);
    card.append(picture, words);
    card.addEventListener("click", () => this.choose(name));
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
