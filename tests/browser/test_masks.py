"""The masks page in a browser: what is pointed at lights up, and agrees with the masks that Python multiplied."""

import json

import networkx as nx
import pytest
from playwright.sync_api import expect
from waiting import expect_count, wait_idle

import sirenvae as sv
from sirenvae.experiments.shown.masks import block_layers, flow_graph
from sirenvae.figures.masks import block_drawing, mask_product
from sirenvae.flows import layer_masks

BLOCK = ".masks:not(.stacked, .whole)"
STACK = ".masks.stacked"
WHOLE = ".masks.whole"

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


@pytest.fixture(scope="module", autouse=True)
def torch_is_loaded(browser, base_url):
    """The first masks that a server builds wait for the import of torch, on a busy machine for long."""
    page = browser.new_page()
    page.goto(f"{base_url}/masks?network=student")
    page.wait_for_selector(f"{WHOLE} .layers", timeout=90_000)
    page.close()


# A point on the curve of an edge, in the page; the middle of its box may lie on another edge.
ON_CURVE = """
(path) => {
  const at = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
  return [at.x, at.y];
}
"""


def point_at_edge(page, j: int, i: int) -> None:
    """Move the mouse to the middle of an edge's curve, once the page no longer moves."""
    hit = page.locator(f'{BLOCK} g[data-pair="{j}-{i}"] .hit')
    hit.scroll_into_view_if_needed()
    wait_idle(page)
    x, y = hit.evaluate(ON_CURVE)
    for _ in range(50):
        page.wait_for_timeout(100)
        before, (x, y) = (x, y), hit.evaluate(ON_CURVE)
        if before == (x, y):
            break
    page.mouse.move(x, y)


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
    page.get_by_text("47 of 144").first.wait_for()
    page.get_by_text("Checked: the product of the masks equals the graph.").first.wait_for()
    _, layers = student_masks()
    assert page.locator(BLOCK).evaluate(COUNT_ALL) == mask_product(layers).tolist()


def test_a_larger_network_on_a_narrow_dark_screen(open_page):
    page = open_page("/masks?network=ecoli70", theme="dark", width=390)
    page.wait_for_selector(f"{STACK} .board")
    graph = flow_graph(sv.load_network("ecoli70"))
    drawing = block_drawing(graph, block_layers(graph))
    assert page.locator(f"{BLOCK} [data-pair]").count() == len(drawing["edges"])
    page.get_by_text(f"{drawing['kept']:,} of {drawing['dense']:,}").first.wait_for()
    overflow = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
    assert overflow <= 0


def test_pointing_at_an_edge_at_a_cell_and_at_nothing(open_page):
    page = open_page("/masks?network=student", height=1300)
    page.wait_for_selector(f"{BLOCK} .board")
    graph, layers = student_masks()
    j, i = graph.names.index("G"), graph.names.index("D")
    root = page.locator(BLOCK)
    page.wait_for_selector(f"{WHOLE} .layers")  # the last part of the page to be drawn
    point_at_edge(page, j, i)
    expect(root).to_have_attribute("data-pair", "G-D")
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
    page.get_by_text("12 of 20 pairs").first.wait_for()
    assert page.locator(f"{STACK} .far-edge").count() == 0
    choose(page, STACK, "S", "D")
    assert page.locator(f"{STACK} .claim").inner_text().startswith("no path yet: S → I → D")
    page.locator("[data-testid=stSlider] input").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{STACK}[data-blocks="2"]')
    wait_idle(page)
    page.get_by_text("20 of 20 pairs").first.wait_for()
    page.get_by_text("Measured: 0 of 10 forbidden entries are non-zero").first.wait_for()
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
    words = "needs a unit for each of the 5 variables, but its width is 3. Clear the field"
    expect(page.get_by_text(words)).to_be_visible()


def whole_reach(network: sv.BayesianNetwork, inverse: nx.DiGraph, observed: str) -> dict[str, set[str]]:
    """What an observed variable reaches through one block of each flow and the decoder, by walking the graphs."""
    latents = set(network.latents)
    z = {v for v in inverse.successors(observed) if v in latents}
    innovation = z | {child for v in z for child in network.dag.successors(v) if child in latents}
    decoded = {child for v in (*z, observed) for child in network.dag.successors(v) if child not in latents}
    return {"z": z, "innovation": innovation, "decoded": decoded}


