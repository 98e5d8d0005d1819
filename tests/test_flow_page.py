"""What the flow page shows, as pure functions: the flow, its frames, densities, words, samples and code."""

import base64
import contextlib
import io

import networkx as nx
import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.experiments.shown.density import LEVELS, SIZE, pair_density
from sirenvae.experiments.shown.flows import MOST_LATENTS, ShownFlow, shown_flow, telling_pair
from sirenvae.experiments.shown.samples import samples_beside
from sirenvae.experiments.shown.ways import flow_way, log_det_error
from sirenvae.figures.flow_samples import samples_figure, samples_table
from sirenvae.figures.flows import flow_drawing


@pytest.fixture(scope="module")
def fitted() -> ShownFlow:
    return shown_flow(sv.load_network("student"), ("I", "S"), "fitted", num_blocks=2)


@pytest.fixture(scope="module")
def vae() -> ShownFlow:
    return shown_flow(sv.load_network("student"), ("G", "L"), "VAE", num_blocks=2)


def unpacked(frame: dict, drawing: dict) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(frame["points"]), dtype="<i2").reshape(-1, 2)
    return values * drawing["reach"] / 32767


def test_only_the_pair_and_its_ancestors_are_in_the_flow():
    net = sv.load_network("student")
    shown = shown_flow(net, ("L", "G"))
    assert shown.names == ["D", "I", "G", "L"]
    assert shown.columns == [3, 2]
    edges = {(shown.names[j], shown.names[i]) for i, j in shown.flow.adjacency.nonzero().tolist() if i != j}
    assert edges == {("D", "G"), ("I", "G"), ("G", "L")}
    assert shown.context is None


def test_observed_parents_are_context():
    net = sv.load_network("student").with_observed(["G", "H"])
    shown = shown_flow(net, ("S", "L"), "fitted", num_blocks=1)
    assert shown.names == ["I", "S", "L"]
    assert shown.flow.context_features == shown.context.shape[1] == 1
    flow_drawing(flow_way(shown, "backwards"))


@pytest.mark.parametrize("name", ["student", "tree-tanh-3", "chain", "arth150"])
def test_the_first_pair_is_an_edge_with_few_ancestors(name):
    net = sv.load_network(name)
    parent, child = telling_pair(net)
    named = {str(v): v for v in net.latents}
    assert net.dag.has_edge(named[parent], named[child])
    assert len(shown_flow(net, (parent, child), num_blocks=1).names) <= 3


def test_pairs_without_edges_and_single_latents():
    assert telling_pair(sv.load_network("collider")) == ("a", "b")
    assert telling_pair(sv.load_network("fork")) == ("z",)
    drawing = flow_drawing(flow_way(shown_flow(sv.load_network("fork"), ("z",), num_blocks=2)))
    assert drawing["axes"] == ["z", "z at the start"]
    assert drawing["densities"] == []
    start = unpacked(drawing["frames"][0], drawing)
    assert np.array_equal(start[:, 0], start[:, 1])
    assert np.array_equal(unpacked(drawing["frames"][2], drawing)[:, 1], start[:, 1])


def test_forward_frames_are_the_flow_block_by_block(fitted):
    drawing = flow_drawing(flow_way(fitted))
    assert [frame["block"] for frame in drawing["frames"]] == [0, 1, 2]
    noise, _ = fitted.flow.forward_and_log_det(fitted.start)
    inside = (noise.detach().abs() < drawing["reach"]).all(dim=1).numpy()
    last = unpacked(drawing["frames"][-1], drawing)
    assert np.allclose(last[inside], noise.detach().numpy()[inside], atol=drawing["reach"] / 32767)
    assert "Block 1 of 2: half of the points move by more than" in drawing["frames"][1]["words"]
    assert "should be standard normal noise" in drawing["frames"][2]["words"]
    assert drawing["residuals"] == []


def test_backward_frames_end_at_samples_and_their_residuals_fall(fitted):
    drawing = flow_drawing(flow_way(fitted, "backwards"))
    frames = drawing["frames"]
    assert [frame["block"] for frame in frames] == sorted((frame["block"] for frame in frames), reverse=True)
    samples, _ = fitted.flow.inverse_and_log_det(fitted.noise)
    inside = (samples.detach().abs() < drawing["reach"]).all(dim=1).numpy()
    last = unpacked(frames[-1], drawing)
    assert np.allclose(last[inside], samples.detach().numpy()[inside], atol=drawing["reach"] / 32767)
    for block, kinds in enumerate(drawing["residuals"]):
        assert len(kinds["newton"]) == 1 + sum(frame["block"] == block + 1 and frame["sweep"] > 0 for frame in frames)
        assert kinds["newton"][0] == kinds["plain"][0] == kinds["diagonal"][0]
        assert kinds["newton"][-1] < 1e-8
    assert "No formula undoes a block" in frames[0]["words"]
    assert "these are samples of the prior" in frames[-1]["words"]


def test_a_fitted_flow_turns_latents_into_noise(fitted):
    assert fitted.start.T.corrcoef()[0, 1] > 0.8
    noise, _ = fitted.flow.forward_and_log_det(fitted.start)
    assert abs(noise.T.corrcoef()[0, 1].item()) < 0.15
    for density in flow_drawing(flow_way(fitted))["densities"]:
        assert density["size"] == SIZE


