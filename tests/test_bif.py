"""Reading BIF, Hugin's NET and DSC."""

import gzip
from pathlib import Path
from time import process_time

import pytest
from mutate import CASES, feed

import sirenvae as sv

BLOCKS = "variable a { } variable b { } probability ( a ) { } probability ( b | a ) { }"


def complete(size):
    """A network of `size` variables in which each has all before it as parents."""
    blocks = (f"variable {i} {{ }} probability ( {' '.join(map(str, (i, *range(i))))} ) {{ }}" for i in range(size))
    return "\n".join(blocks)


@pytest.mark.parametrize(
    ("file", "variables", "edges"),
    [
        ("01/greenery.bif", "sun-out lamp-on leaf-warm bud", "sun-out>leaf-warm lamp-on>leaf-warm leaf-warm>bud"),
        ("01/commas.bif", "a b c", "a>b b>c"),
        ("01/mixed.bif", "a b c", "a>b b>c"),
        ("04/commented_out.bif", "soil crop", "soil>crop"),
        ("04/property_probability.bif", "soil crop", "soil>crop"),
        ("04/property_text.bif", "soil crop", "soil>crop"),
        ("04/state_variable.bif", "gust sail", "gust>sail"),
        ("04/state_variable_spaced.bif", "gust sail", "gust>sail"),
        ("05/agrum_cr.bif", "soil crop", "soil>crop"),
        ("05/agrum_like.bif", "soil crop", "soil>crop"),
        ("05/dots_dashes_digits.bif", "0 x.1-a a/b", "0>x.1-a 0>a/b x.1-a>a/b"),
        ("05/states_commas.bif", "age sag", "age>sag"),
        ("10/own.bif", "a b", "a>b"),
        ("10/commas_bif.xml", "a b c", "a>b b>c"),
        ("10/prob_comment_header.bif", "a b", "a>b"),
        ("10/own.net", "a b", "a>b"),
        ("10/own.dsc", "a b", "a>b"),
        ("10/wet.dsc", "rain sprinkler grass", "rain>sprinkler rain>grass sprinkler>grass"),
        (
            "10/wet.net",
            "rain sprinkler temperature grass",
            "rain>sprinkler rain>grass sprinkler>grass temperature>grass",
        ),
    ],
)
def test_what_the_blocks_declare(file, variables, edges):
    network = sv.read_network(CASES / file)
    assert network.variables == tuple(variables.split())
    assert set(network.dag.edges) == {tuple(edge.split(">")) for edge in edges.split()}
    if file == "10/wet.net":
        words = "The probability tables of wet were not read (temperature has no states): only its structure is used."
        assert (network.notes, network.conditionals) == ((words,), None)
    else:
        assert network.notes == ()
        assert network.is_discrete


@pytest.mark.parametrize(("file", "parent"), [("parentheses", "load (kN)"), ("commas_in_names", "beam, left")])
def test_quoted_names_keep_their_brackets_and_commas(file, parent):
    network = sv.read_network(CASES / f"05/{file}.bif")
    assert list(network.dag.edges) == [(parent, "sag")]


