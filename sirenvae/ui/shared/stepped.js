// What is stepped through by keys and by itself: the arrow keys, home, end, space, and play at the bar's speed. Who extends
// it has a root, steps, the step, a bar, `move(from, to)`, which draws, `told(step)`, what the bar
// says, to be seen and to be heard, and `tell()`, which lets Python know.

const BUSY = "input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=listbox], [role=combobox], "
  + "[role=radiogroup], [role=slider]";
const TELL_AFTER = 250; // milliseconds of rest before Python is told the step
const PRESSED_BY_SPACE = "button, a, input, summary, [role=button], [role=tab]";

export class Stepped {
  constructor(playEvery) {
    this.playEvery = playEvery; // milliseconds between steps at speed 1
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey, true); // before a list that keeps its keys to itself
  }

  destroy() {
    this.pause();
    clearTimeout(this.telling);
    document.removeEventListener("keydown", this.onKey, true);
  }

  // Move to step k, as far as there are as many.
  go(k, tell = true) {
    const target = Math.max(0, Math.min(k, this.steps.length));
    if (target === this.step) return;
    const started = performance.now();
    const before = Math.max(this.step, 0);
    this.step = target;
    this.move(before, target);
    this.root.dataset.step = target;
    this.root.dataset.stepMs = (performance.now() - started).toFixed(1);
    if (tell) this.tellLater();
  }

  // Python learns a moment later where we are.
  tellLater() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), TELL_AFTER);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected || !this.steps.length) return;
    const target = event.composedPath()[0];
    const moves = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: this.steps.length };
    if (this.#isKeptBy(target, event.key) || (!(event.key in moves) && event.key !== " ")) return;
    if (event.key === " ") {
      this.togglePlay();
    } else {
      this.pause();
      this.go(moves[event.key]);
    }
    event.preventDefault();
  }

  // Whether the key is for what has the focus. The scrubber steps as the bar does. After a choice a list keeps the focus,
  // closed; nobody types there until it opens again.
  #isKeptBy(target, key) {
    if (target === this.bar.scrubber) return false;
    if (key === " " && target.closest?.(PRESSED_BY_SPACE)) return true;
    const chose = target.matches?.("[role=combobox][aria-expanded=false]") && key.startsWith("Arrow");
    return !chose && Boolean(target.closest?.(BUSY));
  }

  togglePlay() {
    if (this.playing) return this.pause();
    if (this.step === this.steps.length) this.go(0);
    const tick = () => {
      this.go(this.step + 1);
      if (this.step === this.steps.length) this.pause();
      else this.playing = setTimeout(tick, this.playEvery / this.bar.speed());
    };
    this.playing = setTimeout(tick, 300);
    this.bar.showPlaying(true);
  }

  pause() {
    clearTimeout(this.playing);
    this.playing = null;
    this.bar?.showPlaying(false);
  }
}
