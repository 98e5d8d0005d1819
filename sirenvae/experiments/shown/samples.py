"""Draws of a trained flow beside draws of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sirenvae.errors import InputError
from sirenvae.experiments.shown.flows import NUM_POINTS, ShownFlow
from sirenvae.graphs import BayesianNetwork

_SEED = 2  # of the network's draws; the flow was trained on others


@dataclass(frozen=True, eq=False)
class Samples:
    """Draws of one or two variables.

    Attributes:
        names: The variables.
        unit: What they are measured in, in words.
        truth, model: Shape ``(N, 1 or 2)``: of the network, and by inverting the flow.
    """

    names: tuple[str, ...]
    unit: str
    truth: np.ndarray
    model: np.ndarray


def samples_beside(network: BayesianNetwork, shown: ShownFlow) -> Samples:
    """Draw from both: the chosen latents of a fitted flow, the two most correlated observed variables of a VAE.

    Raises:
        InputError: If the flow was not trained.
    """
    import torch

    from sirenvae.truth import sample_network

    if shown.weights == "fitted":
        drawn, _ = shown.flow.inverse_and_log_det(shown.noise, shown.context)
        truth, model = (values[:, shown.columns].detach().numpy() for values in (shown.start, drawn))
        return Samples(shown.pair, "in standard deviations", truth, model)
    if shown.model is None:
        raise InputError("A flow with random weights has no truth to be compared with.")
    x, _ = sample_network(network, NUM_POINTS, _SEED)
    drawn = shown.model.sample(NUM_POINTS, torch.Generator().manual_seed(_SEED))
    columns = _most_correlated(x.numpy())
    names = tuple(str(network.observed[i]) for i in columns)
    return Samples(names, "in raw units", x[:, columns].numpy(), drawn[:, columns].numpy())


def _most_correlated(x: np.ndarray) -> list[int]:
    if x.shape[1] == 1:
        return [0]
    correlation = np.abs(np.triu(np.corrcoef(x.T), 1))
    return [int(i) for i in np.unravel_index(correlation.argmax(), correlation.shape)]
