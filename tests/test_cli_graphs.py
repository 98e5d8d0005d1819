"""The command line about networks and inverses."""

import json

import networkx as nx
import pytest

import sirenvae as sv
from sirenvae.cli import main


def test_networks(capsys):
    assert main(["networks"]) == 0
    assert "ecoli70" in capsys.readouterr().out
    assert main(["networks", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == sv.network_names()
    assert {row["name"]: row["entropy"] for row in rows}["ecoli70"] == 31.199


def test_invert_in_words_and_as_json(capsys):
    assert main(["invert", "student"]) == 0
    assert "12 edges, largest parent set 3, faithful, minimal, natural." in capsys.readouterr().out
    assert main(["invert", "student", "--order", "reverse", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["order"] == "reverse"
    assert content["steps"][0]["frontier"] == {"S": 2, "L": 1}


def test_invert_writes_graphs_that_can_be_read(capsys):
    expected = set(sv.invert(sv.load_network("greenhouse")).dag.edges)
    assert main(["invert", "greenhouse", "--graphml"]) == 0
    assert set(nx.parse_graphml(capsys.readouterr().out).edges()) == expected
    assert main(["invert", "greenhouse", "--dot"]) == 0
    dot = capsys.readouterr().out
    assert dot.count("->") == len(expected)
    assert '"Leaf" -> "Soil";' in dot or '"Soil" -> "Leaf";' in dot


def test_dot_keeps_letters_as_they_are(capsys, tmp_path):
    (tmp_path / "wörter.csv").write_text("Wärme,Blatt\n", encoding="utf-8")
    assert main(["invert", str(tmp_path / "wörter.csv"), "--dot"]) == 0
    dot = capsys.readouterr().out
    assert 'digraph "wörter" {' in dot
    assert '"Wärme";' in dot


def test_invert_as_printed_and_mended(capsys, tmp_path):
    path = tmp_path / "barren.json"
    path.write_text('{"nodes": ["a", "b", "c"], "arcs": [["a", "c"], ["b", "c"]], "observed": ["a"]}')
    assert main(["invert", str(path), "--order", "reverse", "--as-printed"]) == 0
    assert "2 edges, largest parent set 2, faithful, not minimal" in capsys.readouterr().out.replace(
        "3 edges", "2 edges"
    )
    assert main(["invert", str(path), "--order", "reverse"]) == 0
    printed = capsys.readouterr().out
    assert "The parent a of b is redundant" in printed
    assert "faithful, minimal, natural" in printed
    assert main(["invert", str(path), "--json"]) == 0


def test_race(capsys):
    assert main(["race", "student"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split()[:3] == ["method", "order", "edges"]
    assert main(["race", "ecoli70", "--json"]) == 0
    rows = {(row["method"], row["order"]): row for row in json.loads(capsys.readouterr().out)}
    assert rows["nami", "topological"]["edges"] == 443
    assert rows["nami", "reverse"]["edges"] == 254
    assert rows["stuhlmueller", "topological"]["faithful"] is False
    assert rows["stuhlmueller", "topological"]["minimal"] is None
    assert rows["fully_connected", "topological"]["minimal"] is False


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cycle.csv", b"a,b\nb,a\n", "no directed cycle"),
        ("empty.bif", b"", "is empty"),
        ("binary.json", b"\xff\xfe\x00", "it is not text"),
        ("seen.json", b'{"nodes": ["a", "b"], "arcs": [["a", "b"]], "observed": ["a", "b"]}', "must be latent"),
        ("unseen.json", b'{"nodes": ["a", "b"], "arcs": [["a", "b"]], "observed": []}', "must be observed"),
        ("other.json", b'{"nodes": ["a", "b"], "arcs": [["a", "b"]], "observed": ["q"]}', "unknown variables q"),
    ],
)
@pytest.mark.parametrize("command", [["invert"], ["race"], ["train"], ["figure", "elbo-vs-size", "--network"]])
def test_bad_files_are_one_sentence_and_code_2(tmp_path, capsys, command, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    assert main([*command, str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["invert", "nope"], "no network called 'nope'"),
        (["race", "nope"], "no network called 'nope'"),
        (["invert", "no/such/file.bif"], "cannot be read"),
        (["invert", "student", "--order", "up"], "one of topological, reverse"),
        (["invert", "student", "--method", "magic"], "one of nami, stuhlmueller, mean_field, fully_connected"),
        (["invert", "student", "--heuristic", "luck"], "one of min_fill, weighted_min_fill, min_degree"),
        (["invert", "student", "--heuristic", "weighted_min_fill"], "a positive weight for every variable"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(arguments, sentence, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
