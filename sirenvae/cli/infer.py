"""The command ``infer``: an inference network learnt from draws of a network. Torch is imported when it runs."""

from __future__ import annotations

import json
import math
from pathlib import Path

from tqdm import tqdm

from sirenvae.cli.networks import add_network_argument, load
from sirenvae.cli.options import positive, whole
from sirenvae.errors import InputError
from sirenvae.experiments.formats import as_lines, without_nan
from sirenvae.graphs.files.reading import find_variables
from sirenvae.graphs.files.table import table_rows
from sirenvae.graphs.files.text import text_of

_MOST_POINTS = 100  # That a screen can bear.
_CAPACITY = {"active": 20_000, "stored": 20_000, "width": 32}
_HEADS = {
    "latent": "latent",
    "state": "state",
    "probability": "probability",
    "true_probability": "exact",
    "mean": "mean",
    "low": "5 %",
    "high": "95 %",
    "true_mean": "exact mean",
    "true_low": "5 %",
    "true_high": "95 %",
}


def add_commands(commands) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("infer", help="learn q(z | x) over an inverse from draws of a network, and judge it")
    add_network_argument(parser, "network")
    words = "METHOD or METHOD-ORDER, such as nami-reverse (default), nami-topological, stuhlmueller-reverse, mean_field"
    parser.add_argument("--inverse", nargs="+", default=["nami-reverse"], metavar="INVERSE", help=words)
    families = "gaussian (default), mixture, mixture-5, flow, flow-12; in a network with states categorical alone"
    parser.add_argument("--family", nargs="+", metavar="FAMILY", help=families)
    parser.add_argument("--layout", default="per_variable", help="per_variable (default) or masked")
    parser.add_argument("--capacity", type=whole, help="most weights (default 20000), or the width (default 32)")
    parser.add_argument("--capacity-of", default="active", help="what it counts: active (default), stored or width")
    parser.add_argument("--no-linear-start", action="store_true", help="begin at random, not at least squares")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=whole, help="training steps (default 2500)")
    length.add_argument("--seconds", type=positive, help="train so long instead")
    parser.add_argument("--learning-rate", type=positive, help="instead of the recipe's")
    points = parser.add_mutually_exclusive_group()
    given = "observed values to answer for: a value for each observed variable, commas between; repeat for more"
    points.add_argument("--given", action="append", metavar="NAME=VALUE", help=given)
    points.add_argument("--data", type=Path, metavar="FILE", help="a table of points to answer for, names on top")
    parser.add_argument("--draws", type=whole, default=2000, help="of q for each point (default 2000)")
    parser.add_argument("--test", type=whole, default=2000, help="draws of the network to judge q by (default 2000)")
    parser.add_argument("--calibration", action="store_true", help="rank the truth among draws; what intervals cover")
    parser.add_argument("--runs", type=whole, default=1, help="replicas, trained as one program (default 1)")
    parser.add_argument("--seed", type=whole, default=0, help="of weights, batches and draws (default 0)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(command=_infer)


def _infer(options) -> None:
    from sirenvae.experiments.inferring import Inferring
    from sirenvae.experiments.settings import check_different

    check_different("inverses", options.inverse)
    network = load(options.network, options.observed)
    families = options.family or ["categorical" if network.is_discrete else "gaussian"]
    check_different("families", families)
    x = _points(network, options)
    usual = _CAPACITY.get(options.capacity_of, 1)
    capacity = usual if options.capacity is None else options.capacity
    given = {"num_steps": options.steps, "learning_rate": options.learning_rate}
    changes = {name: value for name, value in given.items() if value is not None}
    runs = [
        Inferring(
            network,
            inverse,
            family,
            options.layout,
            capacity,
            options.capacity_of,
            not options.no_linear_start,
            seconds=options.seconds,
            num_test=options.test,
            num_draws=options.draws,
            num_runs=options.runs,
            seed=options.seed,
            **changes,
        )
        for inverse in options.inverse
        for family in families
    ]
    built = [(run, run.build()) for run in runs]  # all of them, before hours go into the first one
    found = [_one(run, q, x, options) for run, q in built]
    if options.json:
        print(json.dumps(without_nan(found), indent=1))


def _one(run, q, x, options) -> dict:
    """Train and judge one inference network; print it, unless all is printed as JSON."""
    step, seconds = _followed(run.train(q), f"{run.network.name} {run.inverse} {run.family}")
    row = run.judge(q) | {"steps": step, "seconds": seconds}
    if options.calibration:
        row |= run.calibrate(q)
    if x is not None:
        row["points"] = run.answer(q, x)
    if not options.json:
        _print(run, row)
    return row


def _followed(records, title: str) -> tuple[int, float]:
    """Show a bar; return how many steps were taken, and their seconds."""
    with tqdm(desc=title, unit="step", dynamic_ncols=True) as bar:
        for record in records:
            bar.total = record.num_steps
            bar.set_postfix_str(f"loss {record.loss.mean().item():.3f}", refresh=False)
            bar.update(record.step - bar.n)
    return record.step, record.seconds


def _print(run, row: dict) -> None:
    faith = "faithful" if row["faithful"] else "not faithful"
    print(f"{run.network.name}, {run.inverse}: {row['edges']} edges, {faith}")
    print(
        f"  {run.family}, {run.layout}: {row['active_weights']:,} active weights of {row['stored_weights']:,} stored; "
        f"{row['steps']:,} steps, {row['seconds']:.0f} s"
    )
    floor = "not known" if row["floor"] is None else f"{row['floor']:.5f}"
    several = f", mean of {len(row['kls'])} runs, worst {max(row['kls']):.5f}" if len(row["kls"]) > 1 else ""
    print(
        f"  KL {row['kl']:.5f} ± {row['kl_error']:.1g} nats{several}; least one of this inverse at these points {floor}"
    )
    print(f"  effective sample size {row['ess']:.2%} of the draws, 10 % of the points below {row['ess_low']:.2%}")
    if "p_value" in row:
        print(
            f"  ranks uniform: p = {row['p_value']:.3g} after correction; central intervals of 50 and 90 % hold "
            f"{row['cover_50']:.1%} and {row['cover_90']:.1%}"
        )
    for number, point in enumerate(row.get("points", ()), start=1):
        _print_point(number, point)


def _print_point(number: int, point: dict) -> None:
    exact = "exact" if point["true_error"] == 0 else "estimated"
    print(
        f"  point {number}: log evidence {point['log_evidence']:.4f} ± {point['error']:.1g}, {exact} "
        f"{point['true_log_evidence']:.4f}; {point['ess']:.0f} draws count"
    )
    columns = [name for name in _HEADS if name in point["latents"][0]]
    texts = [[_HEADS[name] for name in columns]]
    for latent in point["latents"]:
        values = [latent[name] for name in columns]
        texts.append([value if isinstance(value, str) else f"{value:.4f}" for value in values])
    lines = as_lines(texts, [name not in ("latent", "state") for name in columns])
    print("\n".join(f"    {line}" for line in lines.split("\n")))


def _points(network, options):
    """The points to answer for, shape ``(N, D)``, or ``None``."""
    if options.given is None and options.data is None:
        return None
    import torch

    rows = [_given(network, words) for words in options.given or ()]
    if options.data is not None:
        rows = _table(network, options.data)
    return torch.tensor(rows, dtype=torch.float64)


def _given(network, words: str) -> list[float]:
    """``a=1,b=2`` as a row."""
    pairs = [word.rpartition("=") for word in words.split(",") if word.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise InputError(f"--given takes NAME=VALUE with commas between, but {words!r} came.")
    return _row(network, [name.strip() for name, _, _ in pairs], [value for _, _, value in pairs], "--given")


def _table(network, path: Path) -> list[list[float]]:
    try:
        text, _ = text_of(path.read_bytes(), path.name)
    except OSError as error:
        raise InputError(f"The file {path} cannot be read: {error.strerror}.") from error
    rows, _ = table_rows(text, path.name)
    if not 2 <= len(rows) <= _MOST_POINTS + 1:
        raise InputError(
            f"{path.name} needs a line with names and up to {_MOST_POINTS} points below, but has {len(rows)} lines."
        )
    head, *body = rows
    return [_row(network, head.cells, row.cells, f"line {row.line} of {path.name}") for row in body]


def _row(network, names, values, where: str) -> list[float]:
    """A value for each observed variable, in declared order."""
    found = find_variables(network, names)
    if len(values) != len(found):
        raise InputError(f"There are {len(found)} names, but {len(values)} values in {where}.")
    lacking = [str(v) for v in network.observed if v not in found]
    strange = [str(v) for i, v in enumerate(found) if v not in network.observed or v in found[:i]]
    if lacking or strange:
        what = f"{lacking[0]} lacks" if lacking else f"{strange[0]} is too much"
        raise InputError(f"A point has one value for each observed variable of {network.name}, but {what} in {where}.")
    numbers = dict(zip(found, map(_number, values), strict=True))
    return [numbers[v] for v in network.observed]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"A finite number is expected, but {text.strip()!r} came.")
    return number
