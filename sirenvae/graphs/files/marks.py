"""Marks on variables that say which are observed and which latent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sirenvae.graphs.conditionals import Variable

_NO = frozenset({"false", "0", "no", "none", "null", "", "nan"})
_LATENT_ROLES = frozenset({"latent", "hidden", "unobserved", "eliminated"})


def observed_by_marks(marks: Mapping[Variable, Mapping[str, Any]]) -> list[Variable] | None:
    """The observed variables, if the file marks any variable at all.

    Where variables are marked as observed, all others are latent; where latents are marked alone, all others are
    observed.

    Arguments:
        marks: Of each variable, any of ``observed`` and ``latent`` (whether it is) and ``role`` (``"observed"``,
            ``"latent"``, ...).

    Returns:
        The observed variables in the order of `marks`; ``None`` where nothing is marked.

    Example:
        >>> observed_by_marks({"a": {"latent": True}, "b": {}}), observed_by_marks({"a": {}, "b": {}})
        (['b'], None)
    """
    seen = {v: mark for v, given in marks.items() if (mark := _mark(given)) is not None}
    if not seen:
        return None
    rest = not any(seen.values())  # only latents are marked
    return [v for v in marks if seen.get(v, rest)]


def _mark(given: Mapping[str, Any]) -> bool | None:
    """Whether a variable is observed, as far as its marks say so."""
    role = str(given.get("role", "")).lower()
    if role in _LATENT_ROLES:
        return False
    if role == "observed":
        return True
    if "observed" in given:
        return _yes(given["observed"])
    if "latent" in given:
        return not _yes(given["latent"])
    return None


def _yes(value: Any) -> bool:
    return str(value).strip().lower() not in _NO
