"""q(z | x) over any inverse of a Bayesian network, learnt from draws of the network.

Source:
    Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), section 3.2; Le et
    al., Inference Compilation and Universal Probabilistic Programming (2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, constraints

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, Inverse
from sirenvae.models.drawing import adjacency_of, check_faithful, drawing_order, generations_of
from sirenvae.models.families import family_over
from sirenvae.models.least_squares import least_squares
from sirenvae.models.points import Points, as_points
from sirenvae.models.replicas import Fittable
from sirenvae.models.simulator import draw_network
from sirenvae.models.states import OneHot, check_states
from sirenvae.models.units import Units
from sirenvae.nets.factor_nets import LAYOUTS, width_for

_UNIT_DRAWS = 10_000  # of the network, for the units of its variables
_START_DRAWS, _PIECE = 400_000, 20_000  # of the network, for the linear start, and how many of them at once
_CAPACITY = 6_000  # active weights


class InferenceNetwork(Fittable):
    r"""q(z | x) with a factor for each latent given its parents in an inverse.

    .. math::
        q(z \mid x) = \prod_{k=1}^{K} q\left(z_k \mid \mathrm{pa}_k\right)

    Trained by :func:`sirenvae.fit` it minimizes the mean of KL(p(z | x) || q(z | x)) over p(x), up to a constant: the
    negative log density of draws of the network. Given points it is a distribution: ``q(x).log_prob(z)``,
    ``q(x).sample((n,))``.

    Arguments:
        network: The Bayesian network.
        inverse: Which variables each latent may look at, see :func:`sirenvae.invert`.
        family: Of each factor: ``"gaussian"``; ``"mixture"``, of three normal distributions, of five as
            ``"mixture-5"``; or ``"flow"``, a spline of eight bins, of twelve as ``"flow-12"``. In a discrete
            network every factor is categorical, and its parents' states are seen as ones and zeros; there is no linear
            start.
        layout: ``"per_variable"``, a small network for each factor, or ``"masked"``, one for all.
        capacity: Most active weights of a replica, output layer and linear part included; widths are solved from it.
        capacity_of: What the capacity counts: ``"active"`` weights, all that are ``"stored"``, those that a mask
            removes too, or the ``"width"`` of a hidden layer itself.
        num_layers: Hidden layers, at least 1.
        linear_start: Whether training begins at the best linear posterior with the inverse's edges: each latent
            regressed on its parents by least squares, over 400,000 draws of the network or over the fixed set. Then
            there is nothing left to learn for Gaussian factors of a linear-Gaussian network, and they are trained by
            the recipe ``"refinement"``; to watch them learn, leave the start out. A network whose linear part was
            trained already is left as it is.
        faithful: Whether an inverse that claims a false independence is refused.
        replicas: Leading shape R of all weights.

    Attributes:
        order: The latents from the last eliminated one to the first, the order in which they are drawn.
        num_active, num_stored: Active weights of a replica, and all that are stored; biases left out.

    Raises:
        InputError: If the inverse is of other variables or has a cycle, there is no such family or layout, the
            capacity is too small for the edges, or the inverse is not faithful where that was asked.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("student")
        >>> q = InferenceNetwork(net, sv.invert(net), capacity=500)
        >>> records = list(sv.fit(q, net, sv.Recipe("short", num_steps=3)))
        >>> q(sv.sample_network(net, 4)[0]).sample((10,)).shape
        torch.Size([10, 4, 5])

    Source:
        Webb et al. (2018), section 3.2: nets per variable and MADE; the linear part beside the hidden layers is ours.
    """

    def __init__(
        self,
        network: BayesianNetwork,
        inverse: Inverse,
        family: str | None = None,
        layout: str = "per_variable",
        *,
        capacity: int = _CAPACITY,
        capacity_of: str = "active",
        num_layers: int = 2,
        linear_start: bool = True,
        faithful: bool = False,
        replicas: tuple[int, ...] = (),
    ):
        super().__init__(replicas)
        if layout not in LAYOUTS:
            raise InputError(f"The layout {layout!r} does not exist; it is one of {', '.join(LAYOUTS)}.")
        self.network, self.inverse = network, inverse
        self.num_variables = len(network.variables)
        self.order = drawing_order(network, inverse)
        if faithful:
            check_faithful(network, inverse, self.order)
        self.adjacency = adjacency_of(network, inverse, self.order)
        self.family, family = family_over(network, family, self.order)
        self.settings = {
            "family": family,
            "layout": layout,
            "capacity": capacity,
            "capacity_of": capacity_of,
            "num_layers": num_layers,
            "linear_start": linear_start,
            "faithful": faithful,
        }
        kind = LAYOUTS[layout]
        self.encode, seen = _inputs(network, self.order, self.adjacency)
        width = width_for(kind, seen, self.family.num_parameters, num_layers, capacity, capacity_of)
        self.net = kind(seen, self.family.num_parameters, [width] * num_layers, replicas)
        self.num_active, self.num_stored = self.net.num_active(), self.net.num_stored()
        self.num_units = self.net.units_in_a_layer()  # ten runs of a tree are fastest as one program
        self.generations = generations_of(self.adjacency)
        self.units = Units((*self.order, *network.observed))
        self.register_buffer("first", self.family.first(), persistent=False)

    shared = ("units",)

    @property
    def default_recipe(self) -> str:
        """``"refinement"`` where the linear start is as good as its edges allow, else ``"inference"``."""
        gaussian = self.network.is_linear and self.settings["family"] == "gaussian"
        return "refinement" if gaussian and self.settings["linear_start"] else "inference"

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.network, self.inverse, replicas=replicas, **self.settings)

    def prepare(self, x, recipes: Sequence) -> None:
        """Take units of all variables, and the linear start, from the training data or from draws of the network."""
        if self.network.is_discrete:
            return  # states have no units
        generator = torch.Generator().manual_seed(0)
        fixed = None if isinstance(x, BayesianNetwork) else self._rows(*x)
        if fixed is None:
            self._check_draws_of(x)
        self.units.fit(_draws(x, self.order, _UNIT_DRAWS, generator) if fixed is None else fixed)
        if not self.settings["linear_start"] or self.net.has_linear():
            return
        pieces = self._start_draws(x, generator) if fixed is None else [fixed]
        self._start(*least_squares((self.units.standard(piece.to(self.device)) for piece in pieces), self.adjacency))

    def sources(self, x) -> list:
        """Training data.

        Arguments:
            x: The network, for fresh draws at every step, or a fixed set as a pair: observed values ``(N, D)`` and
                latent values ``(N, K)``, columns in declared order.
        """
        count = torch.Size(self.replicas).numel()
        if not isinstance(x, BayesianNetwork):
            return [self.units.standard(self._rows(*x)).to(self.dtype)] * count
        self._check_draws_of(x)

        def simulator(num_rows: int, generator: torch.Generator) -> Tensor:
            return self.units.standard(_draws(x, self.order, num_rows, generator).to(self.device)).to(self.dtype)

        return [simulator] * count

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """Negative log density of the latents given the observed variables, in standard units."""
        return -self.log_prob_of_rows(batch)

    def check_single(self, network: BayesianNetwork) -> None:
        """Reject a question that is put to one inference network of one network.

        Raises:
            InputError: If it has replicas, or is of other variables.
        """
        if self.replicas:
            raise InputError(
                f"One inference network is asked, but one with replicas {self.replicas} came; take q.replica(i)."
            )
        if (self.network.variables, self.network.observed) != (network.variables, network.observed):
            raise InputError(f"The inference network is for {self.network.name}, not for {network.name}.")

    def log_volume(self) -> Tensor:
        latents = self.units.scale[0, : len(self.order)].log().sum()
        return latents.expand(*self.replicas, 1)

    def forward(self, x: Points) -> InferenceDistribution:
        """q(z | x) of each point; x in raw units, shape ``(N, D)`` or ``(*R, N, D)``, columns in declared order."""
        points = as_points(x, self.network.observed).to(self.device)
        if self.network.is_discrete:
            check_states(self.network, points, self.network.observed)
        return InferenceDistribution(self, points.expand(*self.replicas, *points.shape[-2:]))

    def parameters_of_rows(self, rows: Tensor, latents: Sequence[int] | None = None) -> Tensor:
        """What the net says of each factor at rows z|x, standard units, latents in drawing order: ``(*R, N, K, P)``;
        of some latents alone, counted in that order, where these are given.
        """
        first = self.first if latents is None or self.first.ndim == 1 else self.first[latents]
        return self.net(self.encode(rows), latents) + first

    def log_prob_of_rows(self, rows: Tensor) -> Tensor:
        """Log density of z given x, shape ``(*R, N)``, nats; rows as for :meth:`parameters_of_rows`."""
        factors = self.family.factor(self.parameters_of_rows(rows))
        return factors.log_prob(rows[..., : len(self.order)]).sum(dim=-1)

    def _check_draws_of(self, network: BayesianNetwork) -> None:
        if (network.variables, network.observed) != (self.network.variables, self.network.observed):
            raise InputError(f"The inference network is for {self.network.name}, but draws of {network.name} came.")

    def _start_draws(self, network: BayesianNetwork, generator: torch.Generator) -> Iterator[Tensor]:
        for _ in range(_START_DRAWS // _PIECE):
            yield _draws(network, self.order, _PIECE, generator)

    def _start(self, slopes: Tensor, intercepts: Tensor, deviations: Tensor) -> None:
        """Let the net say of each factor its linear prediction, whatever else the family may say left as at first."""
        first, roles = self.first.to(slopes), self.family.roles()
        places, scales = (torch.tensor([role == wanted for role in roles]).to(slopes) for wanted in "ls")
        moved = intercepts.unsqueeze(-1) + deviations.unsqueeze(-1) * first - first
        offsets = places * moved + scales * deviations.log().unsqueeze(-1)
        self.net.set_linear(slopes.unsqueeze(-1) * places, offsets)

    def _rows(self, x: Points, z: Points) -> Tensor:
        """z|x in raw units, latents in drawing order."""
        x, z = as_points(x, self.network.observed), as_points(z, self.network.latents)
        if len(x) != len(z):
            raise InputError(f"There are {len(x)} rows of observed values, but {len(z)} of latent ones.")
        if self.network.is_discrete:
            check_states(self.network, x, self.network.observed)
            check_states(self.network, z, self.network.latents)
        place = {v: i for i, v in enumerate(self.network.latents)}
        return torch.cat([z[:, [place[v] for v in self.order]], x], dim=1)


class InferenceDistribution(Distribution):
    """q(z | x) of some points, see :class:`InferenceNetwork`; raw units, latents in declared order.

    Its batch shape is ``(*R, N)``, its event shape ``(K,)``.
    """

    arg_constraints: ClassVar = {}
    has_rsample = False

    def __init__(self, network: InferenceNetwork, x: Tensor):
        self._network, self._x = network, x
        place = {v: i for i, v in enumerate(network.network.latents)}
        self._columns = [place[v] for v in network.order]
        super().__init__(x.shape[:-1], torch.Size([len(self._columns)]), validate_args=False)

    @constraints.dependent_property(event_dim=1)
    def support(self) -> constraints.Constraint:
        """Numbers, or those of each latent's states."""
        network = self._network.network
        if not network.is_discrete:
            return constraints.real_vector
        last = torch.tensor([len(network.states[v]) - 1 for v in network.latents], device=self._x.device)
        return constraints.independent(constraints.integer_interval(0, last), 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of latents ``(*S, *R, N, K)``, shape ``(*S, *R, N)``, in nats."""
        network, shape = self._network, self.batch_shape + self.event_shape
        if value.shape[value.ndim - len(shape) :] != shape:
            raise InputError(f"Latents have shape (*, {', '.join(map(str, shape))}), but {tuple(value.shape)} came.")
        if network.network.is_discrete:
            check_states(network.network, value, network.network.latents)
        z = self._rows_first(value.to(self._x)[..., self._columns])
        rows = network.units.standard(torch.cat([z, self._repeated(z.shape[-2])], dim=-1)).to(network.dtype)
        with network.asked(graph=True):
            log_prob = network.log_prob_of_rows(rows) - network.log_volume()
        return self._samples_first(log_prob.unsqueeze(-1), value.shape[:-1]).squeeze(-1)

    def sample(self, sample_shape=(), generator: torch.Generator | None = None) -> Tensor:
        """Draws, parents before children; shape ``(*S, *R, N, K)``.

        Arguments:
            sample_shape: S, as torch has it.
            generator: Source of randomness; ``None`` is torch's own.
        """
        network, shape = self._network, self._extended_shape(torch.Size(sample_shape))
        num_rows = torch.Size(sample_shape).numel() * self.batch_shape[-1]
        x = self._repeated(num_rows)
        rows = torch.cat([x.new_zeros(*x.shape[:-1], shape[-1]), x], dim=-1)
        rows = network.units.standard(rows).to(network.dtype)
        with network.asked():
            for generation in network.generations:
                parameters = network.parameters_of_rows(rows, generation)
                rows[..., generation] = network.family.sample(parameters, generator)
        drawn = network.units.raw(rows.double())[..., : shape[-1]]
        z = torch.empty_like(drawn)
        z[..., self._columns] = drawn
        return self._samples_first(z, shape[:-1])

    def _repeated(self, num_rows: int) -> Tensor:
        """The points again and again, shape ``(*R, num_rows, D)``."""
        times = num_rows // self.batch_shape[-1]
        return self._x.repeat(*[1] * (self._x.ndim - 2), times, 1)

    def _rows_first(self, values: Tensor) -> Tensor:
        """From ``(*S, *R, N, K)`` to ``(*R, S N, K)``."""
        lead = len(self.batch_shape) - 1
        return values.reshape(-1, *self.batch_shape, values.shape[-1]).movedim(0, lead).flatten(lead, lead + 1)

    def _samples_first(self, values: Tensor, shape: torch.Size) -> Tensor:
        """From ``(*R, S N, K)`` to ``(*S, *R, N, K)``, all axes but the last as in `shape`."""
        lead = len(self.batch_shape) - 1
        apart = values.unflatten(lead, (-1, self.batch_shape[-1])).movedim(lead, 0)
        return apart.reshape(*shape, values.shape[-1])


def _inputs(network: BayesianNetwork, order: tuple, adjacency: Tensor) -> tuple[nn.Module, Tensor]:
    """What makes inputs of rows z|x, and which of them each latent sees: a column for each state, or for each value."""
    if not network.is_discrete:
        return nn.Identity(), adjacency
    encode = OneHot([len(network.states[v]) for v in (*order, *network.observed)])
    return encode, adjacency[:, encode.owner]


def _draws(network: BayesianNetwork, order: tuple, num_rows: int, generator: torch.Generator) -> Tensor:
    """Draws of the network as rows z|x, latents in the order given, raw units."""
    x, z = draw_network(network, num_rows, generator)
    place = {v: i for i, v in enumerate(network.latents)}
    return torch.cat([z[:, [place[v] for v in order]], x], dim=1)
