// Going to an address of this app as Back and Forward do: one entry in the history, and the URL decides on every widget.

import { html } from "../shared/dom.js";

function visit(href) {
  const url = new URL(href, document.baseURI);
  // Always an entry of its own, whoever has merged entries since.
  if (url.href !== location.href) History.prototype.pushState.call(history, {}, "", url);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

// A link that is followed without loading the app again; with a key held down it is the browser's.
export function appLink(attributes, words, followed) {
  const link = html("a", attributes, words);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const href = link.getAttribute("href");
    visit(href);
    followed?.(href);
  });
  return link;
}
