"""Text files that are there as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from sirenvae.errors import InputError


def write_text(path: Path, text: str) -> Path:
    """Write a text as UTF-8 with the ends of lines that it has; what was there before stays until all is written.

    Arguments:
        path: The file; a device or a pipe is written to as it is.
        text: What to write.

    Returns:
        The path.

    Raises:
        InputError: If the file cannot be written.
    """
    file = path.resolve()
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8", newline="")
            return path
        unfinished.write_text(text, encoding="utf-8", newline="")
        os.replace(unfinished, file)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise InputError(f"The file {path} cannot be written: {error.strerror}.") from error
    return path


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, and find out now, not hours later, whether files can be written to it.

    Raises:
        InputError: If it cannot be made, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"Nothing can be written to the folder {folder}: {error.strerror}.") from error
