"""One thread for torch in every test: its many small products gain nothing from more."""

import torch

torch.set_num_threads(1)
