"""A VAE of bits without a network: against quadrature, alone and beside others, saved and resumed."""

import itertools
import math
import sys

import numpy as np
import pytest
import torch

import sirenvae as sv
from sirenvae.data.images import load_digits

SHORT = sv.Recipe("short", num_steps=10, batch_size=50)


def bits(num_rows, num_columns, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(num_rows, num_columns, generator=generator, dtype=torch.float64) < 0.4).double()


def vae(num_observed=3, num_latents=1, replicas=(), seed=0):
    torch.manual_seed(seed)
    model = sv.VanillaVAE(
        num_observed=num_observed, num_latents=num_latents, likelihood="bernoulli", replicas=replicas
    ).double()
    with torch.no_grad():
        for parameter in model.decoder.parameters():  # the posterior stays wide, so that few draws say enough
            parameter.add_(torch.randn_like(parameter))
    return model.eval()


def probabilities(model, z):
    """Of a one in each place, written out with numpy."""
    parts = {name: value.detach().numpy() for name, value in model.decoder.state_dict().items()}
    units = z @ (parts["hidden.weight"] * parts["hidden.mask"]).T + parts["hidden.bias"]
    bent = units / (1 + np.exp(-units))
    logits = z @ (parts["linear.weight"] * parts["linear.mask"]).T
    logits = logits + bent @ (parts["output.weight"] * parts["output.mask"]).T + parts["output.bias"]
    return 1 / (1 + np.exp(-logits))


