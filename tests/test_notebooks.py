"""The notebooks: they run anywhere, show what they say, and find the numbers of the command line."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
import rerun
from short_trials import short
from small_table import small_config

from sirenvae import notebooks
from sirenvae.cli import main
from sirenvae.experiments import table1
from sirenvae.experiments.reference_results import write_reference_results
from sirenvae.experiments.trial import Point

NAMES = ["00_tour", "01_inversion", "02_masks_and_flows", "03_siren_vae", "04_inference", "05_images"]
ROOT = Path(__file__).parents[1]
MACHINE = re.compile(r"/(home|root|tmp|work|Users|usr|opt)/|[A-Z]:\\\\")
STRICT = f"""
import sys
import warnings
warnings.simplefilter("error")
sys.path.append({str(Path(__file__).parent)!r})
import short_trials
short_trials.shorten()
"""
HERE = "short_trials.run_here()"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Notebooks after a run in another folder, the solutions of their exercises included, warnings as errors.

    Their trials and fits are short. The trial of the first one has processes of its own, as when a reader runs it.
    """
    runs = {}

    def run(name):
        if name not in runs:
            notebook = rerun.read(name)
            notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions(notebook)]
            first = STRICT if name == "00_tour" else STRICT + HERE
            runs[name] = rerun.execute(notebook, folder=tmp_path_factory.mktemp(name), first=first)
        return runs[name]

    return run


def solutions(notebook) -> list[str]:
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [code for text in texts for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts_of(cell) -> list[str]:
    """What a cell printed, and its tables as text."""
    printed = [output.text for output in cell.outputs if output.get("name") == "stdout"]
    shown = [output.data for output in cell.outputs if "data" in output]
    return printed + [data["text/plain"] for data in shown if "text/markdown" in data]


def test_these_are_all():
    assert rerun.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_another_folder_without_a_warning(name, executed):
    notebook = executed(name)
    assert len(rerun.figures(notebook)) == len(rerun.figures(rerun.read(name)))
    words = [output.text for cell in code_cells(notebook) for output in cell.outputs if output.get("name") == "stderr"]
    assert "Warning" not in " ".join(words)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_is_one_clean_run_with_pictures(name):
    notebook = rerun.read(name)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in (output for cell in cells for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
    found = rerun.figures(notebook)
    assert len(found) >= 2
    for figure in found:
        assert figure.data.pop("image/png").startswith("iVBORw0KGgo")  # as every PNG in base 64
    assert not MACHINE.search(json.dumps(notebook))


@pytest.mark.parametrize("name", NAMES)
def test_its_form(name):
    notebook = rerun.read(name)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for part in ("**The claim.**", "**What you see.**", "## Try next", "## Exercises", "<details>"):
        assert part in prose
    tags = [tag for cell in code_cells(notebook) for tag in cell.metadata.get("tags", [])]
    assert tags == ["install", "parameters"]
    for cell in code_cells(notebook):
        source = "\n".join("    pass" if line.lstrip().startswith("%") else line for line in cell.source.splitlines())
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name):
    prose = "\n".join(cell.source for cell in rerun.read(name).cells if cell.cell_type == "markdown")
    pages = re.findall(r"http://localhost:8501/(\w+)", prose)
    assert pages
    assert all((ROOT / "pages" / f"{page}.py").exists() for page in pages)
    others = re.findall(r"\]\((\w+)\.ipynb\)", prose)
    assert set(others) <= set(NAMES)


def test_what_computes_graphs_alone_prints_the_same_everywhere(executed):
    fresh, committed = executed("01_inversion"), rerun.read("01_inversion")
    compared = [(texts_of(a), texts_of(b)) for a, b in zip(code_cells(fresh), code_cells(committed), strict=False)]
    assert sum(bool(texts) for texts, _ in compared) > 8
    for texts, expected in compared:
        assert texts == expected


def test_the_table_has_the_digits_of_the_command_line(executed, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table1, "preset", short(table1.preset))
    command = "table 1 --preset quick --networks ecoli70 --multiples 2"
    notebook = executed("03_siren_vae")
    assert any(f"python -m sirenvae {command}`" in cell.source for cell in notebook.cells)
    main([*command.split(), "--workers", "1", "--out", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    rows = [[text.strip() for text in line.strip("|").split("|")] for line in lines]
    [shown] = [
        output.data["text/markdown"]
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "effective samples" in output.get("data", {}).get("text/markdown", "")
    ]
    found = [[text.strip() for text in line.strip("|").split("|")] for line in shown.splitlines()]
    assert len(found) == 2 + 10  # the head, its rule, the truth, four VAEs and five classical learners
    assert [row for row in found if "---" not in row[0]] == [row for row in rows if "---" not in row[0]]


def test_paper_speed_reads_results_and_names_their_command(tmp_path):
    config = small_config()
    rows = config.rows([point for point in config.run() if isinstance(point, Point)])
    write_reference_results(tmp_path / "table-1.json", "table-1", "python -m sirenvae table 1", {}, ["A note."], rows)
    notebook = rerun.read("03_siren_vae")
    end = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## ELBO against"))
    notebook.cells = notebook.cells[:end]
    rerun.execute(
        notebook, {"speed": "paper", "results_folder": str(tmp_path)}, tmp_path, STRICT.format(processes=False)
    )
    texts = "\n".join(text for cell in code_cells(notebook) for text in texts_of(cell))
    assert "made by python -m sirenvae table 1" in texts
    assert "A note." in texts


def test_a_missing_result_is_a_sentence_and_the_default(tmp_path, capsys):
    assert notebooks.start("paper", needs=["table-1"], folder=tmp_path) == "quick"
    assert "no reference results called 'table-1'" in capsys.readouterr().out
    assert notebooks.start("paper", needs=[], folder=tmp_path) == "paper"
    assert capsys.readouterr().out == ""


def test_the_command_refuses_a_name_that_does_not_exist(capsys):
    with pytest.raises(SystemExit):
        rerun.main(["04_none"])
    assert "there is no notebook 04_none" in capsys.readouterr().err
