"""What the app's JavaScript computes without a page, run by Node and compared with the Python that it stands for."""

import json
import shutil
import subprocess
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv

if shutil.which("node") is None:
    # Nothing else needs Node; the browser tests cover these modules as far as they are seen.
    pytest.skip("what the app's modules compute is checked where node is on the PATH", allow_module_level=True)

from importlib.resources import files

NETWORKS = ["student", "binary-tree-4", "random-dag-30-2-1", "magic-niab"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The modules, where every version of Node takes them for modules."""
    folder = tmp_path_factory.mktemp("modules")
    shutil.copytree(files("sirenvae.ui"), folder / "ui", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.fixture
def run(folder):
    """Call it with names of modules, a function of them and of a value, and the value; returns what that returns."""

    def run(names, function, value=None):
        imports = "".join(f'import * as m{i} from "./ui/{name}.js";' for i, name in enumerate(names.split()))
        modules = ", ".join(f"...m{i}" for i in range(len(names.split())))
        read = 'JSON.parse(require("fs").readFileSync(0, "utf-8"))'
        code = 'import { createRequire } from "module"; const require = createRequire(import.meta.url);'
        code += f"{imports}console.log(JSON.stringify(({function})({{{modules}}}, {read})));"
        (folder / "test.js").write_text(code, encoding="utf-8")
        done = subprocess.run(
            ["node", "test.js"], cwd=folder, input=json.dumps(value), capture_output=True, text=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_every_import_finds_what_it_names(run, folder):
    modules = sorted(path.relative_to(folder / "ui").with_suffix("").as_posix() for path in folder.glob("ui/*/*.js"))
    assert len(modules) > 40
    run(" ".join(modules), "() => null")


def trace(network, inverse):
    """What the stepper gets of an elimination."""
    number = network.position
    steps = [step for step in inverse.steps if isinstance(step, sv.EliminationStep)]
    return {
        "model": graph(network),
        "moral": [(number[a], number[b]) for a, b in sv.moralizing_edges(network)],
        "eliminated": [number[step.eliminated] for step in steps],
        "costs": [[(number[v], cost) for v, cost in step.frontier_changes.items()] for step in steps],
        "pruned": [(number[s.parent], number[s.child]) for s in inverse.steps if isinstance(s, sv.PruningStep)],
        "words": [sv.explain(step) for step in inverse.steps],
    }


def graph(network):
    number = network.position
    return {
        "names": [str(v) for v in network.variables],
        "edges": [(number[parent], number[child]) for parent, child in network.dag.edges],
    }


@pytest.mark.parametrize("order", ["topological", "reverse"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_replay_is_the_elimination(run, name, order):
    network = sv.load_network(name)
    inverse = sv.invert(network, order)
    number = network.position
    steps = [step for step in inverse.steps if isinstance(step, sv.EliminationStep)]
    replayed, frontiers = run(
        "inversion/replay",
        "(m, data) => [m.replaySteps(data), data.eliminated.map((_, i) => [...m.frontierAt(data, i)])]",
        trace(network, inverse),
    )
    assert [step["words"] for step in replayed] == [sv.explain(step) for step in inverse.steps]
    for ours, step, frontier in zip(replayed, steps, frontiers, strict=False):
        assert ours["v"] == number[step.eliminated]
        assert set(ours["parents"]) == {number[v] for v in step.parents}
        assert pairs(ours["fill"]) == pairs((number[a], number[b]) for a, b in step.fill_edges)
        assert dict(frontier) == {number[v]: cost for v, cost in step.frontier.items()}


@pytest.mark.parametrize("name", ["student", "random-dag-30-2-1"])
def test_what_a_variable_would_cost_is_what_its_neighbours_lack(run, name):
    network = sv.load_network(name)
    inverse = sv.invert(network)
    number = network.position
    steps = [step for step in inverse.steps if isinstance(step, sv.EliminationStep)]
    ask = """(m, [data, asked]) => {
      const steps = m.replaySteps(data);
      return asked.map(([step, v]) => [m.missingEdges({ data, steps, step }, v).length, m.edgesAt(data, steps, step)]);
    }"""
    asked = [(k, number[v], cost) for k, step in enumerate(steps) for v, cost in step.frontier.items()]
    answers = run("inversion/replay", ask, [trace(network, inverse), [(k, v) for k, v, _ in asked]])
    for (k, _, cost), (lacking, edges) in zip(asked, answers, strict=True):
        assert lacking == cost
        left = set(network.variables) - {step.eliminated for step in steps[:k]}
        induced = sv.graphs_at(network, inverse, k).induced.subgraph(left)
        assert pairs(edges) == pairs((number[a], number[b]) for a, b in induced.edges)


@pytest.mark.parametrize("name", NETWORKS)
def test_blankets_and_ancestors(run, name):
    network = sv.load_network(name)
    moral = nx.moral_graph(network.dag)
    number, everything = network.position, range(len(network.variables))
    ask = "({ Family }, g) => g.names.map((_, v) => [new Family(g).blanket(v), [...new Family(g).ancestors(v)]])"
    for v, (blanket, ancestors) in zip(everything, run("network/family", ask, graph(network)), strict=True):
        variable = network.variables[v]
        members = [u for kind in ("parents", "children", "coparents") for u in blanket[kind]]
        assert len(members) == len(set(members))
        assert set(members) == {number[u] for u in moral[variable]}
        assert set(ancestors) == {number[u] for u in nx.ancestors(network.dag, variable)} | {v}


@pytest.mark.parametrize("name", ["student", "random-dag-8-2-1"])
def test_paths_through_a_block_are_the_product_of_its_masks(run, name):
    pytest.importorskip("torch")
    from sirenvae.experiments.shown.masks import block_layers, flow_graph
    from sirenvae.figures.masks import block_drawing

    adjacency = flow_graph(sv.load_network(name), "posterior", "true")
    widths = [2 * len(adjacency.names)] * 2
    product = np.eye(len(adjacency.names), dtype=int)
    for mask in block_layers(adjacency, widths).masks:
        product = mask.numpy().astype(int) @ product
    ask = """({ Block }, model) => {
      const block = new Block(model);
      return block.layers.at(-1).owners.map((_, i) => block.names.map((_, j) =>
        [block.count(j, i), block.paths(j, i, 1e6).length, block.weights(block.lit({ kind: "pair", j, i })).length]));
    }"""
    found = np.array(run("masks/paths", ask, block_drawing(adjacency, block_layers(adjacency, widths))))
    assert (found[..., 0] == product).all()
    assert (found[..., 1] == product).all()
    assert ((found[..., 2] > 0) == (product > 0)).all()


def test_the_whole_model_reaches_what_its_graphs_say(run):
    pytest.importorskip("torch")
    from sirenvae.experiments.shown.vae import vae_masks
    from sirenvae.figures.vae import vae_drawing

    network = sv.load_network("student")
    ask = """({ Vae }, model) => {
      const vae = new Vae({ ...model, blocks: 1 });
      const read = (c, u) => vae.groups(vae.lit(c, u).behind);
      const seen = (c, count) => Array.from({ length: count }, (_, u) => [vae.name(c, u), read(c, u)]);
      const decoded = seen(vae.decoded, model.decoder.outputs.length);
      return { z: seen(vae.z, vae.latents), decoded, names: vae.names };
    }"""
    found = run("masks/model", ask, vae_drawing(network, vae_masks(network)))
    inverse = sv.invert(network).dag

    def named(numbers):
        return {found["names"][v] for v in numbers}

    for name, read in found["z"]:
        assert named(read["observed"]) == set(inverse.pred[name]) & set(network.observed)
        assert named(read["noise"]) == set(inverse.pred[name]) & set(network.latents) | {name}
    for name, read in found["decoded"]:
        assert named(read["z"]) == set(network.dag.pred[name]) & set(network.latents)


def test_a_line_of_the_density_is_one_piece(run):
    size = 40
    y, x = np.mgrid[:size, :size] - np.array([18.6, 19.3])[:, None, None]
    hill = np.exp(-(x**2 + y**2) / 100)  # a round hill, and its line half-way up
    (line,) = run("flow/contours", "(m, hill) => m.joined(m.contour(hill, 40, 0.5))", hill.ravel().tolist())
    assert line[0] == line[-1]
    radii = [((x - 19.3) ** 2 + (y - 18.6) ** 2) ** 0.5 for x, y in line]
    assert max(abs(radius - 8.326) for radius in radii) < 0.05  # 10 * sqrt(log(2))
    steps = [((a - c) ** 2 + (b - d) ** 2) ** 0.5 for (a, b), (c, d) in pairwise(line)]
    assert max(steps) < 1.5
    assert sum(steps) == pytest.approx(6.2832 * 8.326, rel=0.01)


def test_an_edge_bends_around_a_disc_and_is_found_where_it_bends(run):
    model = {"names": ["a", "b", "c"], "x": [0, 100, 200], "y": [0, 0, 0], "edges": [(0, 2)]}
    ask = """({ Routes, edgeAt, neighbourTowards }, model) => {
      const routes = new Routes(model);
      const [there, back] = [routes.control(0, 2), routes.control(2, 0)];
      const middle = [there[0], there[1] / 2]; // of a quadratic curve between two points on the line
      const at = (point) => edgeAt({ model, routes }, point, 8);
      return { there, back, on: at(middle), off: at([100, 0]), right: neighbourTowards(model, 0, [1, 0]) };
    }"""
    found = run("shared/routes network/finder", ask, model)
    assert found["there"] == found["back"]
    assert abs(found["there"][1]) / 2 > 1.3 * 22  # the middle of the curve passes the disc, whose radius is 22
    assert (found["on"], found["off"], found["right"]) == ([0, 2], None, 1)


def test_counts_and_lists_in_words(run):
    words = "(m) => [m.several(1, 'edge'), m.several(0, 'edge'), m.shortened(['a', 'b']), m.shortened([...'abcdefg'])]"
    assert run("shared/words", words) == ["1 edge", "0 edges", "a, b", "a, b, c, d, e and 2 more"]


def pairs(edges):
    """Undirected edges; none of them twice."""
    edges = [frozenset(edge) for edge in edges]
    assert len(edges) == len(set(edges))
    return set(edges)


def test_a_region_has_its_border_where_a_normal_distribution_leaves_its_share(run):
    covariance, share = np.array([[2.0, 0.8], [0.8, 0.5]]), 0.9
    points = np.array(
        run(
            "inference/marks",
            "({ regionOf }, [covariance, share]) => regionOf(covariance, share)",
            [covariance.tolist(), share],
        )
    )
    distances = np.einsum("ni,ij,nj->n", points, np.linalg.inv(covariance), points)
    assert np.allclose(distances, -2 * np.log(1 - share))  # chi-squared with two degrees of freedom
    assert np.ptp(points[:, 0]) > 2 * np.sqrt(2.0)