@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_lines_of_the_density_hold_their_share_of_samples(fitted, first):
    samples, _ = fitted.flow.inverse_and_log_det(fitted.noise)
    from sirenvae.flows.trajectory import trajectory

    points = trajectory(fitted.flow, samples).points[first]
    density = pair_density(fitted.flow, points, (0, 1), 4.0, first=first)
    assert density.is_marginal
    cell = (2 * 4.0 / (SIZE - 1)) ** 2
    assert density.values.sum().item() * cell == pytest.approx(1)
    assert density.shares == pytest.approx(LEVELS, abs=0.04)


def test_after_the_last_block_the_density_is_the_normals(fitted):
    density = pair_density(fitted.flow, fitted.noise, (0, 1), 4.0, first=2)
    middle = SIZE // 2
    assert density.values[middle, middle].item() == pytest.approx(1 / (2 * np.pi), rel=1e-3)
    assert density.lines[1] == pytest.approx(0.5 / (2 * np.pi), rel=0.05)  # half the mass: half of the peak


def test_a_third_latent_is_summed_out():
    shown = shown_flow(sv.load_network("chain"), ("a", "c"), "fitted", num_blocks=2)
    assert shown.names == ["a", "b", "c"]
    samples, _ = shown.flow.inverse_and_log_det(shown.noise)
    density = pair_density(shown.flow, samples.detach(), (0, 2), 4.0)
    assert density.is_marginal
    assert density.shares == pytest.approx(LEVELS, abs=0.05)


def test_large_weights_are_held_at_the_bound():
    drawing = flow_drawing(flow_way(shown_flow(sv.load_network("student"), ("G", "L"), "large random")))
    assert drawing["bounds"] == pytest.approx([(0.99 * 0.97) ** 2] * 4, abs=1e-4)
    assert all(stretch <= bound for stretch, bound in zip(drawing["stretch"], drawing["bounds"], strict=True))
    assert drawing["promised"] < 1


def test_the_diagonal_is_the_whole_determinant(vae):
    assert log_det_error(vae) < 1e-12


def test_the_vae_has_all_latents_and_its_samples_stand_beside_the_truth(vae):
    net = sv.load_network("student")
    assert vae.names == list("DIGSL")
    samples = samples_beside(net, vae)
    assert samples.names == ("J", "H")
    assert np.abs(samples.truth.mean(axis=0) - samples.model.mean(axis=0)).max() < 0.5
    rows = samples_table(samples)
    assert rows[-1][""] == "correlation of J and H"
    assert float(rows[-1]["network"]) == pytest.approx(np.corrcoef(samples.truth.T)[0, 1], abs=0.005)
    assert [len(trace.x) for trace in samples_figure(samples).data] == [1000, 1000]


def test_samples_of_a_fitted_flow_and_of_a_single_variable(fitted):
    net = sv.load_network("student")
    samples = samples_beside(net, fitted)
    assert samples.names == ("I", "S")
    assert np.corrcoef(samples.model.T)[0, 1] == pytest.approx(np.corrcoef(samples.truth.T)[0, 1], abs=0.1)
    fork = sv.load_network("fork")
    single = samples_beside(fork, shown_flow(fork, ("z",), "fitted", num_blocks=1))
    assert {trace.type for trace in samples_figure(single).data} == {"histogram"}
    assert len(samples_table(single)) == 2


def test_making_a_flow_leaves_the_global_seed_alone():
    before = torch.get_rng_state()
    shown_flow(sv.load_network("chain"), ("a", "b"))
    assert torch.equal(before, torch.get_rng_state())


def test_bad_input_is_one_sentence():
    net = sv.load_network("student")
    bare = sv.BayesianNetwork(net.dag, net.observed, name="bare")
    line = nx.path_graph(MOST_LATENTS + 3, create_using=nx.DiGraph)
    long = sv.BayesianNetwork(line, {MOST_LATENTS + 2}, name="long")
    for network, pair, weights, words in [
        (net, ("I", "S"), "small", "'small' do not exist"),
        (net, ("I", "I"), "random", "two different latents, but I and I came"),
        (net, ("I", "J"), "random", "two different latents, but I and J came"),
        (bare, ("I", "S"), "fitted", "bare has no conditionals"),
        (long, ("0", str(MOST_LATENTS + 1)), "random", "60 ancestors among the latents"),
        (sv.load_network("binary-tree-7"), ("v0", "v1"), "VAE", "has 127 variables; a VAE of up to 120"),
    ]:
        with pytest.raises(sv.InputError, match=words):
            shown_flow(network, pair, weights)
    with pytest.raises(sv.InputError, match="'sideways' does not exist"):
        flow_way(shown_flow(net, ("I", "S")), "sideways")
    with pytest.raises(sv.InputError, match="no truth"):
        samples_beside(net, shown_flow(net, ("I", "S")))


@pytest.mark.parametrize(
    ("name", "observed", "weights"),
    [("student", [], "random"), ("fork", [], "large random"), ("chain", ["b", "x"], "fitted")],
)
def test_the_code_that_is_shown_runs(name, observed, weights):
    pytest.importorskip("streamlit", reason="the app is an optional part")
    from sirenvae.ui.flow.picture import flow_code

    lines = ["import sirenvae as sv", f"network = sv.load_network({name!r})"]
    net = sv.load_network(name)
    if observed:
        lines.append(f"network = network.with_observed({observed!r})")
        net = net.with_observed(observed)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join((*lines, *flow_code(telling_pair(net), weights, 2))), {})
    assert "nats on average" in printed.getvalue()
    assert "sweeps of each block: (" in printed.getvalue()
