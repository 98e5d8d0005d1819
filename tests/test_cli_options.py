"""Every option of every command either acts or is refused with one sentence."""

import argparse
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from option_effects import EFFECTS, SHORT_TABLE, TRAIN
from small_images import write_images

from sirenvae.cli import build_parser, main
from sirenvae.data import downloads
from sirenvae.experiments import elbo_vs_size, executors, nami4, parts, table1, tuning
from sirenvae.experiments.store import Store, key_of
from sirenvae.figures import export
from sirenvae.training.recipes import RECIPES, Recipe

SEEN = {}  # what commands left behind, for several tests


def options_of(parser, command=""):
    """All pairs of command and option."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from options_of(inner, f"{command} {name}".strip())
        elif action.option_strings and action.dest != "help":
            yield from ((command, name) for name in action.option_strings)


def test_every_option_has_an_effect_that_is_tested():
    """Who adds an option says above how it is seen to act."""
    tested = {(command, option) for command, effects in EFFECTS.items() for option in effects}
    assert set(options_of(build_parser())) == tested


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the files that are named above, and sweeps that take a moment."""
    monkeypatch.chdir(tmp_path)
    barren = '{"nodes": ["a", "b", "c"], "arcs": [["a", "c"], ["b", "c"]], "observed": ["a"]}'
    Path("barren.json").write_text(barren, encoding="utf-8")
    # Of p and q, p costs no fill edge but has three neighbours, q one but has two.
    Path("star.csv").write_text("p,x1\np,x2\nx1,x2\np,x3\nx1,x3\nx2,x3\nq,y1\nq,y2\n", encoding="utf-8")
    Path("points.csv").write_text("x2;x1;x3\n1,5;0;2\n".replace(",", "."), encoding="utf-8")
    with Store("cells.sqlite") as store:
        for experiment in ("one", "two"):
            config = {"experiment": experiment}
            store.put(key_of(experiment, config), experiment, config, {"elbo": [1.0, 2.0]}, 1.0)
    for module in (elbo_vs_size, table1):
        monkeypatch.setattr(module, "preset", smaller(module.preset))
    short = Recipe("short", num_steps=2)
    monkeypatch.setattr(tuning.Tuning, "recipes", lambda self: drawn(self.num_tries))
    small = dict(num_test=20, iwae_samples=5)
    refit = dict(elbo_samples=2, many_samples=8, num_fresh=50, refit_steps=2, refit_batch=8, refit_draws=2)
    search = dict(models=("true", "vanilla_vae"), search_runs=1, second_runs=1, search_test=20, search_samples=5)
    monkeypatch.setattr(parts, "Parts", fewer(parts.Parts, small | refit | {"recipe": short}))
    monkeypatch.setattr(tuning, "Tuning", fewer(tuning.Tuning, small | search))
    monkeypatch.setattr(executors, "local_processes", told_workers)
    monkeypatch.setattr(executors, "cluster", told_cluster)
    monkeypatch.setattr(export, "find_browser", lambda: None)
    few = dict(encoders=("faithful",), num_latents=4, decoder_features=3, num_chains=2)
    monkeypatch.setattr(nami4, "preset", lambda name, preset=nami4.preset: replace(preset(name), **few))
    monkeypatch.setenv("SIRENVAE_DATA", str(tmp_path / "data"))
    for part in ("train", "test"):
        write_images(tmp_path / "data" / "mnist", part)
    monkeypatch.setattr(downloads, "download_images", lambda name, progress: print(f"downloads {name}"))


def smaller(preset):
    def small(name, networks):
        config = preset(name, networks)
        references = config.references[:1]
        return replace(
            config,
            models=config.models[:2],
            references=references,
            num_test=config.num_test // 25,
            iwae_samples=config.iwae_samples // 20,
        )

    return small


def drawn(count):
    rates = [RECIPES["default"].learning_rate * (1 + i) for i in range(count)]
    return [replace(RECIPES["default"], name=f"try {i}", num_steps=2, learning_rate=r) for i, r in enumerate(rates)]


