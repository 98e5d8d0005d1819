"""Threads: chosen by the work, given back, and no matter to what is found."""

import threading
import time

import pytest
import torch

import sirenvae as sv
from sirenvae.threads import side_by_side, threads_for


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_small_work_gets_one_thread_and_leaves_the_others_to_other_pieces(three_threads):
    with threads_for(1000) as free:
        assert (torch.get_num_threads(), free) == (1, 3)
    with threads_for(1 << 40) as free:
        assert (torch.get_num_threads(), free) == (3, 1)
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_tasks_return_in_their_order(workers):
    tasks = (lambda i=i: (time.sleep(0.01 * (i % 3)), i)[1] for i in range(12))
    assert side_by_side(tasks, workers) == list(range(12))


def test_no_more_tasks_are_made_than_are_soon_run():
    running, most, lock = set(), [], threading.Lock()

    def task(i):
        time.sleep(0.005)
        with lock:
            running.discard(i)

    def made():
        for i in range(20):
            with lock:
                running.add(i)
                most.append(len(running))
            yield lambda i=i: task(i)

    side_by_side(made(), 2)
    assert max(most) <= 4


def test_the_fault_of_a_task_is_heard():
    def fails():
        raise ValueError("of the third")

    with pytest.raises(ValueError, match="of the third"):
        side_by_side([lambda: 1, lambda: 2, fails, lambda: 4], 2)


@pytest.mark.parametrize("replicas", [(), (2,)])
@pytest.mark.parametrize("num_points", [1, 7, 40])
def test_a_bound_is_the_same_on_any_number_of_threads(three_threads, monkeypatch, replicas, num_points):
    network = sv.load_network("student")
    torch.manual_seed(0)
    model = sv.SIReNVAE(network, replicas=replicas)
    x, _ = sv.sample_network(network, num_points)
    monkeypatch.setattr(type(model), "rows_at_once", 64)
    seeded = torch.Generator().manual_seed(1)
    shared = model.iwae_bound(x, 30, seeded)
    assert not shared.requires_grad
    torch.set_num_threads(1)
    alone = model.iwae_bound(x, 30, torch.Generator().manual_seed(1))
    torch.testing.assert_close(shared, alone, rtol=0, atol=1e-5)
    torch.set_num_threads(3)
    assert model.iwae_bound(x, 30, graph=True).requires_grad
