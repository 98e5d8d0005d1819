"""The trial of one network for any evidence: what it asks, finds and keeps, and how it goes on."""

import json
from dataclasses import replace

import networkx as nx
import pytest

pytest.importorskip("torch")
pytest.importorskip("pgmpy", reason="exact marginals are its")

import torch

import sirenvae as sv
from sirenvae.experiments.any_evidence import MOST_STEPS, AnyEvidence
from sirenvae.experiments.any_evidence_work import kept_file, kept_marginals
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.runs import COMMON_TEST_SEED
from sirenvae.experiments.texts import TEXTS
from sirenvae.experiments.trial import Point, Progress
from sirenvae.experiments.trials import trial_of
from sirenvae.graphs import largest_table
from sirenvae.truth.any_evidence import exact_marginals

ASIA = sv.load_network("asia")
SHORT = AnyEvidence(ASIA, width=16, num_steps=40, batch_size=32, num_test=10, num_updates=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    return list(SHORT.run(keeper=Keeper(folder))), folder


def test_it_reports_its_divergence_from_the_exact_marginals(run):
    events, folder = run
    *reports, point = events
    assert [event.step for event in reports] == SHORT.reports()
    assert all(isinstance(event, Progress) for event in reports)
    q = kept_marginals(SHORT, folder)
    x = sv.random_evidence(ASIA, 10, seed=COMMON_TEST_SEED)
    each = sv.marginal_divergence(ASIA, q, x)
    assert point.values["nats"] == reports[-1].values["nats"] == pytest.approx(each.nanmean().item(), abs=1e-6)
    assert point.values["largest"] == pytest.approx(each.nan_to_num(0.0).max().item(), abs=1e-6)
    assert reports[-1].values["nats"] < reports[0].values["nats"]
    [row] = SHORT.rows([point])
    texts, right = TEXTS[SHORT.name]([row])
    assert texts[1][0] == "asia"
    assert len(texts[0]) == len(texts[1]) == len(right)
    assert "one network for all sets" in SHORT.notes([row])[0]


def test_a_run_that_was_left_goes_on_to_the_same_weights(run, tmp_path):
    events = SHORT.run(keeper=Keeper(tmp_path))
    reached = [next(events).step for _ in range(2)]
    events.close()
    more = list(SHORT.run(keeper=Keeper(tmp_path)))
    assert [event.step for event in more if isinstance(event, Progress)] == SHORT.reports()[len(reached) :]
    left, whole = kept_marginals(SHORT, tmp_path), kept_marginals(SHORT, run[1])
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in left.state_dict().items())


def test_after_its_end_it_goes_on_for_longer(run, tmp_path):
    kept_file(tmp_path).write_bytes(kept_file(run[1]).read_bytes())
    longer = SHORT.longer()
    assert longer.num_steps == 80
    *reports, point = longer.run(keeper=Keeper(tmp_path))
    assert isinstance(point, Point)
    assert [event.step for event in reports] == [step for step in longer.reports() if step > 40]
    assert replace(SHORT, num_steps=MOST_STEPS).longer() is None


def test_exact_marginals_as_numbers():
    sachs = sv.load_network("sachs")
    x = sv.random_evidence(sachs, 3)
    found = exact_marginals(sachs, x)
    assert torch.equal(torch.isnan(found[..., 0]), ~torch.isnan(x))
    assert torch.allclose(found.sum(dim=-1)[torch.isnan(x)], torch.ones(int(torch.isnan(x).sum()), dtype=torch.float64))
    q = sv.MarginalNetwork(sachs, width=4)
    assert torch.equal(
        sv.marginal_divergence(sachs, q, x).nan_to_num(-1), sv.marginal_divergence(sachs, q, x, found).nan_to_num(-1)
    )


def test_it_travels_as_json():
    back = trial_of(json.loads(json.dumps(SHORT.to_json())))
    assert isinstance(back, AnyEvidence)
    assert back.settings() == SHORT.settings() == SHORT.described(SHORT.cells()[0])


def wide(num_parents: int) -> sv.BayesianNetwork:
    """A variable of two states with many parents of four."""
    parents = [f"p{i}" for i in range(num_parents)]
    tables = {p: sv.ConditionalTable((), "abcd", [0.25] * 4) for p in parents}
    shape = torch.full((*[4] * num_parents, 2), 0.5).numpy()
    tables["child"] = sv.ConditionalTable(tuple(parents), ("no", "yes"), shape)
    dag = nx.DiGraph([(p, "child") for p in parents])
    return sv.BayesianNetwork(dag, {"child"}, tables, name="wide")


def test_the_largest_table_counts_states():
    assert largest_table(wide(5)) == 2 * 4**5
    assert largest_table(ASIA) == 2**3
    with pytest.raises(sv.InputError, match="student has no tables"):
        largest_table(sv.load_network("student"))


def many(num_variables: int) -> sv.BayesianNetwork:
    names = [f"v{i}" for i in range(num_variables)]
    dag = nx.path_graph(names, create_using=nx.DiGraph)
    tables = {v: sv.ConditionalTable(tuple(dag.pred[v]), ("a", "b"), [[0.5, 0.5]] * 2) for v in names[1:]}
    tables[names[0]] = sv.ConditionalTable((), ("a", "b"), [0.5, 0.5])
    return sv.BayesianNetwork(dag, {names[-1]}, tables, name="path")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"network": sv.load_network("student")}, "networks with tables, but student has none"),
        ({"network": many(101)}, "up to 100 variables, but path has 101; choose a smaller one"),
        ({"network": wide(10)}, "tables of up to 2,097,152 numbers, and this page stops at 1,000,000"),
        ({"num_steps": 0}, "number of steps is at least 1"),
        ({"width": 0}, "width is at least 1"),
        ({"learning_rate": -1.0}, "learning rate must be positive"),
    ],
)
def test_what_cannot_be_learnt_is_one_sentence(values, sentence):
    with pytest.raises(sv.InputError, match=sentence) as caught:
        list(replace(SHORT, **values).run())
    assert "\n" not in str(caught.value)
