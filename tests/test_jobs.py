"""Training jobs: a real worker process, small jobs."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest

pytest.importorskip("torch")

import torch

from sirenvae.errors import InputError
from sirenvae.experiments import elbo_vs_size
from sirenvae.experiments.elbo_vs_size import ElboVsSize
from sirenvae.experiments.inference_race import InferenceRace
from sirenvae.experiments.inference_race_work import weights_file
from sirenvae.experiments.keeping import Keeper, model_file
from sirenvae.experiments.trial import Point
from sirenvae.graphs import BayesianNetwork, load_network
from sirenvae.jobs.plans import FAILED, FINISHED, QUEUED, RUNNING, STOPPED
from sirenvae.jobs.queue import TrainingManager
from sirenvae.jobs.worker import train
from sirenvae.training import RECIPES
from sirenvae.training.checkpoints import load_model

STUDENT = load_network("student")


def recipe_of(num_steps):
    return replace(RECIPES["default"], name="default, changed", num_steps=num_steps)


SMALL = ElboVsSize(STUDENT, (14,), ("true", "vanilla_vae"), num_seeds=1, recipe=recipe_of(10))
LONG = ElboVsSize(STUDENT, (14,), ("vanilla_vae", "true"), num_seeds=1, recipe=recipe_of(20_000))


def wait_for(manager, job_id, condition, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not condition(job := manager.job(job_id)):
        assert time.monotonic() < deadline, f"still {job.state}: {job.message}"
        time.sleep(0.02)
    return job


def ended(job):
    return not job.active


@pytest.fixture(scope="module")
def manager():
    manager = TrainingManager(max_waiting=2)
    yield manager
    manager.close()


def test_job_trains_and_its_rows_are_those_of_the_experiment(manager):
    job = wait_for(manager, manager.submit(SMALL.to_json()), ended)
    assert (job.state, job.message) == (FINISHED, "")
    expected = SMALL.rows([event for event in SMALL.run() if isinstance(event, Point)])
    assert [row["model"] for row in job.rows] == ["true", "vanilla_vae"]
    for row, other in zip(job.rows, expected, strict=True):
        assert row["elbo"] == pytest.approx(other["elbo"], abs=1e-3)
        assert row["true_log_evidence"] == pytest.approx(other["true_log_evidence"], abs=1e-4)
    assert {record["model"] for record in job.progress} == {"true", "vanilla_vae"}
    assert job.about["steps"] == {14: 10}
    assert job.worker["decay"]["true"] < job.worker["decay"]["vanilla_vae"]


def test_a_race_is_a_job_too_and_each_page_finds_its_own(manager):
    race = InferenceRace(STUDENT, ("stuhlmueller", "mean_field"), num_steps=20, num_updates=3)
    first, second = manager.submit(SMALL.to_json()), manager.submit(race.to_json(), "inference")
    job = wait_for(manager, second, ended)
    assert job.state == FINISHED
    assert [(record["model"], record["step"]) for record in job.progress[:4]] == [
        (name, step) for step in race.reports()[:2] for name in race.inverses
    ]
    assert {row["inverse"]: row["steps"] for row in job.rows} == {"stuhlmueller": 20, "mean_field": 20}
    assert all(weights_file(job.folder, name).exists() for name in race.inverses)
    assert second in manager.job_ids(InferenceRace.name)
    assert second not in manager.job_ids(ElboVsSize.name)
    assert first in manager.job_ids(ElboVsSize.name)
    assert {first, second} <= set(manager.job_ids())


def test_a_race_goes_on_after_its_end_with_more_steps(manager):
    race = InferenceRace(STUDENT, ("mean_field",), num_steps=20, num_updates=3)
    job_id = manager.submit(race.to_json(), "inference")
    first = wait_for(manager, job_id, ended)
    assert first.can_go_on
    manager.resume(job_id)
    job = wait_for(manager, job_id, ended)
    assert (job.state, job.trial.num_steps, job.went_on) == (FINISHED, 40, [20])
    assert job.progress[: len(first.progress)] == first.progress
    assert [row["steps"] for row in job.rows] == [40]
    assert first.rows[0]["steps"] == 20  # a copy, as it was


def test_stop_is_quick_and_keeps_the_points(manager):
    job_id = manager.submit(LONG.to_json())
    wait_for(manager, job_id, lambda job: job.progress)
    start = time.monotonic()
    manager.stop(job_id)
    assert time.monotonic() - start < 1.5
    job = manager.job(job_id)
    assert (job.state, job.message) == (STOPPED, "Stopped.")
    assert job.progress


def test_a_stopped_job_goes_on_where_it_stopped_and_finds_the_same(manager):
    trial = replace(SMALL, models=("vanilla_vae",), recipe=recipe_of(1000))
    expected = wait_for(manager, manager.submit(trial.to_json()), ended, timeout=90.0).rows
    job_id = manager.submit(trial.to_json())
    wait_for(manager, job_id, lambda job: len(job.progress) >= 3)
    manager.stop(job_id)
    stopped = manager.job(job_id)
    assert stopped.can_go_on
    assert not stopped.points
    reached = stopped.progress[-1]["step"]
    manager.resume(job_id)
    assert manager.job_ids()[0] == job_id
    job = wait_for(manager, job_id, ended, timeout=90.0)
    assert job.state == FINISHED
    steps = [record["step"] for record in job.progress]
    assert steps == sorted(set(steps))
    assert reached in steps  # what was reported before stays: it was not trained again
    assert job.progress[: len(stopped.progress)] == stopped.progress
    assert job.rows == expected
    assert job.ended - job.started >= stopped.ended - stopped.started
    with pytest.raises(InputError, match="Only a stopped run"):
        manager.resume(job_id)


def test_models_of_a_job_can_be_loaded_and_go_when_it_is_forgotten():
    manager = TrainingManager(max_kept=1)
    first = manager.submit(SMALL.to_json())
    job = wait_for(manager, first, ended)
    for model in SMALL.models:
        loaded = load_model(model_file(job.folder, model, 14))
        assert (loaded.structure, loaded.replicas) == (model, (1,))
    manager.submit(SMALL.to_json())
    assert manager.job(first) is None
    assert not job.folder.exists()
    parent = job.folder.parent
    manager.close()
    assert not parent.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": [0]}, "at least 2 points"),
        ({"sizes": []}, "at least 2 points"),
        ({"models": []}, "There is no model"),
        ({"num_seeds": 0}, "seeds is at least 1"),
        ({"recipe": {"name": "wild", "learning_rate": -1.0}}, "learning rate must be positive"),
        ({"recipe": {"name": "none", "num_steps": 0}}, "number of steps is at least 1"),
        ({"recipe": {"name": "odd", "speed": 1}}, "The configuration of elbo-vs-size cannot be read"),
        ({"colour": "red"}, "has no colour; it has network, sizes"),
        ({"trial": "table-9"}, "There is no trial 'table-9'; there are table-1, elbo-vs-size"),
        ({"version": 0}, "version 1 is expected, but one of elbo-vs-size in version 0 came"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_sentence(manager, change, words):
    before = manager.job_ids()
    with pytest.raises(InputError, match=words) as caught:
        manager.submit(SMALL.to_json() | change)
    assert "\n" not in str(caught.value)
    assert manager.job_ids() == before


def test_a_network_without_numbers_is_refused():
    with pytest.raises(InputError, match="bare is a structure without numbers"):
        replace(SMALL, network=BayesianNetwork(STUDENT.dag, name="bare"))


def test_bad_input_is_refused_while_a_job_trains_and_the_queue_has_an_end(manager):
    running = manager.submit(LONG.to_json())
    wait_for(manager, running, lambda job: job.state == RUNNING)
    with pytest.raises(InputError, match="learning rate"):
        manager.submit(SMALL.to_json() | {"recipe": {"name": "wild", "learning_rate": -1.0}})
    first, second = manager.submit(SMALL.to_json()), manager.submit(SMALL.to_json())
    assert manager.num_ahead(second) == 2
    with pytest.raises(InputError, match="2 runs wait already"):
        manager.submit(SMALL.to_json())
    manager.stop(first)
    assert manager.job(first).state == STOPPED
    assert manager.job(second).state == QUEUED
    manager.stop(running)
    assert wait_for(manager, second, ended).state == FINISHED


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (torch.linalg.LinAlgError("ill-conditioned"), "Try a smaller learning rate."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Try fewer seeds or smaller training sets."),
        (ValueError("no idea"), "Training broke off: ValueError: no idea"),
    ],
)
def test_a_job_that_breaks_off_says_what_to_do(monkeypatch, tmp_path, error, advice):
    def broken(trial, keeper):
        raise error
        yield

    monkeypatch.setattr(ElboVsSize, "run", broken)
    sent = []
    train("job", SMALL.to_json(), Keeper(tmp_path), lambda *message: sent.append(message), stopped=set())
    [(kind, _, (state, message))] = sent
    assert (kind, state) == ("ended", FAILED)
    assert message.endswith(advice)


def test_a_dead_worker_fails_its_job_and_is_replaced(manager):
    running = manager.submit(LONG.to_json())
    wait_for(manager, running, lambda job: job.progress)
    waiting = manager.submit(SMALL.to_json())
    manager._worker.kill()
    job = wait_for(manager, running, ended)
    assert job.state == FAILED
    assert "ended unexpectedly (exit code -9)" in job.message
    assert wait_for(manager, waiting, ended).state == FINISHED


def test_a_job_that_never_reports_is_stopped_at_the_cap():
    manager = TrainingManager(max_seconds=0.3, stop_seconds=0.1)
    silent = ElboVsSize(STUDENT, (200_000,), ("true",), num_seeds=4)
    job = wait_for(manager, manager.submit(silent.to_json()), ended)
    manager.close()
    assert job.state == STOPPED
    assert "the longest a job may take" in job.message


def test_the_worker_ends_when_its_stdin_does(manager):
    manager.submit(SMALL.to_json())
    worker = manager._worker.process
    worker.stdin.close()
    assert worker.wait(timeout=10) == 0


def test_the_page_needs_no_torch():
    code = "import sys, sirenvae.ui.training.view, sirenvae.ui.training.controls; print('torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["False"]


def test_every_preset_has_a_button():
    from sirenvae.ui.training.controls import PRESETS

    assert tuple(PRESETS) == elbo_vs_size.PRESETS
