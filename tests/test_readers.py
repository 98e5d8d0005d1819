"""Files from everywhere: each is read as what it says, or refused in one sentence that says what came."""

import gzip
import itertools
import json
from pathlib import Path

import networkx as nx
import pytest

import sirenvae as sv
from sirenvae.graphs.files.formats import SUFFIXES
from sirenvae.graphs.files.text import MOST_TEXT

CASES = Path(__file__).parent / "cases"

READ = {
    "02/bom.graphml": "a>b",
    "02/bom_heading.csv": "rain>grass sprinkler>grass",
    "02/utf16_excel.csv": "a>b",
    "03/adjacency.csv": "a>b b>c",
    "03/cause_effect.csv": "a>b b>c",
    "03/cause_effect_capitals.csv": "V0>V2 V0>V4 V2>V5",
    "03/comment.csv": "a>b",
    "03/dup.csv": "a>b b>c",
    "03/excel_sep.csv": "a>b",
    "03/from_to_capitals.csv": "a>b b>c",
    "03/gephi_capitals.csv": "a>b b>c",
    "03/gephi_edges.csv": "a>b b>c",
    "03/isolated.csv": "a>b",
    "03/mac_cr.csv": "a>b",
    "03/ok.csv": "a>b b>c",
    "03/pandas_to_csv.csv": "a>b b>c",
    "03/r_write_csv.csv": "a>b b>c",
    "03/r_write_csv_norow.csv": "a>b b>c",
    "03/semicolon.csv": "a>b b>c",
    "03/semicolon_heading.csv": "a>b b>c",
    "03/tab.csv": "a>b",
    "08/igraph.graphml": "Rain>Grass",
    "08/latents_marked.graphml": "a>b",
    "08/latin1.graphml": "Straße>b",
    "08/no_namespace.graphml": "a>b",
    "08/yed.graphml": "Rain>Grass",
    "09/adjacency.json": "rain>grass sprinkler>grass",
    "09/arcs_objects.json": "a>b",
    "09/arcs_weights.json": "a>b",
    "09/bnlearn_sd.json": "a>b",
    "09/cytoscape.json": "rain>grass sprinkler>grass",
    "09/int_str.json": "1>2",
    "09/ints.json": "1>2 2>3",
    "09/isolated.json": "a>b",
    "09/no_nodes.json": "a>b",
    "09/node_objects.json": "a>b",
    "09/nodes_edges.json": "a>b",
    "09/numbers_not_lists.json": "a>b",
    "09/nx_edges.json": "rain>grass sprinkler>grass",
    "09/nx_links.json": "rain>grass sprinkler>grass",
    "09/observed_string.json": "aa>b",
    "09/observed_string2.json": "aa>bb",
    "09/pgmpy_hybrid.json": "W>G G>Y",
    "09/tables.json": "rain>floor roof>floor",
    "10/dag.txt": "rain>grass sprinkler>grass",
    "10/g.dot": "a>b",
    "10/g.gv": "a>b",
    "10/own.bif": "a>b",
    "10/own.bif.gz": "a>b",
    "10/own.dsc": "a>b",
    "10/own.net": "a>b",
    "10/season.gv": "Rain>Grass Sprinkler>Grass Season>Rain Season>Sprinkler",
    "16/umlaut.csv": "Région>Straße ΔT>Straße",
    "hostile/bare-cr.csv": "b>c",
}
REFUSED = {
    "03/cycle2.csv": "no directed cycle, but this graph has a -> b -> a",
    "03/data_not_edges.csv": "looks like data, 3 rows and 2 columns of numbers, not like a network",
    "03/selfloop.csv": "b -> b in line 3 of selfloop",
    "07/mixed.graphml": "b -- c in line 5 of mixed has no direction",
    "07/undirected.graphml": "roof -- rain in line 5 of undirected has no direction",
    "08/two_graphs.graphml": "holds 2 graphs",
    "09/arc_strings.json": "the arc ab came; an arc is",
    "09/dup_nodes.json": "declares the variable a twice",
    "09/dupkey.json": "has 'arcs' twice",
    "09/empty_names.json": "names a variable by null",
    "09/nan.json": r"The '\(Intercept\)' of a in nan is nan",
    "09/trailing_comma.json": "is not JSON: .* in line 1",
    "09/variance0.json": "The variance of a in variance0 is 0",
    "10/m.uai": "looks like UAI, whose variables have no names; a network is read from .json",
    "hostile/big-int.json": r"'\(Intercept\)' of a in big-int is a whole number too large",
    "hostile/deep.json": "nests lists or objects too deeply",
    "hostile/empty-cells.csv": "holds no row with a name in it",
    "hostile/huge-numbers.json": r"'\(Intercept\)' of a in huge-numbers is 1e\+308",
    "hostile/laughs.graphml": "entity",
    "hostile/observed-dict.json": "names a variable by object",
    "hostile/surrogate.json": r"the variable '\\ud800', whose character",
    "hostile/xxe.graphml": "entity",
}


