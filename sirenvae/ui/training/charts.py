"""The two live charts of the training page, as ECharts options: plain values in, plain values out."""

from __future__ import annotations

import math
from statistics import fmean, stdev

from sirenvae.experiments.registry import LEARNERS
from sirenvae.figures.elbo import truth_label
from sirenvae.graphs import observed_entropy
from sirenvae.jobs.plans import Job
from sirenvae.ui.shared.charts import SYMBOLS, chart_of, round_axis

_FAINT = 0.15  # the opacity of a band
_COVERED = 0.8  # share of a curve's values that the axis must show; the first steps lie far above the rest


def true_loss(network, rows: list[dict]) -> float | None:
    """The truth's mean negative log evidence, nats: on the test points, or in expectation before they are known.

    The expectation is ``None`` where it has no formula.
    """
    if rows:
        return -rows[0]["true_log_evidence"]
    return observed_entropy(network) if network.is_linear else None


def true_loss_error(rows: list[dict]) -> float:
    """The standard error of :func:`true_loss`, nats; 0 where it is exact."""
    return rows[0]["true_log_evidence_error"] if rows else 0.0


def seed_losses(rows: list[dict], model: str, size: int, bound: str = "elbo") -> list[float]:
    """The negative ELBO (or another column) of each seed of a cell; empty unless all are finite."""
    losses = [-row[bound] for row in rows if (row["model"], row["size"]) == (model, size)]
    return losses if all(map(math.isfinite, losses)) else []


def size_in_training(job: Job) -> int:
    """The largest size among the cells that train together just now; smaller ones are done earlier."""
    tasks = job.about["tasks"]
    last = (job.progress[-1]["model"], job.progress[-1]["size"]) if job.progress else tasks[0][0]
    together = next((task for task in tasks if last in task), [last])
    return max(size for _, size in together)


def training_chart(network, job: Job | None, size: int | None, dark: bool) -> dict:
    """Negative ELBO against training steps at one training-set size: test points thick, training points thin.

    Arguments:
        network: For the line of the truth.
        job: What is trained; ``None`` draws the line of the truth alone.
        size: Of the training set.
        dark: Whether the page is dark.
    """
    rows, records = (job.rows, job.progress) if job else ([], [])
    truth = true_loss(network, rows)
    records = [record for record in records if record["size"] == size]
    series, shown = _true_line(truth, true_loss_error(rows), dark), []
    for model in _in_order({record["model"] for record in records}):
        for kind, style in (("train", {"width": 1.2, "opacity": 0.75}), ("test", {"width": 3})):
            curve = [
                (record["step"], -fmean(record[f"{kind}_elbo"]))
                for record in records
                if record["model"] == model and math.isfinite(sum(record[f"{kind}_elbo"]))
            ]
            shown += [loss for _, loss in curve]
            series.append(_curve(model, kind, curve, style))
    top = sorted(shown)[int(_COVERED * (len(shown) - 1))] if shown else _expected(truth) + 1
    steps = records[-1]["num_steps"] if records else (job.about["steps"].get(size, 1000) if job else 1000)
    axis = {"type": "value", "min": 0, "max": steps, "name": "training steps"}
    losses = [_expected(truth, top), top, *(loss for loss in shown if loss < top)]
    return chart_of(series, axis, round_axis(losses), "axis", dark)


def size_chart(network, job: Job | None, dark: bool) -> dict:
    """Negative ELBO on test points against training-set size: the mean over seeds, its band, each seed a small mark."""
    rows = job.rows if job else []
    truth = true_loss(network, rows)
    sizes = list(job.about["sizes"]) if job else [k * len(network.variables) for k in (1, 2, 5)]
    series = _true_line(truth, true_loss_error(rows), dark)
    shown = [truth] if rows else [_expected(truth), _expected(truth) + 1]
    for model in _in_order({row["model"] for row in rows}):
        found = {size: losses for size in sizes if (losses := seed_losses(rows, model, size))}
        means = {size: fmean(losses) for size, losses in found.items()}
        spreads = {size: stdev(losses) if len(losses) > 1 else 0.0 for size, losses in found.items()}
        shown += [loss for losses in found.values() for loss in losses]
        shown += [means[size] + sign * spreads[size] for size in found for sign in (-1, 1)]
        series += [*_band(model, means, spreads), _mean_line(model, means, spreads), _seed_marks(model, found)]
    low, high = min(sizes) / 1.4, max(sizes) * 1.4
    ticks = {"customValues": sizes}
    axis = {"type": "log", "min": low, "max": high, "name": "training points (log scale)"}
    axis |= {"axisTick": ticks, "axisLabel": ticks | {"hideOverlap": True}, "splitLine": {"show": False}}
    axis["minorTick"] = {"show": False}
    return chart_of(series, axis, round_axis(shown), "item", dark)


