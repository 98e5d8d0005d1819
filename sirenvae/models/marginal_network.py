"""q(v | evidence) for every variable of a discrete network, learnt at once for all sets of evidence.

Source:
    Le et al., Inference Compilation and Universal Probabilistic Programming (2017), for training on draws of the model;
    Ivanov et al., Variational Autoencoder with Arbitrary Conditioning (2019), for masks that are drawn anew. Full
    conditionals as targets are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.table_draws import TableDraws
from sirenvae.models.replicas import Fittable
from sirenvae.models.states import OneHot, check_states
from sirenvae.nets.masked_linear import MaskedLinear

_NONE = -1e9  # the logit of a state that a variable does not have; finite, so that nothing times it is no number
_FIRST_DRAWS = 10_000  # of the network, for the marginals without evidence that training starts from
_HIDDEN = -1.0


class MarginalNetwork(Fittable):
    r"""The marginals of all variables given the states of any others, by one network for all sets of evidence.

    Trained by :func:`sirenvae.fit` on draws of the network with variables hidden at random, it minimizes

    .. math::
        E_{M, x}\left[-\sum_{v \notin M} \sum_s p(v = s \mid x_{\setminus v}) \log q(v = s \mid x_M)\right],

    which is the mean of :math:`\sum_v \mathrm{KL}(p(v \mid x_M)\ \|\ q(v \mid x_M))` over evidence sets M and draws x,
    up to a constant. The targets are not the drawn states but what the tables say of each variable given *all* others:
    of the same mean, given the evidence, with less variance.

    The network sees a one for the state of each variable in the evidence, and zeros for hidden variables. It knows
    neither the graph nor which variables are called observed.

    Arguments:
        network: A discrete network: V variables of up to P states.
        width: Units of a hidden layer.
        num_layers: Hidden layers; each but the first adds to the one before.
        seen: The least and the largest share of variables in the evidence that it is trained for.
        replicas: Leading shape R of all weights.

    Raises:
        InputError: If the network has no tables, or a number is out of range.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("asia")
        >>> q = MarginalNetwork(net, width=16)
        >>> records = list(sv.fit(q, net, sv.Recipe("short", num_steps=3)))
        >>> q.marginals({"xray": "yes", "smoke": "no"})["lung"].probs.shape
        torch.Size([2])
    """

    shared = ("first",)

    def __init__(
        self,
        network: BayesianNetwork,
        *,
        width: int = 256,
        num_layers: int = 2,
        seen: tuple[float, float] = (0.0, 0.6),
        replicas: tuple[int, ...] = (),
    ):
        super().__init__(replicas)
        if not network.is_discrete:
            raise InputError(f"A MarginalNetwork is for variables with states, but {network.name} has no tables.")
        if width < 1 or num_layers < 1 or not 0 <= seen[0] <= seen[1] <= 1:
            raise InputError(
                "A MarginalNetwork has at least 1 unit and 1 layer, and shares from 0 to 1, the least first, but "
                f"width={width}, num_layers={num_layers}, seen={tuple(seen)} came."
            )
        self.network = network
        self.settings = {"width": width, "num_layers": num_layers, "seen": tuple(seen)}
        sizes = [len(network.states[v]) for v in network.variables]
        self.num_variables, self.num_states = len(sizes), max(sizes)
        self.num_units = width * num_layers
        self.encode = OneHot(sizes)
        columns, outputs = len(self.encode.owner), self.num_variables * self.num_states
        shapes = [(width, columns), *[(width, width)] * (num_layers - 1)]
        self.hidden = nn.ModuleList(_dense(*shape, replicas) for shape in shapes)
        self.output = _dense(outputs, width, replicas, gain=0.1)
        self.linear = _dense(outputs, columns, replicas, gain=0.0, bias=False)
        none = torch.tensor([[0.0 if s < size else _NONE for s in range(self.num_states)] for size in sizes])
        self.register_buffer("first", none)

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(self.network, replicas=replicas, **self.settings)

    def prepare(self, x: BayesianNetwork, recipes: Sequence) -> None:
        """Start from the marginals without evidence, as draws of the network have them."""
        self._check(x)
        states = _draw(TableDraws(x), _FIRST_DRAWS, torch.Generator().manual_seed(0))
        counts = np.stack([np.bincount(column, minlength=self.num_states) for column in states.T])
        shares = torch.from_numpy((counts + 0.5) / (len(states) + 0.5)).log().to(self.first)
        self.first.copy_(torch.where(self.first == _NONE, _NONE, shares))

    def sources(self, x: BayesianNetwork) -> list:
        """Draws of the network without end: its rows are the seen states, -1 where hidden, and the targets.

        Arguments:
            x: The network itself.

        Raises:
            InputError: If something else came.
        """
        self._check(x)
        tables, size, low, high = TableDraws(x), self.num_states, *self.settings["seen"]

        def simulator(num_rows: int, generator: torch.Generator) -> Tensor:
            states = _draw(tables, num_rows, generator)
            share = low + (high - low) * torch.rand(num_rows, 1, generator=generator)
            hidden = torch.rand(states.shape, generator=generator) >= share
            targets = np.zeros((*states.shape, size), dtype=np.float32)
            for i, probabilities in enumerate(tables.full_conditionals(states)):
                targets[:, i, : probabilities.shape[1]] = probabilities
            values = torch.from_numpy(states).float().masked_fill(hidden, _HIDDEN)
            return torch.cat([values, torch.from_numpy(targets).flatten(1)], dim=1).to(self.device)

        return [simulator] * torch.Size(self.replicas).numel()

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """The cross-entropy of the targets, summed over hidden variables, shape ``(*R, N)``, nats."""
        values, targets = batch.tensor_split([self.num_variables], dim=-1)
        each = -(targets.view(*values.shape, self.num_states) * self.log_marginals(values)).sum(dim=-1)
        return torch.where(values < 0, each, 0.0).sum(dim=-1)

    def log_marginals(self, values: Tensor) -> Tensor:
        """Log probabilities of all states: ``(*R, N, V)``, -1 where a variable is hidden, to ``(*R, N, V, P)``."""
        inputs = self.encode(values)
        units = nn.functional.silu(self.hidden[0](inputs))
        for layer in self.hidden[1:]:
            units = units + nn.functional.silu(layer(units))
        logits = (self.output(units) + self.linear(inputs)).unflatten(-1, (self.num_variables, self.num_states))
        return torch.log_softmax(logits + self.first, dim=-1)

    def forward(self, x: Tensor | np.ndarray | Sequence) -> Categorical:
        """The marginals of all variables given those that are seen.

        Arguments:
            x: Numbers of states, shape ``(N, V)``, columns in declared order; NaN where a variable is hidden.

        Returns:
            Batch shape ``(*R, N, V)``, over P states; what it says of variables that are seen means nothing.

        Raises:
            InputError: If the shape is another one or a number is no state.
        """
        try:
            values = torch.as_tensor(x if isinstance(x, Tensor) else np.asarray(x, dtype=np.float64)).double()
        except (TypeError, ValueError) as error:
            raise InputError(f"Evidence is rows of state numbers, NaN where one is hidden ({error}).") from error
        if values.ndim != 2 or values.shape[1] != self.num_variables:
            raise InputError(f"Evidence has shape (N, {self.num_variables}), but {tuple(values.shape)} came.")
        seen = ~torch.isnan(values)
        check_states(self.network, torch.where(seen, values, 0.0), self.network.variables)
        values = torch.where(seen, values, _HIDDEN).to(self.device, self.dtype)
        with self.asked():
            log_marginals = self.log_marginals(values.expand(*self.replicas, *values.shape))
        return Categorical(logits=log_marginals, validate_args=False)

    def marginals(self, evidence: Mapping[Variable, str | int] | None = None) -> dict[Variable, Categorical]:
        """What :func:`sirenvae.true_marginals` says exactly, as far as it is learnt; batch shape R.

        Arguments:
            evidence: For some variables the state that each is in, by its name or its number.

        Raises:
            InputError: If there is no such variable or state.
        """
        known = self.network.state_numbers(evidence or {})
        row = torch.full((1, self.num_variables), torch.nan)
        for v, number in known.items():
            row[0, self.network.position[v]] = number
        logits = self(row).logits[..., 0, :, :]
        sizes = {v: len(self.network.states[v]) for v in self.network.variables if v not in known}
        place = self.network.position
        return {v: Categorical(logits=logits[..., place[v], :size], validate_args=False) for v, size in sizes.items()}

    def _check(self, x) -> None:
        if not isinstance(x, BayesianNetwork) or x.conditionals != self.network.conditionals:
            came = x.name if isinstance(x, BayesianNetwork) else f"a {type(x).__name__}"
            raise InputError(f"The marginals of {self.network.name} are learnt from that network, but {came} came.")


def _dense(num_outputs: int, num_inputs: int, replicas: tuple[int, ...], **settings) -> MaskedLinear:
    return MaskedLinear(torch.ones(num_outputs, num_inputs, dtype=torch.bool), replicas, **settings)


def _draw(tables: TableDraws, num_rows: int, generator: torch.Generator) -> np.ndarray:
    """State numbers of all variables, shape ``(N, V)``."""
    return tables.draw(torch.rand(num_rows, tables.num_variables, generator=generator, dtype=torch.float64).numpy())
