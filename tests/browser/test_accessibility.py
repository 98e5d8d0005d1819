"""What axe-core finds on every page and on the way through it, in both themes: nothing serious and nothing critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from waiting import expect_count, wait_idle

from sirenvae.ui.lesson.stops import link

PAGES = {  # and what is drawn last; the other pages are looked at where their way begins
    "/?network=greenhouse": ".graph.single [data-node]",
    "/inversion?network=ecoli70&step=8": ".stepper[data-step='8'] [data-picture=inverse]",
    "/inference?network=student": ".sliders input",
    "/inference?network=asia&evidence=xray+%3D+yes": ".marginals[data-observed=xray]",
    "/inversion?network=gaussian-mixture-20&order=reverse": ".plates figure + figure",
    "/images": ".sheet button.cell",
}
NETWORK = next(iter(PAGES))
SLOW = 90_000  # milliseconds that the first import of torch may take on a busy machine
# Streamlit's own: a formula that is wider than its column scrolls, and Streamlit gives it no key to do so.
NOT_OURS = [[".katex-display"]]


def violations(page, **options) -> list[str]:
    """Serious and critical ones: the rule, and the elements that break it."""
    found = Axe().run(page, context={"exclude": NOT_OURS}, options={"resultTypes": ["violations"]} | options)
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def violations_in_both_themes(page) -> list[str]:
    """Those in light, and what dark colours add; the page follows the system's theme at once."""
    page.emulate_media(color_scheme="dark")
    wait_idle(page)
    in_dark = violations(page, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="light")
    wait_idle(page)
    return violations(page) + [f"dark: {violation}" for violation in in_dark]


def click(page, key: str, option: str) -> None:
    """Choose one of the words that stand side by side."""
    page.locator(f".st-key-{key}").get_by_text(option, exact=True).click()
    wait_idle(page)


def edit_and_import(page):
    """Edits in the picture, one of them refused, the generator, a file that is no network."""
    page.locator(".tools").get_by_role("button", name="Add edge").click()
    for pair in ("DS", "JD"):  # the second pair waits for the picture with the first edge
        for v in pair:
            page.locator(f".graph.single [data-node={v}] .disc").click()
        expect_count(page, "[data-edge=D-S]", 1)
        wait_idle(page)
    page.get_by_text("closes the directed cycle").wait_for()
    expect_count(page, "[data-edge=D-S]", 1)
    page.locator(".graph.single [data-node=J] .disc").click()
    yield "an edge is added, one refused, one begun"
    page.get_by_role("button", name="Generate").click()
    page.locator(".st-key-generate_next").wait_for()
    yield "the generator is open"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Your own").click()
    file = {"name": "empty.json", "mimeType": "text/plain", "buffer": b""}
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(file)
    page.get_by_text("The file empty.json is empty").wait_for()
    yield "a file is refused"


def eliminate_and_ask(page):
    """A wrong prediction, an independence, why there is a fill edge, the race, the export."""
    page.locator(".choices").get_by_role("button", name="G", exact=True).click()
    page.get_by_text("✗ Not G").wait_for()
    page.wait_for_selector("[data-picture=network] [data-mark=D]")
    yield "a prediction was wrong, an independence is asked about"
    page.get_by_role("button", name="G–S").click()
    page.get_by_role("heading", name="Why G–S?").wait_for()
    click(page, "ask", "race of rules")
    page.wait_for_selector(".race tbody tr")
    yield "why this fill edge, and the race"
    click(page, "ask", "export")
    page.get_by_label("Link to this step").wait_for()
    yield "the export"


def light_paths(page):
    """A pair without a path in one block, and a latent in the whole model."""
    page.wait_for_selector(".masks.whole .layers", timeout=SLOW)
    yield "nothing is chosen"
    block = page.locator(".masks:not(.stacked, .whole)")
    block.get_by_label("From input").select_option(label="S")
    block.get_by_label("To output").select_option(label="D")
    expect(block.locator(".claim")).to_contain_text("no path")
    page.get_by_label("Light up the paths of").select_option("z-0")
    expect(page.locator(".masks.whole .claim")).to_contain_text("Latent")
    yield "a pair and a latent are chosen"


