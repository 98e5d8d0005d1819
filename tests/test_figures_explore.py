"""The page with physics is complete in itself."""

import re

import networkx as nx
import pytest

import sirenvae as sv

pytest.importorskip("pyvis", reason="the physics view is an optional part")
from sirenvae.figures.explore import explore_html


def test_nothing_is_asked_of_other_addresses():
    page = explore_html(sv.load_network("student"))
    assert not re.search(r"<link|<script[^>]*\bsrc|<img|@import|node_modules/", page)
    for v in "DIGSLJH":
        assert f'"label": "{v}"' in page


def test_a_name_cannot_end_the_script():
    network = sv.BayesianNetwork(nx.DiGraph([("</script><img src=x>", "b")]))
    assert "</script><img" not in explore_html(network)
