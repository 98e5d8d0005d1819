"""How fast the app answers in Chromium, beside bare Streamlit pages in the same run: ``python benchmarks/pages.py``."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from serving import CHROMIUM, FLAGS, running_app
from waiting import IDLE

REPEATS = 7
THOUSAND = "random-dag-1000-1-1"
# What is drawn last on each page, and that its title alone does not show.
DRAWN = {
    "Network": ".graph svg",
    "Inversion": ".stepper .large svg",
    "Inference": ".posterior svg",
    "Images": ".sheet canvas",
    "Masks": ".masks .board",
    "Flow": ".flow canvas",
    "Training": "canvas",
    "Results": "h1",
}
BARE_APP = """
import streamlit as st
def one():
    st.title("One")
def two():
    st.title("Two")
st.navigation([st.Page(one, title="One", default=True), st.Page(two, title="Two")], position="top").run()
"""
# Milliseconds since the navigation began: the first paint of anything, and the arrival of an element.
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        bare = Path(home) / "bare"
        bare.mkdir()
        (bare / "app.py").write_text(BARE_APP, encoding="utf-8")
        with running_app(Path(home)) as url, running_app(bare, bare) as bare_url:
            openings(chromium, url, bare_url)
            switches(chromium, url, bare_url)
            steps(chromium, url)
        chromium.close()


def openings(chromium: Browser, url: str, bare_url: str) -> None:
    """The first page in a browser that has never seen it; the server has shown it before."""
    print(f"first page, milliseconds, medians of {REPEATS}: first paint, and its title there")
    for name, address, title in (("ours", url, "Network"), ("bare", bare_url, "One")):
        opened = [opening(chromium, address, title) for _ in range(REPEATS + 1)][1:]
        paints, titles = zip(*opened, strict=True)
        print(f"  {name:<10}{statistics.median(paints):>7.0f}{statistics.median(titles):>7.0f}")


def opening(chromium: Browser, address: str, title: str) -> tuple[float, float]:
    """Milliseconds to the first paint and to the title."""
    page = chromium.new_context().new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", name=title, level=1).wait_for()
    seconds = time.perf_counter() - start
    paint = page.evaluate(FIRST_PAINT)
    page.wait_for_selector(IDLE)
    page.context.close()
    return paint, 1e3 * seconds


def switches(chromium: Browser, url: str, bare_url: str) -> None:
    """From the click on a page's name until its title is there, and until its picture is."""
    print(f"page switch, milliseconds, medians of {REPEATS}: title, and picture")
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(60_000)
    for address, titles in ((url, list(DRAWN)), (bare_url, ["One", "Two"])):
        page.goto(address)
        page.wait_for_selector(IDLE)
        times: dict[str, list[tuple[float, float]]] = {title: [] for title in titles}
        for _ in range(REPEATS + 1):
            for title in titles[1:] + titles[:1]:
                times[title].append(switch(page, title))
        for title, found in times.items():
            heads, pictures = zip(*found[1:], strict=True)
            print(f"  {title:<10}{statistics.median(heads):>7.0f}{statistics.median(pictures):>7.0f}")


def switch(page: Page, title: str) -> tuple[float, float]:
    """Milliseconds until a page's title and picture are there."""
    link = page.get_by_test_id("stTopNavLink").filter(has_text=title)
    start = time.perf_counter()
    link.click()
    page.get_by_role("heading", name=title, level=1, exact=True).wait_for()
    head = time.perf_counter() - start
    page.locator(DRAWN.get(title, "h1")).first.wait_for()
    picture = time.perf_counter() - start
    page.wait_for_selector(IDLE)
    return 1e3 * head, 1e3 * picture


def steps(chromium: Browser, url: str) -> None:
    """Steps through an inversion, in the browser alone."""
    print("step through an inversion, milliseconds: median and longest; quick presses of 20 that arrive, their seconds")
    for network in ("student", "arth150", THOUSAND):
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page.goto(f"{url}/inversion?network={network}")
        stepper = page.locator(".stepper")
        page.wait_for_selector(".stepper[data-step='0']", timeout=60_000)
        page.wait_for_selector(IDLE)
        length = min(60, int(page.locator(".stepper .count").inner_text().split()[-1]))
        times = []
        for step in range(1, length + 1):
            page.keyboard.press("ArrowRight")
            page.wait_for_selector(f".stepper[data-step='{step}']")
            times.append(float(stepper.get_attribute("data-step-ms")))
        page.keyboard.press("Home")
        page.wait_for_selector(".stepper[data-step='0']")
        seconds = presses(page, 20)
        arrived = int(stepper.get_attribute("data-step"))
        print(f"  {network:<20}{statistics.median(times):>6.1f}{max(times):>7.1f}{arrived:>6}{seconds:>7.2f}")
        page.close()


def presses(page: Page, count: int) -> float:
    """Press a key as fast as it goes; the seconds of pressing, after which the page has one second to catch up."""
    start = time.perf_counter()
    for _ in range(count):
        page.keyboard.press("ArrowRight")
    seconds = time.perf_counter() - start
    page.wait_for_timeout(1000)
    return seconds


if __name__ == "__main__":
    main()
