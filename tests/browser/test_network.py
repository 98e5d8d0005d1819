"""The network page in a browser."""

import pytest


@pytest.mark.parametrize("name", ["student", "ecoli70"])
def test_page_opens(open_page, name):
    page = open_page(f"/?network={name}")
    assert page.locator(".graph [data-node]").count() == {"student": 7, "ecoli70": 46}[name]
