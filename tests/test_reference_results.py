"""The results that come with the package: their file, the commands that write and show them."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from small_table import SHORT, small_config

import sirenvae as sv
from sirenvae.cli import main
from sirenvae.experiments import elbo_vs_size, executors, reference_results, table1
from sirenvae.experiments.reference_results import reference_result_names, write_reference_results
from sirenvae.experiments.store import CODE_VERSION, Store
from sirenvae.experiments.trial import Point
from sirenvae.figures import export
from sirenvae.figures.elbo import elbo_vs_size_figure

FORMATS = ("table", "csv", "markdown", "latex", "json")


@contextmanager
def threads(num_workers):
    with ThreadPoolExecutor(num_workers) as executor:
        yield executor, None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stands in for the package's folder of results."""
    monkeypatch.setattr(executors, "local_processes", threads)
    monkeypatch.setattr(reference_results, "files", lambda package: tmp_path)
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def test_what_is_written_is_read(folder):
    rows = [{"network": "fork", "nll": -1.23456789, "more": [1e-9, 3]}, {"network": "ü", "nll": float("nan")}]
    path = write_reference_results(folder / "demo.json", "demo", "python -m x", {"sizes": (1, 2)}, ["A note."], rows)
    results = sv.reference_results("demo")
    assert results.rows == ({"network": "fork", "nll": -1.23457, "more": [1e-9, 3]}, {"network": "ü", "nll": None})
    assert (results.experiment, results.command, results.notes) == ("demo", "python -m x", ("A note.",))
    assert (results.settings, results.code_version) == ({"sizes": [1, 2]}, CODE_VERSION)
    assert results.version[0].isdigit()
    assert '\n{"network": "fork", "nll": -1.23457, "more": [1e-09, 3]},\n' in path.read_text(encoding="utf-8")


def test_unknown_and_damaged_results_are_one_sentence(folder):
    with pytest.raises(sv.InputError, match="no reference results called 'table-1'; there are none yet"):
        sv.reference_results("table-1")
    write_reference_results(folder / "demo.json", "demo", "", {}, [], [])
    with pytest.raises(sv.InputError, match=r"called '\.\./demo'; there are demo\.$"):
        sv.reference_results("../demo")
    for text in ("{", "[]", '{"rows": []}'):
        (folder / "demo.json").write_text(text, encoding="utf-8")
        with pytest.raises(sv.InputError, match=r"demo\.json are damaged"):
            sv.reference_results("demo")
    with pytest.raises(sv.InputError, match="cannot be written"):
        write_reference_results(folder / "no" / "folder.json", "demo", "", {}, [], [])


def test_what_comes_with_the_package_can_be_shown(capsys):
    for name in reference_result_names():
        for form in FORMATS:
            assert main(["results", "--reference", name, "--format", form]) == 0
    assert main(["results", "--reference"]) == 0
    assert capsys.readouterr().out


def test_table_1_as_reference_results(folder, capsys, monkeypatch):
    config = small_config(networks=(sv.load_network("fork"),), multiples=(4,))
    monkeypatch.setattr(table1, "preset", lambda name, networks: config)
    words = ["table", "1", "--workers", "1", "--out", str(folder.parent / "out")]
    assert main([*words, "--reference", str(folder / "table-1.json")]) == 0
    assert f"wrote {folder / 'table-1.json'}" in capsys.readouterr().out
    results = sv.reference_results("table-1")
    assert results.command.startswith("python -m sirenvae table 1 --workers 1 --out ")
    assert results.settings["networks"][0]["name"] == "fork"
    assert results.settings["recipes"][0]["num_steps"] == 20
    assert [row["learner"] for row in results.rows] == ["truth", "true", "vanilla_vae", *config.references]
    assert list(results.notes) == config.notes(results.rows)

    shown = {}
    for form in FORMATS:
        assert main(["results", "--reference", "table-1", "--format", form]) == 0
        shown[form] = capsys.readouterr().out
    assert shown["markdown"].startswith("| network | points | per variable | learner ")
    assert f"made by {results.command} (sirenvae {results.version}, code version {CODE_VERSION})." in shown["table"]
    assert "Excess NLL: minus the NLL of the true network" in shown["table"]
    assert shown["latex"].startswith("% made by")
    assert json.loads(shown["json"])["rows"] == list(results.rows)
    rows = list(csv.DictReader(io.StringIO(shown["csv"])))
    assert [float(row["nll_mean"]) for row in rows] == [row["nll_mean"] for row in results.rows]
    assert main(["results", "--reference", "table-1", "--out", str(folder / "t.tex")]) == 0
    assert capsys.readouterr().out == f"wrote 5 rows to {folder / 't.tex'}\n"
    assert main(["results", "--reference"]) == 0
    assert capsys.readouterr().out.startswith("table-1: 5 rows, made by python -m sirenvae table 1")


