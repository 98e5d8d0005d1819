// One entry of the browser's history for each click or key. Streamlit makes one for every parameter that it writes into the
// URL, and one for the bare page on the way to another, so that Back would lead to states that nobody has seen.

let modules = null; // a name for those that the server had when this tab was loaded

function mergeEntries() {
  const [push, replace] = [history.pushState.bind(history), history.replaceState.bind(history)];
  let last = "nothing"; // what came last: a click or key, a write that followed it, or Back
  const acted = () => (last = "action");
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, acted, { capture: true });
  window.addEventListener("popstate", () => (last = "back"), { capture: true });
  const write = (...entry) => {
    if (last === "back") return; // the entry that was gone back to says it all; Streamlit would empty it
    (last === "action" ? push : replace)(...entry);
    last = "write";
  };
  history.pushState = write;
  history.replaceState = (...entry) => last !== "back" && replace(...entry);
}

// A tab may outlive its server. The next one may have other modules, which want other data; then the tab starts again from
// its address, which says where it is.
export default function ({ data }) {
  if (modules === null) mergeEntries();
  else if (modules !== data.modules) location.reload();
  modules = data.modules;
}
