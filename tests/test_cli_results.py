"""The command that lists and exports what a store holds."""

import csv
import io
import json

import pytest

from sirenvae.cli import main
from sirenvae.experiments.store import CODE_VERSION, Store, key_of

CELLS = [
    ("true", 7, {"elbo": [-30.0, -32.0], "faithful": True, "note": "50% | a_b"}),
    ("vanilla_vae", 7, {"elbo": [-41.5, -41.5], "faithful": False, "note": "-"}),
    ("true", 14, {"elbo": [float("nan"), -32.0], "faithful": True, "note": "-"}),
]


def fill(path, experiment="elbo_vs_size", cells=CELLS, version=CODE_VERSION):
    with Store(path, version=version) as store:
        for model, size, result in cells:
            config = {"model": model, "size": size, "recipe": {"name": "short", "steps": 10}}
            store.put(key_of(experiment, config), experiment, config, result, 1.25)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sweeps.sqlite"
    fill(path)
    return path


def test_table_shows_what_differs(path, capsys):
    assert main(["results", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["model", "size", "elbo", "faithful", "note", "seconds"]
    assert lines[1].split()[:5] == ["true", "7", "-31", "±", "1.4"]
    assert len({len(line) - len(line.lstrip()) for line in lines[:4]}) == 1
    assert lines[-1] == "The same in all rows: experiment elbo_vs_size, recipe name short, recipe steps 10."


def test_csv_has_mean_and_deviation(path, capsys):
    assert main(["results", str(path), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["size"] for row in rows] == ["7", "7", "14"]
    assert float(rows[0]["elbo_mean"]) == -31.0
    assert float(rows[0]["elbo_sd"]) == pytest.approx(2**0.5)
    assert rows[2]["elbo_mean"] == ""
    assert json.loads(rows[2]["elbo"])[1] == -32.0
    assert rows[0]["note"] == "50% | a_b"


def test_json_has_everything(path, capsys):
    assert main(["results", str(path), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert rows[0]["config"] == {"model": "true", "size": 7, "recipe": {"name": "short", "steps": 10}}
    assert rows[0]["result"]["elbo"] == [-30.0, -32.0]
    assert rows[2]["result"]["elbo"] == [None, -32.0]
    assert {"key", "version", "experiment", "seconds", "finished", "command"} <= set(rows[0])


def test_markdown_and_latex(path, capsys):
    assert main(["results", str(path), "--format", "markdown"]) == 0
    head, rule, first, *_ = capsys.readouterr().out.splitlines()
    assert head == "| model | size | elbo | faithful | note | seconds |"
    assert rule == "| --- | ---: | ---: | ---: | --- | ---: |"
    assert first == r"| true | 7 | -31 ± 1.4 | yes | 50% \| a_b | 1.2 |"
    assert main(["results", str(path), "--format", "latex"]) == 0
    text = capsys.readouterr().out
    assert r"true & 7 & -31 $\pm$ 1.4 & yes & 50\% | a\_b & 1.2 \\" in text
    assert r"vanilla\_vae & 7" in text
    assert text.startswith(r"\begin{tabular}{lrrrlr}")
    assert text.endswith("\\end{tabular}\n")


@pytest.mark.parametrize(
    ("name", "start"), [("t.csv", "model,"), ("t.md", "| model"), ("t.tex", r"\begin"), ("t.json", "[")]
)
def test_form_follows_the_name_of_the_file(path, tmp_path, capsys, name, start):
    assert main(["results", str(path), "--out", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out == f"wrote 3 rows to {tmp_path / name}\n"
    assert (tmp_path / name).read_text().startswith(start)


def test_only_one_experiment(path, capsys):
    fill(path, "table1", CELLS[:1])
    assert main(["results", str(path), "--experiment", "table1"]) == 0
    assert "experiment table1, model true, size 7" in capsys.readouterr().out
    assert main(["results", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[0] == "experiment"
    assert main(["results", str(path), "--experiment", "table2"]) == 2
    assert "has no results of 'table2'; it holds elbo_vs_size, table1." in capsys.readouterr().err


def test_rows_of_another_code_version_are_reported(path, capsys):
    fill(path, cells=CELLS[:2], version="0")
    assert main(["results", str(path), "--format", "csv"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 4
    assert captured.err == "2 rows were computed by another version of the code and are left out.\n"


def test_store_without_cells(tmp_path, capsys):
    Store(tmp_path / "empty.sqlite").close()
    for form, text in {
        "table": "No finished cells.",
        "csv": "",
        "markdown": "No finished cells.",
        "json": "[]",
    }.items():
        assert main(["results", str(tmp_path / "empty.sqlite"), "--format", form]) == 0
        assert capsys.readouterr().out.strip() == text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such.sqlite"], "There is no store"),
        (["sweeps.sqlite", "--format", "xml"], "one of table, csv, markdown, latex, json"),
        (["sweeps.sqlite", "--out", "no/such/folder.csv"], "cannot be written"),
        (["text.sqlite"], "is not a SQLite file"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(path, tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.sqlite").write_text("words")
    assert main(["results", *arguments]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
