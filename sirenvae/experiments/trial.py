"""A trial: what is asked for, the cells it falls into, the work on them, and the rows and notes of what was found.

A table or a figure is a subclass of :class:`Trial` whose fields are its configuration. Trials run anywhere, here, in
worker processes, on a cluster, and travel as JSON. No torch here: whoever only asks for a trial needs none.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import isfinite, nan
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sirenvae.errors import InputError
from sirenvae.experiments.executors import Line
from sirenvae.experiments.settings import check_fields, plain_fields
from sirenvae.experiments.store import Store
from sirenvae.experiments.sweeps import Finished, run_cells
from sirenvae.graphs import BayesianNetwork, network_to_json, parse_network
from sirenvae.training import Recipe

if TYPE_CHECKING:
    from sirenvae.experiments.keeping import Keeper

VERSION = 1  # Of a configuration as JSON: raise it when a field comes to mean something else.
_FIRST_REPORT = 50  # Parts of a training, after the first of which there is a report.
_REPLICAS_AT_ONCE = 15  # More than this gains little on a CPU, and a result comes later.


@dataclass(frozen=True)
class Cell:
    """One learner on one network with so many training points, all runs together.

    Attributes:
        network: Its name.
        learner: What is trained; the trial says what the name stands for.
        size: Training points; 0 for what needs none.
        recipe: The name of how it is trained, where the trial has several.
    """

    network: str
    learner: str
    size: int = 0
    recipe: str = ""


@dataclass(frozen=True)
class Progress:
    """How much of its work a cell has done.

    Attributes:
        cell: Which one.
        step, num_steps: Of its training.
        values: What was seen on the way, by name.
    """

    cell: Cell
    step: int
    num_steps: int
    values: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """What a cell found.

    Attributes:
        cell: Which one.
        values: Plain values by name, mostly a list with one number for each run; the trial says which.
        was_stored: It was found in a store and not computed now.
    """

    cell: Cell
    values: dict
    was_stored: bool = False


class Trial(ABC):
    """A configuration of a table or a figure: a frozen dataclass, checked when it is made.

    Attributes:
        name: Under which results are stored and come with the package.
        trains_together: Whether the cells of a learner on a network are trained as one program.
        takes_states: Whether variables may have states.
    """

    name: ClassVar[str]
    trains_together: ClassVar[bool] = True
    takes_states: ClassVar[bool] = False

    def __post_init__(self):
        check_fields(self)

    @property
    @abstractmethod
    def num_replicas(self) -> int:
        """Runs of a cell, trained as replicas of one model."""

    @property
    def subject(self) -> str:
        """What it is about, in the ids of jobs: mostly the name of a network, the first one's."""
        return self.cells()[0].network

    @abstractmethod
    def cells(self) -> list[Cell]:
        """What there is to do, in the order of the rows."""

    @abstractmethod
    def described(self, cell: Cell) -> dict:
        """Everything that the result of a cell depends on, as plain values: by it the result is stored."""

    @abstractmethod
    def cost(self, cell: Cell) -> float:
        """The time a cell takes, relative to others."""

    @abstractmethod
    def work(self, cells: tuple[Cell, ...], keeper: Keeper | None = None) -> Iterator[Progress | Point]:
        """Do the cells of a task: yield progress on the way, and the point of each cell once."""

    @abstractmethod
    def rows(self, points: Iterable[Point]) -> list[dict]:
        """What was found as rows with the same names."""

    @abstractmethod
    def notes(self, rows: Sequence[dict]) -> list[str]:
        """What a reader of the rows must know, in sentences."""

    def longer(self) -> Self | None:
        """The trial with more training, which a run that has ended can go on to; ``None`` where there is no such."""
        return None

    def tasks(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """Cells in groups that are worth training as one program: one learner on a network, at several sizes."""
        if not self.trains_together:
            return [(cell,) for cell in cells]
        groups: dict[tuple, list[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.network, cell.learner, cell.recipe), []).append(cell)
        return [task for group in groups.values() for task in in_groups(group, self.num_replicas)]

    def longest_first(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """The same groups in an order that leaves no worker idle for long."""
        return sorted(self.tasks(cells), key=lambda task: -sum(map(self.cost, task)))

    def done(self, progress: Progress) -> float:
        """How much of the cost of its cell that is."""
        return self.cost(progress.cell) * progress.step / progress.num_steps

    def run(
        self,
        executor: Executor | None = None,
        line: Line | None = None,
        store: Store | None = None,
        keeper: Keeper | None = None,
    ) -> Iterator[Progress | Point]:
        """Do every cell.

        Arguments:
            executor: Where cells run; ``None`` is here. With an executor the longest start first.
            line: Where the executor's workers report, see :func:`~sirenvae.experiments.executors.local_processes`;
                without it only finished cells are heard of.
            store: Where finished cells are kept, and found again.
            keeper: Keeps models and goes on with what it kept, where the trial can; where neither an executor nor a
                store is given.

        Yields:
            :class:`Progress` on the way, and one :class:`Point` per cell when it is finished; those that were in the
            store come first.

        Raises:
            CellsFailed: At the end, with an executor or a store, if cells failed.
            StoreError: If the store cannot be read or written.
        """
        if executor is None and store is None:
            for cells in self.tasks(self.cells()):
                yield from self.work(cells, keeper)
            return
        together = self.longest_first if executor else self.tasks
        names = dict(experiment=self.name, config_of=self.described, cost=self.cost, together=together, line=line)
        for event in run_cells(self.cells(), partial(_values, self), store, executor, **names):
            yield Point(event.cell, event.result, event.was_stored) if isinstance(event, Finished) else event

    def settings(self) -> dict:
        """The configuration as plain values for a reader; of networks their names and digests."""
        return plain_fields(self)

    def to_json(self) -> dict:
        """The configuration as values for JSON, networks whole; :func:`sirenvae.experiments.trials.trial_of` reads it.

        Raises:
            InputError: If a network has no such form.
        """
        return {"trial": self.name, "version": VERSION, **plain_fields(self, _whole)}

    @classmethod
    def from_json(cls, values: dict) -> Self:
        """The trial of which :meth:`to_json` gave the values.

        Raises:
            InputError: If they are of another version, incomplete, or no such trial can be made.
        """
        values = dict(values)
        name, version = values.pop("trial", None), values.pop("version", None)
        if (name, version) != (cls.name, VERSION):
            raise InputError(
                f"A configuration of {cls.name} in version {VERSION} is expected, but one of {name} in version "
                f"{version} came; make it anew with this version of sirenvae."
            )
        known = [one.name for one in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise InputError(f"A configuration of {name} has no {', '.join(unknown)}; it has {', '.join(known)}.")
        try:
            return cls(**{field: _from_plain(field, value) for field, value in values.items()})
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError(f"The configuration of {name} cannot be read: {error}.") from error


class SeveralRuns:
    """Of a trial with two fields that say how many runs a cell has and where their seeds begin."""

    num_runs: int
    first_seed: int

    @property
    def num_replicas(self) -> int:
        """Runs of a cell, trained as replicas of one model."""
        return self.num_runs

    def seeds(self) -> range:
        """Of the training sets, one for each run."""
        return range(self.first_seed, self.first_seed + self.num_runs)


class SeveralNetworks:
    """Of a trial with a field that holds the networks which its cells name."""

    networks: tuple[BayesianNetwork, ...]

    def network_of(self, cell: Cell) -> BayesianNetwork:
        """That of a cell."""
        return next(network for network in self.networks if network.name == cell.network)


class WatchedRun:
    """Of a trial with one run, watched while it trains: fields that say for how long and how often, and a limit."""

    num_steps: int
    num_updates: int
    most_steps: ClassVar[int]

    @property
    def num_replicas(self) -> int:
        """One run."""
        return 1

    def tasks(self, cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
        """All of them at once: it is a race."""
        return [tuple(cells)]

    def cost(self, cell: Cell) -> int:
        """Steps."""
        return self.num_steps

    def reports(self) -> list[int]:
        """The steps after which each cell reports."""
        return report_steps(self.num_steps, self.num_updates)

    def longer(self) -> Self | None:
        """Twice the steps, up to the most."""
        steps = min(2 * self.num_steps, self.most_steps)
        return replace(self, num_steps=steps) if steps > self.num_steps else None


def _whole(network: BayesianNetwork) -> dict:
    return {"name": network.name, "network": json.loads(network_to_json(network))}


def _from_plain(field: str, value: Any) -> Any:
    """A field as :func:`~sirenvae.experiments.settings.plain_fields` wrote it."""
    if isinstance(value, list):
        return tuple(_from_plain(field.removesuffix("s"), inner) for inner in value)
    if field == "network":
        return replace(parse_network(json.dumps(value["network"]), "network.json"), name=value["name"])
    return Recipe(**value) if field == "recipe" and isinstance(value, dict) else value


def _values(trial: Trial, cells: tuple[Cell, ...]) -> Generator[Progress, None, list[dict]]:
    """Do cells: yield their progress, return the values of their points in order."""
    found = {}
    for event in trial.work(cells):
        if isinstance(event, Point):
            found[event.cell] = event.values
        else:
            yield event
    return [found[cell] for cell in cells]


def in_groups(cells: Sequence, num_replicas: int) -> list[tuple]:
    """Cells of one model, of so many replicas each, in groups that are worth training as one program."""
    at_once = max(1, _REPLICAS_AT_ONCE // num_replicas)
    return [tuple(cells[i : i + at_once]) for i in range(0, len(cells), at_once)]


def report_steps(num_steps: int, num_updates: int) -> list[int]:
    """The steps after which a training reports, more of them at first, when it learns most.

    >>> report_steps(1000, 5)
    [20, 53, 141, 376, 1000]
    """
    first, gaps = max(1, num_steps // _FIRST_REPORT), max(1, num_updates - 1)
    return sorted({round(first * (num_steps / first) ** (i / gaps)) for i in range(gaps)} | {num_steps})


def mean_and_sd(name: str, numbers: Sequence[float] | None) -> dict[str, float | None]:
    """Mean and standard deviation over runs as two columns of a row.

    NaN where a run is not finite; ``None`` where there are no numbers, and for the deviation of one.

    >>> mean_and_sd("nll", [1.0, 3.0])
    {'nll_mean': 2.0, 'nll_sd': 1.4142135623730951}
    """
    if numbers is None:
        mean = deviation = None
    elif not all(map(isfinite, numbers)):
        mean = deviation = nan
    else:
        mean, deviation = fmean(numbers), stdev(numbers) if len(numbers) > 1 else None
    return {f"{name}_mean": mean, f"{name}_sd": deviation}
