"""The flow that is shown: with random weights, fitted to a network's latents, or as the prior of a trained VAE.

Torch is imported inside the functions, so that a page which only mentions this file starts quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.network import check_real
from sirenvae.training import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from sirenvae.flows import GraphicalResidualFlow
    from sirenvae.models import SIReNVAE

WEIGHTS = ("random", "large random", "fitted", "VAE")
FIT = {"num_steps": 120, "learning_rate": 5e-2, "batch_size": 200, "weight_decay": 0.0}  # of a flow alone: seconds
VAE_RECIPE = {"num_steps": 200, "learning_rate": 3e-2, "warm_up_steps": 20}  # a few seconds
MOST_TRAINED = 120  # variables of a VAE that is trained while the page waits
MOST_LATENTS = 60  # of a flow that is shown
NUM_POINTS = 2000
_TIMES_LARGER = 10.0
_NUM_POWER_ITERATIONS = 3  # while a flow alone is fitted; once it is, the norms are exact
_NUM_DRAWS = 1000  # to tell which latents depend on each other


@dataclass(frozen=True, eq=False)
class ShownFlow:
    """A flow that carries latents to noise, and points to push through it, in float64.

    Attributes:
        pair: The latents to look at, by name; one where there is only one.
        names: The D latents of the flow, in declared order: all of a VAE's, else the pair and their ancestors.
        weights: One of :data:`WEIGHTS`.
        flow: The flow.
        start: Latents, shape ``(N, D)``, that the flow was not trained on: standard normal for random weights, draws
            of the network in standard deviations for a fitted flow, as the encoder sees fresh data for a VAE.
        noise: Standard normal, shape ``(N, D)``, to be carried back.
        context: The observed parents of latents, shape ``(N, C)``, if there are any.
        model: The trained VAE.
    """

    pair: tuple[str, ...]
    names: list[str]
    weights: str
    flow: GraphicalResidualFlow
    start: Tensor
    noise: Tensor
    context: Tensor | None = None
    model: SIReNVAE | None = None

    @property
    def columns(self) -> list[int]:
        """Which columns of the points the pair is."""
        return [self.names.index(name) for name in self.pair]


def shown_flow(
    network: BayesianNetwork, pair: Sequence[str], weights: str = "random", num_blocks: int = 4, seed: int = 0
) -> ShownFlow:
    """Build, or train for a few seconds, the flow that is shown; the global seed is kept.

    Only the ancestors of a latent have a say in it, so a flow without the other latents does the same to the pair.

    Arguments:
        network: The Bayesian network; it needs conditionals to be trained.
        pair: The names of two latents, or of the only one.
        weights: ``"random"``, ``"large random"`` (so large that the spectral norms are held at their bound),
            ``"fitted"`` to 2,000 draws of the network's latents by maximum likelihood, or ``"VAE"``: the prior of a
            SIReN-VAE that was trained on 2,000 draws of the observed variables, with all latents.
        num_blocks: How many blocks.
        seed: Of weights and points.

    Raises:
        InputError: If there are no such weights or latents, the network is too large to be trained in a few seconds,
            or it has no conditionals or those of variables with states.

    Example:
        >>> from sirenvae.graphs import load_network
        >>> shown_flow(load_network("student"), ("I", "S")).names
        ['I', 'S']
        >>> shown_flow(load_network("student"), ("G", "L")).names
        ['D', 'I', 'G', 'L']
    """
    import torch

    if weights not in WEIGHTS:
        raise InputError(f"The weights {weights!r} do not exist; they are one of {', '.join(WEIGHTS)}.")
    named = {str(v): v for v in network.latents}
    if len(set(pair)) != len(pair) or len(pair) != min(2, len(named)) or not set(pair) <= set(named):
        raise InputError(f"The picture shows two different latents, but {' and '.join(map(str, pair))} came.")
    if weights in ("fitted", "VAE") and network.conditionals is None:
        raise InputError(f"{network.name} has no conditionals, so there are no data to train with.")
    if weights in ("fitted", "VAE"):
        check_real(network, "A trained flow")
    members = network.in_declared_order(_with_ancestors(network, [named[name] for name in pair]))
    if weights != "VAE" and len(members) > MOST_LATENTS:
        raise InputError(
            f"{' and '.join(pair)} have {len(members) - len(pair)} ancestors among the latents; a flow of up to "
            f"{MOST_LATENTS} latents is shown."
        )
    build = {"fitted": _fitted, "VAE": _of_vae}.get(weights, _random)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(network, tuple(pair), members, weights, num_blocks, seed)


def telling_pair(network: BayesianNetwork) -> tuple[str, ...]:
    """A parent and a child among the latents with few ancestors, of these the most correlated; a name if there is one.

    Without edges among the latents it is the first two.
    """
    from sirenvae.truth import sample_network

    latents = network.latents
    edges = list(network.dag.subgraph(latents).edges)
    if not edges:
        return tuple(str(v) for v in latents[:2])
    sizes = [len(_with_ancestors(network, edge)) for edge in edges]
    edges = [edge for edge, size in zip(edges, sizes, strict=True) if size <= max(3, min(sizes))]
    if network.is_gaussian:
        column = {v: i for i, v in enumerate(latents)}
        _, z = sample_network(network, _NUM_DRAWS)
        edges.sort(key=lambda edge: -abs(z[:, [column[v] for v in edge]].T.corrcoef()[0, 1].item()))
    return tuple(str(v) for v in edges[0])


def _with_ancestors(network: BayesianNetwork, chosen: Sequence) -> set:
    among_latents = network.dag.subgraph(network.latents)
    return set(chosen).union(*(nx.ancestors(among_latents, v) for v in chosen))


def _flow(network: BayesianNetwork, members: tuple, num_blocks: int) -> tuple[GraphicalResidualFlow, list[int]]:
    """With the network's edges into some latents, and which of the observed variables are its context."""
    import torch

    from sirenvae.flows import GraphicalResidualFlow

    parents = {v: set(network.dag.predecessors(v)) for v in members}
    given = [x for x in network.observed if any(x in parents[v] for v in members)]
    rows = [[u == v or u in parents[v] for u in (*members, *given)] for v in members]
    flow = GraphicalResidualFlow(torch.tensor(rows), num_blocks, num_power_iterations=_NUM_POWER_ITERATIONS)
    return flow, [network.observed.index(x) for x in given]


