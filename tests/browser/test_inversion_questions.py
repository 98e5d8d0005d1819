"""What is asked below the pictures: paths and differences light up, the race follows the steps, a step is exported."""

import json
from io import BytesIO

import networkx as nx
import pytest
from PIL import Image
from playwright.sync_api import expect
from waiting import expect_count, wait_idle

STEPPER = ".stepper"


def lit(page, picture: str) -> set[str]:
    edges = page.locator(f"[data-picture={picture}] .lit")
    return {edge.get_attribute("data-lit") for edge in edges.all()}


def choose(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_active_path_lights_up(open_page, theme):
    page = open_page("/inversion?ask=independence&ask_x=D&ask_y=I&ask_given=H", theme=theme)
    page.get_by_text("G is a collider and its descendant H is given").wait_for()
    page.wait_for_selector("[data-picture=network] .lit")
    assert lit(page, "network") == {"D-G", "I-G"}
    assert lit(page, "inverse") == {"I-D"}
    assert {mark.get_attribute("data-mark") for mark in page.locator("[data-picture=network] [data-mark]").all()} == {
        "D", "I", "H",
    }  # fmt: skip
    assert page.locator(STEPPER).get_attribute("data-large") == "inverse"
    page.locator(".st-key-ask_given [aria-label='Clear all'], .st-key-ask_given [title='Clear all']").first.click()
    page.get_by_text("is blocked at G, a collider").wait_for()
    page.get_by_text("The inverse loses an independence").wait_for()
    expect_count(page, "[data-picture=network] .lit", 0)
    page.reload()
    page.get_by_text("is blocked at G, a collider").wait_for()
    page.get_by_role("link", name="Masks").click()
    page.get_by_role("link", name="Inversion").click()
    page.wait_for_selector(f"{STEPPER}[data-step]")
    page.wait_for_selector("[data-picture=inverse] .lit")


def test_a_counterexample_is_found_for_an_unfaithful_rule(open_page):
    page = open_page("/inversion?rule=mean+field&ask=independence")
    page.get_by_role("button", name="One it claims wrongly").click()
    page.get_by_text("this is a counterexample").wait_for()
    page.wait_for_selector("[data-picture=network].large .lit.path")
    assert lit(page, "inverse") == set()


def test_a_question_about_one_variable_is_a_sentence(open_page):
    page = open_page("/inversion?ask=independence&ask_x=D&ask_y=D")
    page.get_by_text("Two different variables and others given them are compared").wait_for()
    expect_count(page, ".lit", 0)


def test_another_role_shows_what_it_changes(open_page):
    page = open_page("/inversion?ask=observed+or+latent&ask_role=G")
    page.get_by_text("If G were observed instead of latent").wait_for()
    page.get_by_text("3 edges are gone").wait_for()
    expect_count(page, "[data-picture=inverse].large .lit.gone", 3)
    expect_count(page, "[data-picture=inverse].large .lit.turned", 1)
    word, frame = page.locator(".large .marks .long").bounding_box(), page.locator(".frame.large").bounding_box()
    assert frame["x"] <= word["x"]
    page.get_by_role("button", name="Make it observed").click()
    page.get_by_text("G was latent and is observed now").wait_for()
    page.get_by_text("3 edges are gone").wait_for()
    page.get_by_text("Observed: 3 of 7").wait_for()
    page.get_by_role("button", name="Default").click()
    page.get_by_text("G was observed and is latent now").wait_for()
    page.get_by_text("3 edges are new").wait_for()


def test_the_last_observed_variable_stays(open_page):
    page = open_page("/inversion?network=collider&ask=observed+or+latent&ask_role=c")
    expect(page.get_by_text("At least one variable must be observed")).to_be_visible()


def test_the_race_follows_the_steps(open_page):
    page = open_page("/inversion?network=binary-tree-4&ask=race+of+rules")
    page.wait_for_selector(".race[data-step='0']")
    assert page.locator(".race tbody tr").count() == 5
    ends = [row.locator(".number").nth(1).inner_text() for row in page.locator(".race tbody tr").all()]
    assert ends[:2] == ["35", "30"]
    page.keyboard.press("End")
    page.wait_for_selector(".race[data-step='7']")
    now = [row.locator(".number").nth(0).inner_text() for row in page.locator(".race tbody tr").all()]
    assert now == ends


def test_the_words_of_the_races_chart_can_be_read_on_a_phone(open_page):
    page = open_page("/inversion?network=student&ask=race+of+rules", width=390)
    page.locator(".race .chart").wait_for()
    assert page.locator(".race .tick").first.bounding_box()["height"] > 10


def test_factors_are_named(open_page):
    page = open_page("/inversion?step=2&ask=factors")
    page.get_by_text("τ2(G, S)").wait_for()
    page.wait_for_selector(f"{STEPPER}[data-step='2']")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("τ3(G, L, J)")).to_be_visible()


def test_a_fill_edge_can_be_asked_about_by_key(open_page):
    page = open_page("/inversion?step=4")
    page.wait_for_selector(f"{STEPPER}[data-step='4']")
    page.get_by_role("button", name="G–S").focus()
    page.keyboard.press("Enter")
    told = page.locator(".told").inner_text()
    assert "Step 2 eliminated I" in told
    assert "τ2(G, S)" in told
    assert lit(page, "induced") == {"I-G", "I-S", "G-S"}
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(f"{STEPPER}[data-step='3']")
    expect_count(page, ".lit", 0)


@pytest.mark.parametrize("network", ["student", "arth150"])
def test_what_is_exported(open_page, network):
    page = open_page(f"/inversion?network={network}&step=2&ask=export")
    page.wait_for_selector(f"{STEPPER}[data-step='2']")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=3*")
    wait_idle(page)
    assert "step=3" in page.get_by_label("Link to this step").input_value()
    files = {}
    for label in (
        "Picture as SVG",
        "Picture as PNG",
        "JSON",
        "GraphML: inverse so far",
        "GraphML: induced graph",
        "Notebook",
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename.startswith(f"{network}-nami-topological-step-3")
        files[label] = download.value.path().read_bytes()
    assert Image.open(BytesIO(files["Picture as PNG"])).size[0] > 800
    svg = files["Picture as SVG"].decode()
    assert svg.startswith("<svg")
    assert "var(" not in svg
    content = json.loads(files["JSON"])
    assert content["step"] == 3
    inverse = nx.parse_graphml(files["GraphML: inverse so far"].decode())
    assert sorted(map(list, inverse.edges)) == sorted(content["inverse"])
    assert nx.parse_graphml(files["GraphML: induced graph"].decode()).number_of_edges() == len(content["induced"])
    code = json.loads(files["Notebook"])["cells"][0]["source"]
    assert f"sv.load_network('{network}')" in code
    assert "sv.graphs_at(network, inverse, 3)" in code


def test_the_link_is_copied(open_page):
    page = open_page("/inversion?step=2&ask=export")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link is copied.").wait_for()
    assert "step=2" in page.evaluate("navigator.clipboard.readText()")


def test_among_many_fill_edges_any_can_be_asked_about(open_page):
    page = open_page("/inversion?network=arth150&step=17")
    page.wait_for_selector(f"{STEPPER}[data-step='17']")
    others = page.get_by_label("Another fill edge")
    others.focus()
    others.select_option(index=100)
    assert "The frontier" not in page.locator(".told").inner_text()
    page.wait_for_selector("[data-picture=induced].large .lit.caused")
    page.get_by_role("heading", name="Why ").wait_for()
