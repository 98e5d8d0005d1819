"""A VAE that learns which of its latent nodes depend on which, with inverse autoregressive flow if wanted.

Source:
    He, Gong, Marino, Mori & Lehrmann, Variational Autoencoders with Jointly Optimized Latent Dependency Structure
    (2019); Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow (2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import networkx as nx
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from sirenvae.errors import InputError
from sirenvae.flows import InverseAutoregressive, standard_normal_log_prob
from sirenvae.graphs import BayesianNetwork
from sirenvae.models.base import LatentVariableModel
from sirenvae.models.likelihoods import BernoulliLikelihood
from sirenvae.models.relaxed_bits import logistic
from sirenvae.models.top_down import TopDownPrior, hard_gates
from sirenvae.nets.gated_net import GatedNet
from sirenvae.nets.masked_linear import MaskedLinear

_GATE_RATE = 10.0  # Adam moves a log odds so many times faster than a weight
_GATE_START = 0.1  # times the former: the log odds of a gate at first, when all are open still
_TEMPERATURE = 0.5  # of gates while they are learnt


class LatentStructureVAE(LatentVariableModel):
    r"""A VAE whose latents are nodes of several values, in an order, each of which may depend on those before it.

    .. math::
        p(z) = \prod_n N\left(z_n; f_n(c_{n<}, z_{<n})\right), \qquad
        q(z \mid x) = \prod_n N\left(z_n; \text{fused}(f_n(c_{n<}, z_{<n}), g_n(x))\right)

    The posterior of a node joins what its parents say (top-down) and what the image says (bottom-up), each weighed by
    its precision; that of the first node is bottom-up alone. With `iaf` each fused draw goes through an inverse
    autoregressive flow before later nodes see it. The prior is always the top-down one, at the flow's end.

    A gate for every pair of nodes is learnt: relaxed while it trains, once the KL term has its full weight, before
    which all are open; a hard one, open or shut, in every question. :meth:`begin_phase` ends this, so that
    ``sv.Phases(first, second)`` retrains the rest with the gates found.

    Arguments:
        num_pixels: D.
        num_nodes: N.
        node_features: F, values of a node; K = N F latents.
        iaf: Whether draws of the posterior go through inverse autoregressive flows.
        gates: ``"learned"``; ``"open"``, the ladder; ``"closed"``, the plain VAE with the same networks; or rows of 0
            and 1, of a node which nodes before it are its parents.
        hidden_features: Of every network.
        gate_penalty: Nats an image that an open gate costs while gates are learnt.
        replicas: Leading shape R of all weights.

    Raises:
        InputError: If there are fewer than 2 nodes, a size is below 1, or the gates are no strictly lower triangle.

    Example:
        >>> model = LatentStructureVAE(64, num_nodes=3, node_features=2, iaf=True)
        >>> model.elbo(torch.ones(5, 64)).shape, model.gates.int().tolist()
        (torch.Size([5]), [[0, 0, 0], [1, 0, 0], [1, 1, 0]])

    Source:
        He et al. (2019), section 3; the gated biases, the penalty and the order of learning are ours.
    """

    shared = ("is_fixed",)
    posterior_parts = ("encoder", "heads", "flows")

    def __init__(
        self,
        num_pixels: int,
        num_nodes: int = 5,
        node_features: int = 4,
        *,
        iaf: bool = False,
        gates: str | Sequence[Sequence[int]] = "learned",
        hidden_features: int = 128,
        gate_penalty: float = 0.03,
        replicas: tuple[int, ...] = (),
    ):
        sizes = {"pixels": num_pixels, "values of a node": node_features, "hidden units": hidden_features}
        for what, size in sizes.items():
            if size < 1:
                raise InputError(f"The number of {what} is at least 1, but {size} came.")
        fixed = hard_gates(gates, num_nodes)
        num_latents = num_nodes * node_features
        decoder = BernoulliLikelihood(torch.ones(num_pixels, num_latents).bool(), hidden_features, replicas)
        super().__init__([f"x{i}" for i in range(num_pixels)], num_latents, decoder, replicas)
        self.settings = {
            "num_pixels": num_pixels,
            "num_nodes": num_nodes,
            "node_features": node_features,
            "iaf": iaf,
            "gates": gates if isinstance(gates, str) else [list(row) for row in gates],
            "hidden_features": hidden_features,
            "gate_penalty": gate_penalty,
        }
        self.num_nodes, self.node_features, self.gate_penalty = num_nodes, node_features, gate_penalty
        self.encoder = nn.ModuleList(
            MaskedLinear(torch.ones(hidden_features, size).bool(), replicas) for size in (num_pixels, hidden_features)
        )
        per_node = (3 if iaf else 2) * node_features  # mean, log scale, and what a flow is told
        self.heads = MaskedLinear(torch.ones(num_nodes * per_node, hidden_features).bool(), replicas, gain=0.1)
        self.nets = nn.ModuleList(
            GatedNet(n, node_features, hidden_features, 2 * node_features, replicas) for n in range(1, num_nodes)
        )
        joined = torch.cat(
            [torch.ones(node_features, node_features).tril(), torch.ones(node_features, node_features)], 1
        )
        width = 8 * node_features
        self.flows = nn.ModuleList(
            InverseAutoregressive(joined.bool(), [width], replicas) for _ in range(num_nodes if iaf else 0)
        )
        # Rows of a lower triangle, one after the other; log odds are these numbers times the rate.
        self.gate_odds = nn.Parameter(torch.full((*replicas, 1, len(fixed)), _GATE_START))
        self.register_buffer("is_fixed", torch.tensor(float(gates != "learned")))
        self.register_buffer("hard_gates", fixed.expand(*replicas, 1, -1).clone())
        self.num_units += 3 * hidden_features

    @property
    def structure(self) -> str:
        """What the gates are."""
        gates = self.settings["gates"]
        return gates if isinstance(gates, str) else "given"

    @property
    def learns_gates(self) -> bool:
        """Whether gates move in training."""
        return not self.is_fixed

    def trainable(self) -> dict[str, nn.Parameter]:
        """All parameters, gates only while they are learnt."""
        return {name: v for name, v in super().trainable().items() if self.learns_gates or v is not self.gate_odds}

    @property
    def gates(self) -> Tensor:
        """Which nodes are parents of which: bool, shape ``(*R, N, N)``, rows children, columns parents."""
        found = torch.zeros(*self.replicas, self.num_nodes, self.num_nodes, dtype=torch.bool, device=self.device)
        child, parent = torch.tril_indices(self.num_nodes, self.num_nodes, -1)
        found[..., child, parent] = self._gates_now().squeeze(-2) > 0.5
        return found

    def latent_network(self) -> BayesianNetwork:
        """The learnt structure: nodes ``z0`` to ``zN-1`` with the gates' edges, and the image ``x``, seen, below all.

        Raises:
            InputError: If the model has replicas.
        """
        if self.replicas:
            raise InputError(f"One structure is asked for, but there are replicas {self.replicas}; take one of them.")
        dag = nx.DiGraph()
        names = [f"z{n}" for n in range(self.num_nodes)]
        dag.add_nodes_from([*names, "x"])
        child, parent = self.gates.nonzero(as_tuple=True)
        dag.add_edges_from((names[p], names[c]) for c, p in zip(child.tolist(), parent.tolist(), strict=True))
        dag.add_edges_from((name, "x") for name in names)
        return BayesianNetwork(dag, observed=["x"], name="learnt structure")

    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        return type(self)(replicas=replicas, **self.settings)

    def begin_phase(self, index: int, recipes: Sequence) -> None:
        """Fix the gates as they are found, from the second phase on."""
        super().begin_phase(index, recipes)
        if index and self.learns_gates:
            self.fix_gates()

    @torch.no_grad()
    def fix_gates(self) -> None:
        """Take each gate for open or shut, and learn it no longer.

        Raises:
            InputError: If gates have not been learnt yet.
        """
        if not self.learns_gates or bool(((self.gate_odds - _GATE_START).abs() < 1e-6).all()):
            raise InputError("Gates are fixed after they were learnt, but these have not been trained.")
        self.hard_gates.copy_((self.gate_odds > 0).to(self.hard_gates))
        self.is_fixed.fill_(1.0)

    def noise(self, num_steps: int, num_points: int, generator: torch.Generator) -> Tensor:
        """That of the latents, and beside it that of the gates, of which the first point's serves all."""
        own = super().noise(num_steps, num_points, generator)
        shape = (num_steps, num_points, self.gate_odds.shape[-1])
        return torch.cat([own, torch.randn(shape, generator=generator, dtype=own.dtype, device=own.device)], dim=-1)

    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """The negative one-sample ELBO, and what open gates cost while they are learnt."""
        own, of_gates = noise[..., : self.latent_features], noise[..., :1, self.latent_features :]
        if not self.learns_gates:
            return -self.standard_elbo(batch, own, kl_weight)
        relaxed = torch.sigmoid((_GATE_RATE * self.gate_odds + logistic(of_gates)) / _TEMPERATURE)
        gates = torch.where(kl_weight.unsqueeze(-1) >= 1, relaxed, torch.ones_like(relaxed))
        with self._with_gates(gates):
            bound = self.standard_elbo(batch, own, kl_weight)
        return self.gate_penalty * gates.sum(dim=-1) - bound

    def draw_posterior(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        z, log_density = noise.new_zeros(*noise.shape[:-1], 0), 0.0
        for node in self._nodes(x):
            mean, log_scale = self._fused(node, z)
            own = noise[..., node.place]
            drawn, density = mean + log_scale.exp() * own, standard_normal_log_prob(own) - log_scale.sum(dim=-1)
            if self.flows:
                drawn, log_det = self.flows[node.index].inverse_and_log_det(drawn, node.context)
                density = density - log_det
            z, log_density = torch.cat([z, drawn], dim=-1), log_density + density
        return z, log_density

    def posterior_log_prob(self, z: Tensor, x: Tensor) -> Tensor:
        return self.posterior_log_probs(z, x).sum(dim=-1)

    def posterior_log_probs(self, z: Tensor, x: Tensor) -> Tensor:
        """log q of each node given those before it, for standardized x; shape ``(*R, M, N)``, nats."""
        found = []
        for node in self._nodes(x):
            mean, log_scale = self._fused(node, z[..., : node.place.start])
            value, log_det = z[..., node.place], 0.0
            if self.flows:
                value, log_det = self.flows[node.index].forward_and_log_det(value, node.context)
            away = (value - mean) * (-log_scale).exp()
            found.append(standard_normal_log_prob(away) - log_scale.sum(dim=-1) + log_det)
        return torch.stack(found, dim=-1)

    def prior_log_probs(self, z: Tensor) -> Tensor:
        """log p of each node given those before it, shape ``(*R, M, N)``, nats."""
        found = []
        for n in range(self.num_nodes):
            start = n * self.node_features
            mean, log_scale = self._top_down(n, z[..., :start])
            away = (z[..., start : start + self.node_features] - mean) * (-log_scale).exp()
            found.append(standard_normal_log_prob(away) - log_scale.sum(dim=-1))
        return torch.stack(found, dim=-1)

    def prior_distribution(self, x: Tensor) -> Distribution:
        """The top-down one, the same for all points."""
        return TopDownPrior(self, x)

    def prior_transform(self, noise: Tensor, x: Tensor) -> Tensor:
        z = noise.new_zeros(*noise.shape[:-1], 0)
        for n in range(self.num_nodes):
            mean, log_scale = self._top_down(n, z)
            own = noise[..., n * self.node_features : (n + 1) * self.node_features]
            z = torch.cat([z, mean + log_scale.exp() * own], dim=-1)
        return z

    def kl_per_node(self, x, num_samples: int = 20, generator: torch.Generator | None = None) -> Tensor:
        """Mean over points of what each node's posterior costs, nats, shape ``(*R, N)``: near 0 where a node is unused.

        Arguments:
            x, num_samples, generator: As for :meth:`elbo`.
        """
        x = self.standardized(x)
        with self.asked():
            total = 0.0
            for _ in range(num_samples):
                z, _ = self.draw_posterior(x, self._latent_noise(x, generator))
                total = total + (self.posterior_log_probs(z, x) - self.prior_log_probs(z)).mean(dim=-2) / num_samples
        return total

    def _nodes(self, x: Tensor) -> Iterator[_Node]:
        """What the image says of every node."""
        units = x
        for layer in self.encoder:
            units = nn.functional.elu(layer(units))
        size = self.node_features
        for n, own in enumerate(self.heads(units).chunk(self.num_nodes, dim=-1)):
            mean, log_scale, *context = own.split(size, dim=-1)
            yield _Node(n, slice(n * size, (n + 1) * size), mean, log_scale, context[0] if context else None)

    def _top_down(self, n: int, before: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log scale of a node given those before it: of the first one zeros."""
        if n == 0:
            zeros = before.new_zeros(*before.shape[:-1], self.node_features)
            return zeros, zeros
        first = n * (n - 1) // 2
        return self.nets[n - 1](before, self._gates_now()[..., first : first + n]).chunk(2, dim=-1)

    def _fused(self, node: _Node, before: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log scale of a node's posterior: both voices, each weighed by its precision."""
        if node.index == 0:
            return node.mean, node.log_scale
        mean, log_scale = self._top_down(node.index, before)
        below, above = -2 * node.log_scale, -2 * log_scale  # log precisions
        share = torch.sigmoid(below - above)
        return mean + share * (node.mean - mean), -0.5 * torch.logaddexp(below, above)

    def _gates_now(self) -> Tensor:
        """Shape ``(*R, 1, E)``: those of a training step, else hard ones."""
        if self._step_gates is not None:
            return self._step_gates
        return (self.gate_odds > 0).to(self.hard_gates) if self.learns_gates else self.hard_gates

    _step_gates: Tensor | None = None

    @contextmanager
    def _with_gates(self, gates: Tensor) -> Iterator[None]:
        """While a step of training lasts, its relaxed gates are the model's."""
        self._step_gates = gates
        try:
            yield
        finally:
            self._step_gates = None


@dataclass(frozen=True)
class _Node:
    """What an image says of a node: where its values stand, mean, log scale, and what its flow is told."""

    index: int
    place: slice
    mean: Tensor
    log_scale: Tensor
    context: Tensor | None