def _random(network, pair, members, weights: str, num_blocks: int, seed: int) -> ShownFlow:
    import torch

    flow, _ = _flow(network, members, num_blocks)
    flow.double().eval()
    with torch.no_grad():
        for bias in flow.biases[:-1]:  # the last one would only move the cloud away from the middle
            bias.normal_()
        for weight in flow.weights:
            weight.mul_(_TIMES_LARGER if weights == "large random" else 1.0)
    start, noise = torch.randn(2, NUM_POINTS, flow.features, dtype=torch.float64)
    context = torch.randn(NUM_POINTS, flow.context_features, dtype=torch.float64) if flow.context_features else None
    return ShownFlow(pair, [str(v) for v in members], weights, flow, start, noise, context)


def _fitted(network, pair, members, weights: str, num_blocks: int, seed: int) -> ShownFlow:
    import torch

    from sirenvae.models import FlowDensity
    from sirenvae.training.fit import fit
    from sirenvae.training.recipes import Recipe
    from sirenvae.truth import sample_network

    flow, given = _flow(network, members, num_blocks)
    x, z = sample_network(network, 2 * NUM_POINTS, seed)
    rows = torch.cat([z[:, [network.latents.index(v) for v in members]], x[:, given]], dim=1)
    density = FlowDensity(flow)
    for _ in fit(density, rows[:NUM_POINTS], Recipe("short", **FIT), seed=seed, every=1000):
        pass  # its records are for charts
    fresh = density.units.standard(rows[NUM_POINTS:])
    start, context = fresh[:, : flow.features], fresh[:, flow.features :] if given else None
    names = [str(v) for v in members]
    return ShownFlow(pair, names, weights, flow.double(), start, torch.randn_like(start), context)


def _of_vae(network, pair, members, weights: str, num_blocks: int, seed: int) -> ShownFlow:
    import torch

    from sirenvae.models import SIReNVAE
    from sirenvae.training.fit import fit
    from sirenvae.truth import sample_network

    count = len(network.variables)
    if count > MOST_TRAINED:
        raise InputError(f"{network.name} has {count:,} variables; a VAE of up to {MOST_TRAINED} is trained here.")

    data, _ = sample_network(network, NUM_POINTS, seed)
    fresh, _ = sample_network(network, NUM_POINTS, seed + 1)
    model = SIReNVAE(network, num_blocks=num_blocks)
    for _ in fit(model, data, Recipe("short", **VAE_RECIPE), every=1000):
        pass  # its records are for charts
    start = model.posterior(fresh).sample().double()
    flow = model.replica(0).prior.double()
    context = model.standardized(fresh).double() if flow.context_features else None
    names = [str(v) for v in network.latents]
    return ShownFlow(pair, names, weights, flow, start, torch.randn_like(start), context, model)
