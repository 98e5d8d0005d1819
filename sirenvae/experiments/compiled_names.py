"""What the names of inverses and capacities stand for in :mod:`sirenvae.experiments.compiled`. No torch here."""

from __future__ import annotations

from sirenvae.errors import InputError
from sirenvae.experiments.registry import INVERSES, OWN_INVERSE

HALF = 0.5  # nats: to be this near is to have learnt most
CAPACITIES = ("active", "stored", "width")


def parts_of(name: str) -> tuple[str, int, int]:
    """The inverse's own name, how many more edges it has, and the seed of their places.

    >>> parts_of("nami-topological+12@3")
    ('nami-topological', 12, 3)

    Raises:
        InputError: If it has another form or there is no such inverse.
    """
    own, plus, more = name.partition("+")
    num_edges, at, seed = more.partition("@")
    if own not in INVERSES or own == OWN_INVERSE or (plus and not (at and num_edges.isdecimal() and seed.isdecimal())):
        known = ", ".join(known for known in INVERSES if known != OWN_INVERSE)
        raise InputError(f"There is no inverse {name!r}; there are {known}, each also as NAME+12@0 with more edges.")
    return (own, int(num_edges), int(seed)) if plus else (own, 0, 0)


def capacity_of(name: str) -> tuple[str, int]:
    """What is counted, and how many there may be.

    >>> capacity_of("active-6000")
    ('active', 6000)

    Raises:
        InputError: If it has another form.
    """
    what, dash, count = name.partition("-")
    if what not in CAPACITIES or not dash or not count.isdecimal():
        raise InputError(f"A capacity is one of {', '.join(CAPACITIES)} and a number, as active-6000; {name!r} came.")
    return what, int(count)
