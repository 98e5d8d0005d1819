"""The code that the training page shows runs, and trains what the page trains."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("streamlit", reason="the app is an optional part")

from sirenvae.experiments import elbo_vs_size
from sirenvae.graphs import load_network
from sirenvae.jobs.plans import Plan
from sirenvae.jobs.worker import config_of
from sirenvae.ui.training.code import training_code


@pytest.mark.parametrize("name", ["student", "fork", "tree-tanh-2"])
def test_own_settings_are_trained_as_shown(name, capsys):
    network = load_network(name)
    plan = Plan(network, models=("true", "vanilla_vae"), sizes=(10, 14), num_seeds=2, num_steps=8, learning_rate=1e-2)
    code = "\n".join(("import sirenvae as sv", f"network = sv.load_network({name!r})", *training_code(plan)))
    found = {}
    exec(code, found)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 * 2 * 2
    assert printed[0].startswith("true, 10 points, seed 0: ")
    config, shown = config_of(plan), found["config"]
    for cell in config.cells():
        ours, theirs = config.described(cell), shown.described(cell)
        ours["recipe"].pop("name"), theirs["recipe"].pop("name")
        assert ours == theirs


@pytest.mark.parametrize("preset", elbo_vs_size.PRESETS)
def test_presets_are_configured_as_shown(preset):
    network, found = load_network("student"), {}
    lines = training_code(Plan(network, preset=preset))
    exec(
        "\n".join(line for line in lines if "import" in line or line.startswith("config")),
        found | {"network": network},
        found,
    )
    assert found["config"] == config_of(Plan(network, preset=preset))
