"""What several tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # The many small products gain nothing from more, in processes of their own too.

import torch
from measuring import Measuring, listed

torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measure", action="store_true", help="write the list of slow tests")


def pytest_configure(config: pytest.Config) -> None:
    """A run of some tests adds to the list, one of all begins it anew."""
    if config.option.measure:
        config.pluginmanager.register(Measuring(listed() if config.option.markexpr else set()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = listed()
    for item in items:
        if item.nodeid in slow:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's tests put the app in the place of the program, which processes that are spawned later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store of sweeps may lie."""
    return tmp_path / "sweeps.sqlite"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the cells of a sweep may note that they ran."""
    return tmp_path / "log"
