"""The code that the training page shows runs, and trains what the page trains."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("streamlit", reason="the app is an optional part")

from sirenvae.experiments.elbo_vs_size import PRESETS, ElboVsSize, preset
from sirenvae.graphs import load_network
from sirenvae.jobs.plans import OWN
from sirenvae.ui.training.code import training_code
from sirenvae.ui.training.controls import own_recipe


@pytest.mark.parametrize("name", ["student", "fork", "tree-tanh-2"])
def test_own_settings_are_trained_as_shown(name, capsys):
    network = load_network(name)
    trial = ElboVsSize(network, (10, 14), ("true", "vanilla_vae"), num_seeds=2, recipe=own_recipe(1e-2, 8))
    code = "\n".join(("import sirenvae as sv", f"network = sv.load_network({name!r})", *training_code(OWN, trial)))
    found = {}
    exec(code, found)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 * 2 * 2
    assert printed[0].startswith("true, 10 points, seed 0: ")
    shown = found["trial"]
    for cell in trial.cells():
        ours, theirs = trial.described(cell), shown.described(cell)
        ours["recipe"].pop("name"), theirs["recipe"].pop("name")
        assert ours == theirs


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_configured_as_shown(name):
    network, found = load_network("student"), {}
    lines = training_code(name)
    exec(
        "\n".join(line for line in lines if "import" in line or line.startswith("trial")),
        found | {"network": network},
        found,
    )
    assert found["trial"] == preset(name, network)
