"""What a model can be trained on and how: simulators, masks, phases; small models whose optimum is known."""

import pytest
import torch
from torch import nn

import sirenvae as sv
from sirenvae.models.posterior_refit import PosteriorRefit
from sirenvae.objectives import iwae_bound
from sirenvae.training.sources import hiding, with_mask

FORK = sv.load_network("fork")
SHORT = sv.Recipe("short", num_steps=12, batch_size=20)


class Rows(sv.Fittable):
    """Trained on rows as they come."""

    def prepare(self, x, recipes):
        """No units."""

    def sources(self, x):
        return list(x) if isinstance(x, list) else [x] * torch.Size(self.replicas).numel()

    def rebuilt(self, replicas):
        return type(self)(replicas)


class Regression(Rows):
    """q(z | x), a normal around a linear function, for rows x | z of a network of three observed and one latent."""

    def __init__(self, replicas=()):
        super().__init__(replicas)
        self.weight = nn.Parameter(torch.zeros(*replicas, 1, 3))
        self.bias = nn.Parameter(torch.zeros(*replicas, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(*replicas, 1, 1))
        self.heard = []

    def loss(self, batch, noise, kl_weight):
        x, z = batch[..., :3], batch[..., 3:]
        q = torch.distributions.Normal(x @ self.weight.mT + self.bias, self.log_scale.exp())
        return -q.log_prob(z).squeeze(-1)

    def trainable(self):
        frozen = () if self.heard else ("weight",)
        return {name: value for name, value in self.named_parameters() if name not in frozen}

    def rebuilt(self, replicas):
        new = super().rebuilt(replicas)
        new.heard = list(self.heard)  # the same phase
        return new

    def begin_phase(self, index, recipes):
        self.heard.append((index, [recipe.name for recipe in recipes]))


class Thawed(Regression):
    def trainable(self):
        return dict(self.named_parameters())


class Means(Rows):
    """The means of columns of which a mask tells what is seen."""

    def __init__(self, replicas=()):
        super().__init__(replicas)
        self.mean = nn.Parameter(torch.zeros(*replicas, 1, 3))

    def loss(self, batch, noise, kl_weight):
        x, seen = batch.chunk(2, dim=-1)
        return (seen * (x - self.mean).square()).sum(dim=-1)


class Misshapen(Means):
    def loss(self, batch, noise, kl_weight):
        return batch


class Unmoved(Means):
    def loss(self, batch, noise, kl_weight):
        return batch.sum(dim=-1)


def test_inference_compilation_reaches_the_exact_posterior():
    model = Thawed((2,)).double()
    recipe = sv.Recipe("long", num_steps=1500, batch_size=200, learning_rate=3e-2, weight_decay=0.0)
    *_, record = sv.fit(model, sv.network_simulator(FORK), recipe, every=5)
    assert record.step == 1500
    assert record.epoch == 15
    points = torch.cat([torch.zeros(1, 3), torch.eye(3)]).double()
    mean, covariance = sv.true_posterior(FORK, points)
    for weight, bias, log_scale in zip(model.weight, model.bias, model.log_scale, strict=True):
        torch.testing.assert_close(points @ weight.T + bias, mean, rtol=0, atol=0.03)
        assert log_scale.exp().item() == pytest.approx(covariance.flatten()[0].sqrt().item(), rel=0.02)
    assert not torch.equal(model.weight[0], model.weight[1])


def test_a_network_simulates_what_it_is_sampled_from():
    rows = sv.network_simulator(FORK)(7, torch.Generator().manual_seed(3))
    assert torch.equal(rows, torch.cat(sv.sample_network(FORK, 7, seed=3), dim=1))
    bent = sv.load_network("circuit")
    rows = sv.network_simulator(bent, latents=False)(7, torch.Generator().manual_seed(3))
    assert torch.equal(rows, sv.sample_network(bent, 7, seed=3)[0])


def test_replicas_see_the_rows_of_their_own_seeds():
    together = Thawed((3,)).double()
    alone = [together.replica(r) for r in range(3)]
    simulators = [sv.network_simulator(FORK)] * 3
    list(sv.fit(together, simulators, SHORT, seed=[4, 9, 2]))
    for r, model in enumerate(alone):
        list(sv.fit(model, simulators[0], SHORT, seed=[4, 9, 2][r]))
        assert torch.allclose(together.replica(r).weight, model.weight, rtol=1e-10)


def test_a_vae_trains_on_a_simulator_in_the_units_of_its_draws():
    torch.manual_seed(0)
    model, simulate = sv.SIReNVAE(FORK), sv.network_simulator(FORK, latents=False)
    *_, record = sv.fit(model, simulate, sv.Recipe("short", num_steps=300, learning_rate=1e-2))
    x, _ = sv.sample_network(FORK, 50_000, seed=1)
    torch.testing.assert_close(model.scale[0], x.std(dim=0), rtol=0.03, atol=0)
    excess = (sv.true_log_prob(FORK, x[:500]) - model.iwae_bound(x[:500], 100)).mean().item()
    assert -0.05 < excess < 0.2
    assert record.epoch == 3


def test_means_of_what_is_seen():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 3, generator=generator) + torch.tensor([1.0, -2.0, 0.5])
    x[torch.rand(60, 3, generator=generator) < 0.4] = torch.nan
    x[:, 2] = torch.where(x[:, 2] > 0.5, x[:, 2], torch.nan)
    model = Means()
    list(sv.fit(model, with_mask(x), sv.Recipe("long", num_steps=600, learning_rate=5e-2, weight_decay=0.0)))
    torch.testing.assert_close(model.mean[0].detach(), x.nanmean(dim=0), rtol=0, atol=1e-3)


