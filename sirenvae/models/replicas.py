"""One set of weights, or many at once: what all models share that hold replicas."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import torch
from torch import Tensor, nn

from sirenvae.errors import InputError
from sirenvae.nets.declared import shared
from sirenvae.threads import threads_for


class Fittable(nn.Module, ABC):
    """What :func:`sirenvae.fit` trains: a model with a leading shape R of replicas, all trained as one program.

    A subclass writes :meth:`prepare`, :meth:`sources` and :meth:`loss`, and :meth:`noise` where it needs any.

    Arguments:
        replicas: Leading shape R of all weights; ``()`` for a single model.

    Attributes:
        num_variables: By what training-set sizes are measured: a recipe's steps and decay are for so many points per
            variable.
        decay_strength: How much stronger than for the true structure the weights are held.
        num_units: Values that a point has on its way through the model, about: how many replicas fit a CPU's cache.
        rows_at_once: Points times samples times replicas that are pushed through together where a question is long.
    """

    num_variables: int = 1
    decay_strength: float = 1.0
    rows_at_once: int = 16_384  # fits a CPU's cache
    num_units: int = 64

    def __init__(self, replicas: tuple[int, ...] = ()):
        super().__init__()
        self.replicas = tuple(replicas)

    @abstractmethod
    def prepare(self, x, recipes: Sequence) -> None:
        """Take from training data what is not trained: units, floors.

        Arguments:
            x: As :meth:`sources` takes it.
            recipes: One for each replica.
        """

    def begin_phase(self, index: int, recipes: Sequence) -> None:
        """Hear that another phase begins, see :class:`~sirenvae.training.phases.Phases`: thaw a part, set a floor.

        Arguments:
            index: Of the phase, from 1; :meth:`prepare` comes before the first one.
            recipes: Of this phase, one for each replica.
        """

    @abstractmethod
    def sources(self, x) -> list:
        """Where each replica's batches come from.

        Arguments:
            x: The training data, for all replicas or a list with one for each; a table, or a simulator: a function of
                a number of rows and a generator.

        Returns:
            For each replica either all rows, shape ``(N_e, F)``, of which every batch takes some, or a function that
            takes a number of points and a generator and gives as many new rows. The columns of a row are the model's
            own affair: x, or x beside z, or x beside a mask of what is seen.
        """

    @abstractmethod
    def loss(self, batch: Tensor, noise: Tensor, kl_weight: Tensor) -> Tensor:
        """What training minimizes, for each point, shape ``(*R, N)``.

        Arguments:
            batch: Rows of the sources, shape ``(*R, N, F)``.
            noise: What :meth:`noise` draws, shape ``(*R, N, K)``.
            kl_weight: Between 0 and 1, shape ``(*R, 1)``; of the part that a recipe warms up.
        """

    def noise(self, num_steps: int, num_points: int, generator: torch.Generator) -> Tensor:
        """The randomness of some steps of one replica, shape ``(num_steps, num_points, K)``; none by default."""
        return torch.zeros(num_steps, num_points, 0, dtype=self.dtype, device=self.device)

    def noise_to_signal(self, rows: Tensor) -> float:
        """How much of what the rows of a table say is noise: the default decay holds weights the more, see
        :meth:`~sirenvae.training.recipes.Recipe.decay_for`.
        """
        return 0.0

    def log_volume(self) -> Tensor:
        """What is added to the loss to be in raw units, shape ``(*R, 1)``, nats."""
        return torch.zeros(*self.replicas, 1, dtype=torch.float64, device=self.device)

    def trainable(self) -> dict[str, nn.Parameter]:
        """The parameters that training moves, by their full names: by default all that require a gradient."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    @property
    def default_recipe(self) -> str:
        """The name of the recipe that it is trained by where none is given."""
        return "default"

    @abstractmethod
    def rebuilt(self, replicas: tuple[int, ...]) -> Self:
        """A new model of the same kind, and in the same phase, with other replicas."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights, and of what is computed from them."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def replica(self, *chosen: int) -> Self:
        """A new model of some of the replicas, in the order given, counted through all axes of R.

        Arguments:
            chosen: Their indices. One gives a model without replicas, more a model with ``R = (len(chosen),)``.

        Raises:
            InputError: If there is no such replica.
        """
        count = math.prod(self.replicas)
        if not chosen or not all(0 <= index < count for index in chosen):
            raise InputError(f"The model has the replicas 0 to {count - 1}, but {list(chosen)} came.")
        with torch.random.fork_rng(devices=[]):  # its first weights are overwritten
            part = self.rebuilt(() if len(chosen) == 1 else (len(chosen),)).to(self.device, self.dtype)
        part.copy_replicas(self, chosen, range(len(chosen)))
        return part.train(self.training)

    @torch.no_grad()
    def copy_replicas(self, source: Fittable, chosen: Sequence[int], places: Sequence[int]) -> None:
        """Copy the replicas `chosen` of a model like this one to the replicas `places` of this one; with them what all
        replicas share, and which parameters are trained."""
        for own, other in zip(self.parameters(), source.parameters(), strict=True):
            own.requires_grad_(other.requires_grad)
        values, same = source.state_dict(), shared(self)
        ours, theirs = (torch.Size(model.replicas) for model in (self, source))
        for name, value in self.state_dict().items():
            if name in same:
                value.copy_(values[name])
            else:
                into = value.view(ours.numel(), *value.shape[len(ours) :])
                came = values[name].reshape(theirs.numel(), *value.shape[len(ours) :])
                into[list(places)] = came[list(chosen)].to(value)

    @contextmanager
    def asked(self, graph: bool = False) -> Iterator[int]:
        """While a question is answered: evaluation mode, few threads, and no graph unless it is wanted.

        Modes and threads are given back.

        Yields:
            How many pieces of the question may be answered at once, see :func:`~sirenvae.threads.side_by_side`.
        """
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with torch.set_grad_enabled(graph and torch.is_grad_enabled()), threads_for(self._multiply_adds()) as free:
                yield free if self.device.type == "cpu" and not torch.is_grad_enabled() else 1
        finally:
            for module, mode in modes:
                module.training = mode

    def _multiply_adds(self) -> int:
        """In the largest product of a question, about."""
        return sum(parameter.numel() for parameter in self.parameters()) * self.rows_at_once // math.prod(self.replicas)
