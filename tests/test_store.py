"""The store of sweeps and the runner: killed, shared, damaged, full; and a real cluster that loses a worker."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_sweep
from distributed import LocalCluster
from small_sweep import Cell, runs, sweep

from sirenvae.errors import InputError
from sirenvae.experiments import store as store_module
from sirenvae.experiments import sweeps
from sirenvae.experiments.executors import cluster, local_processes
from sirenvae.experiments.store import Store, StoreError, key_of
from sirenvae.experiments.sweeps import CellsFailed, Finished, run_cells


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweeps.sqlite"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def start(path, log, count, pause, num_workers=0):
    arguments = map(str, (path, log, count, pause, num_workers))
    return subprocess.Popen([sys.executable, small_sweep.__file__, *arguments], stderr=subprocess.PIPE, text=True)


def table(path):
    """What the store holds, in an order that does not depend on when cells were finished."""
    with Store(path, writable=False) as store:
        return sorted((row.config["number"], row.key, str(row.result)) for row in store.rows())


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


# The store by itself.


def test_what_is_put_is_got_and_the_first_row_stays(path):
    config, result = {"sizes": (7, 14), "network": "student"}, {"elbo": (1.5, 2.0), "name": "ü"}
    key = key_of("demo", config)
    with Store(path) as store:
        assert store.get(key) is None
        assert store.put(key, "demo", config, result, 2.0) == {"elbo": [1.5, 2.0], "name": "ü"}
        assert store.put(key, "demo", config, {"elbo": [0.0]}, 1.0)["elbo"] == [1.5, 2.0]
    with Store(path, writable=False) as store:
        [row] = store.rows("demo")
        assert store.rows("other") == []
    assert (row.key, row.seconds, row.config["sizes"], row.experiment) == (key, 2.0, [7, 14], "demo")
    assert "pytest" in row.command
    assert row.finished.endswith("+00:00")


def test_keys_know_the_config_and_the_experiment_and_nothing_else():
    # Independent of this code: printf '["demo",{"a":1,"b":[0.1]}]' | sha256sum
    assert key_of("demo", {"b": (0.1,), "a": 1}).startswith("adab9a43")
    assert key_of("demo", {"a": 1, "b": [0.1]}) != key_of("other", {"a": 1, "b": [0.1]})
    assert key_of("demo", {"a": 1}) != key_of("demo", {"a": 2})
    with pytest.raises(InputError, match="cannot be written as JSON"):
        key_of("demo", {"a": float("nan")})
    with pytest.raises(InputError, match="cannot be written as JSON"):
        key_of("demo", {"a": {1, 2}})


def test_rows_of_another_code_version_are_counted_and_not_used(path, log):
    with Store(path, version="1") as store:
        sweep(store, log, 2)
    with Store(path, version="2") as store:
        assert store.num_outdated() == store.num_outdated("squares") == 2
        assert store.num_outdated("other") == 0
        assert store.rows() == []
        assert not any(event.was_stored for event in sweep(store, log, 3))
        assert len(store.rows()) == 3
    with Store(path, version="1") as store:
        assert len(store.rows()) == 2


def make_foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()


def make_newer(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()


def make_damaged(path):
    with Store(path) as store:
        for number in range(30):
            store.put(str(number), "demo", {"number": number}, {"text": "x" * 3000}, 1.0)
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 9 * 4096] = os.urandom(6 * 4096)
    path.write_bytes(content)


def make_truncated(path):
    make_damaged(path)
    path.write_bytes(path.read_bytes()[: 5 * 4096 + 100])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"not a database"), "is not a SQLite file"),
        (lambda path: path.write_bytes(os.urandom(10_000)), "is not a SQLite file"),
        (make_foreign, "not a store of sweeps"),
        (make_newer, "written in format 9 by another version"),
        (make_damaged, "is damaged"),
        (make_truncated, "is damaged"),
    ],
)
@pytest.mark.parametrize("writable", [True, False])
def test_what_is_no_store_is_refused_and_left_as_it_was(path, make, sentence, writable):
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=sentence) as caught:
        Store(path, writable=writable)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_missing_and_impossible_places(path):
    with pytest.raises(StoreError, match="There is no store"):
        Store(path, writable=False)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        Store(path, writable=False)
    with pytest.raises(StoreError, match="cannot be made"):
        Store(path / "in" / "a-file.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(path.parent)
    with pytest.raises(StoreError, match=r"cannot be (opened|made)"):
        Store("/proc/self/store.sqlite")
    Store(path).close()
    Store(path.parent / "new folder" / "50% off?#.sqlite").close()
    assert os.listdir(path.parent / "new folder") == ["50% off?#.sqlite"]


def test_full_disk_is_a_sentence_and_the_store_is_intact(path, log):
    with Store(path) as store:
        sweep(store, log, 3)
        before = table(path)
        store._connection.execute("PRAGMA max_page_count = 5")
        with pytest.raises(StoreError, match="the disk is full; what was stored before is intact"):
            store.put("key", "demo", {}, {"text": "x" * 100_000}, 1.0)
        assert len(store.rows()) == 3
    assert table(path) == before


def test_write_that_fails_half_way_leaves_the_store_intact(path, log):
    """The system refuses to let the file grow, in the middle of writing it."""
    with Store(path) as store:
        sweep(store, log, 3)
    before = table(path)
    code = (
        "import resource, sys; from sirenvae.experiments.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "with Store(sys.argv[1]) as store: store.put('key', 'demo', {}, {'text': 'x' * 100_000}, 1.0)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert "StoreError: The store" in done.stderr
    assert "what was stored before is intact" in done.stderr
    assert table(path) == before


def test_row_that_is_refused_does_not_block_the_next(path, log):
    with Store(path) as store:
        with pytest.raises(StoreError, match="NOT NULL"):
            store.put("key", "demo", {}, {}, None)
        assert len(sweep(store, log, 2)) == len(store.rows()) == 2


def test_read_only_store_is_a_sentence(path, log):
    with Store(path) as store:
        sweep(store, log, 1)
        store._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="it is read-only"):
            sweep(store, log, 2)
        assert len(store.rows()) == 1


def test_killed_in_the_middle_of_a_write(path, log):
    with Store(path) as store:
        sweep(store, log, 3)
    before = table(path)
    code = (
        "import os, sys; from sirenvae.experiments.store import Store\n"
        "store = Store(sys.argv[1]); run = store._connection.execute\n"
        "run('PRAGMA cache_size = 2'); run('BEGIN IMMEDIATE'); run('UPDATE cells SET result = 0')\n"
        "for i in range(300): run('INSERT INTO cells VALUES (?, 1, 1, 1, ?, 1, 1, 1)', (i, 'x' * 1000))\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -signal.SIGKILL
    assert Path(f"{path}-journal").stat().st_size > 0
    assert path.stat().st_size > 100_000
    assert table(path) == before
    assert not Path(f"{path}-journal").exists()


def test_store_that_another_program_holds(path, monkeypatch):
    Store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(store_module, "_SECONDS_TO_WAIT", 0.1)
    with pytest.raises(StoreError, match="another program has held it"):
        Store(path)
    Store(path, writable=False).close()
    other.close()


# Sweeps.


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
def test_cell_that_fails_stops_no_other(path, log, with_executor):
    with Store(path) as store, ThreadPoolExecutor(2) as executor:
        with pytest.raises(
            CellsFailed, match=r"1 of 4 cells failed, the first, Cell\(number=2\), with ValueError: two"
        ):
            sweep(store, log, 4, executor=executor if with_executor else None, work=small_sweep.fail_on_two)
        assert sorted(row.config["number"] for row in store.rows()) == [0, 1, 3]
        assert [event.was_stored for event in sweep(store, log, 4)] == [True] * 3 + [False]


def test_executor_that_gives_up(path, log):
    class Lost(Executor):
        """Its futures are cancelled, as those of a cluster whose scheduler ended."""

        def submit(self, *_):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with Store(path) as store, pytest.raises(CellsFailed, match=r"3 of 3 cells failed.*its executor gave it up"):
        sweep(store, log, 3, executor=Lost())


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
        LocalCluster(2, threads_per_worker=1, dashboard_address=None, memory_limit=None) as local,
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
