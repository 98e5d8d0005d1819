"""The command line: ``python -m sirenvae COMMAND``."""

from __future__ import annotations

import argparse
import shlex
import sys

from sirenvae.cli import experiments, graphs, results, tables
from sirenvae.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Arguments:
        arguments: Words after the program's name; ``None`` takes those of the process.

    Returns:
        The exit code: 0, or 2 when the input cannot be used, after one sentence that says why.
    """
    parser = argparse.ArgumentParser(prog="sirenvae", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    graphs.add_commands(commands)
    experiments.add_commands(commands)
    tables.add_commands(commands)
    results.add_commands(commands)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    options.command_line = shlex.join(["python", "-m", "sirenvae", *arguments])
    try:
        options.command(options)
    except InputError as error:
        print(f"sirenvae: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sirenvae: stopped.", file=sys.stderr)
        return 130
    return 0
