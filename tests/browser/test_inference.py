"""The page Inference in a browser: a race and what it has learnt, edges by click and by key, a dragged value, Stop."""

import re

from playwright.sync_api import expect
from waiting import wait_idle

SLOW = 120_000  # milliseconds that a short race may take on a busy machine
OWN = ".graph.own"


def start(page):
    page.locator(".st-key-start_race button").press("Enter")


def test_a_race_ends_and_a_second_tab_sees_it(open_page, base_url):
    page = open_page("/inference?race_steps=100&inverses=heuristic&inverses=NaMI%2C+reverse")
    start(page)
    page.locator(".st-key-race_finished").wait_for(timeout=SLOW)
    page.locator(".posterior[data-voices='exact stuhlmueller nami-reverse']").wait_for(timeout=SLOW)
    assert "race=student-inference-" in page.url
    row = page.locator("tbody tr", has_text="NaMI, reverse")
    expect(row).to_contain_text(re.compile(r"15\s*0\.000\s*0\.\d{3}"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Curves as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "inverse,edges,floor,step,nats"
    assert lines[-1].startswith("nami-reverse,15,0.0,100,")
    other = open_page(page.url.removeprefix(base_url), theme="dark", width=390, height=844)
    other.locator(".st-key-race_finished").wait_for(timeout=SLOW)
    expect(other.locator("tbody tr", has_text="NaMI, reverse")).to_have_text(row.inner_text(), use_inner_text=True)
    assert other.evaluate("document.documentElement.scrollWidth") <= 390


def test_edges_go_and_come_by_click_and_by_key(open_page):
    page = open_page("/inference")
    own = page.locator(OWN)
    page.get_by_text("12 edges, floor 0.000 nats").wait_for()
    line = own.locator("[data-edge=G-I] .line").bounding_box()
    middle = (line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    page.mouse.click(*middle)
    page.locator(f"{OWN}[data-gone='1'][data-edges='11']").wait_for()
    page.get_by_text("11 edges, floor 0.103 nats, was 0.000").wait_for()
    page.get_by_text("depend on each other along I → G").wait_for()
    assert "own=remove+G+%3E+I" in page.url
    page.mouse.click(*middle)  # the dotted line brings it back
    page.locator(f"{OWN}[data-gone='0'][data-edges='12']").wait_for()
    own.locator("[data-node=L]").focus()
    page.keyboard.press("Enter")
    expect(own.locator(".about")).to_contain_text("L is the parent")
    own.locator("[data-node=D]").focus()
    page.keyboard.press("Enter")
    page.locator(f"{OWN}[data-added='1'][data-edges='13']").wait_for()
    page.get_by_text("1 edge more than NaMI in topological order").wait_for()
    wait_idle(page)
    own.locator("[data-node=D] .disc").click()
    own.locator("[data-node=H] .disc").click()
    page.get_by_text("leads into a latent, but H is observed").wait_for()
    page.reload()
    page.locator(f"{OWN}[data-added='1'][data-edges='13']").wait_for()


def test_the_posterior_moves_with_a_dragged_value(open_page, base_url):
    page = open_page("/inference")
    number = page.locator(".posterior [data-latent=L] .number")
    number.wait_for()
    before = number.text_content()
    slider = page.locator(".sliders input").first
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(number).not_to_have_text(before)
    page.wait_for_url("**given=**")
    wait_idle(page)
    moved = number.text_content()
    other = open_page(page.url.removeprefix(base_url))
    expect(other.locator(".posterior [data-latent=L] .number")).to_have_text(moved)
    page.locator(".st-key-draw button").click()
    expect(number).not_to_have_text(moved)


def test_stop_keeps_what_was_learnt_and_so_does_a_reload(open_page):
    page = open_page("/inference?race_steps=20000&inverses=heuristic")
    start(page)
    page.get_by_text(re.compile(r"step \d+ of 20,000")).wait_for(timeout=SLOW)
    page.locator(".posterior[data-voices='exact stuhlmueller']").wait_for(timeout=SLOW)
    page.reload()
    page.locator(".st-key-race_running").wait_for(timeout=SLOW)
    page.locator(".st-key-stop_race button").click()
    page.locator(".st-key-race_stopped").wait_for(timeout=SLOW)
    wait_idle(page)
    expect(page.locator(".posterior[data-voices='exact stuhlmueller']")).to_be_attached()
    page.locator(".st-key-go_on_race button").first.click()
    page.locator(".st-key-race_running").wait_for(timeout=SLOW)
    page.locator(".st-key-stop_race button").click()
    page.locator(".st-key-race_stopped").wait_for(timeout=SLOW)


def test_after_its_end_a_race_of_other_factors_goes_on(open_page):
    page = open_page("/inference?race_steps=100&inverses=mean+field&factors=mixture+of+3")
    start(page)
    page.get_by_text("mixture of 3 factors").wait_for()
    page.locator(".st-key-go_on_race button").first.click(timeout=SLOW)
    page.get_by_text("It went on after 100 steps").wait_for(timeout=SLOW)
    expect(page.get_by_text("Go on to 400 steps").first).to_be_visible(timeout=SLOW)