def _in_order(models: set[str]) -> list[str]:
    return [model for model in LEARNERS if model in models]


def _expected(truth: float | None, otherwise: float = 0.0) -> float:
    return otherwise if truth is None else truth


def _true_line(truth: float | None, error: float, dark: bool) -> list[dict]:
    if truth is None:
        return []
    colour = "#FFFFFF" if dark else "#000000"
    label = {"formatter": truth_label(truth, error), "position": "insideEndBottom", "color": colour, "fontSize": 12}
    line = {"color": colour, "type": "dashed", "width": 2}
    mark = {"silent": True, "symbol": "none", "data": [{"yAxis": truth}], "label": label, "lineStyle": line}
    return [{"type": "line", "name": "truth", "data": [], "markLine": mark | {"animation": False}}]


def _line(model: str, data: list) -> dict:
    learner = LEARNERS[model]
    look = {"symbol": SYMBOLS[learner.symbol], "itemStyle": {"color": learner.colour, "opacity": 1}}
    return {"type": "line", "name": learner.label, "data": data, **look, "color": learner.colour}


def _curve(model: str, kind: str, curve: list[tuple[int, float]], style: dict) -> dict:
    line = _line(model, [[step, round(loss, 4)] for step, loss in curve])
    line["lineStyle"] = {**style, "color": line["color"]}
    if kind == "train":
        return line | {"name": f"{line['name']}: training points", "showSymbol": False, "z": 2}
    return line | {"symbolSize": 7, "showSymbol": True, "showAllSymbol": True, "z": 3, "in_legend": True}


def _mean_line(model: str, means: dict[int, float], spreads: dict[int, float]) -> dict:
    data = [[size, mean, f"{mean:.2f} ± {spreads[size]:.2f} nats"] for size, mean in means.items()]
    line = _line(model, data)
    line["lineStyle"] = {"width": 3, "color": line["color"]}
    line["tooltip"] = {"formatter": "{a}<br>{@[0]} points: {@[2]}"}
    return line | {"symbolSize": 11, "showSymbol": True, "showAllSymbol": True, "z": 4, "in_legend": True}


def _band(model: str, means: dict[int, float], spreads: dict[int, float]) -> list[dict]:
    """One standard deviation to either side, drawn as an unseen lower line and a filled difference stacked upon it."""
    hidden = {"type": "line", "symbol": "none", "lineStyle": {"opacity": 0}, "silent": True, "stackStrategy": "all"}
    hidden |= {"stack": model, "color": LEARNERS[model].colour, "tooltip": {"show": False}, "z": 1}
    lower = [[size, means[size] - spreads[size]] for size in means]
    width = [[size, 2 * spreads[size]] for size in means]
    return [
        hidden | {"name": f"{model} band from", "data": lower},
        hidden | {"name": f"{model} band", "data": width, "areaStyle": {"opacity": _FAINT}},
    ]


def _seed_marks(model: str, found: dict[int, list[float]]) -> dict:
    learner = LEARNERS[model]
    data = [[size, loss, f"{loss:.2f} nats"] for size, losses in found.items() for loss in losses]
    return {
        "type": "scatter",
        "name": f"{learner.label}: single seeds",
        "data": data,
        "symbol": SYMBOLS[learner.symbol],
        "symbolSize": 5,
        "itemStyle": {"color": learner.colour, "opacity": 0.5},
        "tooltip": {"formatter": "{a}<br>{@[0]} points: {@[2]}"},
        "z": 3,
    }
