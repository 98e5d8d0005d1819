"""A page's views: JavaScript modules that import each other, which Streamlit serves from this package's folder."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = files("sirenvae.ui")


def views(module: str, *css: str) -> Callable:
    """The views of a page, as one component.

    Its name is declared in ``sirenvae/pyproject.toml``; all modules below ``sirenvae/ui`` are served under it, so what
    two views of a page import is there once, and a page's views can talk to each other.

    Arguments:
        module: Whose default export mounts views by name, such as ``"network/network.js"``, see ``shared/mount.js``.
        css: Files for all of them, in this order. They come with the component and not by a link: a view measures
            itself as soon as it is there.

    Returns:
        ``draw(view, key, data, **callbacks)``.
    """

    @cache  # not before the first view is drawn: only a running app knows the declared folder
    def component() -> Callable:
        name = f"sirenvae.{module.split('/')[0]}"
        # All modules are asked for at once, not each when the one that imports it has come.
        address = f'<link rel="modulepreload" href="_stcore/bidi-components/{name}/'
        html = "\n".join(['<div class="mount"></div>', *(f'{address}{one}">' for one in _reached(module))])
        return st.components.v2.component(name, html=html, css=styles(*css) or None, js=module)

    def draw(view: str, key: str, data: dict[str, Any], **callbacks: Callable) -> None:
        component()(key=key, data=data | {"view": view}, **callbacks)

    return draw


def _reached(module: str) -> list[str]:
    """The module and all that it imports, directly or not."""
    found = [module]
    for name in found:
        imported = re.findall(r'^import .* from "(.+)";$', _text(name), re.MULTILINE)
        paths = [posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in imported]
        found += [path for path in paths if path not in found]
    return found


def styles(*names: str) -> str:
    """CSS files of this package, one after the other."""
    return "\n".join(map(_text, names))


def _text(name: str) -> str:
    return _FOLDER.joinpath(name).read_text(encoding="utf-8")


@cache
def modules_version() -> str:
    """A short name for all modules together, which changes with any of them."""
    content = b"".join(file.read_bytes() for file in sorted(Path(str(_FOLDER)).rglob("*.js")))
    return hashlib.sha256(content).hexdigest()[:12]
