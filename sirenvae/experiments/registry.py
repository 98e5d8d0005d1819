"""The learners of all experiments: what each is called, how it is drawn, what it costs and how it is built.

Whatever names a learner or an inverse, a configuration, a table, a figure, a page, asks here. Torch is imported inside
the functions, so that a page which only mentions learners starts quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sirenvae.graphs import BayesianNetwork
    from sirenvae.models.base import LatentVariableModel

VAE, REFERENCE, TRUTH = "vae", "reference", "truth"  # kinds of learner; the last is also the name of the only one


@dataclass(frozen=True)
class Learner:
    """A learner as the experiments know it.

    Attributes:
        name: In configurations, stores and rows.
        label: In tables and legends.
        short: The same where all around it says what kind of learner it is.
        words: In the middle of a sentence.
        colour, symbol: Of its marks, the same in every chart; symbols as plotly calls them.
        kind: :data:`VAE`, :data:`REFERENCE` or :data:`TRUTH`.
        step_cost: The time of a training step relative to other VAEs.
        draw_cost: That of a draw from the posterior, for each variable, relative to other VAEs.
    """

    name: str
    label: str
    short: str
    words: str
    colour: str
    symbol: str
    kind: str = REFERENCE
    step_cost: int = 0
    draw_cost: float = 0.0

    @property
    def decay_strength(self) -> float | None:
        """How much stronger than for the true structure its weights are held; ``None`` for what has no such weights."""
        if self.kind != VAE:
            return None
        from sirenvae.models import VanillaVAE
        from sirenvae.models.siren_vae import DECAY_STRENGTH

        return DECAY_STRENGTH.get(self.name, VanillaVAE.decay_strength)


def _siren(name: str, short: str, words: str, colour: str, symbol: str) -> Learner:
    """A SIReN-VAE; its name is that of its structure."""
    return Learner(name, f"SIReN-VAE, {short}", short, words, colour, symbol, VAE, step_cost=10, draw_cost=1 / 8)


# One colour and one marker each, the same in every chart; Okabe-Ito, safe for colour-blind eyes.
_GREY, _PINK = "#7F7F7F", "#CC79A7"
_ALL = (
    Learner(TRUTH, "true network", "truth", "the truth", "#000000", "star", TRUTH),
    _siren("true", "true structure", "the true structure", "#009E73", "circle"),
    _siren("fully_connected", "fully connected", "the fully connected structure", "#0072B2", "square"),
    _siren("independent", "independent", "the independent structure", "#E69F00", "diamond"),
    Learner("vanilla_vae", "vanilla VAE", "vanilla VAE", "the vanilla VAE", _GREY, "x", VAE, 4, 1 / 80),
    Learner(
        *("independent_gaussians", "independent Gaussians", "independent Gaussians", "independent Gaussians"),
        *(_PINK, "triangle-down"),
    ),
    Learner(
        *("ledoit_wolf", "covariance, Ledoit-Wolf", "covariance, Ledoit-Wolf", "the shrunken covariance"),
        *(_PINK, "triangle-left"),
    ),
    Learner("factor_analysis", "factor analysis", "factor analysis", "factor analysis", _PINK, "triangle-right"),
    Learner(
        *("linear_gaussian_bn", "linear BN, known structure", "linear BN"),
        *("the linear-Gaussian network of known structure", _PINK, "triangle-up"),
    ),
    Learner(
        *("linear_gaussian_bn_ridge", "linear BN, with ridge", "linear BN, ridge"),
        *("the linear-Gaussian network of known structure with a ridge", _PINK, "star"),
    ),
)

LEARNERS = {learner.name: learner for learner in _ALL}
VAES = tuple(learner.name for learner in _ALL if learner.kind == VAE)
CLASSICAL = tuple(learner.name for learner in _ALL if learner.kind == REFERENCE)


@dataclass(frozen=True)
class InverseLook:
    """A way to an inverse as the experiments know it.

    Attributes:
        name: In configurations and rows: ``METHOD`` or ``METHOD-ORDER``, as for :func:`sirenvae.invert`; or
            :data:`OWN_INVERSE`.
        label: In legends and tables.
        words: In the middle of a sentence.
        colour, symbol: Of its marks, the same in every chart; symbols as plotly calls them.
    """

    name: str
    label: str
    words: str
    colour: str
    symbol: str


OWN_INVERSE = "own"  # one that was changed by hand
_INVERSES = (
    InverseLook("stuhlmueller", "heuristic", "the heuristic", "#D55E00", "triangle-up"),
    InverseLook("nami-topological", "NaMI, topological", "NaMI in topological order", "#009E73", "circle"),
    InverseLook("nami-reverse", "NaMI, reverse", "NaMI in reverse order", "#56B4E9", "square"),
    InverseLook("fully_connected", "fully connected", "the fully connected inverse", "#0072B2", "diamond"),
    InverseLook("mean_field", "mean field", "mean field", "#E69F00", "x"),
    InverseLook(OWN_INVERSE, "yours", "yours", _PINK, "star"),
)

INVERSES = {look.name: look for look in _INVERSES}


def build_model(
    network: BayesianNetwork, name: str, replicas: tuple[int, ...] = (), seed: int = 0, *, linear: bool = True
) -> LatentVariableModel:
    """A fresh model by its name in :data:`VAES`, its weights drawn from `seed`; SIReN-VAEs may have linear parts."""
    import torch

    from sirenvae.models import SIReNVAE, VanillaVAE

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name == "vanilla_vae":
            return VanillaVAE(network, replicas=replicas)
        return SIReNVAE(network, name, linear=linear, replicas=replicas)


@lru_cache(maxsize=32)
def model_settings(network: BayesianNetwork, name: str, linear: bool = True) -> dict:
    """What :func:`build_model` builds a model with."""
    return build_model(network, name, linear=linear).settings
