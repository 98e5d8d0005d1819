"""What modules declare of their parameters and buffers, so that nobody guesses it from names.

A module of this package may have two class attributes, tuples of names of its own parameters and buffers (for a list of
parameters that of the list): ``decays`` are weights that decay while they are trained; ``shared`` are buffers that are
the same for all replicas. Every other tensor has the replicas' leading shape R.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn


def decaying(module: nn.Module) -> set[str]:
    """Full names of the parameters that decay."""
    return set(_declared(module, "decays", dict(module.named_parameters())))


def shared(module: nn.Module) -> set[str]:
    """Full names of the tensors of the state that have no replica axis."""
    return set(_declared(module, "shared", module.state_dict()))


def _declared(module: nn.Module, what: str, names) -> Iterator[str]:
    for prefix, part in module.named_modules():
        for own in getattr(part, what, ()):
            name = f"{prefix}.{own}" if prefix else own
            yield from (full for full in names if full == name or full.startswith(f"{name}."))
