"""Sweeps that are killed, interrupted, shared, and a real cluster that loses a worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import pytest
import small_sweep
from distributed import LocalCluster
from small_sweep import Cell, runs, sweep, table

from sirenvae.errors import InputError
from sirenvae.experiments import sweeps
from sirenvae.experiments.executors import cluster, local_processes
from sirenvae.experiments.store import Store
from sirenvae.experiments.sweeps import CellsFailed, Finished, run_cells


def start(path, log, count, pause, num_workers=0):
    arguments = map(str, (path, log, count, pause, num_workers))
    return subprocess.Popen([sys.executable, small_sweep.__file__, *arguments], stderr=subprocess.PIPE, text=True)


def wait_until(condition, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_runs(log, count, process):
    wait_until(lambda: len(runs(log)) >= count or process.poll() is not None)


def undisturbed(tmp_path, count):
    with Store(tmp_path / "undisturbed.sqlite") as store:
        sweep(store, tmp_path / "undisturbed.log", count)
    return table(tmp_path / "undisturbed.sqlite")


def test_second_sweep_runs_only_what_is_new(path, log):
    with Store(path) as store:
        first = sweep(store, log, 3)
        second = sweep(store, log, 5)
    assert [event.was_stored for event in second] == [True] * 3 + [False] * 2
    assert [event.num_finished for event in second] == [1, 2, 3, 4, 5]
    assert {event.num_cells for event in second} == {5}
    assert [event.result for event in second[:3]] == [event.result for event in first]
    assert sorted(number for number, _ in runs(log)) == [0, 1, 2, 3, 4]
    assert [event.result for event in sweep(None, log, 5)] == [event.result for event in second]


def test_same_config_twice_is_one_cell(log):
    twice = run_cells([Cell(1), Cell(1)], partial(small_sweep.square, log, 0.0), experiment="squares")
    assert len(list(twice)) == 1


def test_time_left_counts_costs(log, monkeypatch):
    clock = iter([0.0, 10.0, 20.0, 60.0])
    fake = SimpleNamespace(monotonic=lambda: next(clock), perf_counter=time.perf_counter)
    monkeypatch.setattr(sweeps, "time", fake)
    events = sweep(None, log, 3, cost=lambda cell: [1.0, 1.0, 4.0][cell.number])
    assert [event.seconds_left for event in events] == [50.0, 40.0, 0.0]


def test_work_may_report_on_its_way(path, log):
    with Store(path) as store:
        work = partial(small_sweep.square_with_events, log, 0.0)
        events = list(run_cells(small_sweep.cells(2), work, store, experiment="squares"))
    assert [e for e in events if isinstance(e, str)] == ["start 0", "end 0", "start 1", "end 1"]
    assert [e.result["square"] for e in events if isinstance(e, Finished)] == [0, 1]


@pytest.mark.parametrize("with_executor", [False, True])
def test_cells_that_run_together_are_stored_one_by_one(path, log, with_executor):
    """Pairs of what is missing; the pair that fails fails whole, and its sentence names its first cell."""
    groups = []

    def work(pair):
        groups.append([cell.number for cell in pair])
        if Cell(4) in pair:
            raise ValueError("four is too many")
        return [{"square": cell.number**2} for cell in pair]

    def in_pairs(missing):
        return [tuple(missing[i : i + 2]) for i in range(0, len(missing), 2)]

    names = dict(experiment="squares", together=in_pairs, cost=lambda cell: 1.0 + cell.number)
    with Store(path) as store, ThreadPoolExecutor(1) as threads:
        executor = threads if with_executor else None
        sweep(store, log, 1)
        with pytest.raises(
            CellsFailed, match=r"2 of 7 cells failed, the first, Cell\(number=3\), with ValueError: four"
        ):
            list(run_cells(small_sweep.cells(7), work, store, executor, **names))
        rows = {row.config["number"]: row for row in store.rows()}
    assert groups == [[1, 2], [3, 4], [5, 6]]
    assert {number: row.result["square"] for number, row in rows.items()} == {0: 0, 1: 1, 2: 4, 5: 25, 6: 36}
    assert rows[2].seconds == pytest.approx(rows[1].seconds * 3 / 2)


@pytest.mark.parametrize("with_executor", [False, True])
def test_cell_that_fails_stops_no_other(path, log, with_executor):
    with Store(path) as store, ThreadPoolExecutor(2) as executor:
        with pytest.raises(
            CellsFailed, match=r"1 of 4 cells failed, the first, Cell\(number=2\), with ValueError: two"
        ):
            sweep(store, log, 4, executor=executor if with_executor else None, work=small_sweep.fail_on_two)
        assert sorted(row.config["number"] for row in store.rows()) == [0, 1, 3]
        assert [event.was_stored for event in sweep(store, log, 4)] == [True] * 3 + [False]


class Lost(Executor):
    """Its futures are cancelled, as those of a cluster whose scheduler ended; after `last` it takes no more cells."""

    def __init__(self, last):
        self.last = last

    def submit(self, work, *arguments):
        if arguments[-1].number > self.last:
            raise BrokenExecutor("a worker died")
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


@pytest.mark.parametrize(
    ("last", "words"), [(9, "its executor gave it up"), (-1, "a worker died"), (1, "a worker died")]
)
def test_executor_that_gives_up(path, log, last, words):
    with Store(path) as store, pytest.raises(CellsFailed, match=rf"3 of 3 cells failed.*{words}"):
        sweep(store, log, 3, executor=Lost(last))


def test_stopping_early_keeps_what_is_finished(path):
    """Cells 0 and 1 are finished, only 0 was looked at, 2 runs and the others wait."""
    two_runs, end = threading.Event(), threading.Event()

    def work(cell):
        if cell.number == 2:
            two_runs.set()
            assert end.wait(10)
        return {"number": cell.number}

    with Store(path) as store, ThreadPoolExecutor(1) as executor:
        events = run_cells(small_sweep.cells(9), work, store, executor, experiment="squares")
        next(events)
        assert two_runs.wait(10)
        events.close()
        end.set()
        assert sorted(row.config["number"] for row in store.rows()) == [0, 1]


@pytest.mark.parametrize(("num_workers", "kills"), [(0, (4, 8)), (2, (6,))])
def test_killed_sweep_goes_on_where_it_stopped(tmp_path, path, log, num_workers, kills):
    """Killed with -9: nothing finished runs again or is lost, and the table is that of an undisturbed sweep."""
    for goal in kills:
        process = start(path, log, 14, 0.05, num_workers)
        wait_for_runs(log, goal, process)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        kept = table(path)
        time.sleep(0.2)  # Orphaned workers are gone by now.
        begun = len(runs(log))
    process = start(path, log, 14, 0.0, num_workers)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert 0 < len(kept) < 14
    again = {number for number, _ in runs(log)[begun:]}
    assert again == set(range(14)) - {number for number, *_ in kept}
    assert set(kept) <= set(table(path))
    assert table(path) == undisturbed(tmp_path, 14)


def test_interrupted_sweep_keeps_what_is_finished(path, log):
    process = start(path, log, 200, 0.05, 2)
    wait_for_runs(log, 6, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in err
    assert 2 <= len(table(path)) < 20


def test_two_sweeps_share_a_store(tmp_path, path, log):
    processes = [start(path, tmp_path / f"log{i}", 40, 0.002) for i in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
    assert table(path) == undisturbed(tmp_path, 40)


def test_worker_that_dies_is_named_and_the_finished_cells_stay(path, log):
    with Store(path) as store:
        with local_processes(1) as (executor, line), pytest.raises(CellsFailed, match="BrokenProcessPool") as caught:
            sweep(store, log, 4, executor=executor, work=small_sweep.die_on_two, line=line)
        assert "2 of 4 cells failed" in str(caught.value)
        assert sorted(row.config["number"] for row in store.rows()) == [0, 1]


# Clusters.


@pytest.mark.parametrize("address", ["nonsense", "", "http://localhost:1", "tcp://localhost", "localhost:99999"])
def test_address_that_is_none(address):
    with pytest.raises(InputError, match="looks like tcp://host:8786"), cluster(address):
        pass


def test_unreachable_cluster_leaves_the_store_alone(path, log):
    with Store(path) as store:
        sweep(store, log, 1)
    before = path.read_bytes()
    sentence = "No Dask scheduler answers at tcp://127.0.0.1:9 within 0.5 s"
    with pytest.raises(InputError, match=sentence), cluster("tcp://127.0.0.1:9", timeout=0.5), Store(path) as store:
        sweep(store, log, 2)
    assert path.read_bytes() == before


def test_without_distributed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="needs the package distributed"), cluster("tcp://127.0.0.1:9"):
        pass


def test_cluster_that_loses_a_worker_finishes_every_cell(tmp_path, path, log):
    killer = threading.Thread(target=_kill_a_worker, args=(log,))
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0", memory_limit=None) as local,
        cluster(local.scheduler_address) as executor,
        Store(path) as store,
    ):
        killer.start()
        events = sweep(store, log, 12, 0.4, executor)
        killer.join()
    assert {event.was_stored for event in events} == {False}
    numbers = [number for number, _ in runs(log)]
    assert len(numbers) == 13  # Only the cell that died ran again.
    assert table(path) == undisturbed(tmp_path, 12)


def _kill_a_worker(log):
    wait_until(lambda: len(runs(log)) >= 5)
    time.sleep(0.2)  # In the middle of a cell; the results before have arrived.
    os.kill(runs(log)[-1][1], signal.SIGKILL)
