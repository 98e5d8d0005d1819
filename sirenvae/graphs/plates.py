"""Plates: variables that a network repeats, and factorizations written once for all copies."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sirenvae.errors import InputError
from sirenvae.graphs.quoting import listed, shown

if TYPE_CHECKING:
    import networkx as nx

    from sirenvae.graphs.network import BayesianNetwork

# Which copies of a template a copy i looks at, the simplest first; a set of numbers is what none of them says.
FORMS = ("", "i", "all", "<i", ">i", "<=i", ">=i", "!=i")


@dataclass(frozen=True)
class Plate:
    """A box around variables that are repeated: copy i of the member ``z`` is the variable ``z[i]``.

    Arguments:
        name: What to call it.
        size: How many copies there are.
        members: The templates, in declared order.

    Raises:
        InputError: If there are fewer than 1 copy or member, or a name is no text.

    Example:
        >>> Plate("data", 2, ("z", "x")).copies("x")
        ('x[0]', 'x[1]')
    """

    name: str
    size: int
    members: tuple[str, ...]

    def __post_init__(self):
        object.__setattr__(self, "members", tuple(self.members))
        if type(self.size) is not int or self.size < 1:
            raise InputError(f"A plate has a whole number of copies, at least 1, but {shown(repr(self.size))} came.")
        if not self.members or not all(isinstance(word, str) and word for word in (self.name, *self.members)):
            raise InputError("A plate has a name and at least one member, all of them texts.")
        if len(set(self.members)) < len(self.members):
            raise InputError(
                f"The members of the plate {shown(self.name)} must be different, but {listed(self.members)} came."
            )

    def copies(self, member: str) -> tuple[str, ...]:
        """The variables that a member stands for."""
        return tuple(copy_of(member, i) for i in range(self.size))


@dataclass(frozen=True)
class SharedFactor:
    """The parents of all copies of a template that have the same ones up to the index.

    Attributes:
        variable: The template, or a variable in no plate.
        copies: Which copies; empty for a variable in no plate.
        parents: For each template or variable among the parents which copies: ``""`` for a variable in no plate, one of
            :data:`FORMS`, or a tuple of numbers.
        size: Of the plate of `variable`; 0 where it is in none.
    """

    variable: Hashable
    copies: tuple[int, ...]
    parents: Mapping[Hashable, str | tuple[int, ...]]
    size: int = 0

    def __str__(self):
        """The factor in one line: ``z[i] | theta, x[i]``."""
        who = str(self.variable)
        if self.size:
            who += f"[{_numbers(self.copies)}]" if len(self.copies) == 1 else "[i]"
        parents = [
            str(v) + (f"[{_numbers(form) if isinstance(form, tuple) else form}]" if form else "")
            for v, form in self.parents.items()
        ]
        where = f"   (i: {_numbers(self.copies)})" if 1 < len(self.copies) < self.size else ""
        return f"{who} | {', '.join(parents) or '-'}{where}"


def copy_of(member: str, index: int) -> str:
    """The name of a copy."""
    return f"{member}[{index}]"


def check_plates(plates: Iterable[Plate], dag: nx.DiGraph, name: str) -> tuple[Plate, ...]:
    """The plates, if they fit the graph.

    Raises:
        InputError: If a copy is no variable, or two plates have a name or a member in common.
    """
    plates = tuple(plates)
    for one in plates:
        if not isinstance(one, Plate):
            raise InputError(f"The plates of {name} are given as sirenvae.Plate, but a {type(one).__name__} came.")
        lacking = [copy for member in one.members for copy in one.copies(member) if copy not in dag]
        if lacking:
            raise InputError(
                f"The plate {shown(one.name)} repeats {listed(one.members)} {one.size} times, but {name} has no "
                f"variable {listed(lacking)}."
            )
    for what, names in (
        ("names", [one.name for one in plates]),
        ("members", [m for one in plates for m in one.members]),
    ):
        if len(set(names)) < len(names):
            raise InputError(f"The {what} of the plates of {name} must be different, but {listed(names)} came.")
    return plates


def unrolled_edges(edges: Iterable[tuple[str, str]], plates: Sequence[Plate]) -> Iterator[tuple[str, str]]:
    """The edges between copies that edges between templates stand for.

    Copy i of a parent goes to copy i of a child in the same plate; all others go to all.

    Example:
        >>> list(unrolled_edges([("phi", "z"), ("z", "x")], [Plate("data", 2, ("z", "x"))]))
        [('phi', 'z[0]'), ('phi', 'z[1]'), ('z[0]', 'x[0]'), ('z[1]', 'x[1]')]
    """
    home = {member: plate for plate in plates for member in plate.members}
    for parent, child in edges:
        ends = [home[v].copies(v) if v in home else (v,) for v in (parent, child)]
        if parent in home and home[parent] is home.get(child):
            yield from zip(*ends, strict=True)
        else:
            yield from ((a, b) for a in ends[0] for b in ends[1])


def shared_factors(network: BayesianNetwork, dag: nx.DiGraph | None = None) -> tuple[SharedFactor, ...]:
    """A factorization with plates collapsed: for each template its parents as templates.

    Where not all copies have the same parents up to the index, there is a factor for each group of copies that have.

    Arguments:
        network: A network with plates.
        dag: Over its variables, such as that of an inverse; ``None`` is the network's own.

    Returns:
        The factors of variables with parents, in declared order.

    Raises:
        InputError: If the graph is over other variables.

    Example:
        >>> import sirenvae as sv
        >>> net = sv.load_network("gaussian-mixture-50")
        >>> for factor in shared_factors(net, sv.invert(net, "reverse").dag):
        ...     print(factor)
        theta | phi, x[all]
        phi | x[all]
        z[i] | theta, phi, x[i]
    """
    dag = network.dag if dag is None else dag
    if set(dag) != set(network.variables):
        raise InputError(f"The graph is not over the variables of {network.name}.")
    place = {copy: (m, i) for plate in network.plates for m in plate.members for i, copy in enumerate(plate.copies(m))}
    sizes = {m: plate.size for plate in network.plates for m in plate.members}
    templates = tuple(dict.fromkeys(place.get(v, (v, 0))[0] for v in network.variables))
    factors = []
    for v in templates:
        own = {i: _indices(dag.predecessors(copy_of(v, i) if v in sizes else v), place) for i in range(sizes.get(v, 1))}
        for copies, forms in _groups(own, sizes, templates):
            parents = {u: form for u, form in forms.items() if form != () and (form or u not in sizes)}
            if parents:
                factors.append(SharedFactor(v, copies if v in sizes else (), parents, sizes.get(v, 0)))
    return tuple(factors)


def copies_in(form: str | tuple[int, ...], index: int, size: int) -> tuple[int, ...]:
    """Which of `size` copies a form means for copy `index`.

    >>> copies_in("<=i", 1, 4), copies_in("all", 1, 4)
    ((0, 1), (0, 1, 2, 3))
    """
    if isinstance(form, tuple):
        return form
    rules = {
        "": lambda j: False,
        "i": lambda j: j == index,
        "all": lambda j: True,
        "<i": lambda j: j < index,
        ">i": lambda j: j > index,
        "<=i": lambda j: j <= index,
        ">=i": lambda j: j >= index,
        "!=i": lambda j: j != index,
    }
    return tuple(j for j in range(size) if rules[form](j))


def _indices(parents: Iterable[Hashable], place: Mapping) -> dict[Hashable, tuple[int, ...]]:
    """For each template among the parents the numbers of its copies."""
    found: dict[Hashable, list[int]] = {}
    for parent in parents:
        template, index = place.get(parent, (parent, 0))
        found.setdefault(template, []).append(index)
    return {template: tuple(sorted(indices)) for template, indices in found.items()}


def _groups(own: Mapping[int, Mapping], sizes: Mapping, templates: Sequence) -> Iterator[tuple[tuple[int, ...], dict]]:
    """Copies in groups of one form, each with the simplest form of every template."""
    groups: list[tuple[list[int], dict[Hashable, list]]] = []
    for index, parents in own.items():
        options = {u: _options(parents.get(u, ()), index, sizes.get(u), len(own)) for u in templates}
        for copies, forms in groups:
            common = {u: [form for form in forms[u] if form in options[u]] for u in templates}
            if all(common.values()):
                copies.append(index)
                forms.update(common)
                break
        else:
            groups.append(([index], options))
    for copies, forms in groups:
        yield tuple(copies), {u: those[0] for u, those in forms.items()}


def _options(indices: tuple[int, ...], index: int, size: int | None, num_copies: int) -> list:
    """All forms that mean these copies of a template."""
    if size is None:
        return [""] if indices else [()]
    forms = FORMS if num_copies > 1 else ("", "all")
    return [form for form in forms if copies_in(form, index, size) == indices] + [indices]


def _numbers(indices: Sequence[int]) -> str:
    """Numbers in few characters: ``0-3, 5``."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
