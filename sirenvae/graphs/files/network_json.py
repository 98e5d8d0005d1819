"""The JSON of the shipped networks."""

from __future__ import annotations

import json
from dataclasses import fields

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Conditional, LinearGaussian, ProductGaussian, TanhGaussian, Variable
from sirenvae.graphs.files.digraph import digraph
from sirenvae.graphs.network import BayesianNetwork

_KINDS = {kind.title: kind for kind in (LinearGaussian, TanhGaussian, ProductGaussian)}


def parse_json(text: str, name: str) -> BayesianNetwork:
    """The format of the shipped networks: ``nodes``, ``arcs``, optional ``cpds`` and ``observed``.

    A cpd is linear Gaussian unless its ``kind`` is ``"tanh-Gaussian"``, which adds ``amplitude`` and ``offset``, or
    ``"product-Gaussian"``.
    """
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise InputError(
                f"{name} is a JSON {type(content).__name__}; a network file is an object with 'nodes' and 'arcs'."
            )
        dag = digraph(content["arcs"], content["nodes"])
        conditionals = {v: _conditional(cpd) for v, cpd in content["cpds"].items()} if "cpds" in content else None
        observed = content.get("observed")
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is not JSON: {error.msg} in line {error.lineno}.") from error
    except KeyError as error:
        raise InputError(
            f"{name} has no {error}; a network file has 'nodes' and 'arcs', and may have 'cpds' and 'observed'."
        ) from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} does not have the form of a network file: {error}.") from error
    return BayesianNetwork(dag, observed, conditionals, name=name)


def network_to_json(network: BayesianNetwork) -> str:
    """The network in the format that :func:`parse_json` reads."""
    content = {
        "nodes": list(network.variables),
        "arcs": [list(edge) for edge in network.dag.edges],
        "observed": list(network.observed),
    }
    if network.conditionals is not None:
        content["cpds"] = {v: _cpd(network, v) for v in network.variables}
    return json.dumps(content, indent=1)


def _cpd(network: BayesianNetwork, v: Variable) -> dict:
    numbers = network.conditionals[v].numbers()
    slopes = {parent: [slope] for parent, slope in numbers.pop("coefficients").items()}
    cpd = {"coefficients": {"(Intercept)": [numbers.pop("intercept")], **slopes}}
    cpd |= {name: [number] for name, number in numbers.items()}
    kind = {} if isinstance(network.conditionals[v], LinearGaussian) else {"kind": network.conditionals[v].title}
    return {**kind, **cpd, "parents": list(network.parents(v))}


def _conditional(cpd: dict) -> Conditional:
    title = cpd.get("kind", LinearGaussian.title)
    if title not in _KINDS:
        raise InputError(f"A conditional of the kind {title!r} came; there are {', '.join(_KINDS)}.")
    slopes = {name: float(value[0]) for name, value in cpd["coefficients"].items()}
    names = [entry.name for entry in fields(_KINDS[title]) if entry.name not in ("intercept", "coefficients")]
    numbers = {name: float(cpd[name][0]) for name in names}
    return _KINDS[title](slopes.pop("(Intercept)"), slopes, **numbers)
