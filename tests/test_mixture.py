"""A Bayesian mixture: its densities, what is seen at a glance, inference over its inverses, evidence."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch.distributions import Dirichlet, Gamma, Normal

import sirenvae as sv
from sirenvae.experiments.nami7_work import divergence_of_data, posterior_of_data
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_features import distance, features_of, nearest
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.truth.mixtures import adaptive_evidence, mixture_importance

MODEL, STUDENT = GaussianMixture(), sv.load_network("student")
INVERSES = [("reverse", "nami"), ("topological", "nami"), ("reverse", "fully_connected"), ("reverse", "stuhlmueller")]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def inference(num_data, order="reverse", method="nami", **settings):
    network = sv.load_network(f"gaussian-mixture-{num_data}")
    torch.manual_seed(0)
    return MixtureInference(network, sv.invert(network, order, method=method), **settings)


def prior_evidence(x, num_draws=200_000):
    """log p(x) of sets by plain Monte Carlo from the prior, and its error."""
    g = MODEL.draw(num_draws, 1, seeded(6))[2]
    found = []
    for one in x:
        likelihood = MODEL.log_terms(g, one.expand(num_draws, -1)).logsumexp(dim=-1).sum(dim=-1)
        largest = likelihood.max()
        weights = (likelihood - largest).exp()
        error = weights.std() / weights.mean() / num_draws**0.5
        found.append((largest + weights.mean().log(), error))
    return torch.tensor(found).T


def test_the_prior_is_that_of_its_parameters():
    g = MODEL.draw(5, 1, seeded())[2]

    def parameters(point):
        log_weights, mean, log_precision = MODEL.parameters(point)
        return torch.cat([log_weights.exp()[:-1], mean, log_precision.exp()])

    for point in g:
        log_weights, mean, log_precision = MODEL.parameters(point)
        expected = Dirichlet(torch.full((3,), 3.0).double()).log_prob(log_weights.exp())
        expected += Normal(0.0, 3.0).log_prob(mean).sum() + Gamma(3.0, 1.0).log_prob(log_precision.exp()).sum()
        expected += torch.autograd.functional.jacobian(parameters, point).slogdet().logabsdet
        assert MODEL.log_prior(point) == pytest.approx(expected.item(), abs=1e-5)


def test_components_are_summed_out():
    x, _, g = MODEL.draw(4, 3, seeded(1))
    each = [MODEL.log_joint(g, x, torch.tensor(z).expand(4, 3)) for z in itertools.product(range(3), repeat=3)]
    torch.testing.assert_close(torch.stack(each).logsumexp(dim=0), MODEL.log_joint(g, x))


def test_draws_have_the_moments_of_the_model():
    x, z, g = MODEL.draw(40_000, 2, seeded(2))
    assert x.mean().abs() < 0.06
    assert x.var() == pytest.approx(9 + 1 / 2, rel=0.03)  # E[1 / tau] = 1 / (3 - 1)
    assert (z[:, 0] == z[:, 1]).double().mean() == pytest.approx(3 * 3 * 4 / (9 * 10), abs=0.01)  # E[sum phi^2]
    assert g[:, 2:5].std() == pytest.approx(3, rel=0.02)


def test_what_is_renamed_means_the_same():
    x, z, g = MODEL.draw(20, 30, seeded(3))
    for one in MODEL.renamed(g):
        torch.testing.assert_close(MODEL.log_joint(one, x), MODEL.log_joint(g, x))
    center, information = MODEL.draw(20, 1, seeded(4))[2], torch.eye(8).double().expand(20, 8, 8)
    named, components = nearest(MODEL, g, center, information, z)
    torch.testing.assert_close(MODEL.log_joint(named, x, components), MODEL.log_joint(g, x, z))
    least = torch.stack([(one - center).square().sum(dim=-1) for one in MODEL.renamed(g)]).amin(dim=0)
    torch.testing.assert_close(distance(named, center, information), least)


def test_features_are_of_a_mode_and_do_not_know_the_order_of_the_data():
    x = MODEL.draw(30, 200, seeded(5))[0]
    found = features_of(MODEL, x)
    center = found.center.requires_grad_()
    slope = torch.autograd.grad(MODEL.log_joint(center, x).sum(), center)[0]
    step = torch.linalg.solve(found.information, slope.unsqueeze(-1)).squeeze(-1)
    assert (slope * step).sum(dim=-1).median() < 0.1  # the nats that a step could still gain; a draw is 4 away
    mixed = features_of(MODEL, x[:, torch.randperm(200, generator=seeded())])
    torch.testing.assert_close(mixed.center, found.center, atol=1e-6, rtol=1e-6)
    point, data = found.center[3].detach(), x[3]
    scores = torch.autograd.functional.jacobian(lambda g: MODEL.log_terms(g, data).logsumexp(dim=-1), point)
    precision = found.information[3] - scores.mT @ scores
    torch.testing.assert_close(precision, torch.diag(torch.diagonal(precision)), atol=1e-8, rtol=0)
    assert (torch.diagonal(precision) > 0).all()


def test_moments_of_weights_given_all_components():
    counts = torch.tensor([[5.0, 0.0, 2.0]])
    weights = Dirichlet(counts[0] + 3).sample((200_000,))
    ratios = weights[:, :2].log() - weights[:, 2:].log()
    mean, covariance = MODEL.complete_moments(counts)
    torch.testing.assert_close(mean[0], ratios.mean(dim=0), atol=0.01, rtol=0)
    torch.testing.assert_close(covariance[0], ratios.T.cov(), atol=0.01, rtol=0)


def test_rows_keep_everything():
    sets = MixtureSets.draw(MODEL, 70, (5, 40), seeded(), 4)
    back = MixtureSets.of_rows(sets.rows, 8)
    assert all(torch.equal(one, vars(back)[name]) for name, one in vars(sets).items())
    assert sets.x.shape == (70, 4)
    assert (sets.count.min(), sets.count.max()) == (5, 40)


@pytest.mark.parametrize(("order", "method"), INVERSES)
def test_a_factor_sees_its_parents_and_nothing_else(order, method):
    """What changes when one variable is moved, beside the edges of the inverse."""
    n = 5
    q = inference(n, order, method)
    sets = MixtureSets.draw(MODEL, 60, n, seeded())
    q.prepare(sets, [])
    with torch.no_grad():
        for weight in q.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=seeded(1))
    one = MixtureSets.of_rows(sets.rows[:1], 8)
    moved = {f"z[{j}]": replace(one, z=one.z.index_fill(1, torch.tensor(j), (one.z[0, j] + 1) % 3)) for j in range(n)}
    moved |= {"phi": replace(one, g=one.g + torch.tensor([0.5] * 2 + [0.0] * 6))}
    moved |= {"theta": replace(one, g=one.g + torch.tensor([0.0] * 2 + [0.1] * 6))}
    moved |= {f"x[{j}]": replace(one, x=one.x.index_add(1, torch.tensor([j]), torch.ones(1, 1))) for j in range(n)}
    before, seen = said(q, one), set()
    for name, sets in moved.items():
        after = said(q, sets)
        changed = {v for v in before if not torch.allclose(before[v], after[v], atol=1e-5)}  # sums are rounded
        seen |= {(name, v) for v in changed if v != name or v[0] == "z"}
    # Of phi and theta the features carry what x says: that a moved x moves them is the features' affair.
    wanted = {edge for edge in q.inverse.dag.edges if not (edge[0][0] == "x" and edge[1] in ("phi", "theta"))}
    far = {(a, b) for a, b in seen if a[0] == "x" and b in ("phi", "theta")}
    assert not far
    assert seen == wanted


def said(q, sets):
    """The parameters of every factor; those of phi and theta in units that do not move with themselves."""
    with torch.no_grad():
        view = q._view(sets)
        noise = view.noise_of(sets.g[..., q.order])
        parameters = q._factor_parameters(view, noise / q.unit)[0]
        frame = torch.stack([view.center[0], view.scale[0]], dim=-1)
        first = [i for i, place in enumerate(q.order) if place < 2]
        rest = [i for i, place in enumerate(q.order) if place >= 2]
        # the first coordinate of each sees nothing of its own variable
        found = {"phi": torch.cat([parameters[first[0]], frame[first].flatten()])}
        found |= {"theta": torch.cat([parameters[rest[0]], frame[rest].flatten()])}
        return found | {f"z[{i}]": logits for i, logits in enumerate(q.logits(sets)[0])}


def test_evidence_without_a_network_is_that_of_draws_of_the_prior():
    x = MODEL.draw(4, 3, seeded(5))[0]
    truth, error = prior_evidence(x)
    found = adaptive_evidence(MODEL, x, 1000, seeded())
    assert ((found.log_evidence - truth).abs() < 4 * (found.standard_error.square() + error.square()).sqrt()).all()
    assert (found.standard_error < 0.1).all()


@pytest.fixture(scope="module")
def learnt():
    """A network for any number of data, trained for a moment."""
    q = inference(4, set_features=16, datum_features=8)
    sets = MixtureSets.draw(MODEL, 4000, (4, 40), seeded(1), 4)
    recipe = sv.Recipe("short", learning_rate=1e-2, batch_size=128, num_steps=300, weight_decay=0.0)
    losses = [record.loss.item() for record in sv.fit(q, sets, recipe)]
    return q, losses


def test_training_lowers_the_loss(learnt):
    _, losses = learnt
    assert losses[-1] < losses[0] - 0.5


def test_evidence_with_a_learnt_proposal_at_sizes_it_was_not_trained_on(learnt):
    q, _ = learnt
    for num_data in (9, 50):  # between and beyond
        x = MODEL.draw(4, num_data, seeded(5))[0]
        truth = adaptive_evidence(MODEL, x, 500, seeded())
        for components in (True, False):
            found = mixture_importance(q, x, 200, seeded(), components=components)
            error = (found.standard_error.square() + truth.standard_error.square()).sqrt()
            assert ((found.log_evidence - truth.log_evidence).abs() < 4 * error).all()
            assert found.effective_sample_size.median() > 5
            assert found.z.shape == (200, 4, 8)


def test_the_density_of_phi_and_theta_integrates_to_one(learnt):
    """By importance sampling from a wide Student distribution around the center."""
    q, _ = learnt
    sets = MixtureSets.of_data(MODEL, MODEL.draw(3, 12, seeded(9))[0])
    torch.manual_seed(0)
    noise = torch.distributions.StudentT(3.0).sample((20_000, 3, 8))
    width = 2 * torch.diagonal(sets.covariance, dim1=-2, dim2=-1).sqrt()
    log_density = torch.distributions.StudentT(3.0).log_prob(noise).sum(dim=-1) - width.log().sum(dim=-1)
    rows = torch.cat([replace(sets, g=sets.center + width * one).rows for one in noise])
    with torch.no_grad():
        log_prob = q.log_prob_of_g(MixtureSets.of_rows(rows, 8)).view(-1, 3)
    weights = (log_prob - log_density).exp()
    error = weights.std(dim=0) / len(weights) ** 0.5
    assert ((weights.mean(dim=0) - 1).abs() < 5 * error).all()
    assert (error < 0.3).all()


def test_data_that_are_not_seen_count_as_those_that_are(learnt):
    q, _ = learnt
    sets = MixtureSets.draw(MODEL, 5, 8, seeded(), 8)
    half = [replace(sets, x=sets.x[:, part], z=sets.z[:, part]) for part in (slice(0, 4), slice(4, 8))]
    whole = q.loss(sets.rows, None, None)
    torch.testing.assert_close(sum(q.loss(one.rows, None, None) for one in half) / 2, whole)


def test_a_replica_is_the_model_alone():
    q = inference(6, method="fully_connected", replicas=(2,), set_features=8, datum_features=8)
    sets = MixtureSets.draw(MODEL, 50, 6, seeded())
    q.prepare(sets, [])
    both = q.log_prob(sets)
    assert both.shape == (2, 50)
    torch.testing.assert_close(q.replica(1).log_prob(sets), both[1])
    exact = posterior_of_data(sets)
    assert divergence_of_data(q, sets, exact).shape == (2, 50)
    log_q = q.logits(sets)[1].double()
    by_hand = sum(
        math.exp(exact[0, i, k]) * (exact[0, i, k] - log_q[0, i, k]).item() for i in range(6) for k in range(3)
    )
    assert divergence_of_data(q, sets, exact)[1, 0].item() == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GaussianMixture(1), "at least 2 components"),
        (lambda: GaussianMixture(rate=0.0), "rate is positive and finite"),
        (lambda: MixtureSets.draw(MODEL, 5, 1, seeded()), "at least 2 data"),
        (lambda: inference(5, "topological").sample_g(MixtureSets.draw(MODEL, 3, 5, seeded())), "drawn given z"),
        (lambda: inference(5, method="fully_connected").drawn(MixtureSets.draw(MODEL, 3, 5, seeded())), "given others"),
        (lambda: inference(5, "topological").prepare(MixtureSets.draw(MODEL, 9, 6, seeded()), []), "sets with 6 came"),
        (lambda: mixture_importance(inference(5, replicas=(2,)), torch.zeros(1, 5)), "take q.replica"),
        (lambda: mixture_importance(inference(5), torch.zeros(1, 5), 1), "at least 2 samples"),
        (lambda: MixtureInference(STUDENT, sv.invert(STUDENT)), "not for student"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(sv.InputError, match=words):
        make()
