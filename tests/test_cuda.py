"""What only a CUDA GPU can show: the same numbers as on the CPU, and a step that is one recorded graph."""

import pytest
import torch

import sirenvae as sv
from sirenvae.training.recipes import Recipe
from sirenvae.training.streams import Streams

# A GPU cannot be replaced by anything that would show the same, and neither this project nor CI needs one.
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU: what runs on one is not tested")
RECIPE = Recipe("short", num_steps=40, batch_size=50)


@pytest.mark.parametrize("size", [50, 120])
def test_training_on_the_gpu_gives_the_weights_of_the_cpu(size, monkeypatch):
    """The same noise on both: it is drawn on the CPU."""
    drawn = Streams._prepare

    def on_the_cpu(self, step):
        points, self._points = self._points, self._points.cpu()
        drawn(self, step)
        self._points = points
        self._noise, self._chosen = self._noise.to(points.device), self._chosen.to(points.device)

    monkeypatch.setattr(Streams, "_prepare", on_the_cpu)
    network = sv.load_network("ecoli70")
    x, _ = sv.sample_network(network, size)
    torch.manual_seed(0)
    here = sv.SIReNVAE(network, replicas=(5,)).double()
    there = here.replica(*range(5)).cuda()
    *_, own = sv.fit(here, x, RECIPE)
    *_, record = sv.fit(there, x, RECIPE)
    assert record.loss.cpu().numpy() == pytest.approx(own.loss.numpy(), rel=1e-8)
    for (name, value), other in zip(here.named_parameters(), there.parameters(), strict=True):
        assert torch.allclose(value, other.cpu(), rtol=1e-6, atol=1e-8), name


def test_the_step_is_recorded():
    network = sv.load_network("ecoli70")
    x, _ = sv.sample_network(network, 50)
    training = sv.fit(sv.SIReNVAE(network, replicas=(3,)).cuda(), x, RECIPE)
    for _ in range(10):
        next(training)
    (group,) = training._groups
    assert group._captured.is_recorded