def fewer(config, changes):
    return lambda *arguments, **named: config(*arguments, **named | changes)


@contextmanager
def told_workers(num_workers):
    print(f"{num_workers} workers")
    with ThreadPoolExecutor(1) as executor:
        yield executor, None


@contextmanager
def told_cluster(address):
    print(f"workers of {address}")
    with ThreadPoolExecutor(1) as executor:
        yield executor


def seen(words, capsys):
    """What a command leaves behind: its output without times, and its files."""
    before = set(Path().rglob("*"))
    assert main(words.split()) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    files = {}
    for file in sorted(path for path in set(Path().rglob("*")) - before if path.is_file()):
        is_text = file.suffix in (".csv", ".md", ".tex", ".json")
        files[str(file)] = file.read_text(encoding="utf-8").replace(words, "") if is_text else ""
        file.unlink()
    times = r"\d+ s\b|\"seconds\": [\d.e-]+" + (r"| +([\d.e-]+|seconds)$" if words.startswith("race") else "")
    return re.sub(times, "", printed, flags=re.MULTILINE), files


@pytest.mark.parametrize(
    ("command", "option"), [(command, option) for command, effects in EFFECTS.items() for option in effects]
)
def test_option_acts(command, option, here, capsys):
    words, first, second = EFFECTS[command][option]
    assert option in second.split()
    plain = f"{words} {first}".strip()
    if plain not in SEEN:
        SEEN[plain] = seen(plain, capsys)
        assert seen(plain, capsys) == SEEN[plain]  # else a difference would say nothing
    assert seen(f"{words} {second}", capsys) != SEEN[plain]


def test_a_store_is_used_by_the_next_run(here, capsys):
    words = f"{SHORT_TABLE} --store kept.sqlite"
    assert main(words.split()) == 0
    with Store("kept.sqlite") as store:
        keys = {row.key: row.finished for row in store.rows()}
    assert main(words.split()) == 0
    with Store("kept.sqlite") as store:
        assert {row.key: row.finished for row in store.rows()} == keys
    assert main(words.replace("--steps 2", "--steps 3").split()) == 0
    with Store("kept.sqlite") as store:
        rows = store.rows()
        assert {row.key: row.finished for row in rows if row.key in keys} == keys
        assert len(rows) == len(keys) + 2  # the models, not the truth and not the reference


