// How views come to life. Streamlit calls a component's default export at every run of the page, with the place that it has
// there and the data of that run; each place has one view, made when it is first seen.

// `views`: name -> class. A view is made with its place, is brought up to date with the data and with what tells Python,
// and may have something to destroy.
export function mounting(views) {
  const made = new WeakMap();
  return ({ data, parentElement, ...python }) => {
    const place = parentElement.querySelector(".mount");
    if (!made.has(place)) made.set(place, new views[data.view](place));
    made.get(place).update(data, python);
    return () => made.get(place).destroy?.();
  };
}
