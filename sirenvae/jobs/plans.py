"""Plans to train, and the jobs that they become: plain values. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sirenvae.graphs import BayesianNetwork

QUEUED, RUNNING, STOPPED, FINISHED, FAILED = "queued", "running", "stopped", "finished", "failed"


@dataclass(frozen=True)
class Plan:
    """What to train, in plain values; the worker makes a configuration of it.

    Attributes:
        network: A network with conditionals.
        preset: A preset's name; the fields below are then left aside.
        models, sizes, num_seeds: As in :class:`sirenvae.experiments.elbo_vs_size.Config`.
        learning_rate, num_steps: As in :class:`sirenvae.training.Recipe`.
        source: Lines of code that make the network, for the page to show.
    """

    network: BayesianNetwork
    preset: str | None = None
    models: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    num_seeds: int = 3
    learning_rate: float = 3e-3
    num_steps: int | None = None
    source: tuple[str, ...] = ()


@dataclass
class Job:
    """A training job and what it has found so far, in plain values.

    Attributes:
        id: Its name, for links.
        plan: What was asked for.
        state: One of queued, running, stopped, finished, failed.
        message: One sentence about how it ended, if there is something to say.
        about: What the worker made of the plan: ``models``, ``sizes``, ``num_seeds``, ``steps`` per size, the fields
            of the ``recipe`` and the ``device``. ``None`` until the worker has answered.
        progress: One record per report of a cell in training: ``model``, ``size``, ``step``, ``num_steps``,
            ``train_elbo`` and ``test_elbo`` per seed, ``replica_steps_per_second``.
        points: One record per finished cell: ``model``, ``size``, ``seconds``, and ``rows``, one per seed, as the
            command line writes them.
        folder: Where its models are kept, see :func:`sirenvae.experiments.keeping.model_file`.
        started, ended: On the monotonic clock, in seconds, as if it had never been interrupted.
    """

    id: str
    plan: Plan
    folder: Path
    state: str = QUEUED
    message: str = ""
    about: dict | None = None
    progress: list[dict] = field(default_factory=list)
    points: list[dict] = field(default_factory=list)
    started: float | None = None
    ended: float | None = None

    @property
    def active(self) -> bool:
        """Whether something may still change."""
        return self.state in (QUEUED, RUNNING)

    @property
    def can_go_on(self) -> bool:
        """Whether it was stopped before its end."""
        return self.state == STOPPED and self.about is not None

    @property
    def done(self) -> frozenset[tuple[str, int]]:
        """The finished cells, as pairs of model and size."""
        return frozenset((point["model"], point["size"]) for point in self.points)

    @property
    def rows(self) -> list[dict]:
        """The numbers found, one row per cell and seed."""
        return [row for point in self.points for row in point["rows"]]
