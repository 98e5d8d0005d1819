"""What annealed chains say of one image's evidence, for the page: the more temperatures, the nearer."""

from __future__ import annotations

import torch
from torch import Tensor

from sirenvae.models.base import LatentVariableModel
from sirenvae.truth.annealed import ais, bidirectional

COUNTS = (1, 3, 10, 30, 100, 300)  # of temperatures


def chains_of(model: LatentVariableModel, x: Tensor, num_temperatures: int, num_chains: int, seed: int = 0) -> dict:
    """What chains say of log p(x) of one image, nats.

    Arguments:
        model: Without replicas.
        x: Shape ``(1, D)``.
        num_temperatures, num_chains: As for :func:`~sirenvae.truth.annealed.ais`.
        seed: Of the chains.

    Returns:
        ``temperatures``, ``there``, one number for each chain, and ``lower``, their bound.
    """
    *_, last = ais(model, x, num_temperatures, num_chains, generator=torch.Generator().manual_seed(seed))
    volume = model.log_volume().item()
    there = (last.log_weights[:, 0] - volume).tolist()
    return {"temperatures": num_temperatures, "there": there, "lower": last.log_evidence.item()}


def chains_both_ways(model: LatentVariableModel, num_temperatures: int, num_chains: int, seed: int = 0) -> dict:
    """The same for an image that the model draws, always the same one for a seed, from both sides.

    Returns:
        ``x``, the image, shape ``(D,)``, beside what :func:`chains_of` gives ``back`` and ``upper``.
    """
    generator = torch.Generator().manual_seed(seed)
    bounds = bidirectional(model, 1, num_temperatures, num_chains, generator=generator)
    return {
        "x": bounds.x[0],
        "temperatures": num_temperatures,
        "there": bounds.chains_there[:, 0].tolist(),
        "back": bounds.chains_back[:, 0].tolist(),
        "lower": bounds.lower.item(),
        "upper": bounds.upper.item(),
    }
