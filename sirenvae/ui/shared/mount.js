// How views come to life. Streamlit calls a component's default export at every run of the page, with the place that it has
// there and the data of that run; each place has one view, made when it is first seen.

// `views`: name -> class. A view is made with its place, is brought up to date with the data and with what tells Python,
// and may have something to destroy.
export function mounting(views) {
  const made = new WeakMap();
  return ({ data, parentElement, ...python }) => {
    const place = parentElement.querySelector(".mount");
    if (!made.has(place)) made.set(place, { view: new views[data.view](place), runs: 0 });
    const mounted = made.get(place);
    const run = ++mounted.runs;
    mounted.view.update(data, python);
    return () => {
      if (mounted.runs !== run) return; // a run that was overtaken while its module came: the view is the next one's
      mounted.view.destroy?.();
      made.delete(place);
      place.replaceChildren();
    };
  };
}
