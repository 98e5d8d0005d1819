"""Discrete networks by name, from the files that pgmpy carries; it is not imported, and nothing is fetched."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.graphs.files import read_network
from sirenvae.graphs.network import BayesianNetwork

_LISTED = ("asia", "sachs", "alarm", "insurance")
DISCRETE = {
    "asia": "A chest clinic: a visit to Asia, smoking, three diseases, an X-ray, shortness of breath; 2 states each.",
    "sachs": "Eleven proteins and lipids of human immune cells, each low, average or high, learned from measurements.",
    "alarm": "Monitoring a patient under anaesthesia: 37 variables of 2 to 4 states, written by experts.",
    "insurance": "What a car insurance will cost: 27 variables of 2 to 5 states about driver, car and accident.",
    "cancer": "Pollution and smoking cause cancer, which an X-ray and shortness of breath show; 2 states each.",
    "earthquake": "Burglary or earthquake set off an alarm, and two neighbours call; 2 states each.",
    "survey": "Who travels by car, train or other means: age, sex, education, occupation and residence.",
    "child": "Which heart disease a blue baby has: 20 variables of 2 to 6 states.",
    "hailfinder": "Whether there will be hail in Colorado: 56 variables of 2 to 11 states.",
    "hepar2": "Diseases of the liver with symptoms and tests: 70 variables of 2 to 4 states.",
    "win95pts": "Why a printer does not print: 76 variables of 2 states.",
}
_SOURCE = (
    "The numbers are those of Scutari's Bayesian Network Repository, bnlearn.com/bnrepository, CC BY-SA 3.0, in the "
    "file that comes with pgmpy."
)


def discrete_names() -> list[str]:
    """The best known of :data:`DISCRETE`; none where pgmpy is not installed."""
    return [name for name in _LISTED if _file(name) is not None]


def about_discrete(name: str) -> str:
    """One sentence about one of :data:`DISCRETE`."""
    return DISCRETE[name]


def load_discrete(name: str) -> BayesianNetwork:
    """One of :data:`DISCRETE`, with its tables and a note of where they are from.

    Raises:
        InputError: If pgmpy is not installed or lacks the file.
    """
    path = _file(name)
    if path is None:
        raise InputError(
            f"The network {name} comes with pgmpy, which is not installed; pip install 'sirenvae[discrete]' brings it."
        )
    network = read_network(path)
    return replace(network, name=name, notes=(*network.notes, _SOURCE))


def _file(name: str) -> Path | None:
    spec = find_spec("pgmpy")
    folders = spec.submodule_search_locations if spec is not None else ()
    paths = (Path(folder) / "utils" / "example_models" / f"{name}.bif.gz" for folder in folders or ())
    return next((path for path in paths if path.is_file()), None)
