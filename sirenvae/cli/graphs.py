"""Commands about networks and their inverses: ``networks``, ``invert`` and ``race``."""

from __future__ import annotations

import json

from sirenvae import graphs
from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.streams import as_markup
from sirenvae.errors import InputError
from sirenvae.graphs.files.export import graph_to_dot, graph_to_graphml
from sirenvae.graphs.files.names import name_to_json
from sirenvae.graphs.inversion import METHODS
from sirenvae.graphs.telling.replay import step_to_dict

_WORDS = {"True": "yes", "False": "no", "None": "-"}


def add_commands(commands) -> None:
    """Add the commands to the parser's."""
    networks = commands.add_parser("networks", help="list the networks that come with the package")
    networks.add_argument("--json", action="store_true", help="machine-readable output")
    networks.set_defaults(command=_networks)

    invert = commands.add_parser("invert", help="invert a network and show every step")
    add_network_argument(invert, "network")
    invert.add_argument("--order", default="topological", help="topological (default) or reverse")
    invert.add_argument("--method", default="nami", help="nami (default), stuhlmueller, mean_field, fully_connected")
    invert.add_argument("--heuristic", help="min_fill (default) or min_degree")
    invert.add_argument("--as-printed", action="store_true", help="keep parents that only the printed algorithm keeps")
    invert.add_argument("--include-observed", action="store_true", help="go on with the observed variables")
    form = invert.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, machine-readable")
    form.add_argument("--graphml", action="store_true", help="the inverse as GraphML")
    form.add_argument("--dot", action="store_true", help="the inverse for Graphviz")
    invert.set_defaults(command=_invert)

    race = commands.add_parser("race", help="compare all rules of inversion on a network")
    add_network_argument(race, "network")
    race.add_argument("--json", action="store_true", help="machine-readable output")
    race.set_defaults(command=_race)


def _networks(options) -> None:
    rows = [
        {
            "name": network.name,
            "variables": len(network.variables),
            "edges": network.dag.number_of_edges(),
            "latent": len(network.latents),
            "observed": len(network.observed),
            "entropy": round(graphs.observed_entropy(network), 3) if network.is_linear else None,
            "about": graphs.about_network(network.name),
        }
        for network in map(graphs.load_network, graphs.network_names())
    ]
    _print_rows(rows, options.json)
    if not options.json:
        print(
            "The entropy is that of the observed variables, exact, in nats; nonlinear networks have no formula for it, "
            "and discrete ones have states instead of values."
        )


def _invert(options) -> None:
    _check_eliminates(options)
    network = load(options.network, options.observed)
    inverse = graphs.invert(
        network,
        options.order,
        method=options.method,
        heuristic=options.heuristic or "min_fill",
        minimal=not options.as_printed,
        include_observed=options.include_observed,
    )
    if options.graphml:
        print(as_markup(graph_to_graphml(inverse.dag)))
    elif options.dot:
        print(as_markup(graph_to_dot(inverse.dag, network.name)))
    elif options.json:
        print(json.dumps(_as_json(network, inverse), indent=1))
    else:
        for number, step in enumerate(inverse.steps, start=1):
            print(f"{number:>4}. {graphs.explain(step)}")
        said = _verdict(network, inverse)
        words = ", ".join(name if holds else f"not {name}" for name, holds in said.items() if holds is not None)
        print(f"{inverse.dag.number_of_edges()} edges, largest parent set {_largest(inverse)}, {words}.")


def _check_eliminates(options) -> None:
    """The other methods eliminate nothing, so what says how to eliminate would do nothing."""
    given = [name for name in ("heuristic", "as_printed", "include_observed") if getattr(options, name)]
    if given and options.method != "nami" and options.method in METHODS:
        word = given[0].replace("_", "-")
        raise InputError(f"--{word} is for the method nami; leave it out, since {options.method} eliminates nothing.")


def _race(options) -> None:
    rows = [
        {
            "method": racer.method,
            "order": racer.order,
            "edges": racer.num_edges,
            "largest_clique": racer.largest_parent_set + 1,
            "faithful": racer.faithful,
            "minimal": racer.minimal,
            "natural": racer.natural,
            "seconds": round(racer.seconds, 6),
        }
        for racer in graphs.race(load(options.network, options.observed))
    ]
    _print_rows(rows, options.json)


def _verdict(network, inverse) -> dict[str, bool | None]:
    """Minimality is a property of faithful inverses; of the others it is left open."""
    faithful = graphs.is_faithful(network, inverse)
    return {
        "faithful": faithful,
        "minimal": graphs.is_minimal(network, inverse) if faithful else None,
        "natural": graphs.is_natural(network, inverse),
    }


def _largest(inverse) -> int:
    return max(inverse.dag.in_degree(v) for v in inverse.elimination_order)


def _as_json(network, inverse) -> dict:
    return {
        "network": network.name,
        "method": inverse.method,
        "order": inverse.order,
        "elimination_order": [name_to_json(v) for v in inverse.elimination_order],
        "edges": [[name_to_json(v) for v in edge] for edge in inverse.dag.edges],
        "largest_parent_set": _largest(inverse),
        **_verdict(network, inverse),
        "steps": [step_to_dict(step) for step in inverse.steps],
    }


def _print_rows(rows: list[dict], as_json: bool) -> None:
    """A table: text to the left, numbers to the right, truth as yes and no."""
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    cells = [{name: _WORDS.get(str(value), value) for name, value in row.items()} for row in rows]
    wide = {name: max(len(name), *(len(str(row[name])) for row in cells)) for name in rows[0]}
    right = {name for name, value in cells[0].items() if not isinstance(value, str)}
    for row in [{name: name.replace("_", " ") for name in wide}, *cells]:
        print("  ".join(f"{row[n]!s:>{wide[n]}}" if n in right else f"{row[n]!s:<{wide[n]}}" for n in wide).rstrip())
