"""The masks page in a browser: what is pointed at lights up, and agrees with the masks that Python multiplied."""

from waiting import wait_idle

import sirenvae as sv
from sirenvae.figures.masks import block_drawing, flow_graph, mask_product
from sirenvae.flows import layer_masks

BLOCK = ".masks:not(.stacked)"
STACK = ".masks.stacked"

# Choose every pair through the two lists and note the paths that the picture counts.
COUNT_ALL = """
(root) => {
  const [from, to] = root.querySelectorAll("select");
  const rows = [];
  for (const i of to.options) {
    rows.push([]);
    for (const j of from.options) {
      [from.value, to.value] = [j.value, i.value];
      from.dispatchEvent(new Event("change"));
      rows.at(-1).push(Number(root.dataset.paths));
    }
  }
  return rows;
}
"""


def student_masks():
    graph = flow_graph(sv.load_network("student"))
    return graph, layer_masks(graph.adjacency, [12])


def choose(page, root: str, j: str, i: str) -> None:
    page.locator(f"{root} select").nth(0).select_option(label=j)
    page.locator(f"{root} select").nth(1).select_option(label=i)


def test_every_pair_has_as_many_paths_as_the_product_says(open_page):
    page = open_page("/masks?network=student")
    page.wait_for_selector(f"{STACK} .board")
    assert int(page.locator(BLOCK).get_attribute("data-lit")) > 0  # something is lit from the start
    assert page.get_by_text("47 of 144").is_visible()
    assert page.get_by_text("Checked: the product of the masks equals the graph.").is_visible()
    _, layers = student_masks()
    assert page.locator(BLOCK).evaluate(COUNT_ALL) == mask_product(layers).tolist()


def test_a_larger_network_on_a_narrow_dark_screen(open_page):
    page = open_page("/masks?network=ecoli70", theme="dark", width=390)
    page.wait_for_selector(f"{STACK} .board")
    drawing = block_drawing(flow_graph(sv.load_network("ecoli70")))
    assert page.locator(f"{BLOCK} [data-pair]").count() == len(drawing["edges"])
    assert page.get_by_text(f"{drawing['kept']:,} of {drawing['dense']:,}").is_visible()
    overflow = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
    assert overflow <= 0


def test_pointing_at_an_edge_at_a_cell_and_at_nothing(open_page):
    page = open_page("/masks?network=student", height=1300)
    page.wait_for_selector(f"{BLOCK} .board")
    graph, layers = student_masks()
    j, i = graph.names.index("G"), graph.names.index("D")
    root = page.locator(BLOCK)
    page.locator(f'{BLOCK} g[data-pair="{j}-{i}"] .hit').hover(force=True)
    assert root.get_attribute("data-pair") == "G-D"
    assert int(root.get_attribute("data-paths")) == mask_product(layers)[i, j]

    page.locator(f'{BLOCK} [data-node="G"]').hover()
    assert page.locator(f"{BLOCK} .claim").inner_text() == "Output G owns {G, L, J, H}"
    assert page.locator(f"{BLOCK} .edge.lit").count() == 3

    choose(page, BLOCK, "I", "D")
    cell = page.locator(f"{BLOCK} .frame-cell").bounding_box()
    choose(page, BLOCK, "S", "D")
    assert page.locator(f"{BLOCK} .claim").inner_text() == "no path: S is not a parent of D"
    assert root.get_attribute("data-lit") == "0"
    assert page.locator(f"{BLOCK} .ghost").count() == 1

    page.mouse.move(cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2)
    assert root.get_attribute("data-pair") == "I-D"
    assert page.locator(f"{BLOCK} .edge.lit").get_attribute("data-edge") == "I-D"

    page.mouse.move(1, 1)
    assert root.get_attribute("data-pair") == "S-D"  # what was chosen comes back
    page.locator(f"{BLOCK} .stage").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert root.get_attribute("data-pair") == "I-D"


def test_slider_reaches_further(open_page):
    page = open_page("/masks?network=student")
    page.wait_for_selector(f"{STACK} .board")
    assert page.get_by_text("12 of 20 pairs").is_visible()
    assert page.locator(f"{STACK} .far-edge").count() == 0
    choose(page, STACK, "S", "D")
    assert page.locator(f"{STACK} .claim").inner_text().startswith("no path yet: S → I → D")
    page.locator("[data-testid=stSlider] input").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{STACK}[data-blocks="2"]')
    wait_idle(page)
    assert page.get_by_text("20 of 20 pairs").is_visible()
    assert page.get_by_text("Measured: 0 of 10 forbidden entries are non-zero").is_visible()
    assert page.locator(f"{STACK} .far-edge.new").count() == 8
    assert page.locator(f"{STACK} .claim").inner_text() == "S → I → D: 2 blocks, one edge each"
    assert "mask_blocks=2" in page.url


def test_a_link_restores_the_controls(open_page):
    controls = (
        "mask_flow=prior&mask_structure=fully+connected&mask_layers=2&mask_width=9&mask_blocks=3&mask_draw=network"
    )
    page = open_page(f"/masks?network=student&{controls}")
    page.wait_for_selector(f"{STACK} .board")
    assert page.locator(BLOCK).get_attribute("data-view") == "network"
    assert page.locator(f"{BLOCK} .unit").count() == 5 + 9 + 9 + 5
    assert page.locator(STACK).get_attribute("data-blocks") == "3"


def test_a_width_that_is_too_small_is_one_sentence(open_page):
    page = open_page("/masks?network=student&mask_width=3")
    assert page.get_by_text(
        "needs a unit for each of the 5 variables, but its width is 3. Clear the field"
    ).is_visible()
