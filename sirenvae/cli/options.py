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

    def parse_known_args(self, args=None, namespace=None):
        """As argparse does, but raise an InputError if an option came twice: all but the last would do nothing."""
        if args is not None:
            self._check_once(args)
        return super().parse_known_args(args, namespace)

    def _check_once(self, words: Sequence[str]) -> None:
        words = list(words)
        words = words[: words.index("--")] if "--" in words else words
        # Of those that are collected every one acts; those of a subcommand are its own parser's.
        single = {n for a in self._actions if not isinstance(a, argparse._AppendAction) for n in a.option_strings}
        names = [name for word in words if (name := word.partition("=")[0]) in single]
        twice = [name for i, name in enumerate(names) if name in names[:i]]
        if twice:
            raise InputError(f"The option {twice[0]} came twice; leave one of them out.")

    def error(self, message: str) -> NoReturn:
        """Raise an InputError with one sentence.

        Arguments:
            message: What argparse found wrong.
        """
        raise InputError(f"{message[:1].upper()}{message[1:].rstrip('.')}; {self.prog} --help says what there is.")


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
