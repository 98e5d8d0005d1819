"""The lesson: thirteen stops, each a page in a given state, three sentences and one thing to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlencode

import sirenvae as sv

PARAMETER = "lesson"  # of the URL: the number of the stop
_SMALL_CHAIN = "random-chain-6-0"  # five latents in a row: as many blocks as its first ancestor needs are four


@dataclass(frozen=True)
class Stop:
    """A stop of the lesson.

    Attributes:
        title: What it is about.
        page: The page's address, ``""`` for the first page.
        state: The page's parameters in the URL.
        sentences: Three of them; a name in braces is a number of :func:`figures`.
        task: One thing to do, written in the same way.
        where: The key of the widget that the task is done with.
        scroll: The key of what is below the fold and which side of it is brought into sight, ``"start"`` or ``"end"``;
            empty if the stop is about what is seen anyway.
        more: The address of a page that says more, for those who do not want to wait.
    """

    title: str
    page: str
    state: dict[str, str | list[str]] = field(hash=False)
    sentences: tuple[str, str, str]
    task: str
    where: str = ""
    scroll: tuple[str, ...] = ()
    more: str = ""


STOPS = (
    Stop(
        "Two causes of one effect",
        "inversion",
        {"network": "collider", "large": "network", "ask": "independence", "ask_x": "a", "ask_y": "b"},
        (
            "a and b are causes that know nothing of each other; c is an effect of both.",
            "Once c is seen they depend on each other: the more one cause explains, the less is left for the other, "
            "which is called explaining away.",
            "Whoever infers a from c must therefore think of b as well.",
        ),
        "Under the picture, X and Y are independent as long as nothing is known. Put c into Z and watch the picture.",
        where="ask_given",
        scroll=("question", "end"),
    ),
    Stop(
        "Turning the arrows is not enough",
        "inversion",
        {"network": "student", "rule": "Stuhlmüller et al.", "large": "inverse", "step": "5"},
        (
            "To infer what is not seen, arrows have to lead from the observed variables to the latents.",
            "The heuristic of Stuhlmüller et al. turns the arrows around, adds the other parents of a latent's "
            "children, and ends with {heuristic} edges.",
            "It is not faithful: the line above the pictures names an independence that it claims and that does not "
            "hold.",
        ),
        "Choose NaMI as rule: the inverse then has {faithful} edges and is faithful. Find the {missing} that were "
        "missing.",
        where="rule",
    ),
    Stop(
        "Moralize: marry the parents",
        "inversion",
        {"network": "student", "large": "moral"},
        (
            "The first step of the inversion drops the arrows and connects any two variables that have a common child.",
            "Here {moral} pairs had to be connected; their edges are purple and dotted.",
            "These edges are the first stop again: once the child is seen, its parents depend on each other.",
        ),
        "For each purple edge, find the common child in the small picture of the network. Then click that picture and "
        "check.",
    ),
    Stop(
        "Eliminate one variable",
        "inversion",
        {"network": "student", "step": "1", "predict": "next variable"},
        (
            "D is gone already, and I goes next: it is summed out, and whatever it is connected to by then becomes its "
            "parents in the inverse.",
            "Without I, these neighbours still depend on each other.",
            "So those that are not neighbours yet are connected, by a fill edge, which is red and dashed.",
        ),
        "Answer under “Your turn” how many fill edges I costs, and say between which variables before you look.",
    ),
    Stop(
        "Two choices, two costs",
        "inversion",
        {"network": "student", "step": "2", "predict": "next variable"},
        (
            "Now the frontier, which is drawn in orange, holds {frontier} variables: both S and G may go next.",
            "One of them costs no fill edge, the other {dear}.",
            "Min-fill takes the cheapest, since each fill edge makes the inverse larger.",
        ),
        "For S and for G, count the pairs of neighbours that are not connected. Then answer under “Your turn”.",
    ),
    Stop(
        "Read off an independence",
        "inversion",
        {
            "network": "student",
            "step": "5",
            "large": "inverse",
            "ask": "independence",
            "ask_x": "D",
            "ask_y": "S",
            "ask_given": ["I", "G"],
        },
        (
            "The inverse is finished, and D has {parents} parents in it: I and G.",
            "So it claims that, once I and G are known, S tells nothing more about D.",
            "The network says the same; an inverse that claims nothing else than what the network says is faithful.",
        ),
        "Under the picture, take I out of Z, and explain the path that lights up in the network by the first stop.",
        where="ask_given",
        scroll=("question", "end"),
    ),
    Stop(
        "From the top or from the bottom",
        "inversion",
        {"network": "binary-tree-4", "step": "7", "large": "inverse"},
        (
            "Latents can be eliminated in topological order, from the root down, or in reverse order, up to the root.",
            "Both inverses are faithful, but they differ in size: in a tree with one level less the topological order "
            "wins, with {small_topological} edges against {small_reverse}.",
            "In this tree it needs {topological} edges, and every edge costs weights that have to be learned.",
        ),
        "Guess whether the reverse order needs more or fewer than {topological}. Then choose it, and read the number "
        "above the picture.",
        where="order",
    ),
    Stop(
        "A parent too many",
        "inversion",
        {
            "network": "collider",
            "observed": ["a"],
            "order": "reverse",
            "printed": "true",
            "step": "2",
            "large": "inverse",
        },
        (
            "Now only the cause a is seen, and the effect c is latent: nothing below c is observed.",
            "In reverse order c goes first; a and b are connected as its parents, and so a becomes a parent of b.",
            "But a and b are independent as long as c is not seen: of the {printed} edges that the algorithm as "
            "printed leaves, {pruned} would do.",
        ),
        "Say which edge is one too many. Then switch “As printed in the paper” off and press the right arrow key.",
        where="printed",
    ),
    Stop(
        "What a missing edge costs",
        "inference",
        {"network": "student"},
        (
            "A network that learns to infer has an input for each edge of an inverse, and none for an edge that is "
            "not there.",
            "So the heuristic, which lacks {missing} of the edges that are needed, can never come nearer to the exact "
            "posterior than its floor, the dashed line of its colour.",
            "A faithful inverse lacks nothing, and its floor is zero; more edges than are needed do no harm but have "
            "to be learned.",
        ),
        "Say which curves will stay above zero, then start the race. While it runs, click an edge of your inverse "
        "away, and read what the inverse claims now.",
        where="start_race",
    ),
    Stop(
        "From the inverse to masks",
        "masks",
        {"network": "student"},
        (
            "A neural network becomes as sparse as the inverse when weights are removed: a mask says which may stay.",
            "The inverse has {faithful} edges, and the product of the masks has as many green cells; blue is what a "
            "variable sees of itself.",
            "An empty cell means that no path is left from that input to that output.",
        ),
        "Choose a pair with From and to: G to L first, then L to G. Which way do weights lead, and why?",
        scroll=("masks_block", "start"),
    ),
    Stop(
        "One block reaches parents",
        "masks",
        {"network": _SMALL_CHAIN, "mask_flow": "prior", "mask_blocks": "1"},
        (
            "Five latents in a row, each with the one before it as parent.",
            "One block lets a variable see its parent, and nothing further away.",
            "A second block mixes what the first has mixed, so it reaches the grandparent: {deepest} blocks reach "
            "every ancestor.",
        ),
        "Say which cells a second block adds. Then move the slider on, one block at a time.",
        where="mask_blocks",
        scroll=("mask_blocks", "start"),
    ),
    Stop(
        "Few points: structure pays",
        "training",
        {"network": "ecoli70", "sizes": "92"},
        (
            "EColi70 has {variables} variables, and here are {few} points to learn from: {few_each} for each variable.",
            "One model knows the network's structure, the vanilla VAE has to find all dependencies in these points.",
            "The dashed line is exact: no model can get below it, and the distance is what a model has not learnt.",
        ),
        "Guess which of the two comes closer to the line. Then press Train under “Your own settings”.",
        where="train",
        more="results",
    ),
    Stop(
        "Many points: it hardly matters",
        "training",
        {"network": "ecoli70", "sizes": "4600"},
        (
            "With {many} points, {many_each} for each variable, the data themselves show most of the dependencies.",
            "Knowing the structure stands in for data, so it is worth most where points are few.",
            "What a wrong structure does to a model is a question for later.",
        ),
        "Guess how far apart the two models are now. Then press Train; the line above the charts says how long "
        "it takes.",
        where="train",
        more="results",
    ),
)


@cache
def figures() -> dict[str, int]:
    """Every number that the sentences name, computed."""
    student, collider = sv.load_network("student"), sv.load_network("collider").with_observed(["a"])
    inverse, heuristic = sv.invert(student), sv.invert(student, method="stuhlmueller")
    costs = inverse.steps[2].frontier
    ecoli = sv.load_network("ecoli70")
    few, many = (int(stop.state["sizes"]) for stop in STOPS if "sizes" in stop.state)
    chain = sv.load_network(_SMALL_CHAIN)

    def edges(network: sv.BayesianNetwork, order: str, **how) -> int:
        return sv.invert(network, order, **how).dag.number_of_edges()

    return {
        "heuristic": heuristic.dag.number_of_edges(),
        "faithful": inverse.dag.number_of_edges(),
        "missing": len(set(inverse.dag.edges) - set(heuristic.dag.edges)),
        "moral": len(sv.moralizing_edges(student)),
        "frontier": len(costs),
        "dear": max(costs.values()),
        "parents": inverse.dag.in_degree("D"),
        "small_topological": edges(sv.load_network("binary-tree-3"), "topological"),
        "small_reverse": edges(sv.load_network("binary-tree-3"), "reverse"),
        "topological": edges(sv.load_network("binary-tree-4"), "topological"),
        "printed": edges(collider, "reverse", minimal=False),
        "pruned": edges(collider, "reverse"),
        "deepest": len(chain.latents) - 1,
        "variables": len(ecoli.variables),
        "few": few,
        "few_each": few // len(ecoli.variables),
        "many": many,
        "many_each": many // len(ecoli.variables),
    }


def written(text: str) -> str:
    """A sentence with its numbers; up to twelve they are words."""
    small = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    numbers = {name: small[n] if n < len(small) else f"{n:,}" for name, n in figures().items()}
    return text.format_map(numbers)


def link(number: int) -> str:
    """The address of a stop, from the first one, which is 1; relative, since an app may live below a path."""
    stop = STOPS[number - 1]
    return f"{stop.page or './'}?{urlencode(stop.state | {PARAMETER: str(number)}, doseq=True)}"
