"""Names and pieces of files as sentences show them: of any length and kind, but bounded."""

from __future__ import annotations

from collections.abc import Iterable


def shown(value: object, longest: int = 60) -> str:
    """A name or a piece of a file for a sentence: of any length, in at most `longest` characters."""
    text = " ".join(str(value)[: 2 * longest].encode("utf-8", "replace").decode().split())
    return text if len(text) <= longest else text[: longest - 3] + "..."


def listed(values: Iterable[object], at_most: int = 5) -> str:
    """Some names for a sentence, and how many more there are.

    Example:
        >>> listed("abcdefgh")
        'a, b, c, d, e and 3 more'
    """
    values = list(values)
    words = ", ".join(shown(value) for value in values[:at_most])
    return words + (f" and {len(values) - at_most:,} more" if len(values) > at_most else "")
