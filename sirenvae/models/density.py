"""Density estimation: a flow alone, fitted by maximum likelihood.

Source:
    Mouton & Kroon, Graphical Residual Flows (2022), for the density of a Bayesian network's variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from sirenvae.errors import InputError
from sirenvae.flows import Chain, GraphicalResidualFlow, MaskedAffine, Transform
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.network import check_real
from sirenvae.models.point_model import PointModel, check_count
from sirenvae.models.points import Points, as_points
from sirenvae.models.structures import density_adjacency

_OUTPUT_GAIN = 0.01  # Blocks that start near the identity leave the regression before them as it is.


class FlowDensity(PointModel):
    r"""p(x), or p(x | c), as a flow that carries x to standard normal noise.

    .. math::
        \log p(x \mid c) = \log N(f(x; c); 0, I) + \log\left|\det \tfrac{\partial f}{\partial x}\right|

    :func:`sirenvae.fit` maximizes it. Data are rows of x with the context, where there is one, in the columns after it;
    all of them in raw units. A chain that begins with a :class:`~sirenvae.flows.MaskedAffine` in its first state starts
    at the regression of every variable on its parents.

    Arguments:
        transform: From D variables, given C context values, to noise, in standard units; it is trained in place, and
            its replicas are the model's.
        names: Of the variables; by default x0, x1 and so on.
        context_names: Of the context values; by default c0, c1 and so on.

    Raises:
        InputError: If `transform` is none, or there are not D and C different names.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> model = FlowDensity.of_network(load_network("student"))
        >>> model.log_prob(torch.zeros(3, 7)).shape, model.sample(5).shape
        (torch.Size([3]), torch.Size([5, 7]))
    """

    def __init__(self, transform: Transform, names: Sequence | None = None, context_names: Sequence | None = None):
        if not isinstance(transform, Transform):
            raise InputError(f"A density is built from a transform, but a {type(transform).__name__} came.")
        names = _named("x", transform.features, names)
        context_names = _named("c", transform.context_features, context_names)
        if len({*names, *context_names}) < len(names) + len(context_names):
            raise InputError(f"The names of variables and context are different, but {names + context_names} came.")
        super().__init__(names + context_names, tuple(transform.replicas))
        self.transform, self.features, self.context_names = transform, len(names), context_names
        self.num_variables = len(self.names)
        self.num_units = 3 * len(self.names)

    @classmethod
    def of_network(
        cls,
        network: BayesianNetwork,
        variables: Sequence | None = None,
        *,
        num_blocks: int = 4,
        replicas: tuple[int, ...] = (),
    ) -> Self:
        """A masked affine map and a graphical residual flow with the edges of a network.

        Arguments:
            network: The Bayesian network.
            variables: The columns, for instance ``network.observed``; by default all variables in declared order. Where
                some are left out, the edges are those of :func:`~sirenvae.models.structures.density_adjacency`.
            num_blocks: Of the residual flow.
            replicas: Leading shape R.

        Raises:
            InputError: If a variable does not exist or came twice, or variables have states.
        """
        check_real(network, "A flow")
        variables = network.variables if variables is None else tuple(variables)
        adjacency = density_adjacency(network, variables)
        flow = GraphicalResidualFlow(adjacency, num_blocks, replicas=replicas, output_gain=_OUTPUT_GAIN)
        return cls(Chain(MaskedAffine(adjacency, replicas), flow), variables)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.transform.rebuilt(replicas), self.names[: self.features], self.context_names)

    def prepare(self, x, recipes: Sequence) -> None:
        """Take the units of all columns from training data, and a first guess where the transform has one."""
        super().prepare(x, recipes)
        self.transform.start_at(self.sources(self.tables(x)))

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """The negative log density of points in standard units."""
        return -self.transform.log_prob(*self._split(batch))

    def log_volume(self) -> Tensor:
        return self.scale[..., : self.features].log().sum(dim=-1)

    def log_prob(self, x: Points, *, graph: bool = False) -> Tensor:
        """Log density of x given the context.

        Arguments:
            x: Rows in raw units, shape ``(N, D + C)`` or ``(*R, N, D + C)``.
            graph: Whether to record the graph that a gradient needs.

        Returns:
            Shape ``(*R, N)``, in nats.

        Raises:
            InputError: If the rows do not have D + C columns or are not finite.
        """
        rows = self.standardized(x)
        with self.asked(graph):
            return self.transform.log_prob(*self._split(rows)) - self.log_volume()

    def sample(
        self, num_samples: int, context: Points | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw x.

        Arguments:
            num_samples: How many, at least 1.
            context: In raw units, shape ``(num_samples, C)``, a row for each draw, or ``(C,)`` for all of them;
                ``None`` exactly when C = 0.
            generator: Source of randomness; ``None`` is torch's own.

        Returns:
            Shape ``(*R, num_samples, D)``, in raw units, float64.

        Raises:
            InputError: If `num_samples` is below 1 or the context does not fit.
        """
        check_count(num_samples)
        shape = (*self.replicas, num_samples, self.features)
        noise = torch.randn(shape, generator=generator, dtype=self.dtype, device=self.device)
        given = self._standard_context(context, num_samples)
        with self.asked():
            standard, _ = self.transform.inverse_and_log_det(noise, given)
        return standard * self.scale[..., : self.features] + self.location[..., : self.features]

    def _standard_context(self, context: Points | None, num_samples: int) -> Tensor | None:
        """Shape ``(*R, num_samples, C)``."""
        if (context is None) != (not self.context_names):
            came = "none" if context is None else "some"
            raise InputError(f"The density has {len(self.context_names)} context values, but {came} came.")
        if context is None:
            return None
        values = as_points(context, self.context_names, min_axes=1).to(self.device)
        if values.shape[:-1] not in (torch.Size(), torch.Size([num_samples])):
            raise InputError(
                f"Each of {num_samples} draws has a row of context, or all have one, but the shape "
                f"{tuple(values.shape)} came."
            )
        standard = (values - self.location[..., self.features :]) / self.scale[..., self.features :]
        return standard.to(self.dtype).expand(*self.replicas, num_samples, -1)

    def _split(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        return rows[..., : self.features], rows[..., self.features :] if self.context_names else None


def _named(letter: str, count: int, names: Sequence | None) -> tuple:
    names = tuple(f"{letter}{i}" for i in range(count)) if names is None else tuple(names)
    if len(names) != count:
        what = "variables" if letter == "x" else "context values"
        raise InputError(f"The flow has {count} {what}, but {len(names)} names came.")
    return names
