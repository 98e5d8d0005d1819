"""The command line about evidence in discrete networks."""

import json
import math

import pytest

import sirenvae as sv
from sirenvae.cli import main

pytest.importorskip("pgmpy", reason="it eliminates the variables")


def test_marginals_in_words_and_as_json(capsys):
    assert main(["marginals", "asia", "--given", "asia=yes", "--given", "smoke=no"]) == 0
    printed = capsys.readouterr().out
    assert "tub     yes 0.0500  no 0.9500" in printed
    assert "The evidence has probability 0.005, its logarithm -5.2983 nats." in printed
    assert main(["marginals", "asia", "--given", "xray = yes", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    exact = sv.true_marginals(sv.load_network("asia"), {"xray": "yes"})
    found = {row["variable"]: row["probabilities"] for row in content["marginals"]}
    assert found.keys() == exact.keys()
    assert found["lung"]["yes"] == pytest.approx(exact["lung"].probs[0].item())
    assert math.exp(content["log_evidence"]) == pytest.approx(0.11029, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["asia", "--given", "xray"], "takes a variable and its state, such as xray=yes, but 'xray' came"),
        (["asia", "--given", "liver=yes"], "but 'liver=yes' came"),
        (["asia", "--given", "xray=maybe"], "xray has no state 'maybe'"),
        (["asia", "--given", "xray=no", "--given", "xray=yes"], "names a variable twice"),
        (["asia", "--given", "either=yes", "--given", "tub=no", "--given", "lung=no"], "has probability 0 in asia"),
        (["student", "--given", "D=1"], "student has no tables"),
        (["train", "asia"], "have states"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(capsys, words, sentence):
    assert main(words if words[0] == "train" else ["marginals", *words]) == 2
    assert sentence in capsys.readouterr().err