def arrows(network) -> set[str]:
    return {f"{parent}>{child}" for parent, child in network.dag.edges}


@pytest.mark.parametrize("file", READ)
def test_what_a_file_says_is_read(file):
    assert arrows(sv.read_network(CASES / file)) == set(READ[file].split())


@pytest.mark.parametrize("file", REFUSED)
def test_what_cannot_be_read_is_one_sentence(file):
    with pytest.raises(sv.InputError, match=REFUSED[file]) as caught:
        sv.read_network(CASES / file)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "observed"),
    [
        ("03/isolated.csv", ("b", "lonely")),
        ("08/latents_marked.graphml", ("a",)),
        ("09/observed_string2.json", ("bb",)),
        ("09/ints.json", (3,)),
        ("10/season.gv", ("Season",)),
        ("10/marked.dagitty", ("wet grass", "rain", "sprinkler")),
    ],
)
def test_what_is_observed_is_what_the_file_marks_or_the_leaves(file, observed):
    assert sv.read_network(CASES / file).observed == observed


def test_names_keep_commas_blanks_and_quotes():
    assert arrows(sv.read_network(CASES / "03/quotes_crlf.csv")) == {"a, left>b", "b>c"}
    dot = sv.read_network(CASES / "10/rich.dot")
    assert set(dot.dag.edges) == {("a", "b"), ("b", "c d"), ("e", "b"), ("f", "b")}
    pasted = sv.read_network(CASES / "10/pasted.txt")
    assert {("a cloud", "rain"), ("a cloud", "sprinkler"), ("sprinkler", "grass"), ("y", "x")} < set(pasted.dag.edges)
    assert "lonely" in pasted.variables


@pytest.mark.parametrize(
    ("file", "note"),
    [
        ("03/dup.csv", "more than once count once: a -> b."),
        ("03/gephi_edges.csv", "Columns that were not read: Weight."),
        ("03/strength.tsv", "Columns that were not read: strength."),
        ("03/comment.csv", "taken as comments: 1."),
        ("03/semicolon.csv", "No heading such as parent,child was found"),
        ("03/adjacency.csv", "the row is the parent, the column the child"),
        ("03/isolated.csv", "declare a variable and no edge: lonely."),
        ("09/arcs_weights.json", "which were not read: a third entry."),
        ("10/marked.dagitty", "were not read: outcome, pos, exposure."),
        ("10/rich.dot", "Attributes of edges that were not read: color, weight."),
    ],
)
def test_what_is_not_read_is_noted(file, note):
    assert note in " ".join(sv.read_network(CASES / file).notes)


def test_a_file_with_nothing_to_note_has_no_notes():
    assert sv.read_network(CASES / "03/ok.csv").notes == ()
    assert sv.parse_network(sv.network_to_json(sv.load_network("ecoli70")), "e.json").notes == ()


def test_numbers_are_read_in_any_of_their_forms():
    for file in ("09/numbers_not_lists.json", "09/bnlearn_sd.json", "09/pgmpy_hybrid.json"):
        assert sv.read_network(CASES / file).is_linear
    text = (CASES / "09/bnlearn_sd.json").read_text().replace('"sd": [1]', '"sd": [3]')
    assert {c.variance for c in sv.parse_network(text, "sd.json").conditionals.values()} == {9.0}


@pytest.mark.parametrize(
    ("text", "filename", "sentence"),
    [
        ("a <-> b", "x.txt", "an edge in both directions, a <-> b"),
        ("a -> b\nb -- c", "x.txt", "Line 2 of x has an edge without a direction, b -- c"),
        ("wet grass -> b", "x.txt", "a name with a blank stands in quotes"),
        ("a -> b, c", "x.txt", "'c' alone behind a comma"),
        ("a, b -> c", "x.txt", "has ',' behind 'a'"),
        ("graph { a -- b }", "x.dot", "begins a graph without directions"),
        ("digraph { a -> b -- c }", "x.dot", "edge without a direction, b -- c"),
        ("digraph { a -> b [dir=back] }", "x.dot", "drawn with dir=back"),
        ("digraph { a -> b", "x.dot", "never closed"),
        ("digraph { a b }", "x.dot", "2 variables but no edge"),
        ('digraph { a -> "b }', "x.dot", "a quote that is never closed"),
        ("dag { a <-> b }", "x.dagitty", "in both directions"),
        ("hello", "x.txt", "text of no format that is known"),
        ("a -> b", "x.net2", "ends in '.net2', though its text looks like lines with arrows"),
        ("a -> b", "x.csv", "has arrows, such as 'a -> b'"),
        ("a,b\nc,d,e", "x.csv", "2 of x is 'c,d,e', 3 columns"),
        ("Source,Target,Type\na,b,Undirected", "x.csv", "edge without a direction"),
        (",a,b\na,1,0.3\nb,0.3,1", "x.csv", "looks like correlations"),
        (",a,b\na,0,1\nb,1,0", "x.csv", "both a -> b and b -> a"),
        ('a,"b', "x.csv", "is no row of a table"),
        ("x,y,z\n1,2,3\n3,4,5", "x.csv", "looks like data, 2 rows and 3 columns"),
        ('{"nodes": ["a", "b"], "arcs": []}', "x.json", "2 variables but no edge"),
        ('{"nodes": ["a", "b"], "arcs": [["a", "b"]], "directed": false}', "x.json", "no direction"),
        ('{"nodes": [1, "1"], "arcs": [[1, "1"]]}', "x.json", "printed alike"),
        ('{"nodes": [1.5], "arcs": []}', "x.json", "names a variable by number 1.5"),
        ('{"nodes": ["a"], "arcs": [], "edges": []}', "x.json", "both 'arcs' and 'edges'"),
        ("[" * 100_000, "x.json", "nests lists or objects too deeply"),
        ("a,b\0", "x.csv", "it is not text"),
    ],
)
def test_bad_text_is_one_sentence(text, filename, sentence):
    with pytest.raises(sv.InputError, match=sentence) as caught:
        sv.parse_network(text, filename)
    assert len(str(caught.value)) < 600


