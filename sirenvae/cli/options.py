"""What options take, and what is said of those that cannot be used."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NoReturn

from sirenvae.errors import InputError

_LARGEST = 2**53


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are InputErrors, and which knows options by their whole names."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise an InputError with one sentence.

        Arguments:
            message: What argparse found wrong.
        """
        raise InputError(f"{message[:1].upper()}{message[1:].rstrip('.')}; {self.prog} --help says what there is.")


def check_once(arguments: Sequence[str]) -> None:
    """Raise an InputError if an option came twice: all but the last would do nothing."""
    words = list(arguments)
    words = words[: words.index("--")] if "--" in words else words
    names = [word.partition("=")[0] for word in words if word.startswith("--")]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise InputError(f"The option {twice[0]} came twice; leave one of them out.")


def whole(text: str) -> int:
    """A whole number that is not beyond all measure, as argparse takes it."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is expected, but {text!r} came") from None
    if abs(number) > _LARGEST:
        raise argparse.ArgumentTypeError(f"a number up to {_LARGEST} is expected, but one with {len(text)} digits came")
    return number


def positive(text: str) -> float:
    """A finite positive number, as argparse takes it."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"a finite positive number is expected, but {text!r} came")
    return number
