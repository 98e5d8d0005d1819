"""The rows of tables and figures as texts with a head, for the screen, Markdown and LaTeX, see ``formats.py``."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from sirenvae.experiments.nami4 import WORDS as ENCODER_WORDS
from sirenvae.experiments.nami7 import MIXTURE_INVERSES
from sirenvae.experiments.registry import INVERSES, LEARNERS

_HEADS = {
    "excess_nll": "excess NLL",
    "ess": "effective",
    "excess_nll_many": "many draws",
    "ess_many": "effective",
    "excess_nll_refitted": "refitted",
    "ess_refitted": "effective",
    "gap": "ELBO gap",
    "gap_refitted": "refitted",
}


def table1_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of table 1 as texts with a head, and which columns are numbers."""
    columns = {
        "network": [row["network"] for row in rows],
        "points": [_number(row["training_points"], 0) for row in rows],
        "per variable": [_number(row["multiple"], 0) for row in rows],
        "learner": [_learner(row) for row in rows],
        "recipe": [row["recipe"] or "-" for row in rows],
        "chosen": [row["chosen"] or "-" for row in rows],
        "NLL": [_spread(row, "nll") for row in rows],
        "excess NLL": [_spread(row, "excess_nll") for row in rows],
        "paper": [_number(row["paper_excess_nll"], 2) for row in rows],
        "effective samples": [_spread(row, "effective_sample_size", 1) for row in rows],
        "reconstruction error": [_spread(row, "reconstruction_error") for row in rows],
        "ELBO": [_spread(row, "elbo") for row in rows],
        "exact entropy": [_number(row["exact_entropy"], 3) for row in rows],
    }
    if not any(row["chosen"] for row in rows):
        del columns["chosen"]
    body = [list(row) for row in zip(*columns.values(), strict=True)]
    return [list(columns), *body], [name not in ("network", "learner", "recipe", "chosen") for name in columns]


def _learner(row: dict) -> str:
    error = row["nll_standard_error"]
    return LEARNERS[row["learner"]].label + (f", estimated ± {error:.2g}" if error else "")


def parts_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the table as texts with a head, and which columns are numbers."""
    texts = [["network", "per variable", "exact", *_HEADS.values()], *map(_part, rows)]
    return texts, [head not in ("network", "exact") for head in texts[0]]


def _part(row: dict) -> list[str]:
    spreads = [_spread(row, name, digits=0 if "ess" in name.split("_") else 3) for name in _HEADS]
    return [row["network"], str(row["multiple"]), row["exact"], *spreads]


def tuning_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the table as texts with a head, and which columns are numbers."""
    columns = {
        "network": [row["network"] for row in rows],
        "points": [str(row["training_points"]) for row in rows],
        "learner": [LEARNERS[row["learner"]].label for row in rows],
        "recipe": [row["recipe"] for row in rows],
        "excess NLL": [_spread(row, "excess_nll") for row in rows],
        "in the search": [_number(row["search_excess_nll"], 3) for row in rows],
        "rate": [_short(row["learning_rate"]) for row in rows],
        "steps": [str(row["base_steps"]) for row in rows],
        "KL warm-up": [_number(row["kl_warm_up"], 2) for row in rows],
        "weight decay": [_short(row["weight_decay"]) for row in rows],
        "noise floor": [_short(row["noise_floor"]) for row in rows],
    }
    body = [list(row) for row in zip(*columns.values(), strict=True)]
    return [list(columns), *body], [name not in ("network", "learner", "recipe") for name in columns]


