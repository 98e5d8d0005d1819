"""The page Images without a browser: what it draws and says."""

import base64

import numpy as np
import pytest
import torch

pytest.importorskip("streamlit", reason="the app is an optional part")
from streamlit.testing.v1 import AppTest

import sirenvae as sv
from sirenvae.experiments.image_race import ImageRace
from sirenvae.experiments.keeping import Keeper
from sirenvae.experiments.shown.evidence import chains_both_ways, chains_of
from sirenvae.experiments.trial import Point
from sirenvae.ui.images.chart import curves_of, evidence_chart, measure_chart, relaxation_chart
from sirenvae.ui.images.evidence import evidence_words
from sirenvae.ui.images.relaxation import at_temperature
from sirenvae.ui.images.sheet import Row, sheet_data
from sirenvae.ui.images.view import image_code, image_lines, race_words

SMALL = dict(
    num_latents=5, decoder_features=8, capacity=700, num_test=4, num_temperatures=8, num_chains=2, num_updates=5
)


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    """A short race: the trial, what it told, and the folder with what was kept."""
    trial, folder = ImageRace(binarization="thresholded", num_steps=20, **SMALL), tmp_path_factory.mktemp("race")
    return trial, list(trial.run(keeper=Keeper(folder))), folder


def test_encoders_race_side_by_side_and_evidence_is_estimated_now_and_then(raced):
    trial, events, _ = raced
    assert [event.cell.learner for event in events[:4]] == ["mean_field", "faithful"] * 2
    points = {event.cell.learner: event.values for event in events if isinstance(event, Point)}
    assert set(points) == {"mean_field", "faithful"}
    for values in points.values():
        assert values["steps"] == 20
        assert values["gap"] == pytest.approx(values["neg_elbo"] - values["neg_ais"])
    looks = [event for event in events if event.cell.learner == "faithful" and "neg_ais" in event.values]
    assert 1 < len(looks) < len(trial.reports())
    assert trial.rows([event for event in events if isinstance(event, Point)])[0]["encoder"] == "mean_field"


def test_a_race_goes_on_where_it_was_kept(raced):
    trial, _, folder = raced
    longer = trial.longer()
    assert longer.num_steps == 40
    events = list(longer.run(keeper=Keeper(folder)))
    assert [event.values["steps"] for event in events] == [40, 40]  # of five reports the last one alone is left
    assert [event.values["steps"] for event in longer.run(keeper=Keeper(folder))] == [40, 40]  # nothing is left to do


def test_what_was_kept_is_the_model_and_its_temperature_can_be_turned(raced):
    from sirenvae.experiments.image_race_work import kept_vae, race_images

    trial, _, folder = raced
    model, x = kept_vae(trial, "faithful", folder), race_images(trial).test[:3]
    again = at_temperature(model, x, trial.posterior_temperature)
    assert np.array_equal(again, model.reconstruct(x, 1, torch.Generator().manual_seed(0)).numpy())
    assert not np.array_equal(again, at_temperature(model, x, 5.0))
    hot = model.at_temperature(1e6).posterior(x).sample()
    assert torch.sigmoid(hot).sub(0.5).abs().max() < 1e-3


