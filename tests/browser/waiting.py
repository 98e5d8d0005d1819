"""Waiting for a page to be what a test asks of it."""

from __future__ import annotations

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


def wait_idle(page) -> None:
    """Wait until the script has run and nothing on the page is stale."""
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(100)
    page.wait_for_selector(IDLE)


def expect_count(page, selector: str, count: int) -> None:
    """Wait until the page has so many elements; CSS selectors look into components too."""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_count(count, timeout=10_000)
