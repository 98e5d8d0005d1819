"""Linear parts beside the flows against their formulas and Jacobians; the linear start against exact likelihoods."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache

import networkx as nx
import pytest
import torch
from random_networks import random_network

import sirenvae as sv
from sirenvae.flows import standard_normal_log_prob
from sirenvae.flows.affine import MaskedAffine
from sirenvae.models import structure_of
from sirenvae.training.loop import Fit
from sirenvae.training.programs import program_for
from sirenvae.training.recipes import RECIPES, Recipe
from sirenvae.truth.linear_start import linear_start
from sirenvae.truth.references import fit_reference

# Observed roots, observed parents of latents, a barren latent, declared against the topological order, all in one.
MIXED = random_network(9, seed=3, observed={0, 2, 3, 5, 7})
STRUCTURES = ("true", "fully_connected", "independent")


def isolated() -> sv.BayesianNetwork:
    """A chain, beside a latent without any neighbour."""
    dag = nx.DiGraph([("a", "b"), ("b", "x"), ("a", "y")])
    dag.add_node("alone")
    slopes = {v: dict.fromkeys(dag.predecessors(v), 0.9) for v in dag}
    conditionals = {v: sv.LinearGaussian(1.0, slopes[v], 0.5) for v in dag}
    return sv.BayesianNetwork(dag, ["x", "y"], conditionals, name="isolated")


def filled(module: torch.nn.Module) -> torch.nn.Module:
    """Random numbers in every linear part."""
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, MaskedAffine):
            for parameter in part.parameters():
                values = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.data.copy_(0.4 * values)
    return module


def linear_model(network: sv.BayesianNetwork, structure: str = "true", **settings) -> sv.SIReNVAE:
    torch.manual_seed(0)
    return sv.SIReNVAE(network, structure, num_blocks=2, linear=True, **settings).double().eval()


@cache
def fitted(name: str, learner: str, size: int):
    """A network, training data from it, and what the learner makes of them."""
    network = {"mixed": lambda: MIXED, "isolated": isolated}.get(name, lambda: sv.load_network(name))()
    x, _ = sv.sample_network(network, size, seed=1)
    return network, x, fit_reference(learner, network, x)


def started(name: str, learner: str = "linear_gaussian_bn", size: int = 150):
    """A model at the linear start, its reference, and the training data of both."""
    network, x, reference = fitted(name, learner, size)
    model = linear_model(network)
    model.standardize(x)
    linear_start(model, reference)
    return model, reference, x


@pytest.mark.parametrize("num_context", [0, 4])
def test_the_map_is_its_formula_and_its_jacobian(num_context):
    adjacency = structure_of(MIXED).posterior[:, : 4 + num_context]
    affine = filled(MaskedAffine(adjacency).double())
    x, c = torch.randn(3, 4, dtype=torch.float64), torch.randn(3, num_context, dtype=torch.float64)
    context = c if num_context else None
    y, log_det = affine.forward_and_log_det(x, context)
    inputs = torch.cat([x, c], dim=1)
    for i in range(4):
        parents = [j for j in range(4 + num_context) if adjacency[i, j] and j != i]
        mean = inputs[:, parents] @ affine.weight[i, parents] + affine.bias[0, i]
        assert torch.allclose(y[:, i], (x[:, i] - mean) / affine.log_scale[0, i].exp(), rtol=0, atol=1e-12)
    first = c[0] if num_context else None
    jacobian = torch.autograd.functional.jacobian(lambda point: affine.forward_and_log_det(point, first)[0], x[0])
    assert torch.equal(jacobian != 0, adjacency[:, :4])
    assert torch.allclose(log_det, torch.linalg.slogdet(jacobian).logabsdet.expand(3), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("replicas", [(), (3,), (2, 2)])
def test_inverse_after_forward_is_the_identity(replicas, dtype, tolerance):
    graph = structure_of(sv.load_network("ecoli70"))
    for adjacency in (graph.prior[:, :22], graph.posterior):
        affine = filled(MaskedAffine(adjacency, replicas).to(dtype))
        x = torch.randn(*replicas, 5, 22, dtype=dtype)
        context = torch.randn(*replicas, 5, 24, dtype=dtype) if affine.context_features else None
        y, log_det = affine.forward_and_log_det(x, context)
        back, back_log_det = affine.inverse_and_log_det(y, context)
        assert y.shape == x.shape
        assert log_det.shape == (*replicas, 5)
        assert torch.allclose(back, x, atol=10 * tolerance * (1 + y.abs().max().item()))
        assert torch.equal(log_det, -back_log_det)


def test_points_may_have_any_batch_shape():
    affine = filled(MaskedAffine(structure_of(MIXED).posterior, (2,)).double())
    y, c = torch.randn(2, 3, 5, 4, dtype=torch.float64), torch.randn(2, 3, 5, 5, dtype=torch.float64)
    x, log_det = affine.inverse_and_log_det(y, c)
    assert (x.shape, log_det.shape) == ((2, 3, 5, 4), (2, 3, 5))
    alone, _ = affine.inverse_and_log_det(y[:, 1], c[:, 1])
    assert torch.allclose(x[:, 1], alone, rtol=0, atol=1e-12)


def test_both_directions_carry_gradients():
    affine = filled(MaskedAffine(structure_of(MIXED).posterior).double())
    names = [name for name, _ in affine.named_parameters()]
    assert [name for name in names if "weight" in name] == ["weight"]

    def both(x, c, *parameters):
        """The parameters are the map's own: gradcheck changes them in place."""
        return *affine.forward_and_log_det(x, c), *affine.inverse_and_log_det(x, c)

    x, c = (torch.randn(2, n, dtype=torch.float64, requires_grad=True) for n in (4, 5))
    assert torch.autograd.gradcheck(both, (x, c, *affine.parameters()))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_linear_parts_start_at_the_identity(structure):
    model = linear_model(MIXED, structure)
    plain = sv.SIReNVAE(MIXED, structure, num_blocks=2, linear=False).double().eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if "affine" not in k})
    x, _ = sv.sample_network(MIXED, 20)
    first, second = (one.elbo(x, generator=torch.Generator().manual_seed(0)) for one in (model, plain))
    assert torch.equal(first, second)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("replicas", [(), (2,)])