@pytest.mark.parametrize("source", ["table", "simulator"])
def test_what_is_hidden_is_no_value_and_is_hidden_anew(source):
    x = torch.arange(1.0, 7.0).view(3, 2)
    simulate = hiding(x if source == "table" else lambda n, generator: x[torch.arange(n) % 3], 0.25)
    generator = torch.Generator().manual_seed(0)
    values, seen = simulate(6000, generator).chunk(2, dim=-1)
    assert seen.mean().item() == pytest.approx(0.75, abs=0.02)
    assert (values[seen == 0] == 0).all()
    assert set(values[seen == 1].tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}
    assert not torch.equal(simulate(50, generator), simulate(50, generator))


def test_phases_follow_each_other_and_the_model_hears_of_them():
    x = torch.cat(sv.sample_network(FORK, 50), dim=1)
    first = sv.Recipe("first", num_steps=9, batch_size=20)
    second = sv.Recipe("second", num_steps=7, batch_size=20)
    model = Regression((2,)).double()
    training = sv.fit(model, x, sv.Phases(first, [second, SHORT]), seed=5)
    records = []
    for record in training:
        records.append(record)
        assert bool(model.weight.any()) == (record.step > 9) == (training.phase == 1)
    assert model.heard == [(1, ["second", "short"])]
    assert [record.step for record in records] == [3, 6, 9, 12, 15, 18, 21]
    assert [record.epoch for record in records] == list(range(1, 8))
    assert {record.num_steps for record in records} == {21}
    assert records[-1].seconds >= records[2].seconds
    other = Regression((2,)).double()
    list(sv.fit(other, x, first, seed=5))
    other.begin_phase(1, [second, SHORT])
    list(sv.fit(other, x, [second, SHORT], seed=[5 + (1 << 32), 6 + (1 << 32)]))
    for name, value in other.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_one_phase_is_a_fit_and_floors_are_those_of_the_phase():
    x, _ = sv.sample_network(FORK, 30)
    models = []
    for recipe in (SHORT, sv.Phases(SHORT)):
        torch.manual_seed(0)
        models.append(sv.SIReNVAE(FORK))
        list(sv.fit(models[-1], x, recipe))
    assert torch.equal(models[0].encoder.weights[0], models[1].encoder.weights[0])
    list(sv.fit(models[0], x, sv.Phases(SHORT, sv.Recipe("low", num_steps=2, noise_floor=0.02))))
    assert models[0].decoder.noise_floor.item() == pytest.approx(0.02)


def test_models_of_different_families_train_side_by_side():
    def built():
        torch.manual_seed(0)
        bits = sv.VanillaVAE(num_observed=4, num_latents=2, likelihood="bernoulli", replicas=(2,))
        return [bits, sv.FlowDensity.of_network(FORK, FORK.observed).double(), sv.SIReNVAE(FORK), Means()]

    x, _ = sv.sample_network(FORK, 40, seed=1)
    rows = (torch.rand(30, 4) < 0.5).float()
    data = [rows, rows[:20], x, x, with_mask(torch.randn(25, 3))]
    models, alone = built(), built()
    *_, record = sv.fit(models, data, SHORT, seed=3)
    assert record.loss.shape == (5,)
    assert torch.isfinite(record.loss).all()
    first = 0
    for ours, model, count in zip(models, alone, (2, 1, 1, 1), strict=True):
        own = data[first : first + count]
        list(sv.fit(model, own if count > 1 else own[0], SHORT, seed=3 + first))
        first += count
        for name, value in model.state_dict().items():
            assert torch.allclose(ours.state_dict()[name], value, rtol=1e-5, atol=1e-6), name


