"""The commands that train tables and figures: their files, and what they say to bad input."""

import csv
import math
import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from small_table import small_config

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import executors, table1
from sirenvae.experiments.store import Store


@contextmanager
def threads(num_workers):
    with ThreadPoolExecutor(num_workers) as executor:
        yield executor, None


def test_files_and_screen(tmp_path, capsys, monkeypatch):
    config = small_config(networks=(sv.load_network("fork"),))
    monkeypatch.setattr(table1, "preset", lambda name, networks: config)
    monkeypatch.setattr(executors, "local_processes", threads)
    words = ["table", "1", "--steps", "5", "--multiples", "4", "--workers", "1"]
    assert main([*words, "--recipes", "default", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    head, rule, truth, *lines = printed.splitlines()
    assert head.startswith("| network | points | per variable | learner ")
    assert rule.startswith("| --- | ---: |")
    assert "true network" in truth
    assert "Excess NLL: minus the NLL of the true network" in printed
    stem = tmp_path / "out" / "table-1-quick"
    with open(f"{stem}.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["recipe"] for row in rows] == ["", "default", "default", "", ""]
    assert {row["training_points"] for row in rows[1:]} == {"16"}
    assert math.isfinite(float(rows[1]["excess_nll_mean"]))
    assert f"{float(rows[1]['excess_nll_mean']):.3f} ± {float(rows[1]['excess_nll_sd']):.3f}" in lines[0]
    markdown = (tmp_path / "out" / "table-1-quick.md").read_text(encoding="utf-8")
    assert markdown.count("\n|") == 1 + 5
    latex = (tmp_path / "out" / "table-1-quick.tex").read_text(encoding="utf-8")
    assert r"\begin{tabular}{lrrllrrrrrrr}" in latex
    assert r"$\pm$" in latex
    (stem.parent / "table-1-quick.tex").unlink()
    (stem.parent / "table-1-quick.tex").mkdir()
    assert main([*words, "--out", str(tmp_path / "out"), "--store", str(tmp_path / "s.sqlite")]) == 2
    assert "table-1-quick.tex cannot be written: Is a directory." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--networks", "nowhere"], "nowhere"),
        (["--networks", "fork", "fork"], "The networks must be different"),
        (["--preset", "x"], "one of quick, paper"),
        (["--recipes", "x"], "The recipe 'x' does not exist"),
        (["--runs", "0"], "number of runs is at least 1, but 0 came"),
        (["--multiples", "0"], "at least 1 point per variable, but 0 came"),
        (["--steps", "0"], "number of steps is at least 1"),
        (["--workers", "0"], "number of workers is at least 1"),
        (["--cluster", "nonsense"], "looks like tcp://host:8786, but 'nonsense' came"),
        (["--cluster", "tcp://127.0.0.1:9"], "No Dask scheduler answers at tcp://127.0.0.1:9"),
        (["--out", "/dev/null/x"], "cannot be made"),
        (["--store", "pyproject.toml"], "is not a SQLite file"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(arguments, sentence, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(executors.cluster.__wrapped__, "__defaults__", (0.3,))
    out = [] if "--out" in arguments else ["--out", str(tmp_path)]
    assert main(["table", "1", *arguments, *out]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_unreachable_cluster_of_a_figure(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(executors.cluster.__wrapped__, "__defaults__", (0.3,))
    words = ["figure", "elbo-vs-size", "--network", "fork", "--cluster", "tcp://127.0.0.1:9"]
    assert main([*words, "--store", str(tmp_path / "s.sqlite"), "--out", str(tmp_path)]) == 2
    assert "No Dask scheduler answers" in capsys.readouterr().err
    assert not (tmp_path / "s.sqlite").exists()


# Stores that cannot be used, and clusters that are not there: the store stays as it was.


def filled(path, count=1, version=None):
    with Store(path, version=version) if version else Store(path) as store:
        for number in range(count):
            store.put(str(number), "demo", {"number": number}, {"text": "x" * 3000}, 1.0)


def make_newer(path):
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()


def make_damaged(path):
    filled(path, 30)
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 9 * 4096] = b"\xa5" * (6 * 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("command", [["table", "1", "--networks", "fork"], ["figure", "elbo-vs-size"]])
@pytest.mark.parametrize(
    ("make", "arguments", "sentence"),
    [
        (make_newer, [], "was written in format 9 by another version of sirenvae"),
        (make_damaged, [], "is damaged"),
        (filled, ["--cluster", "tcp://127.0.0.1:1"], "No Dask scheduler answers at tcp://127.0.0.1:1"),
    ],
)
def test_store_stays_as_it_was(command, make, arguments, sentence, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(executors.cluster.__wrapped__, "__defaults__", (0.3,))
    path = tmp_path / "s.sqlite"
    make(path)
    before = path.read_bytes()
    assert main([*command, *arguments, "--store", str(path), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert path.read_bytes() == before


def test_rows_of_another_code_version_are_counted_and_kept(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(table1, "preset", lambda name, networks: small_config(networks=(sv.load_network("fork"),)))
    monkeypatch.setattr(executors, "local_processes", threads)
    filled(tmp_path / "s.sqlite", 3, version="0")
    assert main(["table", "1", "--store", str(tmp_path / "s.sqlite"), "--out", str(tmp_path / "out")]) == 0
    assert f"3 rows of {tmp_path / 's.sqlite'} are of another version of the code" in capsys.readouterr().err
    with Store(tmp_path / "s.sqlite", version="0") as store:
        assert len(store.rows("demo")) == 3


def test_full_disk_ends_the_command_with_a_sentence(tmp_path):
    """The system refuses to let any file grow beyond the store's size."""
    path = tmp_path / "s.sqlite"
    filled(path, 60)
    limit = path.stat().st_size
    words = ["table", "1", "--networks", "fork", "--multiples", "3", "--runs", "1", "--steps", "2", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "sirenvae", *words, "--store", path, "--out", tmp_path / "out"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"sirenvae: The store {path} cannot be used: the disk ")
    assert "what was stored before is intact" in done.stderr
    assert "Traceback" not in done.stderr
    with Store(path, writable=False) as store:
        assert len(store.rows("demo")) == 60
