"""Models on disk that consist of more than a network and settings: inference networks, densities."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from test_tables import wet

import sirenvae as sv
from sirenvae.flows import Chain, GraphicalResidualFlow, Inverted, MaskedAffine, Transform
from sirenvae.models.gaussian_mixture import GaussianMixture
from sirenvae.models.mixture_inference import MixtureInference
from sirenvae.models.mixture_sets import MixtureSets

RECIPE = sv.Recipe("few", num_steps=110, batch_size=16)
ADJACENCY = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0]]).bool()


def inference(network="student", order="reverse", method="nami", **settings):
    network = wet() if network == "wet" else sv.load_network(network)
    return sv.InferenceNetwork(network, sv.invert(network, order, method=method), **{"capacity": 900} | settings)


def own_inverse():
    network = sv.load_network("student")
    changed = sv.change_inverse(network, sv.invert(network), ["remove G > I"])
    return sv.InferenceNetwork(network, changed, capacity=900)


def density(replicas=()):
    flow = GraphicalResidualFlow(ADJACENCY[:, :3], 2, [7, 8], replicas, lipschitz=0.9, activation="tanh")
    chain = Chain(MaskedAffine(ADJACENCY, replicas), Inverted(flow), MaskedAffine(ADJACENCY[:, :3], replicas))
    return sv.FlowDensity(chain, ["a", 1, ("b", 2)], ["wind"])


def mixture(**settings):
    network = sv.load_network("gaussian-mixture-4")
    model = GaussianMixture(2, rate=2.0)
    inverse = sv.invert(network, "topological", method="fully_connected")
    return MixtureInference(network, inverse, model, datum_features=3, set_features=5, **settings)


MODELS = {
    "gaussian": inference,
    "masked mixture": lambda: inference(order="topological", layout="masked", family="mixture-4", replicas=(2,)),
    "heuristic, width": lambda: inference(
        "circuit", method="stuhlmueller", family="flow-5", capacity=9, capacity_of="width", num_layers=3
    ),
    "masked width": lambda: inference(layout="masked", capacity=40, capacity_of="width", linear_start=False).double(),
    "states": lambda: inference("wet", replicas=(2, 1)),
    "states, masked": lambda: inference("wet", layout="masked", capacity=400),
    "own inverse": own_inverse,
    "density of a network": lambda: sv.FlowDensity.of_network(sv.load_network("student"), ["J", "I", "H"]),
    "density": lambda: density((2,)),
    "density of one part": lambda: sv.FlowDensity(GraphicalResidualFlow(ADJACENCY, 1, output_gain=0.3)).double(),
    "mixture": lambda: mixture(replicas=(3,)),
}


def data_of(model):
    if isinstance(model, MixtureInference):
        return MixtureSets.draw(model.model, 40, 4, torch.Generator().manual_seed(5))
    if isinstance(model, sv.InferenceNetwork):
        return model.network
    return torch.randn(40, len(model.names), generator=torch.Generator().manual_seed(5)).double()


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_a_model_comes_back_and_its_fit_goes_on(tmp_path, build):
    torch.manual_seed(3)
    model = build()
    x = data_of(model)
    fit = sv.fit(model, x, RECIPE, seed=7)
    next(fit)
    sv.save_fit(fit, tmp_path / "fit.safetensors")
    sv.save_model(model, tmp_path / "model.safetensors")
    copy = sv.load_model(tmp_path / "model.safetensors")
    assert (type(copy), copy.replicas, copy.training) == (type(model), model.replicas, False)
    assert {name: value.dtype for name, value in copy.state_dict().items()} == {
        name: value.dtype for name, value in model.state_dict().items()
    }
    _assert_same(copy, model)
    if isinstance(model, sv.FlowDensity):
        assert (copy.names, copy.context_names) == (model.names, model.context_names)
        assert torch.equal(copy.log_prob(x), model.log_prob(x))
    else:
        assert copy.network.variables == model.network.variables
        assert set(copy.inverse.dag.edges) == set(model.inverse.dag.edges)
        assert copy.inverse.elimination_order == model.inverse.elimination_order
        assert (copy.settings, copy.order) == (model.settings, model.order)
    resumed = sv.resume_fit(tmp_path / "fit.safetensors", x)
    rest, its = list(fit), list(resumed)
    assert [record.step for record in its] == [record.step for record in rest] != []
    assert all(torch.equal(a.loss, b.loss) for a, b in zip(its, rest, strict=True))
    _assert_same(resumed.model, model)


def _assert_same(one, other):
    for (name, value), (its_name, its) in zip(one.state_dict().items(), other.state_dict().items(), strict=True):
        assert name == its_name
        assert torch.equal(value, its), name


class Shift(Transform):
    """A transform of a user's own."""

    def __init__(self):
        super().__init__(3)
        self.shift = torch.nn.Parameter(torch.zeros(3))

    def forward_and_log_det(self, x, context=None):
        return x + self.shift, x.new_zeros(x.shape[:-1])

    def inverse_and_log_det(self, y, context=None):
        return y - self.shift, y.new_zeros(y.shape[:-1])


