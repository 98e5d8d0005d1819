// One entry of the browser's history for each click or key. Streamlit makes one for every parameter that it writes into the
// URL, and one for the bare page on the way to another, so that Back would lead to states that nobody has seen.

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

export default function () {
  if (window.sirenvaeMergesEntries) return;
  window.sirenvaeMergesEntries = true;
  mergeEntries();
}
