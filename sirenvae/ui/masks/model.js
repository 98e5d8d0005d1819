// A whole SIReN-VAE as columns of units and links between them, and what a unit depends on. No drawing here.

import { several } from "../shared/words.js";
import { neighbours, unpack } from "./paths.js";

const LISTED = 12; // names in a sentence before "and so many more"

export class Vae {
  constructor(model) {
    Object.assign(this, { model, names: model.names, latents: model.latents, blocks: model.blocks });
    this.columns = []; // {part, block, kind, variables, sets}, in topological order
    this.links = []; // {from, to, into, outOf, part}: masks, and values that are carried along
    this.joins = Object.fromEntries(["encoder", "prior", "decoder"].map((name) => [name, this.#joins(model[name])]));
    this.#encoder();
    const reads = Math.max(model.prior.inputs.length, model.decoder.inputs.length);
    this.z = this.#column("z", this.blocks, "z", model.names.keys(), reads);
    this.#close(this.last, this.z, "encoder");
    this.#carry(this.read, this.z);
    this.#prior();
    this.#decoder();
  }

  // The kept weights of each mask of a part, by later and by earlier unit.
  #joins({ inputs, hidden, outputs, masks }) {
    const sizes = [inputs.length, ...hidden.map((layer) => layer.sets.length), outputs.length];
    return masks.map((text, k) => neighbours(unpack(text, sizes[k] * sizes[k + 1]), sizes[k]));
  }

  #column(part, block, kind, variables, size, sets = null) {
    this.columns.push({ part, block, kind, variables: variables && [...variables].slice(0, size), sets, size });
    return this.columns.length - 1;
  }

  #link(from, to, join, part) {
    this.links.push({ from, to, part, ...join });
  }

