"""The lesson in a browser: every stop sets its page, and reload, Back, a copied link and leaving do what they say."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from waiting import wait_idle

from sirenvae.ui.lesson.stops import STOPS, link

STRIP = ".strip"
SLOW = 60_000  # milliseconds that the first picture with a neural network in it may take on a busy machine


def at_stop(page, number: int) -> None:
    """Wait until the strip and the page are at a stop, and see that both say so."""
    stop = STOPS[number - 1]
    page.locator(f"{STRIP}[data-stop='{number}']").wait_for()
    expect(page.locator("h1")).to_have_text(stop.page.capitalize(), timeout=SLOW)
    expect(page.locator(f"{STRIP} h2")).to_have_text(stop.title)
    expect(page.locator(f"{STRIP} summary")).to_have_text(f"Stop {number} of {len(STOPS)}")
    wait_idle(page)
    assert parameters(page.url) == parameters(link(number))
    expect(page.get_by_text("First thing to try")).to_be_hidden()
    shown = LOOKS[number]
    if shown:
        page.locator(shown).first.wait_for(timeout=SLOW)


DEFAULTS = (("network", ["student"]), ("ask_x", ["D"]))  # a page leaves them out of its URL

# What a learner sees at each stop, which the URL alone does not show.
LOOKS = {
    1: ".stepper[data-step='0'][data-large='network'] [data-picture=network] [data-mark=a]",
    2: ".stepper[data-large='inverse'] .no-steps",
    3: ".stepper[data-step='0'][data-large='moral']",
    4: ".stepper[data-step='1'][data-large='induced'].predicting .choices",
    5: ".stepper[data-step='2'][data-large='induced'].predicting .choices",
    6: ".stepper[data-step='5'][data-large='inverse'] [data-picture=inverse] [data-mark=D]",
    7: ".stepper[data-step='7'][data-large='inverse']",
    8: ".stepper[data-step='2'][data-large='inverse']",
    9: ".own[data-edges='12'] [data-node=G]",
    10: ".st-key-masks_block canvas, .st-key-masks_block svg",
    11: ".st-key-masks_stack [data-node=v5]",
    12: ".st-key-train button:visible",
    13: ".st-key-train button:visible",
}


def parameters(url: str) -> dict[str, list[str]]:
    """Those of the URL, less the choices that are meant if none is named."""
    found = parse_qs(urlsplit(url).query)
    return {name: values for name, values in found.items() if (name, values) not in DEFAULTS}


def follow(page, name: str) -> None:
    page.locator(STRIP).get_by_role("link", name=name, exact=True).click()


def test_all_stops_one_after_the_other(open_page):
    page = open_page("/?network=fork")
    page.get_by_role("link", name="Start the lesson").click()
    entries = None
    for number in range(1, len(STOPS) + 1):
        at_stop(page, number)
        if entries is not None:
            assert page.evaluate("history.length") == entries + 1
        entries = page.evaluate("history.length")
        if number < len(STOPS):
            follow(page, "Next ›")
    assert (
        page.locator(".st-key-run_running, .st-key-run_queued, .st-key-race_running").count() == 0
    )  # a run is started by hand alone
    follow(page, "End")
    expect(page.locator("h1")).to_have_text("Network")
    expect(page.locator(STRIP)).to_have_count(0)


def test_reload_another_tab_and_back(open_page):
    page = open_page("/" + link(6))
    at_stop(page, 6)
    page.reload()
    at_stop(page, 6)
    at_stop(open_page(page.url[page.url.index("/inversion") :]), 6)
    follow(page, "‹ Back")
    at_stop(page, 5)
    page.go_back()
    at_stop(page, 6)
    follow(page, "Next ›")
    at_stop(page, 7)
    page.go_back()
    at_stop(page, 6)
    page.go_forward()
    at_stop(page, 7)


def test_quick_presses_arrive(open_page):
    page = open_page("/" + link(2))
    at_stop(page, 2)
    for _ in range(4):
        follow(page, "Next ›")
    at_stop(page, 6)


def test_what_a_stop_asks_for_can_be_done(open_page):
    page = open_page("/" + link(2))
    at_stop(page, 2)
    choose(page, "rule", "NaMI")
    page.get_by_text("12 edges").wait_for()
    page.locator(".stepper[data-step='5'][data-large='inverse']").wait_for()
    page.goto(page.url.split("/inversion")[0] + "/" + link(4))
    at_stop(page, 4)
    page.locator(".choices").get_by_role("button", name="1", exact=True).click()
    page.get_by_text("✓ Right.").wait_for()
    follow(page, "Next ›")
    at_stop(page, 5)
    page.goto(page.url.split("/inversion")[0] + "/" + link(7))
    at_stop(page, 7)
    choose(page, "order", "reverse")
    page.get_by_text("30 edges").wait_for()
    assert "lesson=7" in page.url
    wait_idle(page)  # who goes on while the page still draws may take its step along
    follow(page, "Next ›")
    at_stop(page, 8)
    page.locator(".st-key-printed label").first.click()
    page.get_by_text("1 redundant parent dropped").wait_for()
    wait_idle(page)
    page.keyboard.press("ArrowRight")
    page.locator(".stepper[data-step='3'] .inverse.pruned.new .cross").first.wait_for()


def test_the_question_is_on_the_screen_with_its_picture(open_page):
    page = open_page("/" + link(6))
    at_stop(page, 6)
    strip = page.locator(STRIP)
    expect(page.get_by_text("Both claim this independence.")).to_be_in_viewport()
    disc = page.locator("[data-picture=inverse] [data-node=D] .disc")
    expect(disc).to_be_in_viewport()
    assert disc.bounding_box()["y"] > strip.bounding_box()["y"] + strip.bounding_box()["height"]
    page.locator(".st-key-ask_given").get_by_role("button", name=re.compile("^Remove I|I, close")).first.click()
    page.locator("[data-picture=network] [data-lit='I-S']").wait_for(state="attached")  # a level line has no height


def test_leaving_keeps_the_page_and_wandering_keeps_the_lesson(open_page):
    page = open_page("/" + link(3))
    at_stop(page, 3)
    page.get_by_role("link", name="Masks").click()
    expect(page.locator("h1")).to_have_text("Masks", timeout=SLOW)
    wait_idle(page)
    assert "lesson=3" in page.url
    follow(page, "Next ›")
    at_stop(page, 4)
    follow(page, "Leave the lesson")
    expect(page.locator(STRIP)).to_have_count(0)
    page.get_by_text("First thing to try").wait_for()
    page.locator(".stepper[data-step='1'].predicting").wait_for()
    assert "lesson" not in page.url
    assert "step=1" in page.url
    page.go_back()
    at_stop(page, 4)


def test_the_strip_needs_no_mouse(open_page):
    page = open_page("/" + link(3))
    at_stop(page, 3)
    strip = page.get_by_role("navigation", name="Lesson")
    strip.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not strip.locator("ol").is_visible()
    page.keyboard.press("Enter")
    for _ in range(7):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at_stop(page, 7)
    assert not strip.locator("ol").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_strip_leaves_room_on_a_narrow_screen(open_page, theme):
    page = open_page("/" + link(2), theme=theme, width=390, height=844)
    at_stop(page, 2)
    box = page.locator(STRIP).bounding_box()
    assert box["height"] < 844 / 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Show me where").click()
    expect(page.locator(".st-key-rule")).to_be_in_viewport()


def choose(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)
