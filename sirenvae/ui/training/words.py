"""What the training page says in words: how far a job is, and what its numbers show. Plain values in, sentences out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import correlation, fmean, median, stdev

from sirenvae.experiments.registry import LEARNERS
from sirenvae.jobs.plans import RUNNING, Job
from sirenvae.ui.shared.look import plain
from sirenvae.ui.training.charts import seed_losses, true_loss, true_loss_error

_RIVALS = ("vanilla_vae", "independent", "fully_connected")  # the first that was trained is compared with


def share_done(job: Job) -> float:
    """How much of the job's training steps are done, from 0 to 1."""
    all_steps = sum(job.about["steps"][size] for size in job.about["sizes"]) * len(job.about["models"])
    return min(1.0, sum(_steps_done(job).values()) / all_steps)


def seconds_left(job: Job, now: float) -> float | None:
    """How long a running job will go on, judged by each model's pace so far; ``None`` before its first report."""
    done = _steps_done(job)
    if job.state != RUNNING or not done:
        return None
    seconds = {(point["model"], point["size"]): point["seconds"] for point in job.points}
    spent, steps = defaultdict(float), defaultdict(int)
    begun = 0.0  # when the task in question began, in seconds of the job
    for task in job.about["tasks"]:
        if not any(cell in done for cell in task):
            continue
        model = task[0][0]
        finished = all(cell in seconds for cell in task)
        took = max(seconds[cell] for cell in task) if finished else max(0.0, now - job.started - begun)
        begun += took
        spent[model] += took
        steps[model] += sum(done.get(cell, 0) for cell in task)
    pace = {model: spent[model] / steps[model] for model in spent if steps[model]}
    if not pace:
        return None
    unknown = fmean(pace.values())
    left = 0.0
    for size in job.about["sizes"]:
        for model in job.about["models"]:
            left += (job.about["steps"][size] - done.get((model, size), 0)) * pace.get(model, unknown)
    return left


def _steps_done(job: Job) -> dict[tuple[str, int], int]:
    done = {(record["model"], record["size"]): record["step"] for record in job.progress}
    finished = {cell: job.about["steps"][cell[1]] for cell in job.done if cell[0] in job.about["models"]}
    return done | finished


def duration(seconds: float) -> str:
    """A length of time in words, rounded to what one wants to know."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 100:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def description(job: Job) -> str:
    """What is trained on what, in one sentence."""
    about, name = job.about, plain(job.trial.network.name)
    models = _listed([LEARNERS[model].words for model in LEARNERS if model in about["models"]])
    sizes = _listed([f"{size}" for size in about["sizes"]])
    seeds = "one seed" if about["num_seeds"] == 1 else f"{about['num_seeds']} seeds"
    words = f"{models} on {sizes} points drawn from {name}, {seeds} each."
    return words[0].upper() + words[1:]


def doing(job: Job) -> str:
    """What is being done right now."""
    if not job.progress:
        return "Drawing data and building the first model."
    last = job.progress[-1]
    finished = {cell for cell in job.done if cell[0] in job.about["models"]}
    reached = {
        record["size"]: record
        for record in job.progress
        if record["model"] == last["model"] and (record["model"], record["size"]) not in finished
    }
    done = f"{len(finished)} of {len(job.about['sizes']) * len(job.about['models'])} done"
    if not reached:
        return f"{done}; the next model is being built."
    what = f"{LEARNERS[last['model']].words} with {_listed([str(size) for size in sorted(reached)])} points"
    left = [record for record in reached.values() if record["step"] < record["num_steps"]]
    if not left:
        return f"{done}: measuring {what} on fresh test points."
    longest = max(left, key=lambda record: record["num_steps"])
    return f"{done}: {what}, step {longest['step']:,} of {longest['num_steps']:,}."


def findings(job: Job) -> list[str]:
    """What the finished cells show, a few sentences."""
    return size_findings(job.rows) or _single(job)


def size_findings(rows: list[dict]) -> list[str]:
    """What rows of ELBO against training-set size show, of one network.

    Empty unless the true structure and another model are there at one size.
    """
    models = {row["model"] for row in rows}
    rival = next((model for model in _RIVALS if model in models), None)
    if "true" not in models or rival is None:
        return []
    sizes = sorted({row["size"] for row in rows})
    both = [size for size in sizes if seed_losses(rows, "true", size) and seed_losses(rows, rival, size)]
    if not both:
        return []
    sentences = [_gap_sentence(rows, rival, size) for size in dict.fromkeys((both[0], both[-1]))]
    sentences += _why(rows, rival, both) + _diverged(rows)
    return [*sentences, *_learnt_by_heart(rows, rival, both[0])]


def _single(job: Job) -> list[str]:
    truth = true_loss(job.trial.network, job.rows)
    sentences = []
    for point in job.points:
        if losses := seed_losses(job.rows, point["model"], point["size"]):
            above = f"{fmean(losses) - truth:.2f} nats above {_line(job.rows)}"
            sentences.append(f"With **{point['size']:,} points** {LEARNERS[point['model']].words} ends {above}.")
    return [*sentences[-3:], *_diverged(job.rows)]


def _line(rows: list[dict]) -> str:
    """What the line of the truth is."""
    error = true_loss_error(rows)
    return f"the estimated line (standard error {error:.3f})" if error else "the exact line"


def _diverged(rows: list[dict]) -> list[str]:
    """Seeds whose training met numbers that are not finite."""
    count = sum(row["diverged"] for row in rows)
    if not count:
        return []
    runs = "One run" if count == 1 else f"{count} runs"
    return [f"{runs} met numbers that are not finite and stopped there; a smaller learning rate helps."]


def _gap(rows: list[dict], rival: str, size: int) -> tuple[float, float]:
    """How much lower the true structure's loss is, and how much that differs between seeds, which share their data."""
    pairs = zip(seed_losses(rows, "true", size), seed_losses(rows, rival, size), strict=True)
    gaps = [theirs - ours for ours, theirs in pairs]
    return fmean(gaps), stdev(gaps) if len(gaps) > 1 else 0.0


