"""A race of inference networks: what it asks, what it finds and what it keeps."""

import json
import math
from dataclasses import replace

import pytest

pytest.importorskip("torch")

import networkx as nx
import torch

import sirenvae as sv
from sirenvae.experiments.inference_race import FAMILIES, MOST_STEPS, InferenceRace
from sirenvae.experiments.inference_race_work import build, kept_network, weights_file
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.texts import TEXTS
from sirenvae.experiments.trial import Point, Progress
from sirenvae.experiments.trials import trial_of
from sirenvae.training import RECIPES
from sirenvae.truth.divergence import least_log_prob

STUDENT = sv.load_network("student")
SHORT = InferenceRace(
    STUDENT, ("stuhlmueller", "mean_field", OWN_INVERSE), changes=("remove G > I",), num_steps=60, num_updates=4
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("race")
    return list(SHORT.run(keeper=Keeper(folder))), folder


def test_they_train_side_by_side(run):
    events, _ = run
    names = [event.cell.learner for event in events]
    last = [name for name in SHORT.inverses for _ in range(2)]  # a report, and what was found
    assert names == list(SHORT.inverses) * (len(SHORT.reports()) - 1) + last
    steps = [event.step for event in events if isinstance(event, Progress) and event.cell.learner == OWN_INVERSE]
    assert steps == SHORT.reports()
    assert sum(isinstance(event, Point) for event in events) == len(SHORT.inverses)


def test_what_is_told_is_the_divergence_by_its_own_draws(run):
    """Another sample of the posterior's exact densities: log p(z | x) - log q(z | x), the floor's luck left in."""
    events, folder = run
    for point in (event for event in events if isinstance(event, Point)):
        q = kept_network(SHORT, point.cell.learner, folder)
        x, z = sv.sample_network(STUDENT, 20_000, 11)
        mean, covariance = sv.true_posterior(STUDENT, x)
        exact = torch.distributions.MultivariateNormal(mean, covariance).log_prob(z)
        found = exact - q(x).log_prob(z)
        assert found.mean().item() == pytest.approx(
            point.values["nats"], abs=5 * found.std().item() / 20_000**0.5 + 0.03
        )
        assert point.values["nats"] > point.values["floor"] > 0.05
        assert point.values["floor"] == pytest.approx(sv.posterior_gap(STUDENT, q.inverse))
        assert point.values["edges"] == q.inverse.dag.number_of_edges()
        assert q.num_active == point.values["active_weights"] <= SHORT.capacity


def test_what_is_above_the_floor_is_so_on_the_test_points(run):
    events, folder = run
    x, z = sv.sample_network(STUDENT, SHORT.num_test, COMMON_TEST_SEED)
    point = events[-1]
    q = kept_network(SHORT, point.cell.learner, folder)
    above = sv.posterior_divergence(STUDENT, q, x, z) - sv.least_divergence(STUDENT, q.inverse, x, z)
    assert point.values["nats"] - point.values["floor"] == pytest.approx(above.mean().item(), abs=1e-6)


def test_a_race_that_was_left_goes_on_to_the_same_weights(run, tmp_path):
    _, folder = run
    events = SHORT.run(keeper=Keeper(tmp_path))
    for _ in range(4):  # all have reported once, the first twice
        next(events)
    events.close()
    more = [event for event in SHORT.run(keeper=Keeper(tmp_path)) if isinstance(event, Progress)]
    assert [event.step for event in more if event.cell.learner == "stuhlmueller"] == SHORT.reports()[2:]
    assert [event.step for event in more if event.cell.learner == OWN_INVERSE] == SHORT.reports()[1:]
    for name in SHORT.inverses:
        left, whole = (kept_network(SHORT, name, one).state_dict() for one in (tmp_path, folder))
        assert all(torch.equal(value, whole[key]) for key, value in left.items())


def test_after_its_end_a_race_goes_on_for_longer(run, tmp_path):
    _, folder = run
    for name in SHORT.inverses:
        weights_file(tmp_path, name).write_bytes(weights_file(folder, name).read_bytes())
    longer = SHORT.longer()
    assert longer.num_steps == 120
    events = list(longer.run(keeper=Keeper(tmp_path)))
    steps = [event.step for event in events if isinstance(event, Progress) and event.cell.learner == "mean_field"]
    assert steps == [step for step in longer.reports() if step > 60]
    assert sum(isinstance(event, Point) for event in events) == len(SHORT.inverses)
    done = Keeper(tmp_path, frozenset({("mean_field", 0)}))  # it has been told of before
    assert {event.cell.learner for event in longer.run(keeper=done)} == {"stuhlmueller", OWN_INVERSE}
    assert replace(SHORT, num_steps=MOST_STEPS).longer() is None


@pytest.mark.parametrize("family", ["mixture", "flow"])
def test_other_factors_are_measured_by_their_draws(family, tmp_path):
    trial = InferenceRace(STUDENT, ("stuhlmueller",), family=family, num_steps=10, num_updates=1)
    *_, point = trial.run(keeper=Keeper(tmp_path))
    q = kept_network(trial, "stuhlmueller", tmp_path)
    assert q.settings["family"] == family
    x, z = sv.sample_network(STUDENT, 20_000, 11)
    mean, covariance = sv.true_posterior(STUDENT, x)
    found = torch.distributions.MultivariateNormal(mean, covariance).log_prob(z) - q(x).log_prob(z)
    assert found.mean().item() == pytest.approx(point.values["nats"], abs=0.5)
    best = least_log_prob(STUDENT, q.inverse, x, z)
    exact = torch.distributions.MultivariateNormal(mean, covariance).log_prob(z)
    assert (exact - best).mean().item() == pytest.approx(point.values["floor"], abs=0.02)


def test_who_races_beside_it_changes_nothing(run):
    events, _ = run
    alone = [e for e in replace(SHORT, inverses=("mean_field",)).run() if isinstance(e, Point)]
    [beside] = [e for e in events if isinstance(e, Point) and e.cell.learner == "mean_field"]
    assert alone[0].values["nats"] == pytest.approx(beside.values["nats"], abs=1e-5)


def test_rows_texts_and_notes(run):
    events, _ = run
    rows = SHORT.rows(event for event in events if isinstance(event, Point))
    assert [row["inverse"] for row in rows] == list(SHORT.inverses)
    texts, right = TEXTS[SHORT.name](rows)
    assert texts[1][:3] == ["student", "heuristic", "10"]
    assert len(texts[0]) == len(right)
    [note] = SHORT.notes(rows)
    assert "KL(p(z | x) || q(z | x))" in note


def test_without_a_formula_it_tells_the_negative_log_density(tmp_path):
    network = sv.load_network("circuit")
    trial = InferenceRace(network, ("nami-reverse",), num_steps=20, num_updates=2)
    *_, point = trial.run(keeper=Keeper(tmp_path))
    q = kept_network(trial, "nami-reverse", tmp_path)
    x, z = sv.sample_network(network, trial.num_test, COMMON_TEST_SEED)
    assert point.values["floor"] is None
    assert point.values["nats"] == pytest.approx(-q(x).log_prob(z).mean().item(), abs=1e-5)
    assert TEXTS[trial.name](trial.rows([point]))[0][1][4] == "-"
    assert "-log q(z | x)" in trial.notes([])[0]


def test_it_travels_as_json():
    back = trial_of(json.loads(json.dumps(SHORT.to_json())))
    assert isinstance(back, InferenceRace)
    assert back.settings() == SHORT.settings()
    assert set(back.inverse_of(OWN_INVERSE).dag.edges) == set(SHORT.inverse_of(OWN_INVERSE).dag.edges)
    cells = {cell.learner: SHORT.described(cell) for cell in SHORT.cells()}
    assert "changes" in cells[OWN_INVERSE]
    assert "changes" not in cells["mean_field"]


@pytest.mark.parametrize("steps", [1, 2, 49, 1000, 20_000])
def test_it_reports_in_order_and_at_the_end(steps):
    reports = replace(SHORT, num_steps=steps, num_updates=60).reports()
    assert reports == sorted(set(reports))
    assert reports[0] >= 1
    assert reports[-1] == steps
    assert len(reports) <= 60


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["student", "arth150", "binary-tree-5", "magic-irri"])
def test_the_capacity_holds_every_edge(name, family):
    network = sv.load_network(name)
    trial = InferenceRace(network, ("fully_connected",), family=family, num_steps=1)
    q = build(trial, "fully_connected")
    assert q.family.num_parameters == FAMILIES[family]
    assert q.num_active <= trial.capacity
    assert bool(q.adjacency.sum() == trial.inverse_of("fully_connected").dag.number_of_edges())