def evidence(model, x):
    """log p(x) by Gauss-Hermite quadrature over the latents."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    grid = np.array(list(itertools.product(nodes, repeat=model.latent_features)))
    mass = np.prod(list(itertools.product(weights, repeat=model.latent_features)), axis=1)
    mass = mass / math.sqrt(2 * math.pi) ** model.latent_features
    p = probabilities(model, grid)
    likelihood = np.prod(np.where(x[:, None].astype(bool), p, 1 - p), axis=-1)
    return torch.from_numpy(np.log(likelihood @ mass))


def every_row(num_columns):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num_columns)), dtype=torch.float64)


@pytest.mark.parametrize("num_latents", [1, 2])
def test_bounds_lie_below_the_evidence_and_reach_it(num_latents):
    model, x = vae(num_latents=num_latents), every_row(3)
    exact = evidence(model, x.numpy())
    assert exact.exp().sum().item() == pytest.approx(1, abs=1e-6)
    generator = torch.Generator().manual_seed(0)
    elbo = model.elbo(x, 2000, generator=generator)
    few = model.iwae_bound(x.repeat(500, 1), 5, generator).view(500, -1).mean(dim=0)
    many = model.iwae_bound(x, 20_000, generator)
    assert (elbo < exact + 0.01).all()
    assert (exact - elbo).mean() > (exact - many).mean()
    assert elbo.mean() < few.mean() < exact.mean()
    torch.testing.assert_close(many, exact, rtol=0, atol=0.03)


def test_samples_are_bits_of_the_right_frequencies():
    model, x = vae(), every_row(3)
    drawn = model.sample(40_000, torch.Generator().manual_seed(1))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    found = (drawn.unsqueeze(1) == x).all(dim=-1).double().mean(dim=0)
    torch.testing.assert_close(found, evidence(model, x.numpy()).exp(), rtol=0, atol=0.01)
    again, z = model.sample_both(5, torch.Generator().manual_seed(1))
    assert again.shape == (5, 3)
    assert z.shape == (5, 1)


def test_a_reconstruction_is_the_posterior_mean_of_the_probabilities():
    """The posterior as drawn, the decoder written out."""
    model, x = vae(), every_row(3)
    z = model.posterior(x).sample(6000, torch.Generator().manual_seed(2))
    expected = probabilities(model, z.numpy()).mean(axis=0)
    found = model.reconstruct(x, 6000, torch.Generator().manual_seed(3))
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=0, atol=0.02)


def test_the_loss_of_training_is_in_nats_of_the_bits_and_falls_to_their_entropy():
    """Constant columns cost nothing in the end; independent bits have a known entropy."""
    x = torch.cat([bits(400, 2), torch.ones(400, 1), torch.zeros(400, 1)], dim=1).double()
    model = sv.VanillaVAE(num_observed=4, num_latents=1, likelihood="bernoulli")
    *_, record = sv.fit(model, x, sv.Recipe("short", num_steps=600, learning_rate=2e-2, weight_decay=0.0))
    share = x[:, :2].mean(dim=0)
    entropy = -(share * share.log() + (1 - share) * (1 - share).log()).sum().item()
    assert record.loss.item() == pytest.approx(entropy, abs=0.05)
    assert model.location.unique().tolist() == [0.0]
    assert model.scale.unique().tolist() == [1.0]


def test_fifteen_replicas_are_one_program_and_end_as_they_would_have_ended_alone():
    data = [bits(20 + 3 * r, 6, seed=r) for r in range(15)]
    together = vae(6, 2, (15,)).double()
    alone = [together.replica(r) for r in range(15)]
    training = sv.fit(together, data, SHORT, seed=list(range(15)))
    assert [group.chosen for group in training._groups] == [list(range(15))]
    *_, record = training
    assert record.loss.shape == (15,)
    for r in (0, 7, 14):
        list(sv.fit(alone[r], data[r], SHORT, seed=r))
        for (name, ours), value in zip(together.replica(r).named_parameters(), alone[r].parameters(), strict=True):
            assert torch.allclose(ours, value, rtol=1e-8, atol=1e-10), (r, name)


@pytest.mark.parametrize("binarization", ["thresholded", "dynamic"])
def test_digits_train_and_a_killed_fit_goes_on_bit_for_bit(binarization, tmp_path):
    digits = load_digits(binarization)
    torch.manual_seed(0)
    model = sv.VanillaVAE(num_observed=64, num_latents=4, likelihood="bernoulli", replicas=(2,))
    recipe = sv.Recipe("short", num_steps=240, batch_size=200, learning_rate=1e-2)
    whole = model.replica(0, 1)
    *_, expected = sv.fit(whole, digits.train, recipe)
    training = sv.fit(model, digits.train, recipe)
    next(training)
    sv.save_fit(training, tmp_path / "fit.safetensors")
    resumed = sv.resume_fit(tmp_path / "fit.safetensors", digits.train)
    assert resumed.model.network is None
    *_, record = resumed
    assert torch.equal(record.loss, expected.loss)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    bounds = resumed.model.iwae_bound(digits.test, 50, torch.Generator().manual_seed(0)).mean(dim=1)
    share = digits.test.mean(dim=0).clamp(1e-3, 1 - 1e-3)  # independent pixels that know the test set
    independent = (share * share.log() + (1 - share) * (1 - share).log()).sum()
    assert (bounds > independent + 2).all()
    sv.save_model(resumed.model, tmp_path / "model.safetensors")
    again = sv.load_model(tmp_path / "model.safetensors")
    one, other = (m.elbo(digits.test, 3, generator=torch.Generator().manual_seed(0)) for m in (resumed.model, again))
    assert torch.equal(one, other)


def test_digits():
    first, other, drawn = load_digits(), load_digits(seed=1), load_digits("static")
    assert first.train.unique().tolist() == first.test.unique().tolist() == [0.0, 1.0]
    assert len(first.train) == len(first.train_labels) == 1438
    assert len(first.test) == len(first.test_labels) == 359
    assert not torch.equal(first.test, other.test)
    assert torch.equal(drawn.train, load_digits("static").train)
    assert torch.equal(drawn.test_labels, first.test_labels)
    from sklearn.datasets import load_digits as theirs

    found = (torch.from_numpy(theirs().data) > 8).double()
    rows = {tuple(row) for row in found.tolist()}
    assert all(tuple(row) in rows for row in first.test.tolist())
    assert (first.train.sum() + first.test.sum()) == found.sum()


def test_dynamic_bits_have_the_grey_levels_as_their_frequencies():
    digits = load_digits("dynamic", test_share=0.999)  # two training images
    simulate, generator = digits.train, torch.Generator().manual_seed(0)
    rows = simulate(4000, generator)
    assert rows.unique().tolist() == [0.0, 1.0]
    assert not torch.equal(rows, simulate(4000, generator))
    from sklearn.datasets import load_digits as theirs

    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
    grey = torch.from_numpy(theirs().data)[order[round(0.999 * 1797) :]] / 16
    torch.testing.assert_close(rows.mean(dim=0), grey.mean(dim=0), rtol=0, atol=0.04)


def without_sklearn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    load_digits()


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda m: sv.fit(m, torch.full((5, 3), 0.5), SHORT), "Bits are 0 or 1, but 0.5 came"),
        (lambda m: sv.fit(m, lambda n, generator: torch.full((n, 3), 2.0), SHORT), "Bits are 0 or 1, but 2 came"),
        (lambda m: m.iwae_bound(torch.full((5, 3), 0.25)), "Bits are 0 or 1, but 0.25 came"),
        (lambda m: m.reconstruct([[0, 1, -1]]), "Bits are 0 or 1, but -1 came"),
        (lambda m: sv.fit(m, torch.full((5, 3), torch.nan), SHORT), "NaN or infinite"),
        (lambda m: sv.fit(m, bits(20, 3), "selected"), 'The recipe "selected" is for a SIReNVAE'),
        (lambda m: sv.fit(m, bits(20, 4), SHORT), "shape \\(N, 3\\)"),
        (lambda m: load_digits("grey"), "'grey' does not exist; it is one of thresholded, static, dynamic"),
        (lambda m: load_digits(test_share=1.0), "between 0 and 1"),
        (lambda m: sv.VanillaVAE(num_observed=3, num_latents=1, likelihood="poisson"), "no likelihood 'poisson'"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act(vae())


def test_digits_without_scikit_learn_are_one_sentence(monkeypatch):
    with pytest.raises(sv.InputError, match="pip install scikit-learn"):
        without_sklearn(monkeypatch)
