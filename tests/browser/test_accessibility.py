"""What axe-core finds on every page, in both themes: nothing serious and nothing critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = {
    "network": "/?network=greenhouse",
    "inversion": "/inversion?network=ecoli70&step=8",
    "masks": "/masks?network=student",
    "flow": "/flow",
    "training": "/training?network=ecoli70",
    "results": "/results",
}
# Streamlit's own: a formula that is wider than its column scrolls, and Streamlit gives it no key to do so.
NOT_OURS = [[".katex-display"]]


def violations(page) -> list[str]:
    """Serious and critical ones: the rule, and the elements that break it."""
    found = Axe().run(page, context={"exclude": NOT_OURS}, options={"resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_no_serious_violation(open_page, path, theme):
    page = open_page(path, theme=theme)
    page.wait_for_timeout(1000)  # charts and components draw after the page is idle
    assert not violations(page)


def test_a_violation_would_be_found(open_page):
    page = open_page(PAGES["network"])
    page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
    assert any(violation.startswith("color-contrast") for violation in violations(page))