def test_densities_are_those_of_the_draws(structure, replicas):
    model = filled(linear_model(MIXED, structure, replicas=replicas))
    x, noise = (torch.randn(*replicas, 6, n, dtype=torch.float64) for n in (5, 4))
    z, log_posterior = model.draw_posterior(x, noise)
    assert torch.allclose(model.posterior_log_prob(z, x), log_posterior, rtol=0, atol=1e-8)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_prior_density_is_that_of_its_transform(structure):
    """By the Jacobian of the transform from noise to z, formed whole."""
    model = filled(linear_model(MIXED, structure))
    x, noise = torch.randn(1, 5, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda e: model.prior_transform(e.unsqueeze(0), x)[0], noise[0])
    expected = standard_normal_log_prob(noise) - torch.linalg.slogdet(jacobian).logabsdet
    assert torch.allclose(model.prior_log_prob(model.prior_transform(noise, x), x), expected, rtol=0, atol=1e-8)


def test_a_training_step_knows_the_linear_parts():
    """Whatever program is chosen: its loss and its gradient are those of the model by automatic differentiation."""
    model = filled(linear_model(MIXED, replicas=(2,))).train()
    x, noise = (torch.randn(2, 6, n, dtype=torch.float64) for n in (5, 4))
    reference, program = deepcopy(model), program_for(model, 6)
    loss = -reference.standard_elbo(x, noise).mean(dim=-1)
    gradients = torch.autograd.grad(loss.sum(), list(reference.parameters()), materialize_grads=True)
    program.set_points(x.mT)
    found = program.loss(noise.mT, torch.ones(2, dtype=x.dtype), torch.full((2, 6), 1 / 6, dtype=x.dtype))
    assert torch.allclose(found, loss, rtol=0, atol=1e-10)
    unpacked = program.unpack(program.gradient)
    for (name, _), gradient in zip(reference.named_parameters(), gradients, strict=True):
        assert torch.allclose(unpacked[name].reshape(gradient.shape), gradient, rtol=0, atol=1e-10), name


