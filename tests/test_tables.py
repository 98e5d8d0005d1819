"""Variables with states: tables read, checked, written, drawn from, and refused where real values are asked for."""

import itertools
import pickle
import warnings

import networkx as nx
import numpy as np
import pytest
import torch
from mutate import CASES

import sirenvae as sv
from sirenvae.experiments.elbo_vs_size import preset
from sirenvae.experiments.shown.flows import shown_flow
from sirenvae.graphs.catalogue.discrete import DISCRETE
from sirenvae.graphs.table_draws import TableDraws
from sirenvae.models.simulator import network_simulator

pytest.importorskip("pgmpy", reason="it brings the networks")
SIZES = {"asia": (8, 8), "sachs": (11, 17), "alarm": (37, 46), "insurance": (27, 52)}
WET = """
variable rain { type discrete [ 2 ] { dry, wet }; }
variable roof { type discrete [ 3 ] { none, thin, thick }; }
variable floor { type discrete [ 2 ] { dry, wet }; }
probability ( rain ) { table .25, .75; }
probability ( roof ) { table .2, .3, .5; }
probability ( floor | rain, roof ) { default .9, .1; (wet, none) 0, 1; (wet, thin) .4, .6; }
"""


def wet(old="", new=""):
    assert old in WET
    return sv.parse_network(WET.replace(old, new, 1), "wet.bif")


def joint(network):
    """Every assignment of states, shape ``(A, V)``, and its probability, multiplied up by hand."""
    states = np.array(list(itertools.product(*(range(len(network.states[v])) for v in network.variables))))
    probability = np.ones(len(states))
    for v in network.variables:
        table, place = network.conditionals[v], network.position
        for n, row in enumerate(states):
            given = tuple(row[place[parent]] for parent in table.parents)
            probability[n] *= table.probabilities[given][row[place[v]]]
    return states, probability


def theirs(num_states=3):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.models import DiscreteBayesianNetwork

        return DiscreteBayesianNetwork.get_random(n_nodes=6, edge_prob=0.5, n_states=num_states, seed=5)


@pytest.mark.parametrize("name", SIZES)
def test_named_networks_have_the_tables_of_their_files(name):
    network = sv.load_network(name)
    assert (len(network.variables), network.dag.number_of_edges()) == SIZES[name]
    assert network.is_discrete
    assert "pgmpy" in network.notes[0]
    for table in network.conditionals.values():
        np.testing.assert_allclose(table.probabilities.sum(axis=-1), 1, atol=1e-12)


def test_asia_is_as_lauritzen_and_spiegelhalter_wrote_it():
    asia = sv.load_network("asia")
    assert asia.states["xray"] == ("yes", "no")
    assert asia.conditionals["tub"].given({"asia": 0}).tolist() == [0.05, 0.95]
    assert asia.conditionals["dysp"].given({"bronc": 1, "either": 0}).tolist() == [0.7, 0.3]
    assert asia.conditionals["dysp"].given({"bronc": 0, "either": 1}).tolist() == [0.8, 0.2]


def test_what_is_said_of_the_others_is_so():
    for name, words in DISCRETE.items():
        network = sv.load_network(name)
        sizes = sorted({len(states) for states in network.states.values()})
        assert words.endswith(".")
        if " variables of " in words:
            span = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
            assert f"{len(network.variables)} variables of {span} states" in words
        elif "2 states each" in words:
            assert sizes == [2]


@pytest.mark.parametrize(
    ("writer", "suffix"),
    [("BIFWriter", ".bif"), ("XMLBIFWriter", ".xml"), ("XDSLWriter", ".xdsl"), ("NETWriter", ".net")],
)
def test_tables_of_files_written_by_pgmpy(tmp_path, writer, suffix):
    network = theirs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy import readwrite

        getattr(readwrite, writer)(network).write(str(tmp_path / f"random{suffix}"))
    ours = sv.read_network(tmp_path / f"random{suffix}")
    assert ours.is_discrete
    assert max(len(table.parents) for table in ours.conditionals.values()) > 1
    for cpd in network.cpds:
        table = ours.conditionals[str(cpd.variable)]
        order = [cpd.variables.index(next(u for u in cpd.variables if str(u) == p)) for p in table.parents]
        np.testing.assert_allclose(table.probabilities, np.transpose(cpd.values, [*order, 0]), atol=1e-6)


@pytest.mark.parametrize(
    ("file", "variable", "given", "expected"),
    [
        ("01/greenery.bif", "leaf-warm", {"sun-out": 1, "lamp-on": 0}, [0.7, 0.3]),
        ("04/state_variable.bif", "sail", {"gust": 1}, [0.2, 0.8]),
        ("05/agrum_cr.bif", "soil", {}, [0.48319, 0.51681]),
        ("05/dots_dashes_digits.bif", "x.1-a", {"0": 0}, [1e-05, 0.99999]),
        ("10/own.net", "b", {"a": 1}, [0.1, 0.9]),
        ("10/wet.dsc", "grass", {"rain": 0, "sprinkler": 1}, [0.8, 0.2]),
        ("10/wet.dsc", "grass", {"rain": 1, "sprinkler": 1}, [0.0, 1.0]),
        ("10/weka.xbif", "windy", {"play": 1}, [0.6, 0.4]),
    ],
)
def test_rows_of_tables(file, variable, given, expected):
    np.testing.assert_allclose(sv.read_network(CASES / file).conditionals[variable].given(given), expected)


