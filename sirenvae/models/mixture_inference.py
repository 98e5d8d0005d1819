"""q(z | x) of a Bayesian mixture over any inverse of its network with plates: copies share a factor.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, Inverse, SharedFactor, shared_factors
from sirenvae.models.datum_factor import DatumFactor, X, Z
from sirenvae.models.families import MixtureFamily
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_sets import MixtureSets
from sirenvae.models.replicas import Fittable
from sirenvae.nets.factor_nets import PerVariableNets

PHI, THETA = "phi", "theta"
_NUM_MODES = 6  # normal distributions in the factor of a coordinate
_OUTPUT_GAIN = 0.1
_FAR = 8.0  # no mode is seen from farther


class MixtureInference(Fittable):
    r"""q(phi, theta, z | x) with a factor for phi, one for theta and factors that the copies of z share.

    The inverse says what each looks at. Given all data, phi and theta are seen from the most probable parameters, in
    units of how well these are known; phi given z alone from the moments of its Dirichlet posterior. Each coordinate is
    a mixture of normal distributions given the ones before it.

    :func:`sirenvae.fit` trains it on :class:`~sirenvae.models.mixture_sets.MixtureSets`; batches are drawn from them
    with replacement.

    Arguments:
        network: With a plate, as :func:`~sirenvae.graphs.catalogue.plated.gaussian_mixture_network` makes it.
        inverse: Of the network.
        model: The mixture.
        datum_features: Width of the hidden layers of a copy's factor.
        set_features: Width of the hidden layers of each coordinate's factor.
        replicas: Leading shape R.

    Attributes:
        num_active: Active weights of a replica, biases left out.
        any_size: Whether one network serves any number of data: no copy looks beyond its own datum.

    Raises:
        InputError: If the network is of other variables, or a copy of z neither sees theta nor all data.

    Source:
        Webb et al. (2018), section 3.3; the features are ours.
    """

    shared = ("feature_mean", "feature_scale", "unit")

    def __init__(
        self,
        network: BayesianNetwork,
        inverse: Inverse,
        model: GaussianMixture | None = None,
        *,
        datum_features: int = 24,
        set_features: int = 64,
        replicas: tuple[int, ...] = (),
    ):
        super().__init__(replicas)
        self.network, self.inverse, self.model = network, inverse, model or GaussianMixture()
        self.settings = {"datum_features": datum_features, "set_features": set_features}
        self.factors = _checked(network, inverse)
        self.num_data, size = len(network.observed), self.model.num_coordinates
        data = [DatumFactor(self.model, one, self.num_data, datum_features, replicas) for one in self.factors[Z]]
        self.data = nn.ModuleList(data)
        self.any_size = all(one.from_x is None and one.from_z is None for one in data)
        self.order, adjacency = _coordinates(network, inverse, self.model, self.factors)
        self.family = MixtureFamily(_NUM_MODES)
        self.sets = PerVariableNets(adjacency, self.family.num_parameters, [set_features] * 2, replicas)
        self.num_active = self.sets.num_active() + sum(one.num_active() for one in data)
        self.num_variables, self.num_units = size + self.num_data, 4 * datum_features * self.num_data
        self.register_buffer("feature_mean", torch.zeros(adjacency.shape[1] - 2 * size))
        self.register_buffer("feature_scale", torch.ones(adjacency.shape[1] - 2 * size))
        self.register_buffer("unit", torch.ones(size))
        scales = torch.linspace(-0.7, 2.0, _NUM_MODES)  # narrow ones and wide ones: some sets are ambiguous
        self.register_buffer("start", torch.cat([self.family.first()[:-_NUM_MODES], scales]), persistent=False)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.network, self.inverse, self.model, replicas=replicas, **self.settings)

    def prepare(self, x: MixtureSets, recipes: Sequence) -> None:
        """Take the scale of features and coordinates from the training sets."""
        if x.x.shape[-1] != self.num_data and not self.any_size:
            raise InputError(f"The network has {self.num_data} data, but sets with {x.x.shape[-1]} came.")
        view = self._view(x)
        self.feature_mean.copy_(view.features.mean(dim=0))
        self.feature_scale.copy_(view.features.std(dim=0).clamp_min(1e-3))
        self.unit.copy_(view.noise_of(x.g[..., self.order]).abs().quantile(0.7, dim=0))

    def sources(self, x: MixtureSets) -> list:
        rows = x.rows

        def some_of_them(num_rows: int, generator: torch.Generator) -> Tensor:
            return rows[torch.randint(len(rows), (num_rows,), generator=generator)]

        return [some_of_them] * torch.Size(self.replicas).numel()

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """Negative log density of everything latent given the data; of data that are not seen as of those that are."""
        sets = MixtureSets.of_rows(batch, self.model.num_coordinates)
        share = sets.count / sets.x.shape[-1]
        return -self.log_prob_of_g(sets) - share * self.log_prob_of_z(sets).sum(dim=-1)

    def log_prob(self, sets: MixtureSets) -> Tensor:
        """log q(phi, theta, z | x), with the components numbered as in `sets`; shape ``(*R, S)``, nats."""
        with self.asked(graph=True):
            return self.log_prob_of_g(sets) + self.log_prob_of_z(sets).sum(dim=-1)

    def log_prob_of_g(self, sets: MixtureSets) -> Tensor:
        """Log density of the coordinates, shape ``(*R, S)``; given z where the inverse says so."""
        view = self._view(sets)
        noise = view.noise_of(sets.g[..., self.order]) / self.unit
        log_prob = self.family.factor(self._factor_parameters(view, noise)).log_prob(noise)
        return (log_prob - view.scale.log() - self.unit.log()).sum(dim=-1)

    def log_prob_of_z(self, sets: MixtureSets) -> Tensor:
        """Log probability of each datum's component, shape ``(*R, S, M)``."""
        logits = self.logits(sets)
        return logits.gather(-1, sets.z.long().expand(logits.shape[:-1]).unsqueeze(-1)).squeeze(-1)

    def logits(self, sets: MixtureSets) -> Tensor:
        """Log probabilities of each datum's components, shape ``(*R, S, M, K)``."""
        x = sets.x.unsqueeze(-1) / self.model.mean_scale
        z = nn.functional.one_hot(sets.z.long(), self.model.num_components).to(x)
        found = None
        for one in self.data:
            logits = one(self._own(one.factor, sets), x, z)
            if found is None:
                found = logits
            elif len(one.factor.copies) < self.num_data:
                copies = list(one.factor.copies)
                found = found.index_copy(-2, torch.tensor(copies, device=x.device), logits[..., copies, :])
        return found.log_softmax(dim=-1)

    def sample_g(self, sets: MixtureSets, generator: torch.Generator | None = None) -> Tensor:
        """A draw of phi and theta given the data of each set, shape ``(*R, S, G)``.

        Raises:
            InputError: If they are drawn given z by this inverse.
        """
        if any(Z in factor.parents for v in (PHI, THETA) for factor in self.factors[v]):
            raise InputError("In this inverse phi or theta is drawn given z; take the reverse order.")
        with self.asked():
            view = self._view(sets)
            noise = view.features.new_zeros(*view.features.shape[:-1], len(self.order))
            for place in range(len(self.order)):
                parameters = self._factor_parameters(view, noise)[..., place, :]
                noise[..., place] = self.family.sample(parameters, generator)
            drawn = view.center + view.scale * self.unit * noise
            return drawn[..., torch.tensor(self.order).argsort()]

    def drawn(self, sets: MixtureSets, generator: torch.Generator | None = None) -> MixtureSets:
        """The sets with a draw of phi, theta and every datum's component in the place of theirs.

        Raises:
            InputError: If this inverse draws phi, theta or a component given other components.
        """
        if any(Z in one.parents for one in self.factors[Z]):
            raise InputError("In this inverse components are drawn given others; take the reverse order.")
        with self.asked():
            now = replace(sets, g=self.sample_g(sets, generator))
            weights = self.logits(now).exp()
            z = torch.multinomial(weights.flatten(0, -2), 1, generator=generator).view(weights.shape[:-1])
            return replace(now, z=z.to(sets.x))

    def _factor_parameters(self, view: _View, noise: Tensor) -> Tensor:
        """Of the factors of coordinates, shape ``(*R, S, G, P)``; those of coordinate i from the noise before it."""
        known = ((view.features - self.feature_mean) / self.feature_scale).clamp(-5.0, 5.0)
        expected = view.expected(noise * self.unit) / self.unit
        return self.sets(torch.cat([noise.asinh(), expected.asinh(), known], dim=-1)) + self.start

    def _view(self, sets: MixtureSets) -> _View:
        """What the factors of coordinates see of sets."""
        x_view = _View.of(sets.center[..., self.order], sets.covariance[..., self.order, :][..., self.order])
        other = ((sets.other - sets.center)[..., self.order] / x_view.scale).clamp(-_FAR, _FAR)
        features = [x_view.features, other, sets.lead.unsqueeze(-1), sets.count.log().unsqueeze(-1)]
        counts = {v: self._counts(sets, v) for v in (PHI, THETA)}
        features += [(count + self.model.concentration).log() for v, count in counts.items() if self._form(v, Z) != ()]
        view = x_view if self._form(PHI, X) == "all" else self._phi_apart(sets, counts[PHI])
        return replace(view, features=torch.cat(features, dim=-1))

    def _phi_apart(self, sets: MixtureSets, counts: Tensor) -> _View:
        """The frame where phi is seen from components alone, and theta from the data."""
        n, (center, covariance) = self.model.num_weights, self.model.complete_moments(counts)
        rest = sets.covariance[..., n:, n:]
        above = nn.functional.pad(covariance, (0, rest.shape[-1]))
        both = torch.cat([above, nn.functional.pad(rest, (n, 0))], dim=-2)
        center = torch.cat([center, sets.center[..., n:]], dim=-1)
        return _View.of(center[..., self.order], both[..., self.order, :][..., self.order])

    def _counts(self, sets: MixtureSets, variable: str) -> Tensor:
        """How many of the data whose components a variable sees are in each, shape ``(*R, S, K)``."""
        ones = nn.functional.one_hot(sets.z.long(), self.model.num_components).to(sets.x)
        form = self._form(variable, Z)
        return ones.sum(dim=-2) if form == "all" else ones[..., list(form), :].sum(dim=-2)

    def _form(self, variable: str, parent: str) -> str | tuple[int, ...]:
        return next((one.parents.get(parent, ()) for one in self.factors[variable]), ())

    def _own(self, factor: SharedFactor, sets: MixtureSets) -> Tensor:
        """What each datum has of its own, shape ``(*R, S, M, 4 K)``."""
        known = sets.g if THETA in factor.parents else sets.center
        _, mean, log_precision = (value.unsqueeze(-2) for value in self.model.parameters(known))
        if PHI in factor.parents or factor.parents.get(X) == "all":
            log_weights = self.model.parameters(sets.g if PHI in factor.parents else sets.center)[0].unsqueeze(-2)
        else:
            log_weights = torch.zeros_like(mean)
        residual = (sets.x.unsqueeze(-1) - mean) * (0.5 * log_precision).exp()
        alike = [value.expand_as(residual) for value in (0.5 * log_precision, log_weights)]
        return torch.cat([residual.asinh(), -0.5 * residual.square(), *alike], dim=-1)


