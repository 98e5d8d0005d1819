// The network as one picture; a click on a variable asks Python to make it observed or latent.

const views = new WeakMap();
const FOCUSABLE = 60; // with more variables than this the tab key would never leave the picture; the list above serves

class NetworkView {
  constructor(parent) {
    this.root = html("div", { class: "graph single" });
    parent.append(this.root);
  }

  update(model, toggle) {
    this.toggle = toggle;
    if (model.id !== this.id) this.build(model);
    this.root.dataset.observed = model.observed.map((v) => model.names[v]).join(" ");
    const observed = new Set(model.observed);
    model.names.forEach((name, v) => {
      const role = observed.has(v) ? "observed" : "latent";
      this.picture.setRole(v, `node ${role} live`);
      const words = `${name}, ${role}: ${observed.has(v) ? "make it latent" : "make it observed"}`;
      if (model.names.length <= FOCUSABLE) this.picture.nodes[v].setAttribute("aria-label", words);
    });
    this.observed = observed;
    this.picture.canvas?.redraw(); // the theme may have changed
  }

  ask(v, zoom, tip) {
    if (zoom.dragged) return;
    tip.hide(); // it names the role that is about to change
    this.toggle(v);
  }

  build(model) {
    this.id = model.id;
    this.root.replaceChildren();
    const frame = html("div", { class: "frame large" });
    this.root.append(frame);
    this.picture = new Picture(frame, model, new Routes(model), "The network", model.edges.length > MANY_LINES);
    for (const [parent, child] of model.edges) this.picture.addEdge(parent, child, "directed", true);
    const zoom = new Zoom(frame, this.picture);
    const tip = new Tip(this.root);
    onVariable(
      this.picture,
      (v) => {
        this.picture.highlight(v, true);
        tip.show(this.picture.nodes[v], [model.names[v], this.observed.has(v) ? "observed" : "latent"]);
      },
      (v) => {
        this.picture.highlight(v, false);
        tip.hide();
      },
    );
    this.picture.nodes.forEach((node, v) => {
      node.addEventListener("click", () => this.ask(v, zoom, tip));
      if (model.names.length > FOCUSABLE) return;
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.ask(v, zoom, tip);
      });
    });
    this.resize?.disconnect();
    this.resize = new ResizeObserver(() => this.picture.fitDetail());
    this.resize.observe(frame);
    this.picture.fitDetail();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".mount");
  if (!views.has(host)) views.set(host, new NetworkView(host));
  const view = views.get(host);
  view.update(data, (v) => setTriggerValue("toggle", v));
  return () => view.resize.disconnect();
}
