"""The picture of the whole VAE against the masks of a model, and its reach against the network and its inverse."""

import base64

import networkx as nx
import numpy as np
import pytest

import sirenvae as sv
from sirenvae.experiments.shown.vae import decoder_check, vae_masks
from sirenvae.figures.vae import MOST_UNITS, vae_drawing
from sirenvae.models.structures import STRUCTURES, structure_of

NETWORKS = ("student", "ecoli70", "random-dag-30-2-4")


def drawn(network, *asked, **settings) -> dict:
    return vae_drawing(network, vae_masks(network, *asked, **settings))


def drawn_masks(part: dict) -> list[np.ndarray]:
    """The masks as a browser unpacks them."""
    sizes = [len(part["inputs"]), *(len(layer["sets"]) for layer in part["hidden"]), len(part["outputs"])]
    masks = []
    for bits, columns, rows in zip(part["masks"], sizes, sizes[1:], strict=False):
        flat = np.unpackbits(np.frombuffer(base64.b64decode(bits), dtype=np.uint8))[: rows * columns]
        masks.append(flat.reshape(rows, columns).astype(bool))
    return masks


def seen(drawing: dict, part: str) -> set[tuple[str, str]]:
    """Pairs (input, output) of names between which a path of kept weights runs."""
    product = np.eye(len(drawing[part]["inputs"]), dtype=int)
    for mask in drawn_masks(drawing[part]):
        product = mask.astype(int) @ product
    names, inputs, outputs = drawing["names"], drawing[part]["inputs"], drawing[part]["outputs"]
    return {(names[inputs[j]], names[outputs[i]]) for i, j in np.argwhere(product > 0)}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_masks_are_those_of_the_model(name, structure):
    network = sv.load_network(name)
    model, drawing = sv.SIReNVAE(network, structure), drawn(network, structure)
    declared = [str(v) for v in (*network.latents, *network.observed)]
    place = [declared.index(v) for v in drawing["names"]]  # of a drawn variable among the model's columns
    real = {
        "encoder": model.encoder.layers.masks,
        "prior": model.prior.layers.masks,
        "decoder": (model.decoder.hidden.mask, model.decoder.output.mask),
    }
    assert drawing["kept"] == sum(int(mask.sum()) for masks in real.values() for mask in masks)
    assert drawing["dense"] == sum(mask.numel() for masks in real.values() for mask in masks)
    for part, masks in real.items():
        first = 0 if part != "decoder" else len(network.latents)
        rows = [place[v] - first for v in drawing[part]["outputs"]]
        orders = [[place[v] for v in drawing[part]["inputs"]], drawing[part]["hidden"][0]["units"], rows]
        for shown, mask, earlier, later in zip(drawn_masks(drawing[part]), masks, orders, orders[1:], strict=False):
            assert (shown == np.asarray(mask, dtype=bool)[np.ix_(later, earlier)]).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_reached_is_the_network_and_its_inverse(name):
    network = sv.load_network(name)
    drawing = drawn(network)
    latents = set(network.latents)
    own = {(v, v) for v in latents}
    assert seen(drawing, "encoder") == set(sv.invert(network).dag.edges) | own
    assert seen(drawing, "prior") == set(network.dag.subgraph(latents).edges) | own
    assert seen(drawing, "decoder") == {(a, b) for a, b in network.dag.edges if b not in latents}
    assert drawing["masks_are_graph"]
    order = {v: k for k, v in enumerate(drawing["names"])}
    assert all(order[a] < order[b] for a, b in nx.subgraph(network.dag, latents).edges)


def test_sets_are_what_the_units_see():
    drawing = drawn(sv.load_network("ecoli70"))
    for part in ("encoder", "prior", "decoder"):
        first, _ = drawn_masks(drawing[part])
        inputs = drawing[part]["inputs"]
        for row, owned in zip(first, drawing[part]["hidden"][0]["sets"], strict=True):
            assert [inputs[j] for j in np.flatnonzero(row)] == owned


def test_layers_and_widths_are_those_asked_for():
    drawing = drawn(sv.load_network("student"), hidden_features=[9, 8])
    assert [len(layer["sets"]) for layer in drawing["encoder"]["hidden"]] == [9, 8]
    assert len(drawn_masks(drawing["prior"])) == 3
    assert len(drawn(sv.load_network("student"), num_layers=3)["prior"]["hidden"]) == 3
    with pytest.raises(sv.InputError, match="its width is 3"):
        drawn(sv.load_network("student"), hidden_features=[3])


def test_observed_parents_are_read_by_prior_and_decoder():
    network = sv.load_network("student").with_observed({"D", "J", "H"})
    drawing = drawn(network)
    assert ("D", "G") in seen(drawing, "prior")
    assert ("J", "H") in seen(drawing, "decoder")
    assert seen(drawn(network, structure_of(network)), "prior") == seen(drawing, "prior")


def test_a_large_model_is_drawn_without_hidden_units():
    network = sv.load_network(f"random-chain-{MOST_UNITS + 1}-1").with_observed(["v200", "v201"])
    drawing = drawn(network)
    assert not drawing["units"]
    assert drawing["encoder"]["hidden"] == []
    latents = set(network.latents)
    assert seen(drawing, "encoder") == set(sv.invert(network).dag.edges) | {(v, v) for v in latents}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_decoder_depends_on_what_is_promised_and_on_nothing_else(structure):
    network = sv.load_network("ecoli70")
    check = decoder_check(network, structure)
    promised = int(structure_of(network, structure).decoder.sum())
    assert check["promised"] == check["found"] == promised
    assert check["violated"] == 0


def test_a_weight_that_should_not_be_there_is_found(monkeypatch):
    monkeypatch.setattr(
        "sirenvae.models.likelihoods.decoder_masks",
        lambda a, width: (a.new_ones(width, a.shape[1]), a.new_ones(len(a), width)),
    )
    check = decoder_check(sv.load_network("student"))
    assert check["violated"] == check["forbidden"] == 10


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("student", ("posterior", "true", 1, None, 1)),
        ("student", ("prior", "independent", 2, 9, 3)),
        ("ecoli70", ("posterior", "fully_connected", 1, 30, 2)),
    ],
)
def test_the_code_that_is_shown_runs(name, settings, capsys):
    pytest.importorskip("streamlit", reason="the app is an optional part")
    from sirenvae.ui.masks.pictures import masks_code

    lines = ["import sirenvae as sv", f"network = sv.load_network({name!r})", *masks_code(*settings)]
    namespace = {}
    exec("\n".join(lines), namespace)
    printed = capsys.readouterr().out
    assert "\n0 forbidden entries are non-zero" in printed
    assert "'violated': 0" in printed
    assert len(namespace["masks"]) == settings[2] + 1