  // The same value again, in a later column: what is read besides the latents.
  #carry(from, to) {
    const [a, b] = [this.columns[from], this.columns[to]];
    const both = Math.min(a.size, b.size);
    const alike = (size) => Array.from({ length: size }, (_, u) => (u >= this.latents && u < both ? [u] : []));
    this.links.push({ from, to, part: "carry", into: alike(b.size), outOf: alike(a.size) });
  }

  #hidden(part, block, from) {
    let at = from;
    this.model[part].hidden.forEach((layer, k) => {
      const next = this.#column(part, block, "hidden", null, layer.sets.length, layer.sets);
      this.#link(at, next, this.joins[part][k], part);
      at = next;
    });
    return at;
  }

  #close(from, to, part) {
    this.#link(from, to, this.joins[part].at(-1), part);
  }

  #encoder() {
    const { inputs } = this.model.encoder;
    for (let block = 1; block <= this.blocks; block++) {
      const kind = block === 1 ? "noise" : "state";
      const at = this.#column("encoder", block, kind, inputs, inputs.length);
      if (block > 1) {
        this.#close(this.last, at, "encoder");
        this.#carry(this.read, at);
      }
      this.read = at;
      this.last = this.#hidden("encoder", block, at);
    }
  }

  #prior() {
    const { inputs } = this.model.prior;
    let read = this.z;
    for (let block = 1; block <= this.blocks; block++) {
      const last = this.#hidden("prior", block, read);
      const end = block === this.blocks;
      const at = this.#column("prior", block, end ? "innovation" : "state", inputs, end ? this.latents : inputs.length);
      this.#close(last, at, "prior");
      if (!end) this.#carry(read, at);
      read = at;
    }
    this.innovation = read;
  }

  #decoder() {
    const last = this.#hidden("decoder", 1, this.z);
    const { outputs } = this.model.decoder;
    this.decoded = this.#column("decoder", 1, "decoded", outputs, outputs.length);
    this.#close(last, this.decoded, "decoder");
  }

  // For each column the units on some path through unit u of column c.
  lit(c, u) {
    const behind = this.columns.map(() => new Set());
    const ahead = this.columns.map(() => new Set());
    behind[c].add(u);
    ahead[c].add(u);
    const byFrom = [...this.links].sort((a, b) => a.from - b.from);
    for (const { from, to, outOf } of byFrom) {
      for (const w of ahead[from]) for (const v of outOf[w] ?? []) ahead[to].add(v);
    }
    byFrom.sort((a, b) => b.to - a.to);
    for (const { from, to, into } of byFrom) {
      for (const w of behind[to]) for (const v of into[w] ?? []) behind[from].add(v);
    }
    return { behind, ahead };
  }

  // Kept weights between lit units, for drawing: [link, earlier unit, later unit].
  weights({ behind, ahead }) {
    const found = [];
    for (const link of this.links) {
      for (const side of [behind, ahead]) {
        for (const v of side[link.to]) {
          for (const w of link.into[v] ?? []) if (side[link.from].has(w)) found.push([link, w, v]);
        }
      }
    }
    return found;
  }

  // Which variables are lit where: x and noise that are read, latents, and what comes out of decoder and prior.
  groups(sets) {
    const latent = (v) => v < this.latents;
    const first = [...sets[0]];
    const sorted = (list) => [...list].sort((a, b) => a - b);
    return {
      noise: sorted(first.filter(latent)),
      observed: sorted(first.filter((v) => !latent(v))),
      z: sorted([...sets[this.z]].filter(latent)),
      beside: sorted([...sets[this.z]].filter((v) => !latent(v))), // observed parents, read beside z
      decoded: sorted([...sets[this.decoded]].map((u) => this.columns[this.decoded].variables[u])),
      innovation: sorted(sets[this.innovation]),
    };
  }

  // What unit u of column c stands for, as one of the kinds that the words know.
  kind(c, u) {
    const { kind } = this.columns[c];
    const copies = kind === "noise" || kind === "state" || kind === "z";
    return copies && u >= this.latents ? "observed" : kind;
  }

  name(c, u) {
    return this.names[this.columns[c].variables[u]];
  }

  list(variables) {
    const said = variables.slice(0, LISTED).map((v) => this.names[v]);
    const more = variables.length - LISTED;
    if (more > 0) return `${said.join(", ")} and ${more.toLocaleString("en")} more`;
    return said.length > 1 ? `${said.slice(0, -1).join(", ")} and ${said.at(-1)}` : said.join("");
  }

  // What unit u of column c depends on and what depends on it. The first is the claim, the second the rest.
  describe(c, u, { behind, ahead }) {
    const [from, to] = [this.groups(behind), this.groups(ahead)];
    const kind = this.kind(c, u);
    const reach = this.#reach(to, kind);
    if (kind === "hidden") return this.#hiddenWords(c, u, from, to, reach);
    const name = this.name(c, u);
    const blocks = several(this.blocks, "block");
    const sources = this.#sources(from);
    switch (kind) {
      case "observed":
        if (c === this.z) return [`Observed ${name}, beside the latents`, reach || "Neither prior nor decoder reads it here."];
        return [
          `Observed ${name} reaches ${to.z.length ? this.#latentWords(to.z) : "no latent"}`,
          `The encoder, ${blocks} of it, reads it as context. ${reach}`,
        ];
      case "noise":
        return [
          `The noise of ${name} reaches ${this.#latentWords(to.z)}`,
          `The encoder starts from one normal number for each latent and moves it by ${blocks}. ${reach}`,
        ];
      case "z":
        return [
          `Latent ${name} depends on ${sources}`,
          `That is what it sees through ${blocks} with the inverse's edges. ${reach}`,
        ];
      case "decoded": {
        const given = [...from.z, ...from.beside];
        const further = from.z.length ? ` Through the encoder those latents depend on ${sources}.` : "";
        return [
          given.length ? `Output ${name} is drawn given ${this.list(given)}` : `Output ${name} sees nothing`,
          `The decoder lets it see its parents in this structure and nothing else.${further}`,
        ];
      }
      case "innovation":
        return [
          `The prior makes the noise of ${name} from ${this.list([...from.z, ...from.beside])}`,
          `It takes ${blocks} with the network's edges. Noise far from 0 says that ${name} is unlikely. ` +
            `Through the encoder those latents depend on ${sources}.`,
        ];
      default:
        return [`${name} between two blocks of the ${this.columns[c].part} depends on ${sources}`, reach];
    }
  }

  #hiddenWords(c, u, from, to, reach) {
    const { part, block, sets } = this.columns[c];
    const where = part === "decoder" ? "of the decoder" : `of block ${block} of the ${part}`;
    const said = sets[u].slice(0, LISTED).map((v) => this.names[v]);
    const owned = said.join(", ") + (sets[u].length > LISTED ? ", …" : "");
    return [`A hidden unit ${where} that owns {${owned}}`, `It depends on ${this.#sources(from)}. ${reach}`];
  }

  #latentWords(z) {
    if (z.length === this.latents && z.length > 1) return `all ${z.length} latents`;
    return `${z.length > 1 ? "the latents" : "the latent"} ${this.list(z)}`;
  }

  #sources({ observed, noise }) {
    const parts = [];
    if (observed.length) parts.push(`the observed ${this.list(observed)}`);
    if (noise.length) parts.push(`the noise of ${this.list(noise)}`);
    return parts.length ? parts.join(", and on ") : "nothing";
  }

  #reach({ decoded, innovation }, kind) {
    if (kind === "decoded" || kind === "innovation") return "";
    const ends = [];
    if (innovation.length) ends.push(`the prior's noise of ${this.list(innovation)}`);
    if (decoded.length) ends.push(`the decoder's ${this.list(decoded)}`);
    return ends.length ? `It goes on to ${ends.join(", and to ")}.` : "";
  }
}