def test_steps_reach_a_recipe_that_ends_by_itself(monkeypatch, here, capsys):
    assert seen(f"{TRAIN} --recipe paper --steps 2", capsys) != seen(f"{TRAIN} --recipe paper --steps 3", capsys)
    configs = []
    monkeypatch.setattr(elbo_vs_size.ElboVsSize, "run", lambda trial: configs.append(trial) or iter(()))
    with pytest.raises(ValueError, match="unpack"):  # nothing was trained
        main(["train", "fork", "--recipe", "paper", "--steps", "10"])
    assert configs[0].recipe == replace(RECIPES["paper"], num_steps=10)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("invert student --method mean_field --heuristic min_fill", "--heuristic is for the method nami"),
        ("invert student --method stuhlmueller --as-printed", "--as-printed is for the method nami"),
        ("invert student --method fully_connected --include-observed", "--include-observed is for the method nami"),
        ("invert student --json --dot", "--dot: not allowed with argument --json"),
        ("invert student --ord reverse", "Unrecognized arguments: --ord reverse"),
        ("invert student --order reverse --order topological", "The option --order came twice"),
        ("train fork --size=3 --size 4", "The option --size came twice"),
        ("train fork --size 1", "at least 2 points, but 1 came"),
        ("train fork --size many", "a whole number is expected, but 'many' came"),
        ("train fork --size 1" + 30 * "0", "a number up to 9007199254740992 is expected"),
        ("train fork --first-seed 1" + 30 * "0", "a number up to 9007199254740992 is expected"),
        *[(f"train fork --{name} 0", "is at least 1, but 0 came") for name in ("seeds", "test", "iwae", "steps")],
        *[
            (f"train fork --learning-rate {rate}", f"a finite positive number is expected, but '{rate}' came")
            for rate in ("inf", "nan", "0", "-1", "1e999", "fast")
        ],
        *[(f"train fork --learning-rate {rate}", "--learning-rate: expected one") for rate in ("-inf", "-1e-3")],
        ("train fork --recipe slow", "The recipe 'slow' does not exist"),
        ("train fork --recipe selected --steps 5", "leave --learning-rate, --steps out"),
        ("train fork --recipe selected --structure vanilla_vae", "trains the true structure alone"),
        ("train", "arguments are required: NETWORK; sirenvae train --help"),
        ("", "arguments are required: COMMAND"),
        ("figure elbo-vs-size --network fork fork", "The networks must be different"),
        ("figure elbo-vs-size --network fork --sizes 8 8", "The sizes must be different"),
        ("table 1 --networks fork --recipes default default", "The recipes must be different"),
        ("table 1 --networks fork --recipes default selected --steps 5", "leave --steps or this recipe out"),
        ("table 1 --networks fork --workers 2 --cluster tcp://a:1", "the workers of a --cluster are started there"),
        ("invert student --observed H,J,H", "--observed names the variable H twice"),
        ("invert student --observed H --observed H", "--observed names the variable H twice"),
        ("table 1 --observed x1,x2", "those of a preset keep their own"),
        ("table 1 --networks fork chain --observed x1", "x1"),
        ("figure elbo-vs-size --network fork chain --observed x1", "x1"),
        ("train fork --observed y", "y"),
        ("table parts --multiples 4 4", "The multiples must be different"),
        ("table parts --reference .", "The file . cannot be written: it is a folder"),
        ("table tuning --networks fork fork", "The networks must be different"),
        ("table tuning --tries 0", "is at least 1, but 0 came"),
        ("infer fork --steps 2 --seconds 3", "--seconds: not allowed with argument --steps"),
        ("infer fork --given x1=1,x2=1,x3=1 --data points.csv", "--data: not allowed with argument --given"),
        ("infer fork --given x1=1,x2=1", "for each observed variable of fork, but x3 lacks in --given"),
        ("infer fork --given x1=1,x2=1,x3=1,x3=2", "but x3 is too much in --given"),
        ("infer fork --given x1=1,x2=1,x3=1,z=2", "but z is too much in --given"),
        ("infer fork --given x1=1,x2=1,x3=red", "A finite number is expected, but 'red' came"),
        ("infer fork --given x1", "--given takes NAME=VALUE"),
        ("infer fork --data lacking.csv", "The file lacking.csv cannot be read"),
        ("infer fork --data star.csv", "but x2 lacks in line 2 of star.csv"),
        ("infer fork --inverse nami-sideways", "sideways"),
        ("infer fork --inverse mean_field mean_field", "The inverses must be different"),
        ("infer fork --family cauchy", "The family 'cauchy' does not exist"),
        ("infer fork --capacity-of size", "one of active, stored, width"),
        ("infer fork --capacity 1", "but the capacity is 1"),
        ("infer fork --draws 1", "at least 2 samples, but 1 came"),
        ("infer fork --test 1", "at least 2 test points, but 1 came"),
        ("infer fork --runs 0", "is at least 1, but 0 came"),
        ("infer fork --family flow flow", "The families must be different"),
        ("infer fork --steps 0", "is at least 1, but 0 came"),
        ("results", "Name either the file of a store or --reference"),
        ("results cells.sqlite --reference table-1", "Name either the file of a store or --reference"),
        ("results --reference table-1 --experiment one", "--experiment is for a store"),
        ("results --reference --format csv", "The list of reference results is no csv"),
        ("results empty.sqlite --out rows.csv", "There are no rows to write to rows.csv"),
    ],
)
def test_options_that_would_do_nothing_are_refused(words, sentence, here, capsys):
    Store("empty.sqlite").close()
    assert main(words.split()) == 2
    printed, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert not printed
    assert not Path("rows.csv").exists()
