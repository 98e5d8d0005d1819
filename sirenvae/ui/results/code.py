"""The code behind what the results page shows. Plain values in, lines out."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {"table-1": "table1_words", "parts": "parts_words", "tuning": "tuning_words"}  # who says what the rows show
_EXCESS, _ELBO = "excess_figure", "elbo_vs_size_figure"
_FIGURES = {
    "table-1": ("results", _EXCESS),
    "tuning": ("results", _EXCESS),
    "elbo-vs-size": ("elbo", _ELBO),
    "nami-6": ("compiled", "compiled_figure"),
    "nami-9": ("compiled", "compiled_figure"),
    "nami-7": ("nami7", "nami7_figure"),
    "nami-4": ("nami4", "nami4_figure"),
}


def results_code(
    experiment: str, network: str | None, recipes: Sequence[str] | None = None, capacity: str | None = None
) -> tuple[str, ...]:
    """Lines that make the words and the figure of some results, once there is ``sv``.

    Arguments:
        experiment: One of ``table-1``, ``elbo-vs-size``, ``parts``, ``tuning``, ``nami-4``, ``nami-6``, ``nami-7``,
            ``nami-9``.
        network: Whose rows are shown; ``None`` where all are of one.
        recipes: By which the VAEs in the rows were trained; all without it.
        capacity: What was the same for all inverses in the rows; any without it.
    """
    words, (module, figure) = _WORDS.get(experiment), _FIGURES.get(experiment, (None, None))
    lines = [f"from sirenvae.figures.{module} import {figure}"] if figure else []
    lines += [f"from sirenvae.figures.results_words import {words}"] if words else []
    lines += ["", f'rows = sv.reference_results("{experiment}").rows']
    if network is not None:
        lines += [f"rows = [row for row in rows if row['network'] == {network!r}]"]
    if capacity is not None:
        lines += [f"rows = [row for row in rows if row['capacity'] == {capacity!r}]"]
    if recipes is not None:
        lines += [f"rows = [row for row in rows if not row['recipe'] or row['recipe'] in {list(recipes)!r}]"]
    if words:
        lines += [f'print("\\n".join({words}(rows)))']
    if figure is None:
        return (*lines, "for row in rows:", '    print(row["training_points"], row["exact"], row["excess_nll_mean"])')
    return (*lines, f"{figure}(rows, {network!r})" if figure == _EXCESS else f"{figure}(rows)")