@dataclass(frozen=True)
class _View:
    """A frame for coordinates in drawing order, and what is known beside it.

    Attributes:
        features: Shape ``(*, S, C)``.
        center, scale: Where coordinates have their zero and what is one of each, shape ``(*, S, G)``.
        triangle: Cholesky factor of their correlations, shape ``(*, S, G, G)``.
    """

    features: Tensor
    center: Tensor
    scale: Tensor
    triangle: Tensor

    @classmethod
    def of(cls, center: Tensor, covariance: Tensor) -> Self:
        """That of a normal distribution."""
        scale = torch.diagonal(covariance, dim1=-2, dim2=-1).sqrt()
        triangle = torch.linalg.cholesky_ex(covariance / (scale.unsqueeze(-1) * scale.unsqueeze(-2)))[0]
        i, j = torch.tril_indices(center.shape[-1], center.shape[-1])
        return cls(torch.cat([center, scale.log(), triangle[..., i, j]], dim=-1), center, scale, triangle)

    def noise_of(self, g: Tensor) -> Tensor:
        """Coordinates in the frame."""
        return (g - self.center) / self.scale

    def expected(self, noise: Tensor) -> Tensor:
        """What the normal distribution expects of each coordinate given those before it, in the frame."""
        apart = torch.linalg.solve_triangular(self.triangle, noise.unsqueeze(-1), upper=False)
        return noise - torch.diagonal(self.triangle, dim1=-2, dim2=-1) * apart.squeeze(-1)


