"""Reading and writing networks."""

import warnings

import networkx as nx
import pytest

import sirenvae as sv

BIF = """
network unknown { }
variable rain { type discrete [ 2 ] { yes, no }; }   // a comment with variable in it
variable "grass wet" { type discrete [ 2 ] { yes, no }; }
variable sprinkler { type discrete [ 2 ] { yes, no }; }
probability ( rain ) { table 0.2, 0.8; }
probability ( sprinkler | rain ) { (yes) 0.01, 0.99; (no) 0.4, 0.6; }
probability ( "grass wet" | rain, sprinkler ) {
  (yes, yes) 0.99, 0.01; (yes, no) 0.8, 0.2; (no, yes) 0.9, 0.1; (no, no) 0.0, 1.0;
}
"""


def test_bif_gives_the_structure(tmp_path):
    path = tmp_path / "wet.bif"
    path.write_text(BIF)
    network = sv.read_network(path)
    assert network.variables == ("rain", "grass wet", "sprinkler")
    assert set(network.dag.edges) == {("rain", "sprinkler"), ("rain", "grass wet"), ("sprinkler", "grass wet")}
    assert network.observed == ("grass wet",)


def test_bif_written_by_pgmpy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.models import DiscreteBayesianNetwork
        from pgmpy.readwrite import BIFWriter

        theirs = DiscreteBayesianNetwork.get_random(n_nodes=7, edge_prob=0.5, n_states=2, seed=1)
        text = str(BIFWriter(theirs))
    ours = sv.parse_network(text, "random.bif")
    assert set(ours.dag.edges) == {(str(parent), str(child)) for parent, child in theirs.edges}
    assert len(ours.variables) == 7
    assert theirs.number_of_edges() > 3


@pytest.mark.parametrize("name", ["student", "ecoli70"])
def test_json_round_trip_keeps_everything(tmp_path, name):
    network = sv.load_network(name)
    path = tmp_path / f"{name}.json"
    path.write_text(sv.network_to_json(network))
    copy = sv.read_network(path)
    assert copy.variables == network.variables
    assert copy.observed == network.observed
    assert set(copy.dag.edges) == set(network.dag.edges)
    assert sv.observed_entropy(copy) == pytest.approx(sv.observed_entropy(network), abs=1e-12)


def test_edge_lists_and_graphml(tmp_path):
    (tmp_path / "net.csv").write_text("parent,child\na,b\nb,c\n")
    assert set(sv.read_network(tmp_path / "net.csv").dag.edges) == {("a", "b"), ("b", "c")}
    nx.write_graphml(nx.DiGraph([("a", "b"), ("c", "b")]), tmp_path / "net.graphml")
    network = sv.read_network(tmp_path / "net.graphml", observed=["a"])
    assert set(network.dag.edges) == {("a", "b"), ("c", "b")}
    assert network.observed == ("a",)


@pytest.mark.parametrize(
    ("filename", "text", "sentence"),
    [
        ("net.json", "", "is empty"),
        ("net.json", "{", "is not JSON"),
        ("net.json", '{"nodes": ["a"]}', "has no 'arcs'"),
        ("net.json", '{"nodes": ["a"], "arcs": [["a", "b"]]}', "a -> b names a variable that is not declared"),
        ("net.json", '{"nodes": ["a", "b"], "arcs": [["a", "b"], ["b", "a"]]}', "no directed cycle"),
        ("net.json", '{"nodes": ["a", "b"], "arcs": [3]}', "does not have the form"),
        ("net.json", "[]", "is a JSON list; a network file is an object"),
        ("net.csv", "parent,child", "has a heading but no edge"),
        ("net.bif", "nothing here", "no 'variable' block"),
        ("net.csv", "a,b,c", "two columns"),
        ("net.graphml", "<graphml", "is not GraphML"),
        ("net.txt", "a b", "a network is read from .json"),
        ("net.csv", "a,a", "no directed cycle"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path, filename, text, sentence):
    path = tmp_path / filename
    path.write_text(text)
    with pytest.raises(sv.InputError, match=sentence):
        sv.read_network(path)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(sv.InputError, match="cannot be read: No such file"):
        sv.read_network(tmp_path / "net.json")
    (tmp_path / "net.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(sv.InputError, match="it is not text"):
        sv.read_network(tmp_path / "net.json")
