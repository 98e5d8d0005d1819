"""The command line: ``python -m sirenvae COMMAND``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from sirenvae.cli import experiments, graphs, images, infer, marginals, results, tables
from sirenvae.cli.options import Parser
from sirenvae.cli.streams import flush, give_up, make_readable
from sirenvae.errors import InputError

UNUSABLE, STOPPED, UNREAD = 2, 130, 141  # The last two as shells have them: 128 and the signal's number.


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Arguments:
        arguments: Words after the program's name; ``None`` takes those of the process.

    Returns:
        The exit code: 0, or 2 when the input cannot be used, after one sentence that says why; 130 after Ctrl-C, 141
        when nobody reads any more what the command prints.
    """
    make_readable()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        flush()
    except BrokenPipeError:
        give_up()
        return UNREAD
    except OSError as error:  # What a command does not expect, such as a full disk behind the screen's output.
        give_up()
        _say(f"The system does not go along: {error.strerror or error}.")
        return UNUSABLE
    return code


def build_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(prog="sirenvae", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (graphs, marginals, experiments, infer, tables, results, images):
        module.add_commands(commands)
    return parser


def _run(arguments: Sequence[str]) -> int:
    try:
        options = build_parser().parse_args(arguments)
        options.command_line = shlex.join(["python", "-m", "sirenvae", *arguments])
        options.command(options)
    except InputError as error:
        _say(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        _say("stopped.")
        return STOPPED
    except SystemExit as end:  # argparse has printed its help
        return end.code or 0
    except (MemoryError, RuntimeError) as error:
        from sirenvae.training.programs import is_about_memory

        if not is_about_memory(error):
            raise
        _say("There is not enough memory for this.")
        return UNUSABLE
    return 0


def _say(sentence: str) -> None:
    print(f"sirenvae: {sentence}", file=sys.stderr)
