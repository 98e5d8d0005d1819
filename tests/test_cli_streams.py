"""The command line in pipes, in poor encodings, on full disks and stopped by hand: in processes of its own."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sirenvae.cli import main
from sirenvae.errors import InputError
from sirenvae.experiments.store import Store
from sirenvae.text_files import write_text

SHORT_TABLE = "table 1 --networks fork --multiples 3 --runs 1 --steps 2 --workers 1"
COMMANDS = [
    "invert arth150",
    "invert student --json",
    "networks",
    "race student",
    "train fork --size 9 --seeds 1 --steps 2",
    "results --reference table-1",
]


def command(words):
    return [sys.executable, "-m", "sirenvae", *words.split()]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_pipe_that_nobody_reads(words):
    with subprocess.Popen(command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert not [line for line in err.splitlines() if "Traceback" in line or "Exception" in line or "rror" in line]


def test_help_that_nobody_reads():
    with subprocess.Popen(command("train --help"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 141)  # argparse hides from us what came of it


def test_a_pipe_that_is_closed_after_a_line():
    with subprocess.Popen(command("invert arth150"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"   1. ")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_table_is_written_though_nobody_reads_it(tmp_path):
    words = f"{SHORT_TABLE} --out {tmp_path}"
    with subprocess.Popen(command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == [f"table-1-quick.{suffix}" for suffix in ("csv", "md", "tex")]


def run(words, folder, **environment):
    """A finished process whose output has the encoding of the environment."""
    rest = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    return subprocess.run(command(words), cwd=folder, env=rest | environment, capture_output=True)


@pytest.fixture
def umlaut(tmp_path):
    (tmp_path / "umlaut.csv").write_text("parent,child\nWärme,Blatt\nWärme,→\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, "Wärme".encode("cp1252")),
        ({"PYTHONIOENCODING": "ascii"}, b"Warme"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, b"Warme"),
        ({"PYTHONIOENCODING": "utf-8"}, "Wärme".encode()),
    ],
    ids=["cp1252", "ascii", "C", "utf-8"],
)
def test_what_an_encoding_lacks_has_a_stand_in(umlaut, environment, name):
    done = run("invert umlaut.csv", umlaut, **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert name + b" is eliminated" in done.stdout
    arrow = "→".encode() if environment.get("PYTHONIOENCODING") == "utf-8" else b"->"
    assert b"Blatt, " + arrow + b" become its parents" in done.stdout


def test_machines_lose_no_letter(umlaut):
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    content = json.loads(run("invert umlaut.csv --json", umlaut, **ascii_only).stdout)
    assert content["elimination_order"] == ["Wärme"]
    assert b'"&#8594;" -> "W&#228;rme";' in run("invert umlaut.csv --dot", umlaut, **ascii_only).stdout
    assert b'<node id="W&#228;rme"' in run("invert umlaut.csv --graphml", umlaut, **ascii_only).stdout
    done = run("results --reference table-1 --format json", umlaut, **ascii_only)
    assert done.returncode == 0
    assert json.loads(done.stdout)["experiment"] == "table-1"
    done.stdout.decode("ascii")


def test_sentences_about_errors_in_a_poor_encoding(umlaut):
    done = run("invert wörter.csv", umlaut, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith(b"sirenvae: The file worter.csv cannot be read")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
@pytest.mark.parametrize("words", ["networks", "invert arth150 --json"])
def test_a_full_disk_behind_the_output(words):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(command(words), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "sirenvae: The system does not go along: No space left on device.\n"


@pytest.mark.parametrize("name", ["table 1 --networks fork", "figure elbo-vs-size --network fork", "table parts"])
@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("file", "The folder file cannot be made: File exists."),
        ("file/in", "The folder file/in cannot be made: Not a directory."),
        ("/proc", "Nothing can be written to the folder /proc: "),
    ],
)
def test_folders_that_cannot_be_written_to_are_found_before_training(
    tmp_path, monkeypatch, capsys, name, out, sentence
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine", encoding="utf-8")
    for option in (f"--out {out}", f"--reference {out}/results.json --out new"):
        assert main(f"{name} {option} --store new.sqlite".split()) == 2
        err = capsys.readouterr().err
        assert sentence in err
        assert err.count("\n") == 1
    assert Path("file").read_text(encoding="utf-8") == "mine"
    assert not Path("new.sqlite").exists()


def test_a_table_that_cannot_be_written_in_the_end_is_printed(tmp_path):
    (tmp_path / "table-1-quick.md").mkdir()
    done = subprocess.run(command(f"{SHORT_TABLE} --out {tmp_path}"), capture_output=True, text=True)
    assert done.returncode == 2
    assert "table-1-quick.md cannot be written: Is a directory." in done.stderr
    assert done.stdout.startswith("| network | points ")


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "rows.csv"
    write_text(file, "before\r\n")
    assert file.read_bytes() == b"before\r\n"
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full_disk)
        with pytest.raises(InputError, match=r"rows\.csv cannot be written: No space left"):
            write_text(file, "after")
    assert file.read_bytes() == b"before\r\n"
    assert os.listdir(tmp_path) == ["rows.csv"]
    link = tmp_path / "link.csv"
    link.symlink_to(file)
    write_text(link, "after")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "after"
    write_text(Path("/dev/null"), "nothing")
    assert Path("/dev/null").is_char_device()


def hear_the_keyboard():
    """In a process that begins: a test run in the background ignores Ctrl-C, and what it starts would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stopped(words, folder, when):
    """Ctrl-C, which every process of the terminal hears, once `when` says so of the process and what it has shown."""
    with tempfile.NamedTemporaryFile() as shown:
        named = dict(stdout=subprocess.PIPE, stderr=shown, text=True, cwd=folder, start_new_session=True)
        with subprocess.Popen(command(words), **named, preexec_fn=hear_the_keyboard) as process:
            end = time.monotonic() + 120
            while not when(process.pid, Path(shown.name).read_text()) and time.monotonic() < end:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            printed = process.communicate()[0]
        err = Path(shown.name).read_text()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "sirenvae: stopped."
    assert "Traceback" not in err
    assert "Exception" not in err
    assert not printed


def finished(path):
    if not path.exists():
        return 0
    with Store(path, writable=False) as store:
        return len(store.rows())


def test_stopping_keeps_finished_cells(tmp_path):
    store = tmp_path / "s.sqlite"
    words = "table 1 --networks greenhouse --multiples 2 --runs 1 --workers 1 --store s.sqlite"
    stopped(words, tmp_path, lambda *_: finished(store) > 0)
    assert 0 < finished(store) < 10
    assert sorted(os.listdir(tmp_path)) == ["results", "s.sqlite"]


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="this system does not list processes there")
def test_stopping_while_the_workers_start(tmp_path):
    def have_started(process_id, _):  # beside them there is a process of Python's own
        if len(Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()) <= 2:
            return False
        time.sleep(0.5)  # they are importing by now
        return True

    stopped("table 1 --networks ecoli70 --workers 2", tmp_path, have_started)


def test_stopping_what_has_no_workers(tmp_path):
    stopped("train ecoli70", tmp_path, lambda _, shown: re.search(r"[1-9]\d*%", shown))