@pytest.mark.parametrize("replicas", [(), (2,)])
def test_linear_parts_are_trained_copied_and_saved(tmp_path, replicas):
    network = sv.load_network("student")
    model, (x, _) = linear_model(network, replicas=replicas), sv.sample_network(network, 50)
    training = sv.fit(model, x, Recipe("short", num_steps=6))
    for _ in range(3):
        next(training)
    for affine in (model.prior_affine, model.posterior_affine):
        assert all((parameter != 0).any() for parameter in affine.parameters())
    sv.save_fit(training, tmp_path / "fit")
    list(training)
    resumed = sv.resume_fit(tmp_path / "fit", x)
    list(resumed)
    for name, value in model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    if replicas:
        alone = model.replica(1)
        assert torch.equal(alone.posterior_affine.weight, model.posterior_affine.weight[1])


@pytest.mark.parametrize("name", ["ecoli70", "arth150", "student", "greenhouse", "mixed", "isolated"])
def test_every_bound_of_a_linear_start_is_the_exact_likelihood(name):
    model, reference, _ = started(name)
    x, _ = sv.sample_network(model.network, 50, seed=2)
    exact = sv.true_log_prob(reference.network, x)
    assert torch.allclose(reference.log_prob(x), exact, rtol=0, atol=1e-10)
    assert torch.allclose(model.elbo(x), exact, rtol=0, atol=1e-10)
    assert torch.allclose(model.iwae_bound(x, 5), exact, rtol=0, atol=1e-7)  # the number of draws is in float32
    mean, covariance = sv.true_posterior(reference.network, x)
    z = torch.randn(50, model.latent_features, dtype=torch.float64)
    posterior = torch.distributions.MultivariateNormal(mean, covariance)
    assert torch.allclose(model.posterior(x).log_prob(z), posterior.log_prob(z), rtol=1e-9, atol=1e-9)


def test_draws_of_a_linear_start_have_its_moments():
    model, reference, _ = started("mixed")
    drawn = model.sample(100_000, torch.Generator().manual_seed(0))
    scale = reference.covariance.diagonal().sqrt()
    assert torch.allclose(drawn.mean(dim=0) / scale, reference.mean / scale, atol=0.02)
    assert torch.allclose(
        drawn.T.cov() / scale / scale[:, None], reference.covariance / scale / scale[:, None], atol=0.03
    )


def test_any_replica_dtype_weights_and_standardization_will_do():
    network, x, reference = fitted("mixed", "linear_gaussian_bn", 150)
    model = linear_model(network, replicas=(2, 2)).float()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.standardize(torch.stack([factor * (x + 1) for factor in (1.0, 2.0, 3.0, 4.0)]).view(2, 2, *x.shape))
    before = deepcopy(model)
    linear_start(model, reference, replica=2)
    assert torch.allclose(model.elbo(x)[1, 0].double(), reference.log_prob(x), atol=1e-3)
    for name, value in model.state_dict().items():
        if value.shape[:2] == (2, 2):
            kept, old = (values.flatten(0, 1)[[0, 1, 3]] for values in (value, before.state_dict()[name]))
            assert torch.equal(kept, old), name


