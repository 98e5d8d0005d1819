// The discs of a picture by keys: one is reached by the tab key, from there the arrow keys lead on.

import { ARROWS } from "../shared/dom.js";
import { variableAt } from "../shared/zoom.js";
import { neighbourTowards } from "./finder.js";

// What a key does in a view with a picture, its model and a stop: Enter and the space bar take the disc, Escape drops.
export function pressed(view, event, { take, drop }) {
  const v = variableAt(view.picture, event);
  if (event.key === "Escape") drop();
  if (v === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") take(v);
  else if (event.key in ARROWS) view.picture.nodes[neighbourTowards(view.model, v, ARROWS[event.key])].focus();
  else return;
  event.preventDefault();
}

// The tab key comes back to the disc that had the focus last.
export function moveStop(view, v) {
  if (v === null || v === view.stop) return;
  view.picture.nodes[view.stop].setAttribute("tabindex", "-1");
  view.picture.nodes[v].setAttribute("tabindex", "0");
  view.stop = v;
}
