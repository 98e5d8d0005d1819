"""Names of variables: what can be one in a file, and how JSON writes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

from sirenvae.errors import InputError
from sirenvae.graphs.conditionals import Variable
from sirenvae.graphs.quoting import shown

LONGEST_NAME = 200  # characters
_DEEPEST_NAME = 4  # tuples in tuples
_UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML and no UTF-8 holds these


def check_name(variable: Variable, name: str) -> None:
    """A variable of the file called `name` must have a name that pages show and every format can write.

    Raises:
        InputError: If a text in it is empty, too long, or holds a character that no file can.
    """
    if isinstance(variable, tuple):
        for part in variable:
            check_name(part, name)
    if not isinstance(variable, str):
        return
    if not variable.strip():
        raise InputError(f"{name} has a variable whose name is empty; give every variable a name.")
    if len(variable) > LONGEST_NAME:
        raise InputError(
            f"{name} has a variable whose name, {shown(variable)}, is {len(variable):,} characters long; a name has at "
            f"most {LONGEST_NAME:,}."
        )
    if unwritable := _UNWRITABLE.search(variable):
        raise InputError(
            f"{name} has the variable {variable[:60]!a}, whose character {unwritable[0]!a} is none that text "
            "can hold; rename it."
        )


def name_to_json(variable: Variable, depth: int = 0) -> str | int | list:
    """A variable as JSON writes it: a string, a whole number, or for a tuple the list of its parts.

    Raises:
        InputError: If it is something else, or a text that cannot be read back.
    """
    if isinstance(variable, str):
        check_name(variable, "The network")
        return variable
    if isinstance(variable, Integral) and not isinstance(variable, bool):
        return int(variable)
    if isinstance(variable, tuple) and variable and depth < _DEEPEST_NAME:
        return [name_to_json(part, depth + 1) for part in variable]
    raise InputError(
        f"A network is written when its variables are strings, integers or tuples of these up to {_DEEPEST_NAME} deep, "
        f"but {shown(repr(variable))} is a {type(variable).__name__}; rename it with networkx.relabel_nodes."
    )


def name_from_json(value: Any, name: str, depth: int = 0) -> Variable:
    """The variable that :func:`name_to_json` wrote, in the file called `name`.

    Raises:
        InputError: If the value names no variable.
    """
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, list) and value and depth < _DEEPEST_NAME:
        return tuple(name_from_json(part, name, depth + 1) for part in value)
    what = (
        json_type(value) if isinstance(value, (list, dict)) or value is None else f"{json_type(value)} {shown(value)}"
    )
    raise InputError(
        f"{name} names a variable by {what}; a name is a string, a whole number, or a list of these for a tuple."
    )


def json_type(value: Any) -> str:
    """What JSON calls a value of this type."""
    names = {dict: "object", list: "list", bool: "truth value", int: "number", float: "number", str: "string"}
    return names.get(type(value), "null")


def check_distinct(variables: Iterable[Variable], name: str) -> None:
    """No two variables may be printed alike, such as 1 and "1": pages, GraphML and tables would take them for one.

    Raises:
        InputError: If two are.
    """
    variables = list(variables)
    printed = Counter(map(str, variables))
    if len(printed) < len(variables):
        twice = next(text for text, count in printed.items() if count > 1)
        alike = " and ".join(repr(v) for v in variables if str(v) == twice)
        raise InputError(f"{name} has the variables {shown(alike, 120)}, which are printed alike; rename one of them.")


def finder(variables: Iterable[Variable]) -> Callable[[Variable], Variable]:
    """How a variable is found by what a file or a command line calls it: exactly, else by its printed name.

    Example:
        >>> find = finder([1, ("x", 0)])
        >>> find("1"), find("('x', 0)"), find("2")
        (1, ('x', 0), '2')
    """
    variables = list(variables)
    there = set(variables)
    if all(isinstance(v, str) for v in variables):
        return lambda called: called
    by_text = {str(v): v for v in variables}
    return lambda called: called if called in there else by_text.get(str(called), called)
