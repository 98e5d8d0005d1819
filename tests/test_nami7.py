"""The figure of a Bayesian mixture: its trial, what it says, its picture. Its command is among those of all options."""

import pytest

import sirenvae as sv
from sirenvae.experiments.nami7 import MIXTURE_INVERSES, PRESETS, Nami7, preset
from sirenvae.figures.nami7 import LOOKS, nami7_figure

SMALL = dict(num_data=6, num_sets=2000, num_test=20, evidence_samples=300, datum_features=8, set_features=12)


@pytest.fixture(scope="module")
def found():
    trial = Nami7(**SMALL, num_runs=2, num_steps=200, num_looks=2)
    events = list(trial.run())
    points = [event for event in events if hasattr(event, "was_stored")]
    return trial, events, points


def test_a_cell_for_each_inverse_with_progress_and_runs_that_end_lower(found):
    trial, events, points = found
    assert [point.cell.learner for point in points] == list(MIXTURE_INVERSES)
    assert len(events) > len(points)
    for point in points:
        assert point.values["steps"] == [100, 200]
        assert point.values["edges"] == trial.inverse(point.cell.learner).dag.number_of_edges()
        assert len(point.values["kl"][0]) == 2
        first, last = (sum(kl) for kl in point.values["kl"])
        assert last < first
        assert not any(point.values["diverged"])


def test_the_divergence_is_no_less_than_its_part_of_the_data(found):
    _, _, points = found
    for point in points:
        parts = point.values["kl_data"]
        if point.cell.learner == "topological":
            assert parts is None
            continue
        for kl, part in zip(point.values["kl"], parts, strict=True):
            assert all(0 < b < a + 1.5 for a, b in zip(kl, part, strict=True))  # 20 draws of z beside exact sums


def test_rows_notes_and_figure(found):
    trial, _, points = found
    rows = trial.rows(points)
    assert len(rows) == 6
    runs = points[0].values["kl"][1]
    assert rows[1]["kl_mean"] == pytest.approx(sum(runs) / 2)
    assert rows[1]["kl_error"] == pytest.approx(abs(runs[0] - runs[1]) / 2)
    assert any("fully connected ends" in sentence for sentence in trial.notes(rows))
    figure = nami7_figure(rows, "title")
    lines = [trace for trace in figure.data if trace.name]
    assert [trace.line.color for trace in lines] == [colour for _, colour, _ in LOOKS.values()]
    assert list(lines[0].y) == [row["kl_mean"] for row in rows[:2]]


def test_notes_say_from_where_on_reverse_is_below():
    def row(inverse, step, kl):
        return {"inverse": inverse, "step": step, "kl_mean": kl}

    kls = {"reverse": (3.0, 2.0, 1.0), "fully_connected": (2.5, 2.5, 1.5)}
    rows = [row(name, 100 * (i + 1), kl) for name, those in kls.items() for i, kl in enumerate(those)]
    assert Nami7().notes(rows)[-1] == (
        "The fully connected ends +0.50 nats from reverse NaMI and is above it from step 200 of 300 on."
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: preset("huge"), "one of quick, paper"),
        (lambda: Nami7(inverses=("magic",)), "There is no inverse magic"),
        (lambda: Nami7(inverses=("reverse", "reverse")), "must be different"),
        (lambda: Nami7(num_runs=0), "number of runs is positive"),
        (lambda: Nami7(num_data=1), "no network called 'gaussian-mixture-1'"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(sv.InputError, match=words):
        make()


def test_presets():
    assert PRESETS["paper"].num_runs == 10
    assert {one.num_data for one in PRESETS.values()} == {200}
