"""The page Inference for a network with states, in a browser: states by click and by key, training, Stop and Go on."""

import re

from playwright.sync_api import expect
from waiting import wait_idle

SLOW = 120_000  # milliseconds that a short training may take on a busy machine
VIEW = ".graph.marginals"


def test_states_are_observed_by_click_and_by_key(open_page):
    page = open_page("/inference?network=asia")
    page.locator(f"{VIEW} [data-variable=xray] [data-state=yes]").click(timeout=SLOW)
    page.locator(f"{VIEW}[data-observed=xray]").wait_for()
    page.get_by_text("xray = yes moves most").wait_for()
    expect(page.locator("[data-variable=lung] [data-state=yes] output")).to_have_text("49 %")
    expect(page.locator(f"{VIEW} .card.moved")).to_have_count(6)
    page.locator(f"{VIEW} [data-node=smoke]").focus()
    page.keyboard.press("Enter")
    page.locator(f"{VIEW}[data-observed='smoke xray']").wait_for()
    expect(page.locator("[data-variable=smoke] [data-state=yes]")).to_have_attribute("aria-pressed", "true")
    wait_idle(page)
    page.locator(f"{VIEW} [data-node=smoke] .disc").click()  # the next state
    page.get_by_text("smoke = no moves most").wait_for()
    expect(page.locator("[data-variable=lung] [data-state=yes] output")).to_have_text("14 %")
    wait_idle(page)
    page.locator(f"{VIEW} [data-node=smoke] .disc").click()  # and then none
    page.locator(f"{VIEW}[data-observed=xray]").wait_for()
    wait_idle(page)
    page.reload()
    page.locator(f"{VIEW}[data-observed=xray]").wait_for()
    assert "evidence=xray" in page.url


def test_it_trains_stops_and_goes_on(open_page, base_url):
    page = open_page("/inference?network=asia&learning_steps=60000&evidence=xray+%3D+yes")
    page.locator(".st-key-start_learning button").press("Enter")
    page.locator(f"{VIEW}[data-learnt=true]").wait_for(timeout=SLOW)
    page.locator(".st-key-stop_learning button").click()
    page.locator(".st-key-learning_stopped").wait_for(timeout=SLOW)
    wait_idle(page)
    expect(page.locator(".st-key-learning_stopped")).to_contain_text(re.compile(r"step [1-9][\d,]* of 60,000"))
    page.locator(".st-key-go_on_learning button").first.click()
    page.locator(".st-key-learning_running").wait_for(timeout=SLOW)
    page.locator(".st-key-stop_learning button").click()
    page.locator(".st-key-learning_stopped").wait_for(timeout=SLOW)
    rows = page.locator("tbody tr", has_text="lung")
    expect(rows.first).to_contain_text(re.compile(r"\d\.\d{4}|below"))
    other = open_page(page.url.removeprefix(base_url), theme="dark", width=390, height=844)
    other.locator(f"{VIEW}[data-learnt=true][data-observed=xray]").wait_for(timeout=SLOW)
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
