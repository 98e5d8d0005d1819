"""The command about what follows from evidence in a discrete network."""

from __future__ import annotations

import json
import math

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork
from sirenvae.graphs.files.names import name_to_json
from sirenvae.graphs.files.reading import find_variables


def add_commands(commands) -> None:
    """Add the command."""
    words = "exact marginals of a discrete network given evidence"
    marginals = commands.add_parser("marginals", help=words, description=f"{words.capitalize()}.")
    add_network_argument(marginals, "network", has_observed=False)
    words = "a variable's state that is known, such as xray=yes; repeat the option for more"
    marginals.add_argument("--given", action="append", default=[], metavar="VARIABLE=STATE", help=words)
    marginals.add_argument("--json", action="store_true", help="machine-readable output")
    marginals.set_defaults(command=_marginals)


def _marginals(options) -> None:
    network = load(options.network)
    evidence = dict(_known(network, text) for text in options.given)
    if len(evidence) < len(options.given):
        raise InputError("--given names a variable twice; leave one of them out.")
    from sirenvae.truth import true_log_evidence, true_marginals

    found = {v: distribution.probs.tolist() for v, distribution in true_marginals(network, evidence).items()}
    log_evidence = true_log_evidence(network, evidence)
    if options.json:
        rows = [
            {"variable": name_to_json(v), "probabilities": dict(zip(network.states[v], probabilities, strict=True))}
            for v, probabilities in found.items()
        ]
        print(json.dumps({"network": network.name, "log_evidence": log_evidence, "marginals": rows}, indent=1))
        return
    wide = max(len(str(v)) for v in found)
    for v, probabilities in found.items():
        states = (f"{state} {p:.4f}" for state, p in zip(network.states[v], probabilities, strict=True))
        print(f"{v!s:<{wide}}  {'  '.join(states)}")
    if evidence:
        print(f"\nThe evidence has probability {math.exp(log_evidence):.4g}, its logarithm {log_evidence:.4f} nats.")


def _known(network: BayesianNetwork, text: str) -> tuple:
    """A variable and its state; names may hold the sign themselves, so every place of it is tried."""
    parts = text.split("=")
    for place in range(1, len(parts)):
        (variable,) = find_variables(network, "=".join(parts[:place]).strip())
        if variable in network.dag:
            return variable, "=".join(parts[place:]).strip()
    raise InputError(f"--given takes a variable and its state, such as xray=yes, but {text!r} came.")