def test_figure_of_two_networks_as_reference_results(folder, capsys, monkeypatch):
    monkeypatch.setattr(export, "write_png", lambda figure, path: None)
    words = ["figure", "elbo-vs-size", "--network", "fork", "tree-tanh-2", "--preset", "minute", "--sizes", "10"]
    words += ["--steps", "5", "--seeds", "2", "--workers", "1", "--out", str(folder.parent / "out")]
    assert main([*words, "--reference", str(folder / "elbo-vs-size.json")]) == 0
    results = sv.reference_results("elbo-vs-size")
    assert set(results.settings) == {"fork", "tree-tanh-2"}
    assert [row["network"] for row in results.rows] == ["fork"] * 4 + ["tree-tanh-2"] * 4
    assert {row["true_log_evidence_error"] for row in results.rows} == {0.0}
    capsys.readouterr()
    assert main(["results", "--reference", "elbo-vs-size", "--format", "markdown"]) == 0
    head, _, first, *_ = capsys.readouterr().out.splitlines()
    assert head.startswith("| network | points | model | recipe | seeds | ELBO |")
    assert first.startswith("| fork | 10 | SIReN-VAE, true structure | short | 2 | -")


def test_estimated_truth_of_the_figure_has_its_standard_error(folder, capsys):
    network = sv.load_network("ecoli70-tanh")
    config = elbo_vs_size.ElboVsSize(network, (46,), ("vanilla_vae",), num_seeds=1, recipe=SHORT, num_test=6)
    points = [event for event in config.run() if isinstance(event, Point)]
    log_prob, error = sv.true_log_prob_and_error(network, sv.sample_network(network, 6, 1_000_003)[0])
    [row] = config.rows(points)
    assert row["true_log_evidence"] == pytest.approx(log_prob.mean().item())
    assert row["true_log_evidence_error"] == pytest.approx(error.square().sum().sqrt().item() / 6)
    notes = elbo_vs_size.notes([row])
    assert f"except on ecoli70-tanh ({row['true_log_evidence_error']:.2g} nats)" in notes[-1]
    write_reference_results(folder / "elbo-vs-size.json", "elbo-vs-size", "", {}, notes, [row])
    assert main(["results", "--reference", "elbo-vs-size"]) == 0
    assert f"(estimated ± {row['true_log_evidence_error']:.2g})" in capsys.readouterr().out


def test_classical_learner_beside_the_models_of_the_figure(folder, capsys):
    network = sv.load_network("fork")
    settings = dict(models=("vanilla_vae",), references=("linear_gaussian_bn",), num_seeds=2, recipe=SHORT)
    config = elbo_vs_size.ElboVsSize(network, (40, 20), num_test=50, **settings)
    with Store(folder / "s.sqlite") as store:
        first = [event for event in config.run(store=store) if hasattr(event, "was_stored")]
        second = list(config.run(store=store))
    rows = config.rows(first)
    assert [(row["size"], row["model"]) for row in rows[::2]] == [
        (size, learner) for size in (20, 40) for learner in ("vanilla_vae", "linear_gaussian_bn")
    ]
    fitted = sv.fit_reference("linear_gaussian_bn", network, sv.sample_network(network, 40, 1)[0], seed=1)
    expected = fitted.log_prob(sv.sample_network(network, 50, 1_000_003)[0]).mean().item()
    assert rows[-1]["elbo"] == rows[-1]["iwae"] == expected
    assert (rows[-1]["recipe"], rows[-1]["iwae_samples"]) == (None, None)
    assert config.rows(second) == rows
    assert all(point.was_stored for point in second)
    names = [trace.name for trace in elbo_vs_size_figure(rows).data if trace.name]
    assert names == ["vanilla VAE", "linear BN, known structure"]
    write_reference_results(folder / "elbo-vs-size.json", "elbo-vs-size", "", {}, elbo_vs_size.notes(rows), rows)
    assert main(["results", "--reference", "elbo-vs-size", "--format", "markdown"]) == 0
    assert "| fork | 40 | linear BN, known structure | - | 2 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name either the file of a store or --reference"),
        (["s.sqlite", "--reference", "table-1"], "Name either the file of a store or --reference"),
        (["--reference", "table-1", "--experiment", "x"], "--experiment is for a store"),
        (["--reference", "table-9"], "no reference results called 'table-9'"),
        (["--reference", "--format", "csv"], "The list of reference results is no csv"),
        (["--reference", "table-1", "--format", "xml"], "one of table, csv, markdown, latex, json"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(arguments, sentence, capsys):
    assert main(["results", *arguments]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_place_that_cannot_be_is_refused_before_anything_runs(capsys, tmp_path):
    words = ["table", "1", "--out", str(tmp_path), "--reference", "/dev/null/x/table-1.json"]
    assert main(words) == 2
    assert "cannot be made" in capsys.readouterr().err
