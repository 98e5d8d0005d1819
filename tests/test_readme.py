"""What README.md says is what the package finds."""

import re
from pathlib import Path

import sirenvae as sv

README = Path(__file__).parents[1] / "README.md"
COLUMNS = [
    ("true", "selected"),
    ("true", "default"),
    ("fully_connected", "default"),
    ("independent", "default"),
    ("vanilla_vae", "default"),
    ("linear_gaussian_bn_ridge", None),
]


def in_short(nats):
    """Two digits after the point, or three where the first two would say nothing."""
    if nats is None:
        return "-"
    return f"{nats:.2f}" if nats >= 0.1 else f"{nats:.3f}"


def lines_of_table_1():
    """The lines of README.md's table, from the results that come with the package."""
    rows = sv.reference_results("table-1").rows
    found = {(row["network"], row["multiple"], row["learner"], row["recipe"]): row for row in rows}
    for network, multiple in dict.fromkeys((row["network"], row["multiple"]) for row in rows if row["multiple"]):
        cells = [found[network, multiple, learner, recipe] for learner, recipe in COLUMNS]
        paper = found[network, multiple, "true", "default"]["paper_excess_nll"]
        values = [*(in_short(cell["excess_nll_mean"]) for cell in cells), in_short(paper)]
        yield f"| {network} | {cells[0]['training_points']:,} | " + " | ".join(values) + " |"


def test_the_table_of_results():
    text = README.read_text(encoding="utf-8")
    for line in lines_of_table_1():
        assert line in text


def test_the_models_tuned_alike():
    tuned = [row for row in sv.reference_results("tuning").rows if row["recipe"] == "tuned"]
    texts = {(row["network"], row["learner"]): in_short(row["excess_nll_mean"]) for row in tuned}
    expected = [f"{texts['ecoli70', 'true']} nats on EColi70 and {texts['arth150', 'true']} on Arth150"]
    expected += [
        f"{name} at {texts['ecoli70', learner]} and {texts['arth150', learner]}"
        for learner, name in [
            ("fully_connected", "fully connected"),
            ("independent", "independent"),
            ("vanilla_vae", "the vanilla VAE"),
        ]
    ]
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert [part for part in expected if part not in text] == []


def test_every_file_it_points_to_is_there():
    targets = re.findall(r"\]\(((?!https?:|#)[^)]+)\)", README.read_text(encoding="utf-8"))
    assert targets
    missing = [target for target in targets if not (README.parent / target.split("#")[0]).exists()]
    assert not missing
