// The strip of the lesson: where we are, three sentences, one thing to do, and the ways on. All stops are here, so the
// strip answers at once; the page follows.

import { button, html } from "../shared/dom.js";
import { appLink } from "./visit.js";

const STICKY = "(min-width: 900px) and (min-height: 760px)"; // as in shared/look.css: here the strip stays in sight
const BELOW_BAR = 60; // pixels of the app's own bar
const PATIENCE = 60_000; // milliseconds to wait for what a stop is about
const CALM = 4; // looks at it between which it has not moved

export class Strip {
  constructor(mount) {
    const followed = () => this.follow();
    this.back = appLink({ class: "way back" }, "‹ Back", followed);
    this.next = appLink({ class: "way next" }, "Next ›", followed);
    this.leave = appLink({ class: "leave" }, "Leave the lesson", followed);
    this.count = html("summary", { "aria-label": "All stops" });
    this.list = html("ol");
    this.jump = html("details", { class: "jump" }, this.count, this.list);
    this.title = html("h2");
    this.done = html("i");
    this.words = html("p", { class: "says" });
    this.task = html("span");
    this.where = button("Show me where", () => this.point(), { class: "where" });
    this.more = appLink({ class: "where" }, "Without waiting: Results");
    const head = html("div", { class: "head" }, this.back, this.jump, this.next, this.title, this.leave);
    const text = html("div", { class: "text", "aria-live": "polite" }, this.words);
    text.append(html("p", { class: "task" }, html("b", {}, "Do this: "), this.task, " ", this.where, " ", this.more));
    const track = html("div", { class: "track", "aria-hidden": "true" }, this.done);
    this.root = html("nav", { class: "strip", "aria-label": "Lesson" }, head, track, text);
    mount.append(this.root);
    this.jump.addEventListener("keydown", (event) => event.key === "Escape" && this.fold());
    this.onPointer = (event) => !event.composedPath().includes(this.jump) && (this.jump.open = false);
    document.addEventListener("pointerdown", this.onPointer);
  }

  destroy() {
    clearTimeout(this.waiting);
    document.removeEventListener("pointerdown", this.onPointer);
  }

  update({ stops, at, home }) {
    const isNew = this.stops?.length !== stops.length;
    [this.stops, this.home, this.given] = [stops, home, at];
    if (isNew) {
      const links = stops.map(({ title, href }) => appLink({ href }, title, () => this.follow()));
      this.list.replaceChildren(...links.map((link) => html("li", {}, link)));
    }
    this.show();
  }

  // The address knows best: what the server says may be one click old.
  get at() {
    return Number(new URLSearchParams(location.search).get("lesson")) || this.given;
  }

  follow() {
    this.fold();
    this.show();
  }

  fold() {
    if (!this.jump.open) return;
    this.jump.open = false;
    this.count.focus();
  }

  show() {
    const stop = this.stops[this.at - 1];
    const outside = new URL(location.href);
    outside.searchParams.delete("lesson");
    this.leave.href = outside.href;
    if (!stop || this.shown === this.at) return;
    this.shown = this.at;
    const last = this.stops.length;
    this.root.dataset.stop = this.at;
    this.count.textContent = `Stop ${this.at} of ${last}`;
    this.done.style.width = `${(100 * this.at) / last}%`;
    this.title.textContent = stop.title;
    this.words.textContent = stop.words;
    this.task.textContent = stop.task;
    this.where.hidden = !stop.where;
    this.more.hidden = !stop.more;
    this.more.href = stop.more;
    if (this.at > 1) this.back.href = this.stops[this.at - 2].href;
    else this.back.removeAttribute("href");
    this.next.href = this.stops[this.at]?.href ?? this.home;
    this.next.textContent = this.at === last ? "End" : "Next ›";
    this.next.title = this.at === last ? "To the first page" : "";
    this.list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.list.children[this.at - 1].firstChild.setAttribute("aria-current", "step");
    this.bring(stop);
  }

  // Scroll to what the stop is about, as far as the strip stays in sight with it.
  bring({ scroll: [key, side] }) {
    const main = document.querySelector("[data-testid=stMain]");
    main.scrollTo({ top: 0 });
    if (!key || !matchMedia(STICKY).matches) return;
    this.wait(key, (target) => {
      const { top, bottom } = target.getBoundingClientRect();
      const head = this.root.getBoundingClientRect().height + BELOW_BAR;
      main.scrollBy({ top: side === "start" ? top - head - 24 : Math.min(bottom + 24 - innerHeight, top - head - 24) });
    });
  }

  // Show where the thing to do is done.
  point() {
    this.wait(this.stops[this.at - 1].where, (target) => {
      target.scrollIntoView({ block: "center" });
      const ring = (width) => ({ outline: `${width}px solid #e69f00`, outlineOffset: "5px", borderRadius: "8px" });
      target.animate([ring(4), ring(4), ring(0)], { duration: 2500 });
      target.querySelector("input, button, select")?.focus({ preventScroll: true });
    });
  }

  // Once the page has followed, and what is looked for has stopped moving while the pictures above it are drawn.
  wait(key, act, until = performance.now() + PATIENCE, before = null, still = 0) {
    clearTimeout(this.waiting);
    const isIdle = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
    const isThere = isIdle && this.given === this.at;
    const target = isThere ? document.querySelector(`.st-key-${key}`) : null;
    const top = target?.getBoundingClientRect().top ?? null;
    const calm = top !== null && top === before ? still + 1 : 0;
    if (calm === CALM) act(target);
    else if (performance.now() < until) this.waiting = setTimeout(() => this.wait(key, act, until, top, calm), 80);
  }
}
