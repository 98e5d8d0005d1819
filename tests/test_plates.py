"""Plates: what a network says of them, JSON, inverses collapsed and unrolled again, the figure."""

import pickle
import random

import networkx as nx
import pytest

import sirenvae as sv
from sirenvae.figures.plates import collapsed_network, plates_figure
from sirenvae.graphs.plates import copies_in

MIXTURE = sv.load_network("gaussian-mixture-6")


def unrolled(network, factors):
    """The edges that shared factors stand for, written anew."""
    sizes = {member: plate.size for plate in network.plates for member in plate.members}
    edges = set()
    for factor in factors:
        for i in factor.copies if factor.size else (0,):
            child = f"{factor.variable}[{i}]" if factor.size else factor.variable
            for parent, form in factor.parents.items():
                if parent in sizes:
                    edges |= {(f"{parent}[{j}]", child) for j in copies_in(form, i, sizes[parent])}
                else:
                    edges.add((parent, child))
    return edges


def random_plated(seed):
    """Two plates, two variables outside, edges between templates at random, all down one order."""
    rng = random.Random(seed)
    variables = ["a", "u", "v", "b", "w", "y"]
    plates = [sv.Plate("one", rng.randint(1, 4), ("u", "v", "y")), sv.Plate("two", rng.randint(1, 3), ("w",))]
    edges = [(a, b) for i, a in enumerate(variables) for b in variables[i + 1 :] if rng.random() < 0.5]
    return sv.plated_network(variables, [*edges, ("v", "y")], plates, observed=["y"], name=f"plated-{seed}")


def test_a_mixture_unrolls_into_copies():
    assert MIXTURE.parents("x[3]") == ("theta", "z[3]")
    assert MIXTURE.observed == tuple(f"x[{i}]" for i in range(6))
    assert MIXTURE.dag.number_of_edges() == 18


def test_the_papers_factorization_is_derived():
    """Webb et al., section 3.3, and the edges that a count by hand gives: 3 N + N + (N + 1)."""
    net = sv.load_network("gaussian-mixture-200")
    inverse = sv.invert(net, "reverse")
    assert inverse.dag.number_of_edges() == 3 * 200 + 200 + 201
    factors = sv.shared_factors(net, inverse.dag)
    assert [str(one) for one in factors] == ["theta | phi, x[all]", "phi | x[all]", "z[i] | theta, phi, x[i]"]
    topological = sv.invert(net)
    assert topological.dag.number_of_edges() == 40_600
    assert [str(one) for one in sv.shared_factors(net, topological.dag)] == [
        "theta | z[199], x[all]",
        "phi | z[all]",
        "z[i] | theta, z[>i], x[<=i]   (i: 0-198)",
        "z[199] | x[all]",
    ]
    full = sv.shared_factors(net, sv.invert(net, "reverse", method="fully_connected").dag)
    assert str(full[-1]) == "z[i] | theta, phi, z[<i], x[all]"


@pytest.mark.parametrize("method", ["nami", "fully_connected", "mean_field"])
@pytest.mark.parametrize("seed", range(12))
def test_shared_factors_stand_for_all_edges_of_any_inverse(seed, method):
    network = random_plated(seed)
    for dag in (network.dag, *(sv.invert(network, order, method=method).dag for order in ("reverse", "topological"))):
        factors = sv.shared_factors(network, dag)
        assert unrolled(network, factors) == set(dag.edges)
        copies = [(one.variable, i) for one in factors for i in one.copies]
        assert len(copies) == len(set(copies))


def test_plates_survive_json_pickling_and_other_observed_variables():
    for network in (MIXTURE, random_plated(3)):
        back = sv.parse_network(sv.network_to_json(network), "back.json")
        for other in (back, pickle.loads(pickle.dumps(network)), network.with_observed(network.observed[:1])):
            assert other.plates == network.plates
            assert set(other.dag.edges) == set(network.dag.edges)
        assert back.notes == ()
    assert sv.load_network("student").plates == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sv.Plate("data", 0, ("z",)), "a whole number of copies, at least 1"),
        (lambda: sv.Plate("data", 2, ()), "at least one member"),
        (lambda: sv.Plate("data", 2, ("z", "z")), "must be different"),
        (lambda: with_plates(sv.Plate("data", 7, ("z",))), r"has no variable z\[6\]"),
        (lambda: with_plates(sv.Plate("one", 6, ("z",)), sv.Plate("two", 6, ("z",))), "members of the plates"),
        (lambda: with_plates("data"), "given as sirenvae.Plate, but a str came"),
        (lambda: sv.shared_factors(MIXTURE, nx.DiGraph([("a", "b")])), "not over the variables"),
        (
            lambda: sv.parse_network('{"nodes": ["z[0]", "x"], "arcs": [["z[0]", "x"]], "plates": [3]}', "n.json"),
            "list of",
        ),
        (lambda: plates_figure(sv.load_network("student"), {}), "student has no plates"),
    ],
)
def test_bad_plates_are_refused(make, words):
    with pytest.raises(sv.InputError, match=words):
        make()


def with_plates(*plates):
    return sv.BayesianNetwork(MIXTURE.dag, MIXTURE.observed, plates=plates)


def test_the_figure_shows_templates_in_a_box():
    net = sv.load_network("gaussian-mixture-200")
    assert set(collapsed_network(net).dag.edges) == {("phi", "z"), ("theta", "x"), ("z", "x")}
    figure = plates_figure(net, {"reverse NaMI": sv.invert(net, "reverse")})
    words = [one.text for one in figure.layout.annotations]
    assert "reverse NaMI: 1,001 edges" in words
    assert any("z[i] | theta, phi, x[i]" in text for text in words)
    boxes = figure.layout.shapes
    assert len(boxes) == 2
    discs = {
        text: (x, y)
        for trace in figure.data
        if trace.text
        for text, x, y in zip(trace.text, trace.x, trace.y, strict=True)
    }
    inside = {v for v, (x, y) in discs.items() if boxes[0].x0 < x < boxes[0].x1 and boxes[0].y0 < y < boxes[0].y1}
    assert inside == {"z", "x"}