def test_the_noise_floor_gives_way():
    model, reference, _ = started("ecoli70")
    standard = reference.deviations[[model.network.position[v] for v in model.network.observed]]
    standard = standard * reference.scale / model.scale.squeeze()
    assert standard.min() < 0.1
    assert model.decoder.noise_floor.item() == pytest.approx(standard.min().item() / 2)
    assert torch.allclose(model.decoder.scale().squeeze(), standard, rtol=1e-10)
    model, _, _ = started("ecoli70", "linear_gaussian_bn_ridge", 92)
    assert model.decoder.noise_floor.item() == pytest.approx(0.1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_training_goes_on_from_the_start(dtype):
    """A small step every time: the bound stays about where it was, and every layer begins to move."""
    model, reference, x = started("ecoli70", "linear_gaussian_bn_ridge", 92)
    model, before = model.to(dtype), deepcopy(model)
    recipe = Recipe("small steps", learning_rate=1e-4, num_steps=40, kl_warm_up=0.0, weight_decay=0.0)
    *_, record = Fit(model, model.sources(x), recipe)
    assert not record.diverged
    with torch.no_grad():
        change = model.elbo(x, 20).double() - reference.log_prob(x)
    assert abs(change.mean()) < 0.05
    for (name, now), old in zip(model.named_parameters(), before.parameters(), strict=True):
        assert not now.numel() or (now != old.to(now)).any(), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_layers_at_zero_keep_their_vectors_and_have_a_gradient(dtype):
    model, _, x = started("greenhouse")
    model.to(dtype).train()
    names = [f"{flow}.singular_vector_1" for flow in ("prior", "encoder")]
    before = [model.get_buffer(name).clone() for name in names]
    standard = model.standardized(x)
    model.standard_elbo(standard, torch.randn(*standard.shape[:-1], model.latent_features).to(dtype)).mean().backward()
    for name, vector in zip(names, before, strict=True):
        assert torch.equal(model.get_buffer(name), vector)
    for layer in (model.prior.weights[1], model.encoder.weights[1], model.decoder.output.weight):
        assert not layer.any()
        assert layer.grad.isfinite().all()
        assert layer.grad.abs().max() > 1e-4


def test_norms_are_found_again_after_a_start_at_zero():
    """The last layers grow from zero past their bound: what power iteration found must hold against the exact norm."""
    model, _, x = started("greenhouse")
    list(
        Fit(
            model,
            model.sources(x),
            Recipe("large steps", learning_rate=0.1, num_steps=60, kl_warm_up=0.0, weight_decay=0.0),
        )
    )
    for flow in (model.prior.train(), model.encoder.train()):
        assert max(torch.linalg.matrix_norm(weight, ord=2).max() for weight in flow.masked_weights()) > 1
        assert all((torch.linalg.matrix_norm(w, ord=2) < 0.98).all() for w in flow.normalized_weights())


def other_network():
    return sv.BayesianNetwork(nx.DiGraph([("z", "x1"), ("z", "x2"), ("z", "x3"), ("x1", "x2")]), ["x1", "x2", "x3"])


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n, r: linear_start(sv.SIReNVAE(n, linear=False), r), "linear=True"),
        (lambda n, r: linear_start(sv.SIReNVAE(n, "independent", linear=True), r), "linear=True"),
        (lambda n, r: linear_start(sv.VanillaVAE(n), r), "linear=True"),
        (lambda n, r: linear_start(sv.SIReNVAE(n, linear=True), r, 1), "replicas 0 to 0, but 1 came"),
        (lambda n, r: linear_start(sv.SIReNVAE(other_network(), linear=True), r), "is of another one, fork"),
        (lambda n, r: MaskedAffine(torch.ones(2, 2, dtype=torch.bool)), "form a cycle"),
        (lambda n, r: MaskedAffine(torch.eye(2).bool()).forward_and_log_det(torch.zeros(1, 3)), "points with 3 came"),
        (lambda n, r: MaskedAffine(torch.eye(2, 3).bool()).forward_and_log_det(torch.zeros(1, 2)), "but 0 came"),
        (lambda n, r: MaskedAffine(torch.eye(2).bool(), (3,)).inverse_and_log_det(torch.zeros(1, 2)), "replicas"),
        (
            lambda n, r: MaskedAffine(torch.eye(2, 3).bool()).forward_and_log_det(torch.zeros(4, 2), torch.zeros(1, 1)),
            "same batch shape",
        ),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    network = sv.load_network("fork")
    reference = fit_reference("linear_gaussian_bn", network, sv.sample_network(network, 20)[0])
    with pytest.raises(sv.InputError, match=sentence):
        act(network, reference)


def test_linear_parts_belong_to_the_recipe_and_not_to_its_name():
    from sirenvae.experiments.settings import has_linear_parts

    assert not has_linear_parts(replace(RECIPES["paper"], name="mine", num_steps=5))
    assert has_linear_parts(replace(RECIPES["default"], name="paper"))
