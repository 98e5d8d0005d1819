"""An inverse of one's own: what can be changed, and what it then costs, by another way to the same number."""

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv
from sirenvae.graphs.linear_gaussian import columns, joint_moments

STUDENT = sv.load_network("student")


def divergence(network, inverse):
    """The mean over p(x) of KL(p(z | x) || q(z | x)), both normal with means linear in x, by that formula."""
    _, covariance, _ = joint_moments(network)
    latents, observed = columns(network, network.latents), columns(network, network.observed)
    across, seen = covariance[np.ix_(latents, observed)], covariance[np.ix_(observed, observed)]
    gain = np.linalg.solve(seen, across.T).T
    left = covariance[np.ix_(latents, latents)] - gain @ across.T
    slopes, noise = np.zeros((len(covariance), len(covariance))), np.zeros(len(covariance))
    for v in network.latents:
        row, parents = network.position[v], columns(network, list(inverse.dag.pred[v])).astype(int)
        slopes[row, parents] = np.linalg.solve(covariance[np.ix_(parents, parents)], covariance[parents, row])
        noise[row] = covariance[row, row] - slopes[row, parents] @ covariance[parents, row]
    inner = np.linalg.inv(np.eye(len(latents)) - slopes[np.ix_(latents, latents)])
    other_gain = inner @ slopes[np.ix_(latents, observed)]
    other_left = inner @ np.diag(noise[latents]) @ inner.T
    missed = gain - other_gain
    spread = left + missed @ seen @ missed.T
    volumes = np.linalg.slogdet(other_left)[1] - np.linalg.slogdet(left)[1]
    return 0.5 * (np.trace(np.linalg.solve(other_left, spread)) - len(latents) + volumes)


def random_changes(network, inverse, seed, count=4):
    """Some edges less and some more, which never close a cycle."""
    random = np.random.default_rng(seed)
    edges = list(inverse.dag.edges)
    changes = [f"remove {a} > {b}" for a, b in (edges[i] for i in random.permutation(len(edges))[:count])]
    order = list(nx.topological_sort(inverse.dag))
    for _ in range(count):
        i, j = sorted(random.choice(len(order), 2, replace=False))
        a, b = order[i], order[j]
        if b in network.latents and not inverse.dag.has_edge(a, b) and f"add {a} > {b}" not in changes:
            changes.append(f"add {a} > {b}")
    return changes


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["student", "binary-tree-4", "magic-irri"])
def test_the_floor_of_a_changed_inverse(name, seed):
    network = sv.load_network(name)
    inverse = sv.invert(network, "reverse" if seed % 2 else "topological")
    changes = random_changes(network, inverse, seed)
    changed = sv.change_inverse(network, inverse, changes)
    assert set(changed.dag) == set(network.variables)
    assert sorted(changed.elimination_order, key=str) == sorted(network.latents, key=str)
    assert sv.posterior_gap(network, changed) == pytest.approx(divergence(network, changed), abs=1e-9)
    faithful = sv.is_faithful(network, changed)
    assert (sv.posterior_gap(network, changed) < 1e-9) == faithful


def test_edges_go_and_come():
    inverse = sv.invert(STUDENT)
    changed = sv.change_inverse(STUDENT, inverse, ["remove G > I", "add L > D"])
    assert set(inverse.dag.edges) - set(changed.dag.edges) == {("G", "I")}
    assert set(changed.dag.edges) - set(inverse.dag.edges) == {("L", "D")}
    assert changed.method == "own"
    assert not changed.steps
    assert sv.change_inverse(STUDENT, inverse, []) is inverse


def test_an_edge_more_costs_nothing_and_an_edge_less_does():
    inverse = sv.invert(STUDENT)
    assert sv.posterior_gap(STUDENT, sv.change_inverse(STUDENT, inverse, ["add L > D"])) < 1e-12
    for a, b in inverse.dag.edges:  # it is minimal
        assert sv.posterior_gap(STUDENT, sv.change_inverse(STUDENT, inverse, [f"remove {a} > {b}"])) > 1e-4


def test_the_elimination_order_follows_an_edge_that_was_added():
    inverse = sv.invert(STUDENT, method="mean_field")
    first, last = inverse.elimination_order[0], inverse.elimination_order[-1]
    changed = sv.change_inverse(STUDENT, inverse, [f"add {first} > {last}"])
    assert changed.elimination_order.index(first) > changed.elimination_order.index(last)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("add D > G", "closes the directed cycle"),
        ("add D > H", "An edge of an inverse leads into a latent, but H is observed"),
        ("remove D > S", "There is no edge from D to S"),
        ("add Q > D", "has no variable 'Q'"),
        ("reverse G > I", "'add X > Y' or 'remove X > Y' was expected"),
        ("remove G", "'add X > Y' or 'remove X > Y' was expected"),
    ],
)
def test_what_cannot_be_changed_is_one_sentence(change, sentence):
    with pytest.raises(sv.InputError, match=sentence) as caught:
        sv.change_inverse(STUDENT, sv.invert(STUDENT), [change])
    assert "\n" not in str(caught.value)
