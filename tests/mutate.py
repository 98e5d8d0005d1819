"""Damaged files for the readers: ``python tests/mutate.py bif --count 20000`` feeds one of them, ``all`` every one."""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sirenvae as sv
from sirenvae.graphs.files.formats import SUFFIXES

CASES = Path(__file__).parent / "cases"
FORMATS = SUFFIXES
LONGEST = 10.0  # seconds after which a reader hangs; a mutant takes a millisecond or so
# What formats give a meaning to, and what programs are known to stumble over.
_SPICE = (
    rb'" { } ( ) [ ] ; , | : = < > & % # / \ // /* */ -> <!-- --> <![CDATA[ &amp; &a; </a> <a> NaN 1e999 -1'.split()
    + rb"variable probability property node potential edge graph digraph nodes parent".split()
    + [sign.encode() for sign in ("\n", "\r", "\r\n", "\t", "\0", "\ufeff", "\xa0", "\u2028", "\U0001f331", "ä")]
    + [b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b'<!DOCTYPE a [<!ENTITY a "b">]>']
)


def mutate(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """The bytes with one to five damages: flips, deletions, duplications, splices, insertions.

    Arguments:
        data: A file.
        others: Files that a splice may take a piece of.
        rng: Where chance comes from.
    """
    damages = (_flip, _delete, _duplicate, _cut_off, _splice, _insert)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        data = rng.choice(damages)(data, others, rng)
    return data


def _flip(data, others, rng):
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _delete(data, others, rng):
    start, end = _piece(data, rng)
    return data[:start] + data[end:]


def _duplicate(data, others, rng):
    start, end = _piece(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 1, 2, 50)) + data[end:]


def _cut_off(data, others, rng):
    return data[: rng.randint(0, len(data))]


def _splice(data, others, rng):
    other = rng.choice(others)
    start, end = _piece(other, rng)
    at, to = _piece(data, rng)
    return data[:at] + other[start:end] + data[rng.choice((at, to)) :]


def _insert(data, others, rng):
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(_SPICE) * rng.choice((1, 1, 1, 3, 300)) + data[at:]


def _piece(data, rng):
    """Two places: often near each other, at times far."""
    start = rng.randint(0, len(data))
    return start, min(len(data), start + int(len(data) * rng.random() ** 4) + rng.randint(0, 3))


def seeds(suffix: str) -> list[bytes]:
    """The files of `tests/cases` that end in `suffix`."""
    return [path.read_bytes() for path in sorted(CASES.rglob(f"*{suffix}"))]


def mutants(suffix: str, count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` damaged files of a format, the same ones for the same seed."""
    files, rng = seeds(suffix), random.Random(f"{suffix} {seed}")
    for _ in range(count):
        yield mutate(rng.choice(files), files, rng)


class Outcome(NamedTuple):
    """What a reader made of mutants: how many it read and refused, and the seconds that the slowest took."""

    read: int
    refused: int
    slowest: float


def feed(suffix: str, count: int, seed: int = 0) -> Outcome:
    """Read `count` mutants of a format, as files.

    Raises:
        RuntimeError: If one raises anything but `InputError` or takes longer than `LONGEST`, or if what it raises is no
            sentence. The mutant is kept, and the message says where.
    """
    read = refused = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mutant{suffix}"
        for data in mutants(suffix, count, seed):
            path.write_bytes(data)
            start = time.perf_counter()
            try:
                with _at_most(LONGEST):
                    sv.read_network(path)
                read += 1
            except sv.InputError as error:
                _check_sentence(str(error), data, suffix)
                refused += 1
            except Exception as error:
                raise RuntimeError(f"{type(error).__name__}: {error} for the mutant {_keep(data, suffix)}") from error
            slowest = max(slowest, time.perf_counter() - start)
    return Outcome(read, refused, slowest)


def _check_sentence(sentence: str, data: bytes, suffix: str) -> None:
    if not sentence.endswith(".") or len(sentence) > 1000:
        raise RuntimeError(f"{sentence[:200]!r} is no sentence for the mutant {_keep(data, suffix)}")


def _keep(data: bytes, suffix: str) -> str:
    with tempfile.NamedTemporaryFile(prefix="mutant-", suffix=suffix, delete=False) as file:
        file.write(data)
    return file.name


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object):
        raise TimeoutError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("format", choices=["all", *(suffix[1:] for suffix in FORMATS)])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for suffix in FORMATS if options.format == "all" else [f".{options.format}"]:
        if not seeds(suffix):
            print(f"{suffix}: no file in {CASES} to start from")
            continue
        start = time.perf_counter()
        outcome = feed(suffix, options.count, options.seed)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{suffix}: {outcome.read} read, {outcome.refused} refused, slowest {outcome.slowest:.3f} s, "
            f"in all {time.perf_counter() - start:.0f} s, memory up to {memory:.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
