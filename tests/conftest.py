"""What several tests share."""

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # The many small products of the tests gain nothing from more.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store of sweeps may lie."""
    return tmp_path / "sweeps.sqlite"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the cells of a sweep may note that they ran."""
    return tmp_path / "log"
