"""A small table of the paper: of two small networks, in seconds."""

import sys

import torch

import sirenvae as sv
from sirenvae.experiments.store import Store
from sirenvae.experiments.table1 import Table1
from sirenvae.training.recipes import Recipe

SHORT = Recipe("short", num_steps=20)


def small_config(**changes):
    settings = dict(
        networks=(sv.load_network("fork"), sv.load_network("student")),
        multiples=(3, 10),
        models=("true", "vanilla_vae"),
        recipes=(SHORT,),
        references=("independent_gaussians", "linear_gaussian_bn"),
        num_runs=2,
        num_test=40,
        iwae_samples=30,
        num_updates=3,
    )
    return Table1(**settings | changes)


if __name__ == "__main__":  # To be killed.
    torch.set_num_threads(1)
    with Store(sys.argv[1]) as its_store:
        list(small_config().run(store=its_store))
