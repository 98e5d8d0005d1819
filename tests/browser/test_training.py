"""The training page in a browser: a small run and its models, tabs, the queue, Stop and Go on, bad input."""

import json
import re

import pytest
from playwright.sync_api import TimeoutError, expect
from waiting import wait_idle

import sirenvae as sv

SMALL = "/training?network=student&sizes=14&seeds=1&steps=30"
LONG = "/training?network=student&sizes=14&seeds=1&models=vanilla+VAE&steps="


SLOW = 120_000  # milliseconds; the first report comes after a twentieth of the steps, on a busy machine late
STEP = re.compile(r"step ([\d,]+) of")
RUNNING = "[data-testid=stApp][data-test-script-state=running]"
ANSWER = "[data-testid=stAlert], [class*=st-key-run_]"


def set_and_train(page):
    """Start what the form says, which a link with sizes opens; the key is pressed again where it was lost.

    A page that still settles may lose a key: then its script does not run again.
    """
    button = page.locator(".st-key-train button")
    for _ in range(10):
        wait_idle(page)
        button.press("Enter")  # a click could miss it while the expander still unfolds
        try:
            page.locator(f"{RUNNING}, {ANSWER}").first.wait_for(timeout=2_000)
        except TimeoutError:
            continue
        return page.locator(ANSWER).first.wait_for(timeout=SLOW)
    pytest.fail("Pressing Train had no effect.")


def wait_for_state(page, state):
    page.locator(f".st-key-run_{state}").wait_for(timeout=SLOW)


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
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers as JSON").click()
    content = json.loads(download.value.path().read_text())
    assert (content["network"], len(content["rows"]), content["run"]["steps"]) == ("student", 2, {"14": 30})


def test_what_the_models_have_learnt_is_shown_and_can_be_taken_away(open_page, base_url, tmp_path):
    page = open_page(SMALL)
    set_and_train(page)
    wait_for_state(page, "finished")
    page.locator(".st-key-posterior_ellipses .js-plotly-plot").wait_for()
    page.locator(".st-key-samples .js-plotly-plot").wait_for()
    names = page.locator(".st-key-posterior_bars .legendtext")
    assert names.all_text_contents() == ["exact", "SIReN-VAE, true structure"]
    page.locator(".st-key-models_shown").get_by_text("vanilla VAE").click()
    page.get_by_text("Only the true structure ties").wait_for()
    wait_idle(page)
    point = page.locator(".st-key-test_point input")
    point.fill("7")
    point.press("Enter")
    page.wait_for_url("**test_point=7**")
    wait_idle(page)  # the button is made anew with the page
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="Model: vanilla VAE").click()
    download.value.save_as(tmp_path / "model.safetensors")
    model = sv.load_model(tmp_path / "model.safetensors")
    assert (model.structure, model.network.name, model.replicas) == ("vanilla_vae", "student", (1,))
    again = open_page(page.url.removeprefix(base_url))
    again.get_by_text("Only the true structure ties").wait_for()
    expect(again.locator(".st-key-test_point input")).to_have_value("7")
    again.locator(".st-key-training_code summary").click()
    again.get_by_text("for row in trial.rows(points)").wait_for()


def test_curves_stay_at_one_size_and_show_which(open_page):
    page = open_page("/training?network=student&sizes=14,28&seeds=1&steps=30")
    set_and_train(page)
    wait_for_state(page, "finished")
    pills, heading = page.locator(".st-key-curves_at"), page.get_by_text("Negative ELBO while training, ")
    chosen = pills.locator("[aria-checked=true], [aria-pressed=true]")
    expect(chosen).to_have_text("28")
    pills.get_by_text("14", exact=True).click()
    expect(heading).to_contain_text("14 points")
    expect(chosen).to_have_text("14")
    pills.get_by_text("14", exact=True).click()
    expect(heading).to_contain_text("28 points")
    expect(chosen).to_have_text("28")


def test_stop_keeps_what_was_found_and_so_does_a_reload(open_page, base_url):
    page = open_page(f"{LONG}40000")
    set_and_train(page)
    wait_for_state(page, "running")
    page.get_by_text("replica-steps a second").wait_for(timeout=SLOW)
    page.locator(".st-key-stop button").click()
    wait_for_state(page, "stopped")
    again = open_page(page.url.removeprefix(base_url))
    wait_for_state(again, "stopped")
    assert "replica-steps a second" in again.locator("[data-testid=stMain]").inner_text()


def step_shown(page) -> int:
    words = page.get_by_text(STEP).first.inner_text()
    return int(STEP.search(words)[1].replace(",", ""))


def test_a_stopped_run_goes_on_where_it_stopped(open_page):
    page = open_page(f"{LONG}40000")
    set_and_train(page)
    wait_for_state(page, "running")
    page.get_by_text(STEP).wait_for(timeout=SLOW)
    reached = step_shown(page)
    page.locator(".st-key-stop button").click()
    wait_for_state(page, "stopped")
    wait_idle(page)
    page.locator(".st-key-resume button").first.click()
    wait_for_state(page, "running")
    page.get_by_text(STEP).wait_for(timeout=SLOW)
    assert step_shown(page) >= reached
    page.locator(".st-key-stop button").click()
    wait_for_state(page, "stopped")


def test_a_second_run_waits_its_turn_and_outlives_its_tab(open_page, base_url):
    first, second = open_page(f"{LONG}100000"), open_page(SMALL)
    set_and_train(first)
    wait_for_state(first, "running")
    set_and_train(second)
    second.get_by_text("Place 2 in the queue: 1 run before this one.").wait_for()
    link = second.url.removeprefix(base_url)
    assert "run=" in link
    second.close()
    first.locator(".st-key-stop button").click()
    wait_for_state(first, "stopped")
    wait_for_state(open_page(link), "finished")


def test_bad_input_is_one_sentence_and_nothing_is_lost(open_page):
    """Words that would be a picture elsewhere; other settings are tried in test_app.py, without a browser."""
    page = open_page("/training?network=student&sizes=![a](http://example.org/a.png)")
    set_and_train(page)
    page.locator("[data-testid=stAlert]").get_by_text("The sizes are whole numbers").wait_for()
    assert "sizes=" in page.url
    assert "run=" not in page.url


def test_a_structure_without_numbers_cannot_be_trained(open_page, tmp_path):
    page = open_page("/training")
    page.get_by_role("button", name="Your own", exact=True).click()
    file = tmp_path / "bare.csv"
    file.write_text("parent,child\na,b\nb,c\n")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("is a structure without numbers").wait_for()
    assert page.locator(".st-key-train button, .st-key-preset_minute button").first.is_disabled()
