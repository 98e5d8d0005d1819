"""Every page by keys alone: what can be used is reached by Tab or arrow keys, has a name, and shows its focus."""

import pytest
from waiting import wait_idle

from sirenvae.ui.lesson.stops import link

PAGES = {
    "network": "/?network=student",
    "inversion": "/inversion?step=2&predict=next+variable&ask=export",
    "inference": "/inference?network=student",
    "marginals": "/inference?network=asia&evidence=xray+%3D+yes",
    "images": "/images",
    "masks": "/masks?network=student&mask_draw=network",
    "flow": "/flow?network=student&flow_step=2",
    "training": "/training?network=student&sizes=14",
    "results": "/results",
    "lesson": "/" + link(6),
}
DRAWN = {  # the components, and what is drawn last
    "network": (".graph.single [data-node]",),
    "inversion": (".stepper[data-step='2']", ".export button"),
    "inference": (".own [data-node]", ".sliders input"),
    "marginals": (".marginals[data-observed=xray]", ".st-key-inference_code"),
    "images": (".sheet button.cell", ".st-key-images_code"),
    "masks": (".masks.whole .layers",),
    "flow": (".flow[data-step='2']",),
    "training": (".st-key-train button",),
    "results": (".st-key-results_code",),
    "lesson": (".strip[data-stop='6'] .next", ".stepper[data-step='5']", "text=Both claim this independence"),
}
SLOW = 90_000  # milliseconds that the first import of torch may take on a busy machine
MOST_STOPS = 150  # of the Tab key on one page
ARROWS = ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp")

# The controls of a page, as window.controls: ours, which are inside components, and those that Streamlit gives to Tab,
# without its options side by side, which share one stop.
COLLECT = """() => {
  const usable = "a[href], button:enabled, input:enabled, select:enabled, summary, textarea, [tabindex], [role=slider]";
  const theirs = "button:not([data-variant]), input, summary";
  const walk = (root, inside) => [
    ...[...root.querySelectorAll(usable)].filter((e) => e.checkVisibility({ visibilityProperty: true }))
      .filter((e) => inside || (e.tabIndex >= 0 && e.closest("[data-testid=stMain]") && e.matches(theirs)))
      .map((element) => ({ element, inside })),
    ...[...root.querySelectorAll("*")].filter((e) => e.shadowRoot).flatMap((e) => walk(e.shadowRoot, true)),
  ];
  window.controls = walk(document, false);
  return controls.map(({ element, inside }) => (inside ? "" : "Streamlit's ") + element.outerHTML.slice(0, 120));
}"""
# Those with one Tab stop for many: the discs of the network.
DISCS = """() => controls.flatMap(({ element }, i) => element.matches("[data-node]") ? [i] : [])"""
# What shows a hand under the mouse in a component and is neither a control nor in one or around one.
MOUSE_ONLY = """() => {
  const ours = controls.filter(({ inside }) => inside).map(({ element }) => element);
  const roots = [...new Set(ours.map((e) => e.getRootNode()))];
  const hands = roots.flatMap((root) => [...root.querySelectorAll("*")])
    .filter((e) => e.checkVisibility() && ["pointer", "crosshair"].includes(getComputedStyle(e).cursor));
  return hands.filter((e) => !ours.some((c) => c.contains(e) || e.contains(c)) && !e.closest("label, .predicting"))
    .map((e) => e.outerHTML.slice(0, 120));
}"""
# Where the focus is: the number of the control, whether it is ours, and whether its ring is drawn and not cut off.
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const number = controls.findIndex(({ element }) => element === at);
  const { outlineStyle, outlineWidth, outlineOffset, outlineColor } = getComputedStyle(at);
  const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset);
  const box = at.getBoundingClientRect();
  let isCut = false;
  for (let around = at.parentElement; around; around = around.parentElement) {
    if (getComputedStyle(around).overflowX === "visible" || around.tagName === "svg") continue;
    const edge = around.getBoundingClientRect();
    isCut ||= box.left - reach < edge.left || box.top - reach < edge.top;
    isCut ||= box.right + reach > edge.right || box.bottom + reach > edge.bottom;
  }
  const isDrawn = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !outlineColor.endsWith(" 0)");
  window.focused = at;
  return { number, ours: at.getRootNode() !== document, ring: isDrawn && !isCut, end: at === document.body };
}"""


def name_of_focused(devtools) -> str:
    """The accessible name of what has the focus, as the browser computes it."""
    found = devtools.send("Runtime.evaluate", {"expression": "focused"})["result"]["objectId"]
    nodes = devtools.send("Accessibility.getPartialAXTree", {"objectId": found, "fetchRelatives": False})["nodes"]
    return nodes[0].get("name", {}).get("value", "").strip()


def reached_by_arrows(page, start: int) -> set[int]:
    """The controls that the arrow keys lead to from one of them."""
    reached, waiting = {start}, [start]
    while waiting:
        number = waiting.pop()
        for key in ARROWS:
            page.evaluate("number => controls[number].element.focus()", number)
            page.keyboard.press(key)
            at = page.evaluate(FOCUSED)["number"]
            if at >= 0 and at not in reached:
                reached.add(at)
                waiting.append(at)
    return reached


@pytest.mark.parametrize("name", PAGES)
def test_tab_and_arrow_keys_reach_everything(open_page, name):
    page = open_page(PAGES[name])
    for drawn in DRAWN[name]:
        page.locator(drawn).first.wait_for(timeout=SLOW)
    wait_idle(page)
    devtools = page.context.new_cdp_session(page)
    controls = page.evaluate(COLLECT)
    assert controls
    assert page.evaluate(MOUSE_ONLY) == []
    reached, nameless, ringless = set(), [], []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["end"]:
            break
        reached.add(at["number"])
        if at["ours"] and not name_of_focused(devtools):
            nameless.append(controls[at["number"]])
        if at["ours"] and not at["ring"]:
            ringless.append(controls[at["number"]])
    devtools.detach()
    assert (nameless, ringless) == ([], [])
    for disc in reached & set(page.evaluate(DISCS)):
        reached |= reached_by_arrows(page, disc)
    assert [control for number, control in enumerate(controls) if number not in reached] == []