@pytest.mark.parametrize("replicas", [(), (2,)])
def test_the_loss_of_a_refit_is_the_bound_of_its_draws(replicas):
    model = sv.SIReNVAE(FORK, replicas=replicas).double()
    refit = PosteriorRefit(model, 3)
    x = torch.randn(*replicas, 5, 3, dtype=torch.float64)
    noise = torch.randn(*replicas, 5, 3, dtype=torch.float64)
    one = torch.ones(*replicas, 1, dtype=torch.float64)
    draws = torch.stack([model.standard_elbo(x, noise[..., k : k + 1]) for k in range(3)])
    torch.testing.assert_close(refit.loss(x, noise, one), -iwae_bound(draws))
    assert {name.split(".")[1] for name in refit.trainable()} == {"encoder", "posterior_affine"}


@pytest.mark.parametrize("num_draws", [1, 4])
def test_a_refit_moves_the_posterior_of_any_vae_alone(num_draws):
    torch.manual_seed(0)
    model = sv.VanillaVAE(FORK, replicas=(2,))
    x, _ = sv.sample_network(FORK, 40, seed=1)
    list(sv.fit(model, x, SHORT))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    bound = model.iwae_bound(x, 50, torch.Generator().manual_seed(0)).mean()
    recipe = sv.Recipe("refit", num_steps=200, kl_warm_up=0.0, weight_decay=0.0)
    simulate = sv.network_simulator(FORK, latents=False)
    *_, record = sv.fit(PosteriorRefit(model, num_draws), simulate, recipe)
    moved = {
        name.partition(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved == {"hidden", "linear", "output"}
    assert model.iwae_bound(x, 50, torch.Generator().manual_seed(0)).mean() > bound - 0.05
    assert not model.training
    assert record.loss.shape == (2,)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: sv.fit(nn.Linear(2, 2), torch.ones(5, 2), SHORT), "A Linear cannot be trained"),
        (lambda: sv.fit([Means(), nn.Linear(2, 2)], torch.ones(5, 2), SHORT), "A Linear cannot be trained"),
        (lambda: list(sv.fit(Misshapen((2,)), torch.ones(5, 6), SHORT)), r"shape \(2, 5\).* but \(2, 5, 6\) came"),
        (lambda: list(sv.fit(Unmoved(), torch.ones(5, 6), SHORT)), "depends on none of the parameters"),
        (lambda: list(sv.fit(Means(), lambda n, generator: torch.ones(3, 6), SHORT)), r"\(320, F\), but .*\(3, 6\)"),
        (lambda: list(sv.fit(Means(), lambda n, generator: [[1.0]] * n, SHORT)), "but a list came"),
        (lambda: sv.fit(sv.SIReNVAE(FORK), sv.network_simulator(FORK), SHORT), r"\(10000, 3\), but .* \(10000, 4\)"),
        (lambda: sv.fit(Means((2,)), [torch.ones(5, 6), lambda n, g: torch.ones(n, 6)], SHORT), "but both came"),
        (lambda: sv.fit(Means((2,)), [torch.ones(5, 6), torch.ones(5, 4)], SHORT), r"shapes \(5, 6\), \(5, 4\) came"),
        (lambda: sv.fit(Means(), torch.ones(0, 6), SHORT), "at least one row"),
        (lambda: sv.Phases(), "takes at least one recipe"),
        (lambda: sv.fit(Means(), torch.ones(5, 6), sv.Phases(SHORT, "fast")), "The recipe 'fast' does not exist"),
        (lambda: sv.fit(Means(), torch.ones(5, 6), sv.Phases(SHORT, "selected")), "chooses for all replicas"),
        (lambda: sv.save_fit(sv.fit(Means(), torch.ones(5, 6), sv.Phases(SHORT, SHORT)), "x"), "a PhasedFit came"),
        (lambda: sv.save_fit(sv.fit(Means(), torch.ones(5, 6), SHORT), "x"), "A Means cannot be saved"),
        (lambda: sv.network_simulator(sv.BayesianNetwork(FORK.dag, FORK.observed)), "without numbers"),
        (lambda: hiding(torch.ones(3, 2), 1.0), "below 1, but 1.0 came"),
        (lambda: PosteriorRefit(sv.SIReNVAE(FORK), 0), "at least 1, but 0 came"),
    ],
)
def test_bad_input_is_one_sentence(act, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        act()
