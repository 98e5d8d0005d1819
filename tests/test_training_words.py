"""What the training page says and draws, from made-up numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from colour_contrast import contrast

from sirenvae.experiments.elbo_vs_size import ElboVsSize
from sirenvae.graphs import load_network
from sirenvae.jobs.plans import RUNNING, Job
from sirenvae.training import RECIPES
from sirenvae.ui.training.charts import size_chart, size_in_training, training_chart
from sirenvae.ui.training.words import (
    doing,
    duration,
    findings,
    posterior_rows,
    posterior_words,
    samples_rows,
    seconds_left,
    share_done,
)

STUDENT = load_network("student")


def point(model, size, losses, train=(2.9, 2.9), seconds=10.0):
    rows = [
        {
            "model": model,
            "size": size,
            "seed": i,
            "elbo": -loss,
            "train_elbo": -t,
            "true_log_evidence": -3.0,
            "true_log_evidence_error": 0.0,
            "diverged": loss > 99,
        }
        for i, (loss, t) in enumerate(zip(losses, train, strict=True))
    ]
    return {"model": model, "size": size, "seconds": seconds, "rows": rows}


def record(model, size, step, loss=4.0):
    return {
        "model": model,
        "size": size,
        "step": step,
        "num_steps": 100,
        "train_elbo": (-loss + 0.5,),
        "test_elbo": (-loss,),
        "replica_steps_per_second": 10.0,
    }


@pytest.fixture
def job():
    recipe = replace(RECIPES["default"], num_steps=100)
    trial = ElboVsSize(STUDENT, (7, 70), ("true", "vanilla_vae"), num_seeds=2, recipe=recipe)
    return Job("student-own-0000", trial.to_json(), Path("nowhere"), state=RUNNING, started=0.0)


def test_the_gap_is_judged_by_pairs_of_seeds(job):
    job.points = [point("true", 7, (3.5, 5.5)), point("vanilla_vae", 7, (4.5, 6.6))]
    first = findings(job)[0]
    assert "**1.05 nats nearer to** the exact line than the vanilla VAE: 1.50 against 2.55 nats above it" in first
    job.points += [point("true", 70, (3.2, 3.3)), point("vanilla_vae", 70, (3.3, 3.2))]
    assert any("these seeds cannot tell" in sentence for sentence in findings(job))
    assert any("the gap closes" in sentence for sentence in findings(job))


def test_a_worse_true_structure_is_said_to_be_worse(job):
    job.points = [point("true", 7, (5.5, 5.6)), point("vanilla_vae", 7, (4.5, 4.5))]
    assert "**1.05 nats farther from** the exact line" in findings(job)[0]
    assert not any("masks" in sentence for sentence in findings(job))


def test_an_estimated_truth_is_said_to_be_estimated(job):
    job.points = [point("true", 7, (3.5, 5.5)), point("vanilla_vae", 7, (4.5, 6.6))]
    for row in job.rows:
        row["true_log_evidence_error"] = 0.0061
    assert "nearer to** the estimated line (standard error 0.006) than the vanilla VAE" in findings(job)[0]
    for chart in (training_chart(STUDENT, job, 7, False), size_chart(STUDENT, job, False)):
        assert chart["series"][0]["markLine"]["label"]["formatter"] == "estimated: 3.000 ± 0.006 nats"


def test_numbers_that_are_not_finite_are_left_out(job):
    job.points = [point("true", 7, (3.5, float("nan"))), point("vanilla_vae", 7, (4.5, 4.5))]
    assert findings(job) == ["With **7 points** the vanilla VAE ends 1.50 nats above the exact line."]
    job.progress = [record("true", 7, 50, float("nan")), record("vanilla_vae", 7, 50)]
    for chart in (training_chart(STUDENT, job, 7, False), size_chart(STUDENT, job, False)):
        assert "nan" not in str(chart)


def test_what_is_being_done_names_all_sizes_that_train_together(job):
    assert doing(job) == "Drawing data and building the first model."
    job.progress = [record("true", 7, 30), record("true", 70, 40)]
    assert doing(job).endswith("with 7 and 70 points, step 30 of 100.")
    assert doing(job).startswith("0 of 4 done: ")
    job.points = [point("true", 7, (3.5, 3.5))]
    assert doing(job).endswith("with 70 points, step 40 of 100.")
    job.progress.append(record("true", 70, 100))
    assert "measuring" in doing(job)
    job.points.append(point("true", 70, (3.5, 3.5)))
    assert doing(job) == "2 of 4 done; the next model is being built."


def test_curves_stay_at_the_largest_size_that_trains(job):
    assert size_in_training(job) == 70
    shown = []
    for step in (10, 20):
        for size in (70, 7):
            job.progress.append(record("true", size, step))
            shown.append(size_in_training(job))
    assert set(shown) == {70}
    job.about["tasks"] = [[("true", 7)], [("true", 70), ("vanilla_vae", 70)]]
    job.progress.append(record("true", 7, 30))
    assert size_in_training(job) == 7
    job.progress.append(record("vanilla_vae", 70, 10))
    assert size_in_training(job) == 70


def test_a_run_that_diverged_is_named(job):
    job.points = [point("true", 7, (3.5, 100.0))]
    assert findings(job)[-1].startswith("One run met numbers that are not finite")


def test_time_left_follows_each_models_pace(job):
    job.progress = [record("true", 7, 50), record("true", 70, 50)]
    assert share_done(job) == pytest.approx(100 / 400)
    assert seconds_left(job, now=20.0) == pytest.approx(20 + 40)
    job.points = [point("true", 7, (3.5, 3.5), seconds=28.0), point("true", 70, (3.5, 3.5), seconds=30.0)]
    job.progress += [record("vanilla_vae", 7, 50)]
    assert share_done(job) == pytest.approx(250 / 400)
    assert seconds_left(job, now=35.0) == pytest.approx(5 + 10)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (42, "40 s"), (130, "2 min"), (7200, "2.0 h")])
def test_durations_are_rounded(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize("dark", [False, True])
def test_charts_show_every_model_and_the_exact_line(job, dark):
    job.progress = [record("true", 7, 50), record("vanilla_vae", 7, 50), record("true", 70, 50)]
    job.points = [point("true", 7, (3.5, 3.7)), point("vanilla_vae", 7, (4.5, 4.6))]
    for chart in (training_chart(STUDENT, job, 7, dark), size_chart(STUDENT, job, dark)):
        assert chart["legend"]["data"] == ["SIReN-VAE, true structure", "vanilla VAE"]
        exact = chart["series"][0]["markLine"]
        assert exact["label"]["formatter"] == "exact: 3.00 nats"
        assert exact["lineStyle"]["color"] == ("#FFFFFF" if dark else "#000000")
        assert chart["yAxis"]["min"] < 3.0 < chart["yAxis"]["max"]
        words = [chart["legend"]["textStyle"]["color"]]
        words += [chart[axis][part]["color"] for axis in ("xAxis", "yAxis") for part in ("axisLabel", "nameTextStyle")]
        assert min(contrast(colour, "#14171B" if dark else "#FFFFFF") for colour in words) >= 4.5
    band = next(series for series in chart["series"] if "areaStyle" in series)
    assert band["data"] == [[7, pytest.approx(2 * 0.1414, abs=1e-3)]]


def test_rows_of_a_posterior_and_of_draws():
    bars = {"exact": (np.zeros(3), np.ones(3)), "true": (np.array([0.5, 3.0, -1.0]), np.array([1.0, 1.0, 0.6]))}
    [row] = posterior_rows(bars, {"true": [0.9, 0.1, 0.5]})
    assert list(row.values()) == ["SIReN-VAE, true structure", "2 of 3 latents", "1.00", "0.50"]
    data = np.array([[0.0, 1.0], [2.0, 5.0]])
    rows = samples_rows(["a", "b"], data, {"vanilla_vae": -data})
    assert [row["vanilla VAE"] for row in rows] == ["-1.00", "1.00", "-3.00", "2.00", "1.00"]
    assert len(samples_rows(["a"], data[:, :1], {})) == 2


def test_what_is_said_of_a_posterior_depends_on_what_is_known():
    assert "no exact one to compare with" in posterior_words(False, ("true",))
    assert "Only the true structure" not in posterior_words(True, ("true",))
    assert "Only the true structure" in posterior_words(True, ("true", "vanilla_vae"))
