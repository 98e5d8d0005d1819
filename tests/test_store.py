"""The store of sweeps: what it keeps, and what happens when it is damaged, foreign, full, held or killed."""

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from small_sweep import sweep, table

from sirenvae.errors import InputError
from sirenvae.experiments import store as store_module
from sirenvae.experiments.store import Store, StoreError, key_of


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
    assert shlex.split(row.command) == sys.orig_argv
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
