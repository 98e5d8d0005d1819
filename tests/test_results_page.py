"""The results page: its words and figures from made-up rows, the page without a browser."""

import contextlib
import io

import pytest

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.experiments import reference_results
from sirenvae.experiments.reference_results import write_reference_results
from sirenvae.experiments.registry import LEARNERS, VAES
from sirenvae.experiments.table1 import PAPER_EXCESS_NLL
from sirenvae.figures.results import excess_figure, squeezed
from sirenvae.figures.results_words import parts_words, table1_words, tuning_words
from sirenvae.ui.results.code import results_code
from sirenvae.ui.results.view import finished_cells, rows_of
from sirenvae.ui.shared.look import plain

FEW = {"true": 0.8, "fully_connected": 1.3, "independent": 1.2, "vanilla_vae": 1.4, "linear_gaussian_bn": 0.6}
MANY = {"true": 0.02, "fully_connected": 0.021, "independent": 0.06, "vanilla_vae": 0.08, "linear_gaussian_bn": 0.02}


def row(learner, multiple, excess, *, network="ecoli70", recipe="default", sd=0.01, **changes):
    is_model = learner in VAES
    values = {
        "network": network,
        "multiple": multiple,
        "training_points": multiple and 46 * multiple,
        "learner": learner,
        "recipe": recipe if is_model else None,
        "runs": 5,
        "nll_mean": 31.2 + (excess or 0.0),
        "nll_sd": 0.1,
        "excess_nll_mean": excess,
        "excess_nll_sd": None if excess is None else sd,
        "nll_standard_error": None,
        "chosen": None,
        "paper_excess_nll": None,
        "exact_entropy": 31.2,
        "diverged_runs": 0,
    }
    for name in ("effective_sample_size", "reconstruction_error", "elbo"):
        values |= {f"{name}_mean": 1.0 if is_model else None, f"{name}_sd": 0.1 if is_model else None}
    return values | changes


def table(**changes):
    rows = [
        row(learner, multiple, excess, **changes)
        for multiple, found in ((2, FEW), (100, MANY))
        for learner, excess in found.items()
    ]
    return [row("truth", None, None, **changes), *rows]