def test_a_default_fills_what_no_row_says():
    table = wet().conditionals["floor"]
    assert table.parents == ("rain", "roof")
    assert table.probabilities[..., 1].tolist() == [[0.1, 0.1, 0.1], [1.0, 0.6, 0.1]]


def test_a_deterministic_node_of_genie_is_a_table_of_zeros_and_ones():
    network = sv.read_network(CASES / "10/tables.xdsl")
    assert network.conditionals["floor"].given({"rain": 1}).tolist() == [0.2, 0.3, 0.5]
    clean, dirty = [1, 0], [0, 1]
    expected = [[clean, clean], [clean, dirty], [dirty, dirty]]
    assert network.conditionals["shoes"].probabilities.tolist() == expected


@pytest.mark.parametrize("name", ["asia", "sachs"])
def test_files_and_pickles_keep_the_tables(name):
    network = sv.load_network(name)
    for copy in (sv.parse_network(sv.network_to_json(network), "n.json"), pickle.loads(pickle.dumps(network))):
        assert copy.conditionals == network.conditionals
        assert copy.states == network.states
        assert not next(iter(copy.conditionals.values())).probabilities.flags.writeable


def test_names_that_are_no_texts_keep_their_tables():
    tables = {1: sv.ConditionalTable((), ("u", "v"), [0.5, 0.5])}
    tables["x", 0] = sv.ConditionalTable((1,), ("u", "v"), [[0.1, 0.9], [0.7, 0.3]])
    network = sv.BayesianNetwork(nx.DiGraph([(1, ("x", 0))]), None, tables)
    assert sv.parse_network(sv.network_to_json(network), "n.json").conditionals == network.conditionals


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("(wet, thin) .4, .6", "(wet, thin) .4, .5", "floor given rain = wet, roof = thin sum to 0.9, but they must"),
        ("table .25, .75", "table .25, .85", r"The probabilities of rain sum to 1\.1"),
        ("table .25, .75", "table -.25, 1.25", r"A probability of rain is -0\.25"),
        ("table .25, .75", "table 1e999, 0", "A probability of rain is inf"),
        ("table .2, .3, .5", "table .2, .8", "The table of roof in line 6 of wet has 2 numbers, .* ask for 3"),
        ("default .9, .1;", "", "The table of floor in line 7 of wet has no row for rain = dry, roof = none"),
        ("(wet, none)", "(wet, glass)", "has a row for the state glass of roof, whose states are none, thin, thick"),
        ("(wet, none)", "(wet)", "has a row for 1 states, but there are 2 parents"),
        ("(wet, none) 0, 1", "(wet, none) 0", "has a row of 1 numbers, but floor has 2 states"),
        ("table .25, .75", "table .25, high", "'probability . rain . . table .25, high; .', has 'high' where a"),
        (
            "{ none, thin, thick }",
            "{ none, thin, thin }",
            "declares roof in line 3 with states that have",
        ),
    ],
)
def test_a_table_that_is_none_is_one_sentence(old, new, sentence):
    with pytest.raises(sv.InputError, match=sentence) as caught:
        wet(old, new)
    assert str(caught.value).endswith(".")