def test_a_row_is_a_parent_and_a_heading_alone_will_do():
    upper = sv.parse_network("a,b,c\n0,1,1\n0,0,1\n0,0,0\n", "m.csv")
    assert set(upper.dag.edges) == {("a", "b"), ("a", "c"), ("b", "c")}
    turned = sv.parse_network("Target,Source\nb,a\nc,b\n", "t.csv")
    assert set(turned.dag.edges) == {("a", "b"), ("b", "c")}


def test_clearly_another_format_is_read_as_that_and_said():
    network = sv.parse_network('{"nodes": ["a", "b"], "edges": [["a", "b"]]}', "net.bif")
    assert network.dag.has_edge("a", "b")
    assert "ends in .bif, but its text is JSON" in network.notes[0]
    assert sv.parse_network("a -> b", "stdin").dag.has_edge("a", "b")


def test_bytes_in_other_encodings():
    assert "Straße" in sv.parse_network("a,Straße\n".encode("cp1252"), "x.csv").variables
    assert "Windows-1252" in " ".join(sv.parse_network("a,Straße\n".encode("cp1252"), "x.csv").notes)
    assert "Straße" in sv.parse_network("a;Straße\n".encode("utf-16"), "x.csv").variables
    for content, filename in ((b"\xff\xfe\x00", "x.json"), (b"PK\x03\x04", "x.csv"), (b"a,\x81\xff", "x.csv")):
        with pytest.raises(sv.InputError, match="it is not text"):
            sv.parse_network(content, filename)


def test_what_unpacks_without_end_is_refused():
    bomb = gzip.compress(b"a,b\n" * (MOST_TEXT // 4 + 10))
    assert len(bomb) < 200_000
    with pytest.raises(sv.InputError, match="more than 64 MiB"):
        sv.parse_network(bomb, "bomb.csv.gz")
    with pytest.raises(sv.InputError, match="ends too early"):
        sv.parse_network(gzip.compress(b"a,b\n" * 1000)[:-20], "cut.csv.gz")


def test_numbers_that_overflow_together_are_refused():
    chain = [f"v{i}" for i in range(10)]
    cpds = {v: {"coefficients": {"(Intercept)": 0} | ({chain[i - 1]: 1e40} if i else {}), "variance": 1}
            for i, v in enumerate(chain)}  # fmt: skip
    content = {"nodes": chain, "arcs": list(itertools.pairwise(chain)), "cpds": cpds}
    with pytest.raises(sv.InputError, match="the variable v4 may exceed"):
        sv.parse_network(json.dumps(content), "chain.json")


def test_graphml_of_networkx_comes_back(tmp_path):
    dag = nx.DiGraph([("wet grass", "x"), ("ä", "x")])
    nx.set_node_attributes(dag, {"ä": {"latent": True}, "wet grass": {"latent": False}, "x": {"latent": False}})
    nx.write_graphml(dag, tmp_path / "net.graphml")
    network = sv.read_network(tmp_path / "net.graphml")
    assert set(network.dag.edges) == set(dag.edges)
    assert network.latents == ("ä",)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("piece", ["a", "{", "->", '"', "[", ",", "a->", "\n", "<", "a,", "{a} -> "])
def test_a_megabyte_of_anything_is_read_or_refused(suffix, piece):
    with pytest.raises(sv.InputError) as caught:
        sv.parse_network(piece * (200_000 // len(piece)), f"big{suffix}")
    assert len(str(caught.value)) < 600
