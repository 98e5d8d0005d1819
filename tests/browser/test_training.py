"""The training page in a browser: a small run, a second tab, Stop, a reload, bad input."""

import pytest
from playwright.sync_api import TimeoutError
from waiting import wait_idle

SMALL = "/training?network=student&sizes=14&seeds=1&steps=30"
LONG = "/training?network=student&sizes=14&seeds=1&steps=100000&models=vanilla+VAE"


ANSWER = "[data-testid=stAlert], [class*=st-key-run_]"


def set_and_train(page):
    """Open the form and start; the key is pressed again where the page was still settling and lost it."""
    page.locator(".st-key-own_settings summary").click()
    for _ in range(3):
        wait_idle(page)
        page.locator(".st-key-train button").press("Enter")  # a click could miss it while the expander still unfolds
        try:
            return page.locator(ANSWER).first.wait_for(timeout=15_000)
        except TimeoutError:
            continue
    pytest.fail("Pressing Train had no effect.")


def wait_for_state(page, state):
    page.locator(f".st-key-run_{state}").wait_for(timeout=40_000)


def test_a_run_is_trained_and_a_second_tab_sees_it(open_page, base_url):
    page = open_page(SMALL)
    set_and_train(page)
    wait_for_state(page, "finished")
    assert "run=student-own-" in page.url
    words = page.get_by_text("nats above it", exact=False)
    words.first.wait_for()
    other = open_page(page.url.removeprefix(base_url), theme="dark", width=390, height=844)
    wait_for_state(other, "finished")
    assert other.get_by_text("nats above it").first.inner_text() == words.first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("network,model,size,seed")
    assert len(lines) == 3
    with page.expect_download() as download:
        page.get_by_role("button", name="Figure as HTML").click()
    assert "plotly" in download.value.path().read_text()[:20_000]


def test_stop_keeps_what_was_found_and_so_does_a_reload(open_page, base_url):
    page = open_page(LONG)
    set_and_train(page)
    wait_for_state(page, "running")
    page.get_by_text("replica-steps a second").wait_for(timeout=40_000)
    page.locator(".st-key-stop button").click()
    wait_for_state(page, "stopped")
    again = open_page(page.url.removeprefix(base_url))
    wait_for_state(again, "stopped")
    assert "replica-steps a second" in again.locator("[data-testid=stMain]").inner_text()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("sizes=0", "A training set has at least 2 points"),
        ("sizes=![a](http://example.org/a.png)", "The sizes are whole numbers"),
        ("learning_rate=-1", "learning rate must be positive"),
        ("models=", "No model is chosen"),
        ("seeds=1000000", "at most 64 seeds, but 1,000,000 came"),
        ("steps=2000000000", "at most 1,000,000 training steps"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_lost(open_page, settings, sentence):
    page = open_page(f"/training?network=student&{settings}")
    set_and_train(page)
    page.locator("[data-testid=stAlert]").get_by_text(sentence).wait_for()
    assert settings.split("=")[0] in page.url
    assert "run=" not in page.url


def test_a_structure_without_numbers_cannot_be_trained(open_page, tmp_path):
    page = open_page("/training")
    page.get_by_role("button", name="Your own", exact=True).click()
    file = tmp_path / "bare.csv"
    file.write_text("parent,child\na,b\nb,c\n")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("is a structure without numbers").wait_for()
    assert page.locator(".st-key-train button, .st-key-preset_minute button").first.is_disabled()
