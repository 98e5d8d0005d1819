"""One server and one browser for all browser tests; a page that fails its test on any error or outside request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from serving import CHROMIUM, FLAGS, running_app
from waiting import IDLE, wait_idle


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser one skipped test speaks for all that need it."""
    if CHROMIUM is not None:
        return
    ours = [item for item in items if Path(__file__).parent in item.path.parents and item.path.name != "conftest.py"]
    if ours:
        # Pages cannot be tested without one; a machine that lacks it still runs the rest, and CI installs it.
        reason = f"{len(ours)} browser tests need a chromium or chrome on the PATH"
        ours[0].add_marker(pytest.mark.skip(reason=reason))
        items[:] = [item for item in items if item not in ours[1:]]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium, the system's own, with a profile on disk.

    So all pages are tabs of one window. A context for each page would be a window for each, and Chromium starts two
    more processes for every window's own buttons: that takes a third more than the pages do.
    """
    profile = tmp_path_factory.mktemp("profile")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def base_url(browser, tmp_path_factory) -> Iterator[str]:
    """The address of a running app, warm: its first page has been drawn once."""
    with running_app(tmp_path_factory.mktemp("server")) as url:
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector(IDLE, timeout=30_000)
        page.close()
        yield url


@pytest.fixture(scope="session")
def spare() -> list:
    """Empty tabs that a test has left and the next one may take: opening a page in one takes half."""
    return []


@pytest.fixture
def open_page(browser, base_url, spare) -> Iterator[Callable]:
    """Call it with a path such as ``"/inversion?step=3"`` to get a Playwright page that is drawn and idle.

    Keyword arguments: `theme` is "light" or "dark", `width` and `height` are in pixels. A console error, a page error,
    an exception on the page or a request to another address fails the test when it ends.
    """
    pages, troubles = [], []
    watched = {
        "console": lambda message: _note_console(message, troubles),
        "pageerror": lambda error: troubles.append(f"page error: {error}"),
        "request": lambda request: _note_outside(request.url, base_url, troubles),
    }

    def open_at(path: str = "/", theme: str = "light", width: int = 1280, height: int = 900):
        page = spare.pop() if spare else browser.new_page()
        pages.append(page)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(15_000)
        for event, note in watched.items():
            page.on(event, note)
        page.goto(base_url + path)
        wait_idle(page)
        return page

    yield open_at
    for page in [page for page in pages if not page.is_closed()]:
        if page.locator("[data-testid=stException]").count():
            troubles.append("exception: " + page.locator("[data-testid=stException]").first.inner_text())
        for event, note in watched.items():
            page.remove_listener(event, note)
        _leave(page)
        spare.append(page)
    browser.clear_cookies()
    browser.clear_permissions()
    for page in spare[1:] if not troubles else spare:
        page.close()
    del spare[0 if troubles else 1 :]
    assert not troubles, "\n".join(troubles)


def _leave(page) -> None:
    """Empty a tab: what it has stored, where the mouse is, its page and the history that led there."""
    page.mouse.move(0, 0)
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.goto("about:blank")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.resetNavigationHistory")
    devtools.detach()


def _note_console(message, troubles: list[str]) -> None:
    # On a deep link Streamlit looks for its own server below the page's path first.
    searching = "/_stcore/" in message.location.get("url", "") and "404" in message.text
    if message.type == "error" and not searching:
        troubles.append(f"console: {message.text}")


def _note_outside(url: str, base_url: str, troubles: list[str]) -> None:
    at_home = (base_url, base_url.replace("http", "ws", 1), "data:", "blob:", "about:")
    if not url.startswith(at_home):
        troubles.append(f"request to {url}")