def test_chains_close_in_from_both_sides():
    torch.manual_seed(0)
    model = sv.RelaxedBernoulliVAE(16, num_latents=4, capacity=300, decoder_features=8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.6 * torch.randn_like(parameter))
    pairs = [[chains_both_ways(model, count, 16, seed) for count in (1, 100)] for seed in range(6)]
    apart = np.array([[found["upper"] - found["lower"] for found in pair] for pair in pairs]).mean(axis=0)
    assert apart[0] > abs(apart[1]) + 0.2
    wide, close = pairs[0]
    assert torch.equal(wide["x"], close["x"])
    assert len(close["there"]) == len(close["back"]) == 16
    x = close["x"].unsqueeze(0)
    one = chains_of(model, x, 100, 16)
    assert one["lower"] == pytest.approx(close["lower"], abs=0.3)
    assert one["lower"] == pytest.approx(model.iwae_bound(x, 20_000).item(), abs=0.3)
    assert np.logaddexp.reduce(one["there"]) - np.log(16) == pytest.approx(one["lower"], abs=1e-5)
    back = -np.array(close["back"])  # each chain's log weight is of 1 / p(x)
    assert np.log(16) - np.logaddexp.reduce(back) == pytest.approx(close["upper"], abs=1e-5)
    words = evidence_words([wide, close])
    assert f"**{close['upper']:.2f}**" in words
    assert "From above there is no bound" in evidence_words([chains_of(model, x, 1, 4), one])
    chart = evidence_chart([wide, close], "#009E73", dark=False)
    assert [one["type"] for one in chart["series"]] == ["scatter", "line"] * 2
    assert len(chart["series"][0]["data"]) == 32
    assert chart["yAxis"]["min"] < min(wide["lower"], close["lower"])


def test_charts_show_what_is_there():
    progress = [
        {"model": "faithful", "step": 10, "neg_elbo": 30.0},
        {"model": "faithful", "step": 20, "neg_elbo": 25.0, "neg_ais": 24.0, "gap": 1.0},
        {"model": "mean_field", "step": 10, "neg_elbo": float("nan")},
    ]
    rows = [{"encoder": "mean_field", "steps": 20, "neg_elbo": 26.0, "neg_ais": 24.5, "gap": 1.5}]
    curves = curves_of(progress, rows, "neg_elbo")
    assert curves == {"faithful": [[10, 30.0], [20, 25.0]], "mean_field": [[20, 26.0]]}
    chart = measure_chart(curves, 100, dark=True)
    assert chart["yAxis"]["min"] < 25 < chart["yAxis"]["max"]
    assert measure_chart({"faithful": []}, 100, dark=False)["series"][0]["data"] == []
    every = {measure: curves_of(progress, rows, measure) for measure in ("neg_elbo", "neg_ais", "gap")}
    assert "bound is **1.00 nats better** than mean field's and its evidence **0.50 nats better**" in race_words(every)
    assert "less is better" in race_words({"neg_elbo": {}, "neg_ais": {}, "gap": {}})
    low, high = (relaxation_chart(t, False)["series"][0]["data"] for t in (0.1, 5.0))
    assert low[125][1] < 0.2 < 1.2 < high[125][1]  # in the middle


def test_a_sheet_holds_a_byte_for_each_pixel():
    data = sheet_data([Row("image", "images", np.array([[0.0, 0.5, 1.0, 2.0]]))], 2, 2, 0)
    assert list(base64.b64decode(data["rows"][0]["images"])) == [0, 128, 255, 255]


def test_the_code_under_the_page_runs(capsys):
    trial = ImageRace(binarization="static", num_steps=2, num_temperatures=5)
    space = {}
    exec("\n".join(image_lines("digits", "static")), space)
    exec("\n".join(image_code(trial)), space)
    assert capsys.readouterr().out.startswith("mean_field")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"encoders": ("one",)}, "no encoder one"),
        ({"num_steps": 100_000}, "at most 16,000 steps"),
        ({"capacity": 0}, "capacity is positive"),
    ],
)
def test_bad_input_is_one_sentence(fields, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        ImageRace(**fields)


def test_the_page_before_the_first_race():
    app = AppTest.from_file("../app.py", default_timeout=120).run()
    app.switch_page("pages/images.py").run()
    assert not app.exception
    said = " ".join(block.value for block in (*app.markdown, *app.caption))
    assert "dynamic bits (1,438 to train, 359 to test, split at random)" in said
    assert "First thing to try" in said
    app.selectbox(key="bits").select("thresholded").run()
    assert "thresholded bits" in " ".join(block.value for block in app.caption)
