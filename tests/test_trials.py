"""What all trials share: the registry of learners, the keys of stored cells, and configurations as JSON."""

import json
from dataclasses import fields

import pytest

import sirenvae as sv
from sirenvae.experiments.elbo_vs_size import ElboVsSize
from sirenvae.experiments.elbo_vs_size import preset as figure_preset
from sirenvae.experiments.nami7 import Nami7
from sirenvae.experiments.parts import Parts
from sirenvae.experiments.registry import CLASSICAL, LEARNERS, TRUTH, VAES, build_model
from sirenvae.experiments.store import key_of
from sirenvae.experiments.table1 import preset as table_preset
from sirenvae.experiments.trial import Cell, SeveralNetworks, SeveralRuns, Trial, WatchedRun
from sirenvae.experiments.trials import TRIALS, trial_of
from sirenvae.experiments.tuning import Tuning
from sirenvae.models import STRUCTURES
from sirenvae.truth.partly_exact import PARTS
from sirenvae.truth.references import REFERENCES

# Of the key of each cell the first digits. They were taken when the store's format was, by the code of that time: with
# others no stored result of these cells would be found again. Those of ecoli70-tanh are younger: its numbers, taken
# over draws, were not the same on all processors before they were kept to twelve digits.
KEYS = {
    ("table-1", "ecoli70", "truth", 0): "943caff5e1733f34",
    ("table-1", "ecoli70", "true", 92): "53b8a877e8f12127",
    ("table-1", "ecoli70", "fully_connected", 92): "540ddba1f615e84b",
    ("table-1", "ecoli70", "vanilla_vae", 92): "1fbf45b37dc83453",
    ("table-1", "ecoli70", "factor_analysis", 92): "fd937b20e1930595",
    ("table-1", "ecoli70", "true", 4600): "079f6eb20a1c6692",
    ("elbo-vs-size", "ecoli70", "true", 46): "2fdfef2ae488287d",
    ("elbo-vs-size", "ecoli70", "vanilla_vae", 46): "f562418d2fe3a5f8",
    ("elbo-vs-size", "ecoli70", "linear_gaussian_bn", 46): "a712f83b990289a7",
    ("elbo-vs-size", "ecoli70", "true", 92): "714d746a49ec74e8",
    ("elbo-vs-size", "fork", "true", 20): "3634bce05799cd32",
    ("parts", "ecoli70-tanh", "truth", 0): "4585bc66d102401a",
    ("parts", "ecoli70-tanh", "none", 92): "fd79f64417056cca",
    ("parts", "ecoli70-tanh", "decoder", 92): "6eb33892da431ac0",
    ("tuning", "ecoli70", "true", 92): "cacaf22f6fd055b6",
    ("tuning", "ecoli70", "fully_connected", 92): "2ff4736bf7e955e3",
}


@pytest.fixture(scope="module")
def asked():
    """A trial of each kind, and one that chooses its recipe."""
    ecoli70 = sv.load_network("ecoli70")
    return [
        table_preset("paper", [ecoli70]),
        figure_preset("paper", ecoli70),
        ElboVsSize(sv.load_network("fork"), (20,), ("true",), recipe="selected"),
        Parts(sv.load_network("ecoli70-tanh")),
        Tuning((ecoli70,)),
        Nami7(inverses=("reverse", "topological"), num_steps=70),
    ]


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_what_a_part_of_a_trial_reads_is_a_field_of_the_trial(trial):
    for part in (SeveralRuns, SeveralNetworks, WatchedRun):
        if issubclass(trial, part):
            assert set(part.__annotations__) - {"most_steps"} <= {field.name for field in fields(trial)}
            assert part is not WatchedRun or trial.most_steps > 0
    assert not Trial.__annotations__.keys() - {"name", "trains_together", "takes_states"}


def keys_of(trials):
    cells = [(trial, cell) for trial in trials for cell in trial.cells()]
    return {(t.name, c.network, c.learner, c.size): key_of(t.name, t.described(c))[:16] for t, c in cells}


def test_cells_have_the_keys_under_which_they_are_stored(asked):
    found = keys_of(asked)
    assert {cell: found[cell] for cell in KEYS} == KEYS


def test_a_trial_travels_as_json_and_finds_the_same_cells(asked):
    back = [trial_of(json.loads(json.dumps(trial.to_json(), allow_nan=False))) for trial in asked]
    assert [type(trial) for trial in back] == [type(trial) for trial in asked]
    assert keys_of(back) == keys_of(asked)
    assert [trial.settings() for trial in back] == [trial.settings() for trial in asked]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 2}, "in version 1 is expected, but one of elbo-vs-size in version 2 came"),
        ({"trial": "elbo"}, "There is no trial 'elbo'; there are table-1, elbo-vs-size, parts, tuning"),
        ({"colour": 1}, "has no colour; it has network, sizes"),
        ({"recipe": {"name": "a", "speed": 1}}, "cannot be read"),
        ({"network": {"network": {}}}, "a network file has 'nodes' and 'arcs'"),
        ({"network": {}}, "cannot be read"),
        ({"sizes": [1]}, "at least 2 points, but 1 came"),
    ],
)
def test_json_that_is_no_trial_is_refused_in_one_sentence(change, sentence):
    values = ElboVsSize(sv.load_network("fork"), (20,)).to_json() | change
    with pytest.raises(sv.InputError, match=sentence) as caught:
        trial_of(values)
    assert "\n" not in str(caught.value)


def test_a_configuration_without_a_network_is_refused():
    values = ElboVsSize(sv.load_network("fork"), (20,)).to_json()
    del values["network"]
    with pytest.raises(sv.InputError, match="missing 1 required positional argument: 'network'"):
        trial_of(values)


def test_cells_of_one_learner_train_together_and_the_longest_start_first():
    trial = ElboVsSize(sv.load_network("fork"), tuple(range(10, 60, 10)), ("vanilla_vae", "true"), num_seeds=5)
    tasks = trial.tasks(trial.cells())
    assert [[cell.size for cell in task] for task in tasks] == [[10, 20, 30], [40, 50]] * 2
    assert trial.longest_first(trial.cells())[0][0].learner == "true"
    assert {cell for task in tasks for cell in task} == set(trial.cells())
    assert Cell("fork", "true", 10) in trial.cells()


def test_every_trial_has_its_texts():
    from sirenvae.experiments.texts import TEXTS

    assert list(TEXTS) == list(TRIALS)


def test_the_registry_knows_every_learner_there_is():
    assert (*STRUCTURES, "vanilla_vae") == VAES
    assert CLASSICAL == REFERENCES
    assert list(LEARNERS) == [TRUTH, *VAES, *CLASSICAL]
    assert set(Parts(sv.load_network("fork")).exact_parts(Cell("fork", "both"))) == set(PARTS)
    names = [(learner.label, learner.short) for learner in LEARNERS.values()]
    assert len({label for label, _ in names}) == len({short for _, short in names}) == len(LEARNERS)


@pytest.mark.parametrize("name", VAES)
def test_the_registry_says_how_strongly_a_model_is_held(name):
    model = build_model(sv.load_network("fork"), name)
    assert LEARNERS[name].decay_strength == model.decay_strength
    assert LEARNERS["linear_gaussian_bn"].decay_strength is None


def test_no_two_models_look_alike():
    looks = {(LEARNERS[name].colour, LEARNERS[name].symbol) for name in (*VAES, *CLASSICAL)}
    assert len(looks) == len(VAES) + len(CLASSICAL)
    assert len({LEARNERS[name].colour for name in VAES}) == len(VAES)
