"""All trials by name, and a trial from its JSON. No torch here."""

from __future__ import annotations

from collections.abc import Mapping

from sirenvae.errors import InputError
from sirenvae.experiments.any_evidence import AnyEvidence
from sirenvae.experiments.elbo_vs_size import ElboVsSize
from sirenvae.experiments.image_race import ImageRace
from sirenvae.experiments.inference_race import InferenceRace
from sirenvae.experiments.nami4 import Nami4
from sirenvae.experiments.nami6 import Nami6
from sirenvae.experiments.nami7 import Nami7
from sirenvae.experiments.nami9 import Nami9
from sirenvae.experiments.parts import Parts
from sirenvae.experiments.table1 import Table1
from sirenvae.experiments.trial import Trial
from sirenvae.experiments.tuning import Tuning

TRIALS: dict[str, type[Trial]] = {
    trial.name: trial
    for trial in (Table1, ElboVsSize, Parts, Tuning, InferenceRace, AnyEvidence, ImageRace, Nami4, Nami6, Nami9, Nami7)
}


def trial_of(values: Mapping) -> Trial:
    """The trial of which :meth:`~sirenvae.experiments.trial.Trial.to_json` gave the values.

    Raises:
        InputError: If there is no such trial, or its configuration is of another version or cannot be used.
    """
    name = values.get("trial")
    if name not in TRIALS:
        raise InputError(f"There is no trial {name!r}; there are {', '.join(TRIALS)}.")
    return TRIALS[name].from_json(dict(values))
