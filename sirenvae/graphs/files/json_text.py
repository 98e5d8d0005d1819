"""JSON as it comes from strangers: no key twice, no nesting without end, no number that takes for ever."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sirenvae.errors import InputError
from sirenvae.graphs.quoting import shown


def load_json(text: str, name: str) -> Any:
    """The value of a JSON text; NaN and infinities come as such, so that whoever reads them can say whose they are.

    Raises:
        InputError: If it is not JSON, has a key twice in one object, or nests lists or objects too deeply.
    """

    def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise InputError(f"{name} has {shown(twice)!r} twice in one object; which of the two counts is not clear.")
        return content

    try:
        return json.loads(text, object_pairs_hook=without_doubles)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}; a network file is an "
            "object with 'nodes' and 'arcs'."
        ) from error
    except RecursionError as error:
        raise InputError(f"{name} nests lists or objects too deeply to be a network.") from error
    except InputError:
        raise
    except ValueError as error:  # of Python: a whole number of thousands of digits
        raise InputError(f"{name} has a whole number of more digits than can be read.") from error
