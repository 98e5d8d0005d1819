"""The command line and the page read the same files and say the same of them."""

import gzip
import io
import sys
from pathlib import Path

import pytest

import sirenvae as sv
from sirenvae.cli import main

CASES = Path(__file__).parent / "cases"
BAD = ["03/data_not_edges.csv", "07/undirected.graphml", "09/dupkey.json", "10/m.uai", "hostile/deep.json"]


@pytest.fixture
def app():
    pytest.importorskip("streamlit", reason="the app is an optional part")
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file("../app.py", default_timeout=60).run()


def uploaded(app, name: str, content: bytes):
    uploader = next(widget for widget in app.file_uploader if widget.key.startswith("upload_"))
    uploader.set_value((name, content, "application/octet-stream")).run()
    return app


def test_a_file_is_named_by_path_or_comes_through_standard_input(monkeypatch, capsys):
    for file in (
        "03/ok.csv",
        "09/nx_links.json",
        "10/marked.dagitty",
        "10/own.bif.gz",
        "08/yed.graphml",
        "10/pasted.txt",
    ):
        assert main(["invert", str(CASES / file), "--json"]) == 0
        by_path = capsys.readouterr().out
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((CASES / file).read_bytes())))
        assert main(["invert", "-", "--json"]) == 0
        assert capsys.readouterr().out == by_path.replace(f'"{Path(file.removesuffix(".gz")).stem}"', '"stdin"', 1)


def test_observed_variables_by_option(capsys, tmp_path):
    assert main(["invert", "student", "--observed", "H, J,L", "--json"]) == 0
    one = capsys.readouterr().out
    assert main(["invert", "student", "--observed", "H", "--observed", "J,L", "--json"]) == 0
    assert capsys.readouterr().out == one
    assert '"L"' not in one.split('"edges"')[0]
    (tmp_path / "n.csv").write_text('parent,child\n"beam, left",sag\nload,"beam, left"\n')
    assert main(["invert", str(tmp_path / "n.csv"), "--observed", "beam, left", "--observed", "sag"]) == 0
    assert main(["invert", "student", "--observed", "xray"]) == 2
    assert "unknown variables xray" in capsys.readouterr().err


def test_notes_go_to_standard_error(capsys):
    assert main(["race", str(CASES / "03/gephi_edges.csv"), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "sirenvae: gephi_edges: Columns that were not read: Weight.\n"
    assert "Weight" not in printed.out


@pytest.mark.parametrize("file", BAD)
def test_the_page_says_what_the_command_line_says(app, capsys, file):
    from sirenvae.ui.shared.look import plain

    assert main(["invert", str(CASES / file)]) == 2
    said = capsys.readouterr().err.removeprefix("sirenvae: ").strip()
    uploaded(app, Path(file).name, (CASES / file).read_bytes())
    assert not app.exception
    assert plain(said) in [error.value for error in app.error]


def test_the_page_reads_bytes_and_shows_the_notes(app):
    from sirenvae.ui.shared.look import plain

    uploaded(app, "wet.csv.gz", gzip.compress("Source;Target;w\nRegen;Straße;1\n".encode("utf-16")))
    assert not app.exception
    assert app.selectbox(key="network").value.startswith("wet-")
    assert plain("Columns that were not read: w.") in [caption.value for caption in app.caption]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("".join(f"v{i},v{i + 1}\n" for i in range(28_000)), "28,001 variables; networks of up to 2,000 are drawn"),
        ("".join(f"a{i % 60},b{i // 60}\n" for i in range(3_000)), "3,000 edges; networks of up to 2,500 are drawn"),
        (
            "".join(f"v{i},v{i + 1}\n" for i in range(1000)) + "".join(f"v0,v{i}\n" for i in range(2, 1000)),
            "together pass 500,499 layers",
        ),
    ],
)
def test_what_cannot_be_drawn_is_not_taken(app, text, sentence):
    from sirenvae.ui.shared.look import plain

    uploaded(app, "big.csv", text.encode())
    assert not app.exception
    assert any(plain(sentence) in error.value for error in app.error)
    assert app.selectbox(key="network").value == "student"


def test_a_star_is_drawn_and_inverted(app):
    uploaded(app, "star.csv", (CASES / "hostile/star-1500.csv").read_bytes())
    assert not app.exception
    assert not app.error
    app.switch_page("pages/inversion.py").run()
    assert not app.exception
    assert sv.read_network(CASES / "hostile/star-1500.csv").latents == ("h",)