def test_the_registry_names_inverses_that_there_are():
    assert len({(look.colour, look.symbol) for look in INVERSES.values()}) == len(INVERSES)
    edges = [SHORT.inverse_of(name).dag.number_of_edges() for name in INVERSES]
    assert edges == [10, 12, 15, 20, 10, 11]


BARE = sv.BayesianNetwork(nx.DiGraph([("a", "b")]), name="bare")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"network": BARE}, "bare is a structure without numbers"),
        ({"network": sv.load_network("asia")}, "The variables of asia have states, but the race is for networks whose"),
        ({"network": sv.load_network("random-dag-200-1-1")}, "up to 150 variables, but random-dag-200-1-1 has 200"),
        ({"inverses": ("magic",)}, "There is no inverse 'magic'; there are stuhlmueller, nami-topological"),
        ({"inverses": ()}, "inverses must be different and at least one"),
        ({"family": "magic"}, "There is no family 'magic'; there are gaussian, mixture, flow"),
        ({"num_steps": 0}, "number of steps is at least 1"),
        ({"changes": ("remove D > G",)}, "There is no edge from D to G"),
    ],
)
def test_what_cannot_be_raced_is_one_sentence(values, sentence):
    with pytest.raises(sv.InputError, match=sentence) as caught:
        replace(SHORT, **values)
    assert "\n" not in str(caught.value)


def test_there_is_nothing_to_read_before_the_first_report(tmp_path):
    assert not weights_file(tmp_path, "mean_field").exists()
    with pytest.raises(sv.InputError, match="cannot be read"):
        kept_network(SHORT, "mean_field", tmp_path)


def test_steps_taken_a_few_at_a_time_are_the_same_steps():
    def trained(takes):
        torch.manual_seed(0)
        q = sv.InferenceNetwork(STUDENT, sv.invert(STUDENT), capacity=500, linear_start=False)
        fit = sv.fit(q, STUDENT, replace(RECIPES["inference"], num_steps=110))
        records = [fit.take(steps) for steps in takes] or list(fit)
        return q.net.state_dict(), records

    whole, (first, last) = trained([])
    parts, records = trained([30, 50, 20, 25])
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert [record.step for record in records] == [30, 80, 100, 110]
    assert (records[2].step, records[3].step) == (first.step, last.step)
    assert [record.epoch for record in records] == [0, 0, 1, 1]
    assert not math.isnan(records[0].loss)
