"""The results page in a browser: what comes with the package, its figure, table, files, the state in the URL."""

import csv

import pytest
from waiting import expect_count, wait_idle

import sirenvae as sv
from sirenvae.figures.results_words import table1_words

CHART = ".st-key-results_chart .js-plotly-plot"


@pytest.fixture(scope="module")
def results():
    return sv.reference_results("table-1")


def rows_of(results, network):
    return [row for row in results.rows if row["network"] == network]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_learner_is_drawn_and_the_words_are_the_rows(open_page, results, theme):
    page = open_page("/results", theme=theme)
    network = results.rows[0]["network"]
    rows = [row for row in rows_of(results, network) if row["excess_nll_mean"] is not None]
    papers = [row for row in rows if row["paper_excess_nll"] is not None]
    expect_count(page, f"{CHART} .scatterlayer .trace", len(rows) + len(papers))
    sentence = table1_words(rows_of(results, network))[0].replace("**", "")
    page.get_by_text(sentence).wait_for()
    page.locator("[data-testid=stDataFrame]").wait_for()
    page.get_by_text(results.command.split()[-1]).first.wait_for()


def test_another_network_is_in_the_link_and_a_reload_shows_it(open_page, results, base_url):
    network = list(dict.fromkeys(row["network"] for row in results.rows))[-1]
    page = open_page(f"/results?results_network={network}")
    picked = page.locator(".st-key-results_network input")
    assert picked.input_value() == network
    again = open_page(page.url.removeprefix(base_url), width=390, height=844)
    assert again.locator(".st-key-results_network input").input_value() == network
    again.locator(CHART).wait_for()
    wide = again.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390


def test_the_rows_can_be_taken_away(open_page, results):
    page = open_page("/results")
    with page.expect_download() as download:
        page.get_by_role("button", name="All rows as CSV").click()
    with download.value.path().open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["learner"] for row in found] == [row["learner"] for row in results.rows]
    with page.expect_download() as download:
        page.get_by_role("button", name="All rows as LaTeX").click()
    assert r"\begin{tabular}" in download.value.path().read_text()


def test_the_choice_of_the_other_pages_is_kept(open_page):
    page = open_page("/inversion?network=chain")
    page.get_by_role("link", name="Results").click()
    page.locator(CHART).wait_for()
    wait_idle(page)
    page.get_by_role("link", name="Inversion").click()
    page.locator(".stepper").wait_for()
    wait_idle(page)
    assert "network=chain" in page.url


def test_a_link_to_what_is_not_there_shows_what_is(open_page):
    page = open_page("/results?results=nothing&results_network=nowhere")
    page.locator(CHART).wait_for()
    assert page.locator("[data-testid=stAlert]").count() == 0
