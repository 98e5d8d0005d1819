"""Networks with plates on the pages Network and Inversion: what is drawn collapsed, and what is said of it."""

import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.ui.inversion.rules import Rule, collapsed_inverses
from sirenvae.ui.network.plates import plates_data, sharing_words

MIXTURE = sv.load_network("gaussian-mixture-20")


def said(app) -> str:
    return "\n".join(block.value for block in (*app.markdown, *app.caption))


def test_network_and_inverse_are_drawn_over_the_templates():
    data, words = plates_data(MIXTURE, collapsed_inverses(MIXTURE, Rule(order="reverse")))
    assert data["names"] == ["theta", "phi", "z", "x"]
    network, inverse = data["panels"]
    named = [(data["names"][a], data["names"][b]) for a, b in inverse["edges"]]
    assert set(named) == {("phi", "theta"), ("x", "theta"), ("x", "phi"), ("theta", "z"), ("phi", "z"), ("x", "z")}
    assert inverse["title"] == "The inverse, collapsed: 101 edges"
    assert inverse["factors"] == ["theta | phi, x[all]", "phi | x[all]", "z[i] | theta, phi, x[i]"]
    assert network["factors"] == ["z[i] | phi", "x[i] | theta, z[i]"]
    assert data["plates"] == [{"name": "data", "size": 20, "members": [2, 3]}]
    assert data["observed"] == [3]
    assert "stands for 20 copies, z\\[0\\] to z\\[19\\]" in words


def test_whether_a_factor_is_shared_is_said():
    def words(order: str) -> str:
        return sharing_words(sv.shared_factors(MIXTURE, sv.invert(MIXTURE, order).dag))

    own = sharing_words(sv.shared_factors(MIXTURE))
    assert "serves all 20 copies of z, another all 20 copies of x; each copy looks at its own alone" in own
    assert words("reverse").startswith("**one shared factor** serves all 20 copies of z;")
    assert words("topological") == "z needs 2 factors, for not all its copies have the same parents."
    full = sharing_words(sv.shared_factors(MIXTURE, sv.invert(MIXTURE, method="mean_field").dag))
    assert full == "one factor serves all 20 copies of z, but it looks at other copies too."
    plated = sv.plated_network(["a", "b"], [("b", "a")], [sv.Plate("many", 3, ("b",))], observed=["a"])
    assert sharing_words(sv.shared_factors(plated)) == "no factor is repeated."


def test_both_pages_show_it_where_there_are_plates_and_nowhere_else():
    app = AppTest.from_file("../app.py", default_timeout=30)
    app.query_params["network"] = "gaussian-mixture-20"
    app.run()
    assert not app.exception
    assert "A **plate** is a box" in said(app)
    app.switch_page("pages/inversion.py").run()
    assert not app.exception
    assert "The inverse, collapsed: 460 edges: z needs 2 factors" in said(app).replace("\\", "")
    app.selectbox(key="network").select("student").run()
    assert "plate" not in said(app)


def test_too_many_copies_are_one_sentence(monkeypatch):
    monkeypatch.setattr("sirenvae.ui.network.plates._MOST_COPIES", 19)
    app = AppTest.from_file("../app.py", default_timeout=30)
    app.query_params["network"] = "gaussian-mixture-20"
    app.run()
    assert not app.exception
    assert "Plates of up to 19 copies are drawn collapsed; this one has 20." in said(app)
    assert "A **plate**" not in said(app)
