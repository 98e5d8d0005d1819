"""Reading XMLBIF and GeNIe's XDSL, and XML that means harm."""

import warnings

import pytest
from mutate import CASES, feed

import sirenvae as sv
from sirenvae.graphs.files import safe_xml


def theirs():
    """A random network of pgmpy, whose writers are the independent answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.models import DiscreteBayesianNetwork

        return DiscreteBayesianNetwork.get_random(n_nodes=9, edge_prob=0.4, n_states=2, seed=3)


@pytest.mark.parametrize(
    ("writer", "suffix"),
    [("XMLBIFWriter", ".xml"), ("XMLBIFWriter", ".bif"), ("XDSLWriter", ".xdsl"), ("NETWriter", ".net")],
)
def test_files_written_by_pgmpy(tmp_path, writer, suffix):
    network = theirs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy import readwrite

        getattr(readwrite, writer)(network).write(str(tmp_path / f"random{suffix}"))
    ours = sv.read_network(tmp_path / f"random{suffix}")
    assert set(ours.variables) == {str(v) for v in network.nodes}
    assert set(ours.dag.edges) == {(str(parent), str(child)) for parent, child in network.edges}
    assert ours.dag.number_of_edges() > 5


@pytest.mark.parametrize("file", ["wet.xml", "wet_xml.bif"])
def test_xmlbif_with_its_dtd(file):
    network = sv.read_network(CASES / "10" / file)
    rain, sprinkler, grass = network.variables
    assert (rain, sprinkler, grass) == ("rain & drizzle", "sprinkler", "grass <wet>")
    assert set(network.dag.edges) == {(rain, sprinkler), (rain, grass), (sprinkler, grass)}
    assert network.conditionals[grass].given({rain: 0, sprinkler: 1}).tolist() == [0.8, 0.2]


def test_xmlbif_in_a_namespace():
    assert list(sv.read_network(CASES / "10/weka.xbif").dag.edges) == [("play", "windy")]


def test_xdsl_says_what_is_observed():
    network = sv.read_network(CASES / "10/wet.xdsl")
    assert network.variables == ("rain", "sprinkler", "grass", "shoes")
    assert set(network.dag.edges) == {
        ("rain", "sprinkler"),
        ("rain", "grass"),
        ("sprinkler", "grass"),
        ("grass", "shoes"),
    }
    assert network.observed == ("sprinkler", "grass")


def xdsl(*nodes):
    return "<smile>\n<nodes>\n" + "\n".join(nodes) + "\n</nodes></smile>"


def test_xdsl_without_a_diagnosis_observes_the_leaves():
    network = sv.parse_network(xdsl('<cpt id="a"/>', '<cpt id="b"><parents>a</parents></cpt>'), "n.xdsl")
    assert network.observed == ("b",)


def xmlbif(*elements):
    return "<BIF>\n<NETWORK>\n" + "\n".join(elements) + "\n</NETWORK></BIF>"


A = "<VARIABLE><NAME>a</NAME></VARIABLE>"
B = "<VARIABLE><NAME>b</NAME></VARIABLE>"
FOR_A = "<DEFINITION><FOR>a</FOR></DEFINITION>"
FOR_B = "<DEFINITION><FOR>b</FOR><GIVEN>a</GIVEN></DEFINITION>"


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("n.xml", xmlbif(A, B, FOR_A), "declares b in line 4 but has no element DEFINITION"),
        ("n.xml", xmlbif(A, A, FOR_A), "declares the variable a in line 3 and again in line 4"),
        ("n.xml", xmlbif(A, B, FOR_A, FOR_B, FOR_B), "of b in line 6 and another in line 7"),
        ("n.xml", xmlbif(A, FOR_A, FOR_B), "of b in line 5 of n names b, which is not declared"),
        ("n.xml", xmlbif(A, "<VARIABLE/>"), "The element VARIABLE in line 4 of n has 0 elements NAME"),
        ("n.xml", xmlbif(A.replace(">", ' TYPE="utility">', 1)), "line 3 of n has the type 'utility'"),
        ("n.xml", xmlbif("<VARIABLE><NAME></NAME></VARIABLE>"), "Line 3 of n has the name '' of 0 letters"),
        ("n.xml", "<graphml/>", "holds 0 graphs"),
        ("n.xml", xmlbif(A)[:-16], "n is not XMLBIF: line 4 has the fault 'no element found'"),
        ("n.xdsl", xdsl(), "has no node inside 'nodes'"),
        ("n.xdsl", "<BIF/>", "holds 0 elements NETWORK in a 'BIF'"),
        ("n.xdsl", xdsl('<cpt id="a"/>', "<cpt/>"), "The node in line 4 of n has no id"),
        ("n.xdsl", xdsl('<cpt id="a"/>', '<utility id="u"/>'), "line 4 of n has the kind 'utility'"),
        (
            "n.xdsl",
            xdsl('<cpt id="a"><parents>z</parents></cpt>'),
            "of a in line 3 of n names z, which is not declared",
        ),
        ("n.xdsl", "<smile>\n<dynamic/></smile>", "is a dynamic network, as line 2 says"),
    ],
)
def test_refused_files(file, text, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.parse_network(text, file)


@pytest.mark.parametrize("file", ["10/xmlbif.xml", "10/xmlbif.bif"])
def test_a_variable_without_a_definition_is_not_taken_for_observed(file):
    with pytest.raises(sv.InputError, match="declares a in line 1 but has no element DEFINITION"):
        sv.read_network(CASES / file)


def test_an_element_knows_its_line_and_its_namespace():
    root = safe_xml.parse(
        '<?xml version="1.0" encoding="x"?>\n<a xmlns="u" k="&#228;&lt;">\n<!-- c --><b/>\rt</a>', "n"
    )
    assert (root.tag, root.line, root.attrib) == ("{u}a", 2, {"k": "ä<"})
    assert [(part.tag, part.line, part.tail) for part in root] == [("{u}b", 3, "\nt")]
    assert safe_xml.local(root) == "a"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ((CASES / "hostile/laughs.graphml").read_text(), "n has the entity 'a' in line 1; entities are not read"),
        ((CASES / "hostile/xxe.graphml").read_text(), "n has the entity 'a' in line 1; entities are not read"),
        ('<!DOCTYPE a [\n<!ENTITY % p "x">%p;]><a/>', "the entity 'p' in line 2"),
        ('<!DOCTYPE a SYSTEM "file:///etc/hostname"><a>&b;</a>', "the entity 'b' in line 1"),
        ('<!DOCTYPE a SYSTEM "x.dtd">\n<!-- &c; --><a\nk="&b;"/>', "the entity 'b' in line 3"),
        ("<a>&b;</a>", "line 1 has the fault 'undefined entity'"),
        ("<a>" * 300_000, "nests more than 200 elements in line 1"),
        ("<a>" + "<b/>\n" * 250_000 + "</a>", "has more than 200000 elements in line 200000"),
        ("<a xmlns='" + "u" * 301 + "'/>", "has a namespace of 301 letters in line 1"),
        (
            "<!DOCTYPE a [<!ATTLIST a " + " ".join(f"b{i} CDATA '1'" for i in range(101)) + ">]><a/>",
            "more than 100 attr",
        ),
        ("<a>\ud800</a>", "it holds half of a character"),
        ("<a>\0</a>", "has the fault 'not well-formed"),
    ],
    ids=range(12),
)
def test_xml_that_means_harm_is_one_sentence(text, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        safe_xml.parse(text, "n")


def test_a_dtd_adds_no_attributes():
    root = safe_xml.parse("<!DOCTYPE a [<!ATTLIST a b CDATA 'added'>]><a c='&amp;'><![CDATA[&b;]]></a>", "n")
    assert (root.attrib, root.text) == ({"c": "&"}, "&b;")


@pytest.mark.parametrize("suffix", [".xml", ".xbif", ".xdsl"])
def test_damaged_files_are_read_or_refused(suffix):
    outcome = feed(suffix, 300)
    assert outcome.read > 10
    assert outcome.refused > 100