def test_quoted_names_keep_what_elsewhere_is_a_comment_or_a_sign():
    text = BLOCKS.replace(" a ", ' "http://a/*;*/|{" ').replace(" b ", ' ")" ')
    network = sv.parse_network(text, "signs.bif")
    assert list(network.dag.edges) == [("http://a/*;*/|{", ")")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_ends_with_its_line_however_lines_end(end):
    text = f"network n {{ }} // variable c {{ }}{end}" + BLOCKS.replace(") {", f") {{ // }} a brace{end}")
    assert sv.parse_network(text, "lines.bif").variables == ("a", "b")


@pytest.mark.parametrize(
    "property_",
    ['property "x { ; } variable c { }" ;', "property see http://a.b/c ;", 'property a = "1" "//" { ;', "property;"],
)
def test_a_property_is_over_at_its_semicolon(property_):
    text = BLOCKS.replace("{ }", f"{{ {property_} type discrete [ 2 ] {{ property, variable, /* }} */ property }}; }}")
    network = sv.parse_network(property_ + "network n { " + property_ + "} " + text, "properties.bif")
    assert list(network.dag.edges) == [("a", "b")]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            "05/unquoted_spaces.bif",
            r"Line 2 of unquoted_spaces, 'variable beam load \{ .*: put it into quotes, variable \"beam load\"",
        ),
        (
            "05/parens_unquoted.bif",
            r"Line 2 of .*'variable load\(kN\) \{ .*: put it into quotes, variable \"load\(kN\)\" \{",
        ),
        ("06/dup_variable.bif", "declares the variable a in line 2 and again in line 3"),
        ("06/missing_block.bif", "declares c in line 4 but has no 'probability' block of it"),
        ("06/truncated.bif", "declares b in line 3 but has no 'probability' block of it"),
        ("06/two_blocks_one_child.bif", "has a 'probability' block of opened in line 7 and another in line 8"),
        (
            "06/unknown_parent.bif",
            "The 'probability' block of b in line 4 of unknown_parent names aa, which is not decl",
        ),
        ("10/m.uai", r"looks like UAI, whose variables have no names; a network is read from .*\.bif.*\.net"),
    ],
)
def test_refused_files(file, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.read_network(CASES / file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BLOCKS[:-2], "Line 1 of net, .* opens a block that is never closed"),
        ("network n {\n}\n/* all gone", "Line 3 of net, '/. all gone', opens a comment that is never closed"),
        ('network n { }\rvariable "a { }', "Line 2 of net, 'variable \"a { }', opens a quote that is never closed"),
        ("variable a { property x }", "starts a property that no ';' ends"),
        ("variable a {{{{{{{{{{ }", "opens 9 brackets inside each other"),
        ('variable "a\nb" { }', r"Line 1 of net has the name 'a\\nb' of 3 letters"),
        ("variable " + 300 * "x" + " { }", "of 300 letters; a name has 1 to 200 on one line"),
        (BLOCKS.replace("b | a", "b | a, a"), "of b in line 1 of net names a twice"),
        (BLOCKS.replace("b | a", "b | load(kN)"), "has names that cannot be told apart or too many: put a name with"),
        (BLOCKS.replace("( b | a )", "b | a"), r"has no '\(' behind 'probability'"),
        (BLOCKS.replace("( b | a )", "( b ) | a"), r"has no '\{' behind its '\)'"),
        (BLOCKS.replace("b | a", ""), "does not name one child"),
        (BLOCKS.replace("b | a", "b"), "has 2 variables and 0 edges"),
        (BLOCKS.replace("( a )", "( a | b )"), "no directed cycle, but this graph has a -> b -> a"),
        (BLOCKS + " " * 100 + "nonsense", "Line 1 of net, 'nonsense', starts no"),
        ("probability ( " + "a" + " a" * 10_001 + " ) { }", "cannot be told apart or too many"),
        (complete(450), "has 450 variables and 101025 edges; a network has 1 to 100000"),
        ("network n { }", "net has no 'variable' block"),
        ("node a { }", r"starts no 'variable' block and no other that BIF has \(network, probability\)"),
    ],
)
def test_refused_texts(text, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.parse_network(text, "net.bif")


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("net.net", "net { } decision d { }", "is of an influence diagram"),
        ("net.net", "class c { }", "is of an object-oriented network"),
        ("net.net", "*Vertices 3", "looks like Pajek"),
        ("net.net", "node a { } node b { } potential ( a b ) { }", "does not name one child"),
        ("net.net", "node a { } node b { } potential ( a | ) { }", "declares b in line 1 but has no 'potential' block"),
        ("net.dsc", "node a { }", "does not start a DSC file"),
        ("net.dsc", 'belief network "x" node a { } probability ( a ) { ', "opens a block that is never closed"),
    ],
)
def test_refused_texts_of_hugin_and_dsc(file, text, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.parse_network(text, file)


def test_a_dsc_file_needs_no_title():
    network = sv.parse_network("belief network node a { } node b { } probability(a){} probability(b|a){}", "n.dsc")
    assert list(network.dag.edges) == [("a", "b")]


# Variables and edges as the Bayesian network repository of bnlearn publishes them.
PUBLISHED = {
    "alarm": (37, 46),
    "andes": (223, 338),
    "asia": (8, 8),
    "cancer": (5, 4),
    "child": (20, 25),
    "earthquake": (5, 4),
    "hailfinder": (56, 66),
    "hepar2": (70, 123),
    "insurance": (27, 52),
    "link": (724, 1125),
    "mildew": (35, 46),
    "munin": (1041, 1397),
    "pigs": (441, 592),
    "sachs": (11, 17),
    "survey": (6, 6),
    "win95pts": (76, 112),
}


@pytest.fixture(scope="module")
def public_networks():
    pgmpy = pytest.importorskip("pgmpy")
    return Path(pgmpy.__file__).parent / "utils" / "example_models"


@pytest.mark.parametrize("name", PUBLISHED)
def test_public_networks(public_networks, name):
    text = gzip.decompress((public_networks / f"{name}.bif.gz").read_bytes()).decode()
    network = sv.parse_network(text, f"{name}.bif")
    assert (len(network.variables), network.dag.number_of_edges()) == PUBLISHED[name]


@pytest.mark.parametrize("suffix", [".bif", ".net", ".dsc"])
def test_damaged_files_are_read_or_refused(suffix):
    outcome = feed(suffix, 300)
    assert outcome.read > 20
    assert outcome.refused > 100


@pytest.mark.parametrize(
    "text",
    [
        500_000 * "/* ",
        1_000_001 * '"',
        1_000_000 * "(",
        100_000 * "variable a {",
        "variable a {" + 200_000 * "{} ; ",
        "variable a {" + 500_000 * '{"',
        "probability (" + 500_000 * "a " + ") { }",
        "".join(f"variable v{i} {{ }} probability ( v{i} v{i + 1} ) {{ }}\n" for i in range(20_000)),
        "".join(f"variable {i} {{ }} probability ( {i} {(i + 1) % 20_000} ) {{ }}\n" for i in range(20_000)),
    ],
    ids=lambda text: text[:24],
)
def test_a_megabyte_takes_no_time(text):
    """A second where the machine is idle; a reader that goes back in the text would take minutes."""
    start = process_time()
    with pytest.raises(sv.InputError):
        sv.parse_network(text, "large.bif")
    assert process_time() - start < 8