def _checked(network: BayesianNetwork, inverse: Inverse) -> dict[str, list[SharedFactor]]:
    """The shared factors of phi, theta and z."""
    members = [member for plate in network.plates for member in plate.members]
    if set(network.latents) - {PHI, THETA} != {v for plate in network.plates for v in plate.copies(Z) if Z in members}:
        raise InputError(
            f"An inference network of a mixture is for a network with phi, theta and a plate of z and x, as "
            f"gaussian-mixture-200, not for {network.name}."
        )
    factors: dict[str, list[SharedFactor]] = {PHI: [], THETA: [], Z: []}
    for factor in shared_factors(network, inverse.dag):
        if factor.variable not in factors:
            raise InputError("In the inverse an observed variable has a parent; q(z | x) has none.")
        factors[factor.variable].append(factor)
    if not all(factor.parents.get(X) == "all" for factor in factors[THETA]) or not factors[THETA]:
        raise InputError("In the inverse theta does not see all data, so there is nothing to see it from.")
    for factor in factors[Z]:
        if THETA not in factor.parents and factor.parents.get(X) != "all":
            raise InputError(f"In the inverse {factor} sees neither theta nor all data; give it one of them.")
    return factors


def _coordinates(
    network: BayesianNetwork, inverse: Inverse, model: GaussianMixture, factors: dict[str, list[SharedFactor]]
) -> tuple[list[int], Tensor]:
    """The coordinates in the order in which they are drawn, and what each sees: noise, what it makes one expect of the
    coordinate itself, features of the data, those of components."""
    size, n, k = model.num_coordinates, model.num_weights, model.num_components
    places = {PHI: list(range(n)), THETA: list(range(n, size))}
    first = THETA if inverse.dag.has_edge(THETA, PHI) else PHI
    order = [*places[first], *places[THETA if first == PHI else PHI]]
    owner = [PHI if place < n else THETA for place in order]
    parents = {v: {u for one in factors[v] for u in one.parents} for v in (PHI, THETA)}
    of_x = 2 * size + size * (size + 1) // 2 + size + 2
    rows = []
    for i, v in enumerate(owner):
        noise = [j < i and (owner[j] == v or owner[j] in parents[v]) for j in range(size)]
        together = v == owner[0] or owner[0] in parents[v] or X not in parents[PHI]
        expected = [j == i and together for j in range(size)]
        of_z = [u == v for u in (PHI, THETA) if Z in parents[u] for _ in range(k)]
        rows.append([*noise, *expected, *[X in parents[v]] * of_x, *of_z])
    return order, torch.tensor(rows)