def test_rounded_rows_are_divided_by_their_sum():
    table = wet("table .2, .3, .5", "table .333, .333, .333").conditionals["roof"]
    np.testing.assert_allclose(table.probabilities, 1 / 3, atol=1e-15)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.replace('"kind": "table"', '"kind": "tables"', 1), "has a table for some .* but none for rain"),
        (lambda t: t.replace('"dry"', '"wet"', 1), "rain in n has two states of the same name"),
        (lambda t: t.replace("0.25", '"0.25"', 1), "A probability of rain in n is a string"),
        (lambda t: t.replace("0.25,", "", 1), "rain in n needs 'probabilities', lists in lists of the lengths 2"),
        (lambda t: t.replace("0.25", "0.5", 1), r"The probabilities of rain sum to 1\.25"),
    ],
)
def test_a_table_in_json_that_is_none_is_one_sentence(change, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.parse_network(change(sv.network_to_json(wet())), "n.json")


def test_tables_and_real_values_do_not_mix():
    conditionals = {"a": sv.ConditionalTable((), ("u", "v"), [0.5, 0.5]), "b": sv.LinearGaussian(0.0, {"a": 1.0}, 1.0)}
    with pytest.raises(sv.InputError, match="has a table for a but a linear-Gaussian conditional for b"):
        sv.BayesianNetwork(nx.DiGraph([("a", "b")]), None, conditionals)


@pytest.mark.parametrize(
    ("parents", "states", "numbers", "sentence"),
    [
        ((), ("u", "u"), [0.5, 0.5], "states with different names"),
        (("a", "a"), ("u",), [[[1.0]]], "names each parent once"),
        (("a",), ("u", "v"), [0.5, 0.5], r"has 2 axes, .* but the shape \(2,\) came"),
        ((), ("u", "v"), ["a", "b"], "A table holds numbers"),
    ],
)
def test_a_table_has_axes_and_states(parents, states, numbers, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        sv.ConditionalTable(parents, states, numbers)


def test_a_table_has_the_shape_of_its_parents_states():
    tables = {"a": sv.ConditionalTable((), ("u", "v"), [0.5, 0.5]), "b": sv.ConditionalTable(("a",), ("w",), [[1.0]])}
    with pytest.raises(sv.InputError, match=r"The table of b has the shape \(1, 1\), .* ask for \(2, 1\)"):
        sv.BayesianNetwork(nx.DiGraph([("a", "b")]), None, tables)


@pytest.mark.parametrize("name", ["asia", "wet"])
def test_draws_have_the_probabilities_of_the_joint(name):
    """A chi-square statistic over all assignments, against four standard deviations; none that cannot be."""
    network = wet() if name == "wet" else sv.load_network(name)
    states, probability = joint(network)
    num_draws = 40_000
    x, z = sv.sample_network(network, num_draws, seed=3)
    columns = dict(zip((*network.observed, *network.latents), torch.cat([x, z], dim=1).T, strict=True))
    drawn = torch.stack([columns[v] for v in network.variables], dim=1).long().numpy()
    sizes = [len(network.states[v]) for v in network.variables]
    code, codes = (np.ravel_multi_index(values.T, sizes) for values in (drawn, states))
    counts = np.bincount(code, minlength=len(states))[codes]
    assert not counts[probability == 0].any()
    likely = probability > 5 / num_draws
    expected = num_draws * probability[likely]
    statistic, degrees = ((counts[likely] - expected) ** 2 / expected).sum(), likely.sum()
    assert abs(statistic - degrees) < 4 * np.sqrt(2 * degrees)


def test_draws_are_parents_first_whatever_the_declared_order():
    tables = {"b": sv.ConditionalTable(("a",), ("u", "v"), [[0, 1], [1, 0]])}
    tables["a"] = sv.ConditionalTable((), ("u", "v"), [0.3, 0.7])
    dag = nx.DiGraph()
    dag.add_nodes_from(tables)
    dag.add_edge("a", "b")
    rows = network_simulator(sv.BayesianNetwork(dag, ["b"], tables))(200, torch.Generator().manual_seed(0))
    assert (rows[:, 0] == 1 - rows[:, 1]).all()
    assert 0.6 < rows[:, 1].mean() < 0.8


@pytest.mark.parametrize("name", ["asia", "wet"])
def test_full_conditionals_are_those_of_the_joint(name):
    network = wet() if name == "wet" else sv.load_network(name)
    states, probability = joint(network)
    states, possible = states[probability > 0], {tuple(s): p for s, p in zip(states, probability, strict=True)}
    found = TableDraws(network).full_conditionals(states)
    for i, v in enumerate(network.variables):
        for row, probabilities in zip(states, found[i], strict=True):
            others = [possible[(*row[:i], s, *row[i + 1 :])] for s in range(len(network.states[v]))]
            np.testing.assert_allclose(probabilities, np.array(others) / sum(others), atol=1e-12)


def test_a_changed_graph_has_no_tables():
    changed = sv.change_network(sv.load_network("asia"), ["remove asia"])
    assert changed.conditionals is None
    assert "tables were left out" in changed.notes[-1]


REAL = {
    "SIReNVAE": lambda n: sv.SIReNVAE(n),
    "VanillaVAE": lambda n: sv.VanillaVAE(n),
    "flow": lambda n: sv.FlowDensity.of_network(n),
    "reference": lambda n: sv.fit_reference("independent_gaussians", n, sv.sample_network(n, 50)[0]),
    "training": lambda n: preset("minute", n),
    "trained flow": lambda n: shown_flow(n, ("asia", "tub"), "fitted"),
    "entropy": lambda n: sv.observed_entropy(n),
    "posterior": lambda n: sv.true_posterior(n, sv.sample_network(n, 2)[0]),
    "gap": lambda n: sv.posterior_gap(n, sv.invert(n)),
}


@pytest.mark.parametrize("what", REAL)
def test_what_is_about_real_values_says_so(what):
    with pytest.raises(sv.InputError, match="have states") as caught:
        REAL[what](sv.load_network("asia"))
    assert "\n" not in str(caught.value)


def test_data_of_real_values_go_with_the_bare_graph():
    bare = sv.load_network("asia").without_conditionals()
    assert (bare.conditionals, bare.observed) == (None, ("xray", "dysp"))
    assert sv.SIReNVAE(bare).elbo(torch.zeros(2, 2)).shape == (2,)
