"""A model's latents beside the network's: units and signs, posteriors, draws, and the figures of them."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from colour_contrast import contrast

import sirenvae as sv
from sirenvae.figures.posteriors import EXACT, draws_figure, ellipse, ellipses_figure, has_rows, posterior_figure
from sirenvae.truth.beside_truth import (
    exact_posterior,
    latent_scale,
    learnt_posterior,
    learnt_samples,
    most_dependent,
    network_samples,
)
from sirenvae.truth.linear_start import linear_start
from sirenvae.truth.references import fit_reference

FACTORS, SHIFTS = {"G": -3.0, "D": 0.5}, {"G": 5.0, "I": -2.0}  # of the latents as the model has them


@pytest.fixture(scope="module")
def student():
    return sv.load_network("student")


@pytest.fixture(scope="module")
def model(student):
    """A model that is the network itself, but for the unit and the sign of some latents."""
    factor = torch.tensor([FACTORS.get(v, 1.0) for v in student.variables], dtype=torch.float64)
    shift = torch.tensor([SHIFTS.get(v, 0.0) for v in student.variables], dtype=torch.float64)
    size = len(student.variables)
    slopes, intercepts = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    deviations = torch.zeros(size, dtype=torch.float64)
    for v, conditional in student.conditionals.items():
        i = student.position[v]
        intercepts[i], deviations[i] = conditional.intercept, conditional.variance**0.5
        for parent, slope in conditional.coefficients.items():
            slopes[i, student.position[parent]] = slope
    slopes = slopes * factor.unsqueeze(1) / factor
    intercepts = factor * intercepts + shift - slopes @ shift
    x, _ = sv.sample_network(student, 200, seed=1)
    ones = torch.ones(x.shape[1], dtype=torch.float64)
    fitted = fit_reference("linear_gaussian_bn", student, x)
    changed = {"slopes": slopes, "intercepts": intercepts, "deviations": factor.abs() * deviations}
    reference = replace(fitted, **changed, location=0 * ones, scale=ones)
    model = sv.SIReNVAE(student, num_blocks=1).double()
    model.standardize(x)
    linear_start(model, reference)
    return model.eval()


def test_units_and_signs_of_latents_are_seen_through(student, model):
    x, _ = sv.sample_network(student, 100, seed=2)
    scale = latent_scale(model, x)
    assert scale.sign.tolist() == [-1.0 if v == "G" else 1.0 for v in student.latents]
    assert scale.agreement.min() > 0.95  # the means are estimated from draws
    for point in x[:3]:
        mean, covariance = exact_posterior(student, point)
        draws = learnt_posterior(model, scale, point, num_draws=20_000)
        assert np.abs(draws.mean(axis=0) - mean).max() < 0.08
        assert np.abs(np.cov(draws.T) - covariance).max() < 0.08


def test_exact_posterior_is_that_of_the_package_in_other_units(student):
    x, z = sv.sample_network(student, 100_000, seed=3)
    mean, covariance = exact_posterior(student, x[0])
    raw_mean, raw_covariance = sv.true_posterior(student, x[0])
    spread = z.std(dim=0)
    assert torch.allclose(torch.from_numpy(mean), (raw_mean - z.mean(dim=0)) / spread, atol=0.02)
    assert torch.allclose(torch.from_numpy(covariance), raw_covariance / torch.outer(spread, spread), atol=0.02)


def test_draws_of_the_model_are_those_of_the_network(student, model):
    scale = latent_scale(model, sv.sample_network(student, 100, seed=2)[0])
    ours, theirs = learnt_samples(model, scale, 20_000), network_samples(student, 20_000, seed=4)
    deviation = theirs.std(axis=0)
    assert np.abs((ours.mean(axis=0) - theirs.mean(axis=0)) / deviation).max() < 0.06
    assert np.abs(np.cov(ours.T) - np.cov(theirs.T)).max() < 0.06 * deviation.max() ** 2


def test_latents_below_observed_variables_belong_to_their_draw():
    """The latent is a child of the observed variable, which is drawn last."""
    dag = nx.DiGraph([("a", "x"), ("x", "b"), ("b", "y")])
    slopes = {v: dict.fromkeys(dag.predecessors(v), 2.0) for v in dag}
    network = sv.BayesianNetwork(dag, ["x", "y"], {v: sv.LinearGaussian(0.0, slopes[v], 0.1) for v in dag})
    x, _ = sv.sample_network(network, 400)
    model = sv.SIReNVAE(network, num_blocks=1).double()
    model.standardize(x)
    linear_start(model, fit_reference("linear_gaussian_bn", network, x))
    drawn, z = model.sample_both(4000, torch.Generator().manual_seed(0))
    b = network.latents.index("b")
    assert abs(np.corrcoef(drawn[:, 0].numpy(), z[:, b].numpy())[0, 1]) > 0.95
    assert torch.equal(drawn, model.sample(4000, torch.Generator().manual_seed(0)))


def test_without_an_exact_posterior_there_is_no_agreement():
    network = sv.load_network("tree-tanh-2")
    x, _ = sv.sample_network(network, 50)
    model = sv.VanillaVAE(network)
    model.standardize(x)
    scale = latent_scale(model, x)
    assert scale.agreement is None
    assert learnt_posterior(model, scale, x[0], 10).shape == (10, len(network.latents))
    assert network_samples(network, 30, seed=0).shape == (30, len(network.variables))


def test_the_most_dependent_pair():
    covariance = np.array([[4.0, 1.0, -1.9], [1.0, 4.0, 0.0], [-1.9, 0.0, 1.0]])
    assert most_dependent(covariance) == (0, 2)
    assert most_dependent(np.eye(1)) == (0,)


def test_an_ellipse_is_two_standard_deviations_from_the_mean():
    mean, covariance = np.array([1.0, -2.0]), np.array([[2.0, 0.9], [0.9, 1.0]])
    away = ellipse(mean, covariance) - mean
    assert np.allclose(np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away), 4.0)


@pytest.mark.parametrize("dark", [False, True])
def test_figures_show_every_side_and_can_be_read(dark):
    rng = np.random.default_rng(0)
    draws = {"true": rng.normal(size=(50, 2)), "vanilla_vae": rng.normal(size=(50, 2))}
    bars = {EXACT: (np.zeros(2), np.ones(2)), "true": (np.ones(2), np.full(2, 0.5))}
    figures = [
        posterior_figure(["a", "b"], bars, dark),
        ellipses_figure(("a", "b"), (np.zeros(2), np.eye(2)), draws, dark),
        draws_figure(["a", "b"], rng.normal(size=(50, 2)), draws, dark),
        draws_figure(["a"], rng.normal(size=(50, 1)), {"true": draws["true"][:, :1]}, dark),
    ]
    page = "#14171B" if dark else "#FFFFFF"
    for figure in figures:
        assert contrast(figure.layout.xaxis.tickfont.color, page) >= 4.5
        assert contrast(figure.layout.font.color, page) >= 4.5
    marks = figures[0].data
    assert [trace.name for trace in marks] == ["exact", "SIReN-VAE, true structure"]
    assert marks[1].error_y.array.tolist() == [1.0, 1.0]
    assert {trace.name for trace in figures[1].data if trace.name} >= {"exact", "vanilla VAE"}
    assert len(figures[2].data) == 3
    assert figures[3].data[0].type == "histogram"


def test_many_latents_are_rows_with_a_line_for_each_name():
    assert [has_rows(number) for number in (2, 12, 13, 40, 60, 61)] == [False, False, True, True, True, False]
    names, deviations = [f"gene{i}" for i in range(40)], np.full(40, 0.5)
    figure = posterior_figure(names, {EXACT: (np.arange(40.0), np.ones(40)), "true": (np.zeros(40), deviations)})
    first, second = figure.data
    assert first.x[:3].tolist() == [0.0, 1.0, 2.0]
    assert second.error_x.array.tolist() == [1.0] * 40
    assert list(figure.layout.yaxis.ticktext) == names
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first one is on top
    assert figure.layout.height > 40 * 16
    assert np.all(np.abs(first.y - np.arange(40)) < 0.5)