def figure_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the figure as texts with a head, seeds together, and which columns are numbers."""
    cells: dict[tuple, list[dict]] = {}
    for row in rows:
        cells.setdefault((row["network"], row["size"], row["model"], row["recipe"]), []).append(row)
    head = ["network", "points", "model", "recipe", "seeds", "ELBO", "IWAE bound", "excess NLL", "true log evidence"]
    body = [
        [network, str(size), LEARNERS[model].label, recipe or "-", str(len(seeds))]
        + [_spread_of([row[name] for row in seeds]) for name in ("elbo", "iwae", "excess_nll")]
        + [_truth(seeds[0])]
        for (network, size, model, recipe), seeds in cells.items()
    ]
    return [head, *body], [name not in ("network", "model", "recipe") for name in head]


def _spread_of(values: Sequence[float | None]) -> str:
    if None in values:
        return "-"
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _truth(row: dict) -> str:
    error = row["true_log_evidence_error"]
    return f"{row['true_log_evidence']:.3f}" + (f" (estimated ± {error:.2g})" if error else "")


def _spread(row: dict, name: str, digits: int = 3) -> str:
    """Mean and standard deviation over runs."""
    mean, deviation = row[f"{name}_mean"], row[f"{name}_sd"]
    return _number(mean, digits) + ("" if deviation is None else f" ± {_number(deviation, digits)}")


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.000


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def race_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """A race of inference networks: a line for each inverse."""
    head = ["network", "inverse", "edges", "active weights", "floor", "in the end", "steps"]
    body = [
        [
            row["network"],
            INVERSES[row["inverse"]].label,
            str(row["edges"]),
            f"{row['active_weights']:,}",
            _number(row["floor"], 4),
            _number(row["nats"], 4),
            f"{row['steps']:,}",
        ]
        for row in rows
    ]
    return [head, *body], [name not in ("network", "inverse") for name in head]


def evidence_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """A network of marginals for any evidence: one line."""
    head = ["network", "mean KL", "largest", "steps", "seconds"]
    body = [
        [
            *(row["network"], _number(row["nats"], 5), _number(row["largest"], 3)),
            *(f"{row['steps']:,}", _number(row["seconds"], 0)),
        ]
        for row in rows
    ]
    return [head, *body], [name != "network" for name in head]


def compiled_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """Inference networks over several inverses: a line for each cell."""
    columns = {
        "network": [row["network"] for row in rows],
        "draws": [f"{row['training_draws']:,}" if row["training_draws"] else "fresh" for row in rows],
        "capacity": [row["capacity"] for row in rows],
        "inverse": [INVERSES[row["inverse"]].label + _more(row) for row in rows],
        "edges": [str(row["edges"]) for row in rows],
        "active weights": [f"{row['active_weights']:,}" for row in rows],
        "KL": [_spread(row, "kl", 4) for row in rows],
        "worst run": [_number(row["kl_worst"], 4) for row in rows],
        "floor": [_number(row["floor"], 4) for row in rows],
        "KL, training": [_spread(row, "train_kl", 4) for row in rows],
        "steps to .5": [_spread(row, "half", 0) for row in rows],
        "samples' NLL": [_spread(row, "nll", 4) for row in rows],
        "exact": [_number(row["exact_nll"], 4) for row in rows],
    }
    if not any(row["training_draws"] for row in rows):
        del columns["KL, training"]
    body = [list(row) for row in zip(*columns.values(), strict=True)]
    return [list(columns), *body], [name not in ("network", "draws", "capacity", "inverse") for name in columns]


def _more(row: dict) -> str:
    return f" +{row['extra_edges']} (places {row['placement']})" if row["extra_edges"] else ""


def nami7_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """The rows of the figure of a mixture as texts with a head, and which columns are numbers."""
    head = ["inverse", "edges", "weights", "step", "runs", "KL", "KL of data", "error of the evidence"]
    body = [
        [
            *(MIXTURE_INVERSES[row["inverse"]][2], f"{row['edges']:,}", f"{row['active_weights']:,}", str(row["step"])),
            *(str(row["runs"]), _number(row["kl_mean"], 3) + (f" ± {row['kl_error']:.3f}" if row["kl_error"] else "")),
            *(_number(row["kl_data_mean"], 3), _number(row["evidence_error"], 3)),
        ]
        for row in rows
    ]
    return [head, *body], [name != "inverse" for name in head]


def nami4_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """Relaxed Bernoulli VAEs: a line for each encoder and capacity."""
    columns = {
        "images": [row["images"] for row in rows],
        "bits": [row["binarization"] for row in rows],
        "encoder": [ENCODER_WORDS[row["encoder"]] for row in rows],
        "active weights": [f"{row['active_weights']:,}" for row in rows],
        "-ELBO": [_spread(row, "neg_elbo", 2) for row in rows],
        "-IWAE": [_spread(row, "neg_iwae", 2) for row in rows],
        "-AIS": [_spread(row, "neg_ais", 2) for row in rows],
        "its error": [_number(row["ais_error"], 3) for row in rows],
        "its gap": [_number(row["ais_gap"], 3) for row in rows],
        "AIS less ELBO": [_spread(row, "gap", 2) for row in rows],
    }
    body = [list(row) for row in zip(*columns.values(), strict=True)]
    return [list(columns), *body], [name not in ("images", "bits", "encoder") for name in columns]


def image_race_texts(rows: Sequence[dict]) -> tuple[list[list[str]], list[bool]]:
    """A race of encoders: a line for each."""
    head = ["images", "bits", "encoder", "active weights", "steps", "-ELBO", "-AIS", "AIS less ELBO"]
    body = [
        [
            *(row["images"], row["binarization"], ENCODER_WORDS[row["encoder"]], f"{row['active_weights']:,}"),
            *(f"{row['steps']:,}", *(_number(row[name], 2) for name in ("neg_elbo", "neg_ais", "gap"))),
        ]
        for row in rows
    ]
    return [head, *body], [name not in ("images", "bits", "encoder") for name in head]


# By the names of the trials.
TEXTS = {
    "table-1": table1_texts,
    "elbo-vs-size": figure_texts,
    "parts": parts_texts,
    "tuning": tuning_texts,
    "inference-race": race_texts,
    "any-evidence": evidence_texts,
    "image-race": image_race_texts,
    "nami-4": nami4_texts,
    "nami-6": compiled_texts,
    "nami-9": compiled_texts,
    "nami-7": nami7_texts,
}
