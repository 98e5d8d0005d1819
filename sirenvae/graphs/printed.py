"""What the paper on faithful inversion prints, to hold ours against."""

from __future__ import annotations

from collections.abc import Iterable

from sirenvae.graphs.elimination import EliminationStep

# Table 1: the variable that goes, the fill edges, the parents in the inverse; the student network, H and J observed.
TABLE_1 = (
    ("D", (), ("I", "G")),
    ("I", (("G", "S"),), ("G", "S")),
    ("S", (), ("G", "L", "J")),
    ("G", (("L", "H"),), ("L", "J", "H")),
    ("L", (), ("J", "H")),
)


def beside_table_1(steps: Iterable[EliminationStep]) -> list[dict]:
    """The steps of an elimination of the student network, a row each, and whether the paper has the same.

    Arguments:
        steps: As many as the paper prints.

    Returns:
        Rows with the frontier and its fill costs, who goes, the fill edges, the parents and the comparison.

    Source:
        Webb et al., Faithful Inversion of Generative Models for Effective Amortized Inference (2018), Table 1.
    """
    rows = []
    for number, (step, (gone, fills, parents)) in enumerate(zip(steps, TABLE_1, strict=True), start=1):
        is_same = (step.eliminated, set(map(frozenset, step.fill_edges)), set(step.parents)) == (
            gone,
            set(map(frozenset, fills)),
            set(parents),
        )
        rows.append(
            {
                "step": number,
                "frontier (fill cost)": ", ".join(f"{v} ({cost})" for v, cost in step.frontier.items()),
                "goes": step.eliminated,
                "fill edges": ", ".join("–".join(pair) for pair in step.fill_edges) or "none",
                "parents in the inverse": ", ".join(step.parents),
                "as the paper prints": is_same,
            }
        )
    return rows
