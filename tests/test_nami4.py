"""The figure of the relaxed Bernoulli VAE: its trial, what it says, its picture. Its command is among all options."""

import pytest

import sirenvae as sv
from sirenvae.experiments.nami4 import PRESETS, Nami4, claims, preset
from sirenvae.experiments.trial import Point
from sirenvae.experiments.trials import trial_of
from sirenvae.figures.nami4 import LOOKS, nami4_figure

SMALL = Nami4(
    binarization="thresholded",
    capacities=(1500, 3000),
    num_runs=2,
    num_latents=8,
    decoder_features=20,
    num_epochs=8,
    num_ais=10,
    num_temperatures=30,
    num_chains=8,
    iwae_samples=200,
)


@pytest.fixture(scope="module")
def points():
    return [event for event in SMALL.run() if isinstance(event, Point)]


def test_every_measure_bounds_the_next_one(points):
    assert {(p.cell.learner, p.cell.size) for p in points} == {(cell.learner, cell.size) for cell in SMALL.cells()}
    for point in points:
        found = point.values
        assert found["active_weights"] <= point.cell.size
        assert not any(found["diverged"])
        assert min(found["elbo"]) > -45  # independent pixels, each with its share of ones: -29.8
        for elbo, iwae, ais, error, gap in zip(
            *(found[name] for name in ("elbo_ais", "iwae", "ais", "ais_error", "ais_gap")), strict=True
        ):
            assert elbo < iwae < ais + 4 * error + 0.2
            assert elbo < ais < iwae + 4 * error + 0.5
            assert -0.3 < gap < 2


def test_rows_notes_and_figure(points):
    rows = SMALL.rows(points)
    assert [row["encoder"] for row in rows] == ["mean_field", "faithful"] * 2
    [found] = [p.values for p in points if (p.cell.learner, p.cell.size) == ("mean_field", 1500)]
    first = rows[0]
    assert first["neg_elbo_mean"] == pytest.approx(-sum(found["elbo"]) / 2)
    assert first["runs"]["gap"] == pytest.approx([a - e for a, e in zip(found["ais"], found["elbo_ais"], strict=True)])
    assert first["split"].startswith("1,438 to train")
    words = " ".join(SMALL.notes(rows))
    assert "thresholded bits (1,438 to train, 359 to test" in words
    assert "first 10" in words
    figure = nami4_figure(rows)
    assert len(figure.data) == 2 * 4
    assert {trace.line.color for trace in figure.data} == {colour for _, colour, _ in LOOKS.values()}
    assert list(figure.data[0].y) == [rows[0]["neg_elbo_mean"], rows[2]["neg_elbo_mean"]]


def test_small_capacities_of_an_encoder_train_as_one_program():
    tasks = [[(cell.learner, cell.size) for cell in task] for task in PRESETS["quick"].tasks(PRESETS["quick"].cells())]
    pair = [[("faithful", 2900), ("faithful", 5700)], [("mean_field", 2900), ("mean_field", 5700)]]
    assert [task for task in tasks if len(task) > 1] == pair
    assert sum(map(len, tasks)) == len(PRESETS["quick"].cells())


def row(encoder, capacity, elbo, gap):
    runs = {"neg_elbo": elbo, "neg_ais": elbo, "gap": gap}
    return {"encoder": encoder, "capacity": capacity, "runs": runs}


def test_claims_follow_the_rows():
    rows = [
        row("mean_field", 1, [5.0, 5.2], [1.0, 1.1]),
        row("faithful", 1, [4.0, 5.1], [0.9, 0.8]),
        row("mean_field", 2, [5.0, 5.2], [2.0, 2.1]),
        row("faithful", 2, [4.0, 4.2], [0.9, 0.8]),
        row("mean_field", 3, [5.0, 5.2], [3.0, 3.1]),
    ]
    below, ais, grows, still = claims(rows[:4])
    assert "lower by 0.55 to 1.00 nats; at 1 of 2 capacities" in below
    assert "negative AIS estimate" in ais
    assert "mean field does not move" in grows  # four numbers cannot show a trend
    assert "faithful does not move" in still
    assert "gap of mean field grows" in claims([one for one in rows if one["encoder"] == "mean_field"])[0]


def test_a_configuration_goes_through_json_and_presets_are_there():
    assert trial_of(SMALL.to_json()) == SMALL
    assert SMALL.described(SMALL.cells()[0]) != SMALL.described(SMALL.cells()[1])
    assert PRESETS["paper"].capacities[-1] == 560_000
    assert len(PRESETS["paper"].capacities) == 10
    with pytest.raises(sv.InputError, match="preset 'long' does not exist"):
        preset("long")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"encoders": ("structured",)}, "no encoder structured"),
        ({"capacities": ()}, "capacities must be different and at least one"),
        ({"num_runs": 0}, "number of runs is positive, but 0"),
        ({"posterior_temperature": 0.0}, "posterior temperature is positive, but 0.0"),
    ],
)
def test_bad_input_is_one_sentence(fields, sentence):
    with pytest.raises(sv.InputError, match=sentence):
        Nami4(**fields)


def test_images_that_are_not_there_are_said_when_work_begins():
    with pytest.raises(sv.InputError, match="no images 'letters'"):
        next(Nami4(images="letters").run())