def race_to_the_floors(page):
    """An inverse with an edge less and one more, a short race, and what it has learnt."""
    page.locator(".own[data-gone='1'][data-added='1']").wait_for(timeout=SLOW)
    page.locator(".posterior .band").first.wait_for(timeout=SLOW)
    yield "an edge is gone, one added"
    page.locator(".st-key-start_race button").press("Enter")
    page.locator(".st-key-race_finished").wait_for(timeout=SLOW)
    page.locator(".posterior[data-voices~=own]").wait_for(timeout=SLOW)
    yield "the race is over"


def step_through_the_flow(page):
    """Before the blocks, in the middle of them, and of the sweeps."""
    page.wait_for_selector(".flow[data-step='0']", timeout=SLOW)
    yield "before the blocks"
    page.locator(".flow .next").click()
    page.locator(".flow .next").click()
    page.wait_for_selector(".flow[data-step='2']")
    yield "after block 2"
    click(page, "flow_way", "backwards")
    page.wait_for_selector(".flow[data-way=backwards]")
    page.locator(".flow .next").click()
    yield "a sweep"


def train_a_little(page):
    """The form, a short run, and what it has learnt."""
    page.locator(".st-key-train button").wait_for()
    yield "nothing is trained yet"
    page.locator(".st-key-train button").press("Enter")
    page.locator(".st-key-run_finished").wait_for(timeout=SLOW)
    page.locator(".st-key-posterior_ellipses .js-plotly-plot").wait_for(timeout=SLOW)
    page.locator(".st-key-samples .js-plotly-plot").wait_for()
    page.get_by_role("button", name="Numbers as CSV").wait_for()
    page.get_by_text("Recipe", exact=True).click()
    yield "a run is finished, its recipe is open"


def read_tables(page):
    """What the page begins with, the other results, and code."""
    page.locator(".js-plotly-plot").first.wait_for()
    yield "as it opens"
    click(page, "results", "sizes")
    page.locator(".st-key-results_sizes .js-plotly-plot").wait_for()
    page.locator(".st-key-results_code summary").click()
    page.locator(".st-key-results_code .token.string").first.wait_for()
    yield "a figure, and its code"
    click(page, "results", "parts")
    page.locator("[data-testid=stDataFrame]").wait_for()
    yield "a table"


def follow_the_lesson(page):
    """A stop in the middle, and the list of all."""
    page.locator(".strip[data-stop='6']").wait_for()
    page.wait_for_selector("[data-picture=inverse] [data-mark=D]")
    yield "a stop"
    page.locator(".strip summary").click()
    yield "all stops"


WAYS = {
    edit_and_import: "/?network=student",
    eliminate_and_ask: "/inversion?step=2&predict=next+variable&ask=independence&ask_x=D&ask_y=I",
    light_paths: "/masks?network=student&mask_draw=network",
    race_to_the_floors: "/inference?race_steps=100&own=remove+G+>+I&own=add+L+>+D",
    step_through_the_flow: "/flow",
    train_a_little: "/training?network=student&sizes=14&seeds=1&steps=30",
    read_tables: "/results",
    follow_the_lesson: "/" + link(6),
}


@pytest.mark.parametrize("path", PAGES)
def test_no_serious_violation(open_page, path):
    page = open_page(path)
    page.locator(PAGES[path]).first.wait_for(timeout=SLOW)
    assert not violations_in_both_themes(page)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_serious_violation_on_the_way(open_page, way):
    page = open_page(WAYS[way])
    for state in way(page):
        wait_idle(page)
        assert not violations_in_both_themes(page), state


def test_a_violation_would_be_found(open_page):
    page = open_page(NETWORK)
    page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
    assert any(violation.startswith("color-contrast") for violation in violations(page))