def test_a_density_of_another_kind_of_flow_is_refused_when_it_is_saved(tmp_path):
    with pytest.raises(sv.InputError, match=r"made of Chain, Inverted, .* but a Shift came"):
        sv.save_model(sv.FlowDensity(Chain(Shift(), MaskedAffine(ADJACENCY[:, :3]))), tmp_path / "model")
    assert not list(tmp_path.iterdir())


LARGE = {
    "gaussian": [
        ('"capacity": 900', '"capacity": 900000000000'),
        ('"capacity": 900', '"capacity": 1e300'),
        ('"num_layers": 2', '"num_layers": 1000000000'),
        ('"num_layers": 2', '"num_layers": 0'),
        ('"capacity_of": "active"', '"capacity_of": "width"'),
        ('"family": "gaussian"', '"family": "mixture-1000000000"'),
        ('"replicas": []', '"replicas": [1000000000]'),
    ],
    "masked width": [
        ('"capacity": 40', '"capacity": 39'),
        ('"capacity": 40', '"capacity": 10000'),
        ('"replicas": []', '"replicas": [100000, 100000]'),
        ('"family": "gaussian"', '"family": "flow-1000000000"'),
    ],
    "states": [('"replicas": [2, 1]', '"replicas": [2000000, 1000]')],
    "density": [
        ('"replicas": [2]', '"replicas": [2000000000]'),
        ('"num_blocks": 2', '"num_blocks": 2000000000'),
        ('"hidden_features": [7, 8]', '"hidden_features": [7, 8000000000]'),
        ('"hidden_features": [7, 8]', '"hidden_features": [7, 8, 9]'),
    ],
    "mixture": [
        ('"set_features": 5', '"set_features": 5000000'),
        ('"datum_features": 3', '"datum_features": 3000000'),
        ('"num_components": 2', '"num_components": 2000000'),
        ('"replicas": [3]', '"replicas": [3000000]'),
    ],
}


def change_what_is_said(path, old, new):
    """A file that says something else, without a digest."""
    with safe_open(str(path), framework="pt") as file:
        said, tensors = file.metadata()["sirenvae"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert old in said
    save_file(tensors, path, metadata={"sirenvae": said.replace(old, new)})


@pytest.mark.parametrize(("name", "change"), [(name, change) for name, changes in LARGE.items() for change in changes])
def test_a_large_model_is_not_built_for_a_small_file(tmp_path, monkeypatch, name, change):
    """What tensors do not bear out must be found before memory is asked for: no weight is drawn."""
    sv.save_model(MODELS[name](), tmp_path / "model")
    change_what_is_said(tmp_path / "model", *change)

    def refuse(*shape, **settings):
        raise AssertionError("weights were drawn")

    monkeypatch.setattr(torch, "rand", refuse)
    with pytest.raises(sv.InputError, match="does not hold a model of this version"):
        sv.load_model(tmp_path / "model")


BENT = {
    "its inverse is of other variables": ('"eliminated": [', '"eliminated": [-1, '),
    "its inverse has no name": ('"order": "reverse"', '"order": 1'),
    "directed cycle": ('"edges": [', '"edges": [[0, 1], [1, 0], '),
}


@pytest.mark.parametrize("sentence", BENT)
def test_an_inverse_that_is_none_is_refused(tmp_path, sentence):
    sv.save_model(inference(), tmp_path / "model")
    change_what_is_said(tmp_path / "model", *BENT[sentence])
    with pytest.raises(sv.InputError, match=sentence):
        sv.load_model(tmp_path / "model")