def size_rows(losses):
    return [
        {
            "network": "ecoli70", "model": model, "size": size, "seed": seed, "recipe": "default",
            "elbo": loss and -31.2 - loss, "iwae": loss and -31.2 - loss, "train_elbo": -31.2,
            "true_log_evidence": -31.2, "true_log_evidence_error": 0.0, "excess_nll": loss, "diverged": False,
        }
        for (model, size), seeds in losses.items()
        for seed, loss in enumerate(seeds)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stands in for the package's folder of results."""
    monkeypatch.setattr(reference_results, "files", lambda package: tmp_path)
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def page(**parameters):
    app = AppTest.from_file("../app.py", default_timeout=30)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run().switch_page("pages/results.py").run()


def words(app):
    return "\n".join(block.value for block in app.markdown)


def test_what_the_structure_is_worth_is_judged_by_the_spread_of_the_runs():
    few, many, *_ = table1_words(table())
    assert few.startswith("With **92 points** the true structure ends 0.80 nats above the truth; fully connected 1.30,")
    assert few.endswith("To know the structure is worth **0.40 to 0.60 nats** a point.")
    assert many.startswith("With **4,600 points** the true structure ends 0.020 nats above the truth")
    assert many.endswith("From fully connected these runs cannot tell it apart.")
    worse = [one | {"excess_nll_mean": 2.0} if one["learner"] == "true" else one for one in table()]
    assert "Here fully connected, independent and vanilla VAE did **better** than the true" in table1_words(worse)[0]
    assert "From fully connected, independent and vanilla VAE these runs" in table1_words(table(sd=1.0))[0]


def test_a_classical_learner_that_is_better_is_said_to_be_better():
    sentences = table1_words(table())
    assert any(
        "of the best classical learner (linear BN, 0.60 nats) and the best VAE (true structure, 0.80 nats), the "
        "classical one is **nearer**" in sentence
        for sentence in sentences
    )
    assert sum("cannot be told apart by these runs" in sentence for sentence in sentences) == 1
    best = [one | {"excess_nll_mean": 0.1} if one["learner"] == "true" else one for one in table()]
    assert any("the VAE is **nearer**" in sentence for sentence in table1_words(best))


def test_the_paper_what_was_chosen_and_what_diverged_are_counted():
    assert not any("paper" in sentence or "chose" in sentence for sentence in table1_words(table()))
    rows = table(network="arth150")
    for one in rows:
        one["paper_excess_nll"] = PAPER_EXCESS_NLL.get(("arth150", one["learner"]), {}).get(one["multiple"])
    rows[2] |= {"paper_excess_nll": 0.1, "diverged_runs": 2}
    chosen = {"recipe": "selected", "chosen": "linear start ×3, cold, rate 0.01, decay 1 ×2"}
    rows += [row("true", multiple, 0.5, network="arth150", **chosen) for multiple in (2, 100)]
    *_, paper, selected, diverged = table1_words(rows)
    assert "ours are lower in 7 of 8 rows" in paper
    assert selected.startswith(
        "The recipe selected chose linear start in 6 of 10 runs and cold (rate 0.01, decay 1) in 4 of 10 runs."
    )
    assert selected.endswith("no triumph of flows.")
    assert diverged.startswith("2 runs met numbers")
    assert "(recipe default)" in table1_words(rows)[0]


@pytest.mark.parametrize("dark", [False, True])
def test_every_learner_has_its_place_mark_and_whiskers(dark):
    rows = [*table(), row("true", 2, 9.0, network="other")]
    rows[1]["paper_excess_nll"] = 5.0
    figure = excess_figure(rows, "ecoli70", dark)
    filled = [trace for trace in figure.data if not trace.marker.symbol.endswith("-open")]
    [hollow] = [trace for trace in figure.data if trace.marker.symbol.endswith("-open")]
    assert [trace.x[0] for trace in filled] == [squeezed(one["excess_nll_mean"]) for one in rows[1:11]]
    assert hollow.x == (squeezed(5.0),)
    assert (hollow.y, hollow.marker.symbol) == (filled[0].y, "circle-open")
    looks = [(trace.marker.color, trace.marker.symbol) for trace in filled[:5]]
    assert looks == [(LEARNERS[name].colour, LEARNERS[name].symbol) for name in FEW]
    assert filled[0].x[0] + filled[0].error_x.array[0] == pytest.approx(squeezed(0.81))
    assert filled[0].x[0] - filled[0].error_x.arrayminus[0] == pytest.approx(squeezed(0.79))
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [(line.x0, line.line.color) for line in lines] == [(0, "#FFFFFF" if dark else "#000000")] * 2
    texts = [note.text for note in figure.layout.annotations]
    assert texts.count("exact") == 2
    assert {"<b>92 points</b>, 2 per variable", "<b>4,600 points</b>, 100 per variable", "0.80", "0.020"} <= set(texts)


def test_an_estimated_truth_is_drawn_with_its_standard_error():
    rows = table()
    rows[0]["nll_standard_error"] = 0.0061
    figure = excess_figure(rows, "ecoli70")
    assert [note.text for note in figure.layout.annotations].count("estimated ± 0.0061") == 2
    bands = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [(band.x0, band.x1) for band in bands] == [(squeezed(-0.0061), squeezed(0.0061))] * 2


def test_parts_are_compared_with_everything_learnt():
    found = {"none": 0.8, "decoder": 0.1, "prior": 0.7}
    rows = [
        {"multiple": 2, "training_points": 92, "exact": exact, "excess_nll_mean": nats} for exact, nats in found.items()
    ]
    assert parts_words(rows) == [
        "With **92 points** and everything learnt the excess is 0.80 nats; with the decoder exact 0.10 and with the "
        "prior exact 0.70."
    ]


def tuned_rows():
    """As the table of tuning gives them."""
    gone = ("nll_standard_error", "paper_excess_nll", "chosen", "diverged_runs")
    found = {
        (recipe, learner): nats - 0.2 * (recipe == "tuned")
        for recipe in ("tuned", "default")
        for learner, nats in FEW.items()
    }
    rows = [row(learner, 2, nats, recipe=recipe) for (recipe, learner), nats in found.items() if learner in VAES]
    return [{name: value for name, value in one.items() if name not in gone} for one in rows]


def test_tuned_models_are_compared_and_what_tuning_gained_is_said():
    tuned, default, gains = tuning_words(tuned_rows())
    assert tuned.startswith(
        "With **92 points** (recipe tuned) the true structure ends 0.60 nats above the truth; fully"
    )
    assert default.endswith("To know the structure is worth **0.40 to 0.60 nats** a point.")
    assert gains == (
        "What tuning gained over the default, in nats: true structure 0.20, fully connected 0.20, independent 0.20 and "
        "vanilla VAE 0.20."
    )
    rows = tuned_rows()
    rows[0]["excess_nll_mean"] = None
    assert tuning_words(rows)[-1].startswith("What tuning gained over the default, in nats: fully connected 0.20, ")


def test_a_cell_with_numbers_that_are_not_finite_is_left_out():
    rows = size_rows({("true", 46): (1.0, None), ("true", 92): (1.0, 1.1)})
    assert {one["size"] for one in finished_cells(rows)} == {92}


def test_rows_without_a_recipe_stay_when_recipes_are_chosen():
    rows = [*table(), row("true", 2, 0.5, recipe="selected"), row("true", 2, 0.5, network="other")]
    assert {one["recipe"] for one in rows_of(rows, "ecoli70", ["selected"])} == {"selected", None}
    assert len(rows_of(rows, "ecoli70")) == 12


def test_without_results_the_page_says_how_to_make_them(folder):
    app = page()
    assert not app.exception
    [info] = app.info
    assert "python -m sirenvae table 1 --preset paper" in info.value


def test_damaged_results_are_one_sentence(folder):
    (folder / "table-1.json").write_text("{", encoding="utf-8")
    app = page()
    assert not app.exception
    sentence = "The reference results table-1.json are damaged; bring back a copy."
    assert [error.value for error in app.error] == [plain(sentence)]


def test_the_page_shows_what_is_there_and_keeps_the_other_pages_network(folder):
    rows = [*table(), row("true", 2, 0.5, recipe="selected"), *table(network="arth150")]
    write_reference_results(folder / "table-1.json", "table-1", "python -m sirenvae table 1", {}, ["A note."], rows)
    sizes = size_rows({("true", 46): (1.0, 1.1), ("vanilla_vae", 46): (2.0, 2.1)})
    write_reference_results(folder / "elbo-vs-size.json", "elbo-vs-size", "python -m y", {}, ["Another."], sizes)
    write_reference_results(folder / "tuning.json", "tuning", "python -m z", {}, ["A third."], tuned_rows())
    app = page(network="arth150")
    assert not app.exception
    assert app.selectbox(key="results_network").value == "arth150"
    app.selectbox(key="results_network").select("ecoli70").run()
    assert "With **92 points** (recipe default) the true structure ends 0.80" in words(app)
    assert app.code[0].value == "python -m sirenvae table 1"
    assert len(app.dataframe[0].value) == 12
    app.switch_page("pages/inversion.py").run()
    assert app.selectbox(key="network").value == "arth150"
    app.switch_page("pages/results.py")
    app.query_params["results"] = "sizes"
    app.run()
    assert "With **46 points** the true structure ends **1.00 nats nearer to**" in words(app)
    assert app.code[0].value == "python -m y"
    app.session_state["results"] = "tuning"
    app.run()
    assert "What tuning gained over the default" in words(app)
    assert len(app.dataframe[0].value) == 8


@pytest.mark.parametrize("network", ["ecoli70", "arth150"])
def test_the_code_that_is_shown_runs(folder, network):
    write_reference_results(folder / "table-1.json", "table-1", "", {}, [], table(network=network))
    sizes = [one | {"network": network} for one in size_rows({("true", 46): (1.0,), ("vanilla_vae", 46): (2.0,)})]
    write_reference_results(folder / "elbo-vs-size.json", "elbo-vs-size", "", {}, [], sizes)
    part = {"network": network, "multiple": 2, "training_points": 92, "exact": "none", "excess_nll_mean": 0.8}
    write_reference_results(folder / "parts.json", "parts", "", {}, [], [part])
    tuned = [one | {"network": network} for one in tuned_rows()]
    write_reference_results(folder / "tuning.json", "tuning", "", {}, [], tuned)
    printed = io.StringIO()
    codes = [results_code("table-1", network, ["default"])]
    codes += [results_code(experiment, network) for experiment in ("elbo-vs-size", "parts", "tuning")]
    for lines in codes:
        *first, last = lines
        space = {"sv": sv}
        with contextlib.redirect_stdout(printed):
            if last.startswith(" "):
                exec("\n".join(lines), space)
            else:
                exec("\n".join(first), space)
                assert eval(last, space).data
    assert "the true structure ends 0.80 nats" in printed.getvalue()
    assert "everything learnt the excess is 0.80 nats" in printed.getvalue()


@pytest.mark.parametrize(
    ("section", "name", "words"),
    [
        ("edges", "nami-9", "edges cost"),
        ("mixture", "nami-7", "three components"),
        ("images", "nami-4", "gap of mean field"),
    ],
)
def test_inference_networks_are_shown_too(section, name, words):
    """The results that come with the package, and the code under them."""
    results = sv.reference_results(name)
    app = page(results=section)
    assert not app.exception
    assert words in " ".join(element.value for element in app.markdown)
    assert results.command in [code.value for code in app.code]
    network = results.rows[0]["network"] if name == "nami-9" else None
    *first, last = results_code(name, network, capacity=results.rows[0]["capacity"] if network else None)
    space = {"sv": sv}
    exec("\n".join(first), space)
    assert eval(last, space).data


def test_what_was_equal_can_be_chosen(folder):
    rows = [dict(row) for row in nine_rows("active-6000", "stored-12000")]
    write_reference_results(folder / "nami-9.json", "nami-9", "python -m n", {}, [], rows)
    app = page(results="edges")
    assert not app.exception
    assert len(app.dataframe[0].value) == 2
    [choice] = [one for one in app.get("button_group") if one.proto.id.endswith("capacity")] or [None]
    assert choice is not None


def nine_rows(*capacities):
    return [
        {
            "network": "tree", "inverse": "nami-topological", "extra_edges": extra, "placement": 0, "training_draws": 0,
            "capacity": capacity, "edges": 9 + extra, "active_weights": 100, "floor": 0.0, "kl_mean": 0.1,
            "kl_worst": 0.2, "half_mean": 20.0, "runs": {"half": [20.0, 21.0]}, "steps": [0, 10, 20],
            "curve_mean": [2.0, 1.0, 0.4], "curve_sd": [0.0, 0.1, 0.1],
        }
        for capacity in capacities
        for extra in (0, 12)
    ]  # fmt: skip