def _gap_sentence(rows: list[dict], rival: str, size: int) -> str:
    gap, noise = _gap(rows, rival, size)
    truth, line = -rows[0]["true_log_evidence"], _line(rows)
    above = {model: fmean(losses) - truth for model in LEARNERS if (losses := seed_losses(rows, model, size))}
    both = f"{above['true']:.2f} against {above[rival]:.2f} nats above "
    others = [f"{LEARNERS[model].words} {nats:.2f}" for model, nats in above.items() if model not in ("true", rival)]
    end = f"; {_listed(others)}." if others else "."
    if abs(gap) <= noise:
        pair = f"the true structure from {LEARNERS[rival].words}"
        return f"With **{size:,} points** these seeds cannot tell {pair}: {both}{line}{end}"
    nearer = "nearer to" if gap > 0 else "farther from"
    than = f"{line} than {LEARNERS[rival].words}"
    return f"With **{size:,} points** the true structure ends **{abs(gap):.2f} nats {nearer}** {than}: {both}it{end}"


def _why(rows: list[dict], rival: str, both: list[int]) -> list[str]:
    (first, noise), (last, _) = _gap(rows, rival, both[0]), _gap(rows, rival, both[-1])
    if first <= noise or last > first:
        return []
    why = (
        "The masks of the true structure leave no weights for dependences that the network rules out, "
        "so a few points have less to mislead it."
    )
    if last < 0.7 * first:
        why += " With more points the data themselves tell any model what to leave out, and the gap closes."
    return [why]


def _learnt_by_heart(rows: list[dict], rival: str, size: int) -> list[str]:
    def excess(model: str) -> float:
        return fmean(seed_losses(rows, model, size)) - fmean(seed_losses(rows, model, size, "train_elbo"))

    ours, theirs = excess("true"), excess(rival)
    if not max(ours, theirs) > 0.05:
        return []
    return [
        f"With {size:,} points the loss on new points is {theirs:.2f} nats higher than on the training points for "
        f"{LEARNERS[rival].words} and {ours:.2f} for the true structure: that much was learnt by heart."
    ]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def posterior_words(is_linear: bool, models: tuple[str, ...]) -> str:
    """How to read the posterior of a test point."""
    words = [
        "Marks are means, bars reach two standard deviations to either side, and so do the ellipses. A latent that "
        "nobody has seen has no unit and no sign, so all is in standard deviations of the latent's prior: the grey "
        "band is the prior itself, and a bar as long as the band says that the observed values tell nothing about it."
    ]
    if is_linear:
        words.append(
            "A learnt latent is turned over where its means then agree better with the exact ones. In the table the "
            "first two numbers are of this point, the correlation is over 300 test points; the last two are medians "
            "over the latents."
        )
    else:
        words.append(
            "Not all means of this network are linear, so its exact posterior is not Gaussian and has no formula: "
            "there is no exact one to compare with here."
        )
    if set(models) - {"true"}:
        words.append(
            "Only the true structure ties a latent to the variable of its name. The others may use their latents as "
            "they please, so bars far from the exact ones do not mean that they explain the data badly."
        )
    return " ".join(words)


def posterior_rows(bars: dict[str, tuple], agreement: dict[str, Sequence[float]]) -> list[dict[str, str]]:
    """How near each model's posterior is to the exact one, a row each.

    Arguments:
        bars: Means and standard deviations of all latents, by model; the exact ones come first.
        agreement: Correlation of each latent's means with the exact ones over many points, by model.
    """
    (exact_mean, exact_deviation), *_ = bars.values()
    rows = []
    for model, correlations in agreement.items():
        mean, deviation = bars[model]
        inside = sum(abs(mean - exact_mean) <= 2 * deviation)
        ratio = median(deviation / exact_deviation)
        rows.append(
            {
                "model": LEARNERS[model].label,
                "exact mean in the bar": f"{inside} of {len(mean)} latents",
                "bar, learnt / exact": f"{ratio:.2f}",
                "correlation of the means": f"{median(correlations):.2f}",
            }
        )
    return rows


def samples_rows(names: list[str], data, draws: dict[str, object]) -> list[dict[str, str]]:
    """Means, standard deviations and the correlation of draws of one or two variables, shape ``(N, 1 or 2)`` each."""
    sides = {"data": data} | {LEARNERS[model].label: values for model, values in draws.items()}
    rows = []
    for k, name in enumerate(names):
        rows.append({"": f"mean of {name}"} | {side: f"{values[:, k].mean():.2f}" for side, values in sides.items()})
        spread = {side: f"{values[:, k].std():.2f}" for side, values in sides.items()}
        rows.append({"": f"standard deviation of {name}"} | spread)
    if len(names) == 2:
        both = {side: f"{correlation(*values.T.tolist()):.2f}" for side, values in sides.items()}
        rows.append({"": f"correlation of {names[0]} and {names[1]}"} | both)
    return rows
