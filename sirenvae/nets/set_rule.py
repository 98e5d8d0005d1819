"""Weight masks that make a layered network depend on the right inputs, and on nothing else.

An adjacency is a bool tensor of shape ``(D, D + C)``: row i lists the inputs that output i may depend on, the D
variables first, the C context values on the right, the diagonal True.

Source:
    Mouton & Kroon, SIReN-VAE (2022), section 2.2, for what the masks must do, a variant of MADE's; the poster of that
    paper, Figure 1, for the rule by sets; Mouton & Kroon, Graphical Residual Flows (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from sirenvae.errors import InputError


@dataclass(frozen=True)
class LayerMasks:
    """The masks of a layered network and the sets that its units own.

    Attributes:
        sets: One bool tensor per layer of units, input and output included, shape ``(units, D + C)``: which variables a
            unit owns.
        owners: One integer tensor per layer of units: the variable that a unit belongs to.
        masks: One bool tensor per layer of weights, shape ``(units out, units in)``: which weights stay.
        diagonal_masks: The part of each mask that joins units of one owner. Only these weights lie on a path from a
            variable to itself.
    """

    sets: tuple[Tensor, ...]
    owners: tuple[Tensor, ...]
    masks: tuple[Tensor, ...]
    diagonal_masks: tuple[Tensor, ...]


def layer_masks(adjacency: Tensor, hidden_features: Sequence[int]) -> LayerMasks:
    r"""Build masks by the set rule.

    An input owns itself. A hidden unit owns {v} or {v} and its parents. An output owns {v} and its parents. A weight
    stays when the set of the later unit contains the set of the earlier one, so an output sees exactly its own set.

    This is the poster's rule; it leaves open what inputs own and how many hidden units own which set, and says nothing
    of units for context values.

    Arguments:
        adjacency: Bool, shape ``(D, D + C)``.
        hidden_features: Width of each hidden layer, at least D. Its units are dealt out in rounds: first every {v} and
            its parents, then every {v}, then every context value.

    Returns:
        The masks, their sets and owners.

    Raises:
        InputError: If the adjacency is no bool matrix with a True diagonal, or a hidden layer is narrower than D.

    Example:
        >>> adjacency = torch.tensor([[True, False], [True, True]])  # 0 -> 1
        >>> first, second = layer_masks(adjacency, [4]).masks
        >>> (second.int() @ first.int() > 0).int()
        tensor([[1, 0],
                [1, 1]], dtype=torch.int32)

    Source:
        The poster of Mouton & Kroon, SIReN-VAE (2022), caption of Figure 1.
    """
    check_adjacency(adjacency)
    num_variables, num_inputs = adjacency.shape
    singles = torch.eye(num_inputs, dtype=torch.bool, device=adjacency.device)
    cycle_sets = torch.cat([adjacency, singles])
    everyone = torch.arange(num_inputs, device=adjacency.device)
    cycle_owners = torch.cat([everyone[:num_variables], everyone])

    sets, owners = [singles], [everyone]
    for width in hidden_features:
        if width < num_variables:
            raise InputError(
                f"A hidden layer needs a unit for each of the {num_variables} variables, but its width is {width}."
            )
        dealt = torch.arange(width, device=adjacency.device) % len(cycle_sets)
        sets.append(cycle_sets[dealt])
        owners.append(cycle_owners[dealt])
    sets.append(adjacency)
    owners.append(everyone[:num_variables])
    masks = [contains(later, earlier) for earlier, later in pairwise(sets)]
    diagonal = [
        mask & (later[:, None] == earlier[None, :])
        for mask, (earlier, later) in zip(masks, pairwise(owners), strict=True)
    ]
    return LayerMasks(tuple(sets), tuple(owners), tuple(masks), tuple(diagonal))


def decoder_masks(adjacency: Tensor, hidden_features: int) -> tuple[Tensor, Tensor]:
    """Masks of a one-hidden-layer network whose output i sees exactly the inputs that row i lists.

    The same set rule, for outputs that are no inputs: an output owns its parents, a hidden unit the parents of some
    output. The paper says no more of its decoder's masks than that they are similar.

    Arguments:
        adjacency: Bool, shape ``(D, M)``: which of M inputs each of D outputs sees.
        hidden_features: Hidden units, dealt out in rounds over the outputs that see anything.

    Returns:
        Bool masks of shapes ``(hidden_features, M)`` and ``(D, hidden_features)``.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), section 2.2.
    """
    seeing = adjacency[adjacency.any(dim=1)]
    if not len(seeing):
        num_outputs, num_inputs = adjacency.shape
        return adjacency.new_zeros(hidden_features, num_inputs), adjacency.new_zeros(num_outputs, hidden_features)
    owned = seeing[torch.arange(hidden_features, device=adjacency.device) % len(seeing)]
    return owned, contains(adjacency, owned)


def parent_masks(adjacency: Tensor, hidden_features: Sequence[int]) -> list[Tensor]:
    """Masks of a network of any depth whose output i sees exactly the inputs that row i lists, itself left out or not.

    As :func:`decoder_masks`, with more hidden layers: in each of them a unit owns the inputs of some output.

    Arguments:
        adjacency: Bool, shape ``(D, M)``.
        hidden_features: Width of each hidden layer, at least the number of different rows that list anything.

    Returns:
        One bool tensor for each layer of weights, shape ``(units out, units in)``.

    Raises:
        InputError: If a hidden layer is too narrow, so that an edge would be lost.
    """
    rows = torch.unique(adjacency[adjacency.any(dim=1)], dim=0)
    sets = [torch.eye(adjacency.shape[1], dtype=torch.bool, device=adjacency.device)]
    for width in hidden_features:
        if width < len(rows):
            raise InputError(
                f"A hidden layer needs a unit for each of {len(rows)} sets of inputs, but its width is {width}: an "
                "edge would be lost."
            )
        dealt = torch.arange(width, device=adjacency.device) % max(1, len(rows))
        sets.append(rows[dealt] if len(rows) else adjacency.new_zeros(width, adjacency.shape[1]))
    seeing = adjacency.any(dim=1, keepdim=True)  # an output without inputs contains no unit, not even one without any
    masks = [contains(later, earlier) & later.any(dim=1, keepdim=True) for earlier, later in pairwise(sets)]
    return [*masks, contains(adjacency, sets[-1]) & seeing]


def contains(later: Tensor, earlier: Tensor) -> Tensor:
    """Whether set i of `later` contains set j of `earlier`, sets as bool rows; shape ``(later, earlier)``."""
    outside = (~later).to(torch.float32) @ earlier.to(torch.float32).T
    return outside == 0


def default_hidden_features(adjacency: Tensor) -> int:
    """One unit for each set the rule knows: {v} and its parents, {v}, and each context value; 2 D + C."""
    num_variables, num_inputs = adjacency.shape
    return num_variables + num_inputs


def reach(adjacency: Tensor, num_blocks: int) -> Tensor:
    """What a stack of blocks lets an output depend on: the boolean power of the adjacency.

    Arguments:
        adjacency: Bool, shape ``(D, D + C)``.
        num_blocks: How many blocks are stacked, at least 1.

    Returns:
        Bool, shape ``(D, D + C)``; for one block the adjacency itself, for two also the grandparents, and so on.

    Source:
        Mouton & Kroon, SIReN-VAE (2022), section 2.2: a variable hears of its ancestors by its parents, block by block.
    """
    if num_blocks < 1:
        raise InputError(f"A stack has at least one block, but {num_blocks} came.")
    num_variables = len(adjacency)
    step = adjacency[:, :num_variables].float()
    reached = adjacency.clone()
    for _ in range(num_blocks - 1):
        wider = (step @ reached.float() > 0) | reached
        if torch.equal(wider, reached):
            break
        reached = wider
    return reached


def check_adjacency(adjacency: Tensor) -> None:
    """Reject what is no adjacency of an acyclic graph.

    Raises:
        InputError: If it is not bool, not of shape ``(D, D + C)``, has a False on the diagonal, or a cycle among its
            variables.
    """
    if adjacency.dtype != torch.bool or adjacency.ndim != 2 or adjacency.shape[0] > adjacency.shape[1]:
        raise InputError(
            f"An adjacency is a bool matrix of shape (D, D + C), but {adjacency.dtype} {tuple(adjacency.shape)} came."
        )
    square = adjacency[:, : len(adjacency)]
    if not square.diagonal().all():
        raise InputError("Every variable depends on itself, but the adjacency has a False on its diagonal.")
    remaining = square & ~torch.eye(len(square), dtype=torch.bool, device=square.device)
    alive = torch.ones(len(square), dtype=torch.bool, device=square.device)
    while alive.any():
        roots = alive & ~(remaining & alive).any(dim=1)
        if not roots.any():
            raise InputError(
                f"An adjacency is acyclic, but the variables {alive.nonzero().flatten().tolist()} form a cycle."
            )
        alive &= ~roots
