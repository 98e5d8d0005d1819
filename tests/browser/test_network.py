"""The network page in a browser: drawing, clicking, uploading."""

import pytest
from playwright.sync_api import expect
from waiting import expect_count, wait_idle

DISCS = ".graph.single [data-node]"


@pytest.mark.parametrize(("name", "variables"), [("student", 7), ("ecoli70", 46)])
def test_page_opens(open_page, name, variables):
    page = open_page(f"/?network={name}", theme="dark" if name == "ecoli70" else "light")
    expect_count(page, DISCS, variables)


def test_the_chosen_card_is_seen_whole_on_a_phone(open_page):
    page = open_page("/?network=ecoli70", width=390)
    card = page.locator(".gallery [data-name=ecoli70][aria-pressed=true]").bounding_box()
    row = page.locator(".gallery .cards").bounding_box()
    assert row["x"] <= card["x"]
    assert card["x"] + card["width"] <= row["x"] + row["width"]


def test_the_first_page_is_found_by_its_name_too(open_page):
    page = open_page("/network?network=fork")
    expect_count(page, DISCS, 4)
    page.get_by_role("link", name="Inversion").click()
    expect_count(page, "[data-step]", 1)
    assert "network=fork" in page.url
    assert not page.get_by_text("Page not found").count()


def test_a_click_toggles_observed_and_a_reload_and_the_other_page_keep_it(open_page):
    page = open_page("/?network=student")
    graph = page.locator(".graph.single")
    assert graph.get_attribute("data-observed") == "J H"
    page.locator("[data-node=G] .disc").click()
    page.wait_for_selector(".graph.single[data-observed='G J H']")
    wait_idle(page)
    assert "observed=G" in page.url
    page.reload()
    page.wait_for_selector(".graph.single[data-observed='G J H']")
    page.get_by_role("link", name="Inversion").click()
    page.wait_for_selector(".stepper[data-step='0']")
    wait_idle(page)
    assert "observed=G" in page.url
    expect_count(page, ".stage .large .node.observed", 3)
    page.get_by_role("button", name="Default").click()
    page.get_by_text("Observed: 2 of 7").wait_for()
    wait_idle(page)
    assert "observed=" not in page.url


def test_the_keyboard_toggles_too(open_page):
    page = open_page("/?network=chain")
    page.locator("[data-node=a]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".graph.single[data-observed='a x']")
    wait_idle(page)
    assert "observed=a" in page.url


def test_the_last_observed_variable_stays(open_page):
    page = open_page("/?network=chain")
    page.locator("[data-node=x] .disc").click()
    page.get_by_text("At least one variable must be observed, but all 4 are latent.").wait_for()
    assert page.locator(".graph.single").get_attribute("data-observed") == "x"


def test_an_upload_is_chosen_and_survives_a_reload(open_page):
    page = open_page("/")
    upload(page, "mine.csv", "parent,child\nsun,<b>&\nrain,<b>&\n")
    page.wait_for_selector(".graph.single [data-node=sun]")
    expect_count(page, "[data-testid=stFileUploader]", 0)  # its popover does not cover what was chosen
    wait_idle(page)
    assert "network=mine-" in page.url
    page.reload()
    page.wait_for_selector(".graph.single [data-node=sun]")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("circle.csv", "a,b\nb,a\n", "A Bayesian network has no directed cycle"),
        ("empty.json", "", "The file empty.json is empty"),
        ("notes.odt", "a,b\n", "ends in '.odt', though its text looks like a table of edges"),
        ("deep.json", "[" * 100_000, "nests lists or objects too deeply"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_changes_nothing(open_page, name, text, sentence):
    page = open_page("/?network=collider")
    upload(page, name, text)
    page.locator("[data-testid=stPopoverBody]").get_by_text(sentence).wait_for()
    expect_count(page, DISCS, 3)


def test_names_from_a_file_stay_text(open_page):
    page = open_page("/?network=collider")
    upload(
        page, "evil.csv", 'parent,child\n<img src=http://x.example/y.png>,**a**\n"![q](http://x.example/z.png)",**a**\n'
    )
    page.get_by_text("2 (of **a**)").wait_for()
    for name in ("Inversion", "Masks", "Training"):
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
        wait_idle(page)
        assert page.locator("img[src*='x.example']").count() == 0


def test_zoom_buttons_cover_no_variable_on_a_narrow_screen(open_page):
    page = open_page("/?network=student", width=390, height=844)
    expect_count(page, DISCS, 7)
    bottom = page.locator(".zoom").bounding_box()["y"] + page.locator(".zoom").bounding_box()["height"]
    assert bottom <= min(disc.bounding_box()["y"] for disc in page.locator(f"{DISCS} .disc").all())


def test_physics_view_asks_nothing_of_other_addresses(open_page):
    page = open_page("/?network=collider")
    page.get_by_text("Explore with physics").click()
    view = page.frame_locator("iframe")
    view.locator("canvas").wait_for()
    assert view.locator("script[src], link[href]").count() == 0
    page.get_by_text("Conditionals").click()
    page.locator("[data-testid=stDataFrame]").wait_for()


def test_unknown_network_in_the_link(open_page):
    page = open_page("/?network=nonsense")
    page.get_by_text("There is no network called 'nonsense'").wait_for()
    expect_count(page, DISCS, 7)


def upload(page, name: str, text: str) -> None:
    """Give the picker a file."""
    page.get_by_role("button", name="Your own").click()
    file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(file)


def test_a_plate_is_drawn_collapsed(open_page):
    page = open_page("/?network=gaussian-mixture-20")
    plates = page.locator(".graph.plates")
    expect(plates.locator("[data-plate=data] text")).to_have_text("data × 20")
    expect(plates.locator("[data-node]")).to_have_count(4)
    box, disc = (plates.locator(one).bounding_box() for one in ("[data-plate=data] rect", "[data-node=z] .disc"))
    assert box["x"] < disc["x"] < disc["x"] + disc["width"] < box["x"] + box["width"]
    page.goto(page.url.replace("/?", "/inversion?") + "&order=reverse")
    page.locator(".graph.plates[data-panels='directed inverse']").wait_for()
    expect(plates.locator("figure").nth(1).locator("[data-edge=x-z]")).to_have_count(1)
    expect(plates.locator("figure").nth(1)).to_contain_text("z[i] | theta, phi, x[i]")
