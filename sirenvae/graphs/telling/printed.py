"""What the paper on faithful inversion prints, to hold ours against."""

from __future__ import annotations

from collections.abc import Iterable

from sirenvae.graphs.inversion.elimination import EliminationStep
from sirenvae.graphs.network import Variable

# Table 1, steps 1 to 5: the frontier, the variable that goes, the fill edges, the parents in the inverse, for the
# network of Figure 3 with H and J observed. The text of section 2.2 names fill edges and parents of steps 1 and 2.
TABLE_1 = (
    (("D", "I"), "D", (), ("I", "G")),
    (("I",), "I", (("G", "S"),), ("G", "S")),
    (("G", "S"), "S", (), ("G", "L", "J")),
    (("G",), "G", (("L", "H"),), ("L", "J", "H")),
    (("L",), "L", (), ("J", "H")),
)


def beside_table_1(steps: Iterable[EliminationStep]) -> list[dict]:
    """The steps of an elimination of the student network, a row each, and whether the paper has the same.

    The frontier, who goes, the fill edges and the parents are compared; the fill costs are ours. In step 1 the paper's
    text speaks of one edge, G-S, that I would cost; it would cost D-S too while D is there, hence the 2.

    Arguments:
        steps: As many as the paper prints.

    Returns:
        Rows with the frontier and its fill costs, who goes, the fill edges, the parents and the comparison.

    Source:
        Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), Table 1
        and section 2.2; Figure 3 for the network.
    """
    rows = []
    for number, (step, printed) in enumerate(zip(steps, TABLE_1, strict=True), start=1):
        ours = (step.frontier, step.eliminated, step.fill_edges, step.parents)
        rows.append(
            {
                "step": number,
                "frontier (fill cost)": ", ".join(f"{v} ({cost})" for v, cost in step.frontier.items()),
                "goes": step.eliminated,
                "fill edges": ", ".join("–".join(pair) for pair in step.fill_edges) or "none",
                "parents in the inverse": ", ".join(step.parents),
                "as the paper prints": _in_any_order(*ours) == _in_any_order(*printed),
            }
        )
    return rows


def _in_any_order(frontier: Iterable, gone: Variable, fill_edges: Iterable, parents: Iterable) -> tuple:
    return set(frontier), gone, set(map(frozenset, fill_edges)), set(parents)