@pytest.mark.parametrize(("name", "theme", "width"), [("student", "dark", 1280), ("ecoli70", "light", 390)])
def test_the_whole_model_lights_up_what_an_observed_variable_reaches(open_page, name, theme, width):
    page = open_page(f"/masks?network={name}", theme=theme, width=width)
    page.wait_for_selector(f"{WHOLE} .layers")
    network = sv.load_network(name)
    inverse = sv.invert(network).dag
    root = page.locator(WHOLE)
    for variable in network.observed[:4]:
        page.get_by_label("Light up the paths of").select_option(label=f"{variable} (x)", value=None)
        expect(root).to_have_attribute("data-chosen", f"observed {variable}")
        reached = json.loads(root.get_attribute("data-reaches"))
        for kind, names in whole_reach(network, inverse, variable).items():
            assert set(reached[kind]) == names
    overflow = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
    assert overflow <= 0


def test_the_whole_model_by_mouse_keys_and_words(open_page):
    page = open_page("/masks?network=student&mask_blocks=2")
    page.wait_for_selector(f"{WHOLE} .layers")
    root, claim = page.locator(WHOLE), page.locator(f"{WHOLE} .claim")
    choice = page.get_by_label("Light up the paths of")
    choice.select_option(value="decoded-1")
    expect(claim).to_have_text("Output H is drawn given G and J")
    choice.select_option(value="z-0")
    expect(claim).to_contain_text("Latent D depends on the observed J and H, and on the noise of")
    reads = json.loads(root.get_attribute("data-reads"))
    inverse = sv.invert(sv.load_network("student")).dag
    within_two = nx.single_source_shortest_path_length(inverse.reverse(), "D", cutoff=2)
    assert {*reads["noise"], *reads["observed"]} == set(within_two)
    page.locator(f"{WHOLE} .stage").focus()
    page.keyboard.press("ArrowDown")
    expect(root).to_have_attribute("data-chosen", "z I")
    page.keyboard.press("ArrowLeft")
    expect(claim).to_contain_text("A hidden unit of block 2 of the encoder")
    page.locator(f"{WHOLE} .layers").scroll_into_view_if_needed()
    box = page.locator(f"{WHOLE} .layers").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 2)
    page.mouse.click(box["x"] + 4, box["y"] + 2)  # nothing is there: what was chosen stays
    expect(claim).to_contain_text("A hidden unit of block 2 of the encoder")
    page.get_by_text("Measured: 0 of 10 forbidden entries").first.wait_for()


def test_a_hundred_variables_light_up_quickly(open_page, record_property):
    page = open_page("/masks?network=arth150&mask_blocks=4")
    page.wait_for_selector(f"{WHOLE} .layers")
    root = page.locator(WHOLE)
    page.locator(f"{WHOLE} .stage").focus()
    times = []
    for _ in range(9):
        before = root.get_attribute("data-chosen")
        page.keyboard.press("ArrowDown")
        expect(root).not_to_have_attribute("data-chosen", before)
        times.append(float(root.get_attribute("data-ms")))
    record_property("light_ms", times)
    assert sorted(times)[4] < 150  # about 30 on an idle machine


def test_a_network_too_large_for_units_is_drawn_as_matrices(open_page):
    page = open_page("/masks?network=random-dag-400-1-1")
    page.wait_for_selector(f"{WHOLE} .layers")
    expect_count(page, BLOCK, 0)
    expect_count(page, STACK, 0)
    page.get_by_text("With more than 200 variables single weights are not drawn").first.wait_for()
    network = sv.load_network("random-dag-400-1-1")
    variable = network.observed[0]
    page.get_by_label("Light up the paths of").select_option(label=f"{variable} (x)")
    expect(page.locator(WHOLE)).to_have_attribute("data-chosen", f"observed {variable}")
    reached = json.loads(page.locator(WHOLE).get_attribute("data-reaches"))
    for kind, names in whole_reach(network, sv.invert(network).dag, variable).items():
        assert set(reached[kind]) == names
    page.get_by_text("fully connected", exact=True).click()
    page.get_by_text("takes minutes to invert").wait_for()
