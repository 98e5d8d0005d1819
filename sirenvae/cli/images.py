"""The command ``images``: which images are on this machine, and a download where it is asked for."""

from __future__ import annotations

import json
import sys

from sirenvae.errors import InputError


def add_commands(commands) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("images", help="images that models are trained on: what is on this machine")
    parser.add_argument("name", nargs="?", help="look at one of them only")
    parser.add_argument("--download", action="store_true", help="fetch mnist or fashion-mnist, checked, into the cache")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(command=_images)


def _images(options) -> None:
    from sirenvae.data.downloads import download_images
    from sirenvae.data.grey_images import SOURCES
    from sirenvae.data.images import load_images

    if options.download:
        if options.name is None:
            raise InputError("A download needs a name: mnist or fashion-mnist.")
        download_images(options.name, progress=sys.stderr.isatty())
    rows = []
    for name in SOURCES if options.name is None else [options.name]:
        try:
            images = load_images(name)
        except InputError as error:
            if options.name is not None:
                raise
            rows.append({"name": name, "images": SOURCES[name], "here": False, "words": str(error)})
        else:
            rows.append({"name": name, "images": SOURCES[name], "here": True, "words": images.split})
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['name']:14} {row['images']}\n{'':14} {row['words']}")
