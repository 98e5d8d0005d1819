"""Who may import whom: every room from those above it, nobody in a circle, and only the app knows Streamlit."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
APP = ("sirenvae.ui", "pages", "app")  # the rooms that may know Streamlit
BASE = {"errors"}
GRAPHS = BASE | {"graphs", "graphs.catalogue", "graphs.files", "graphs.inversion", "graphs.judging", "graphs.telling"}
MODELS = GRAPHS | {"nets", "flows", "objectives", "models", "threads"}
TRAINING = MODELS | {"truth", "training", "tensor_files", "text_files"}
EXPERIMENTS = TRAINING | {"data", "experiments"}
ALL = EXPERIMENTS | {"figures", "jobs"}
# Of each room, the rooms that it may import from besides itself.
HOUSE = {
    "errors": set(),
    "text_files": BASE,
    "tensor_files": BASE,
    "threads": BASE,
    "graphs": BASE,
    "graphs.files": BASE | {"graphs"},
    "graphs.catalogue": BASE | {"graphs", "graphs.files"},
    "graphs.inversion": BASE | {"graphs"},
    "graphs.judging": BASE | {"graphs", "graphs.inversion"},
    "graphs.telling": BASE | {"graphs", "graphs.files", "graphs.inversion", "graphs.judging"},
    "nets": BASE,
    "flows": BASE | {"nets"},
    "objectives": BASE,
    "models": GRAPHS | {"nets", "flows", "objectives", "threads"},
    "truth": MODELS,
    "training": TRAINING - {"training"},
    "data": BASE,
    "experiments": TRAINING | {"data"},
    "figures": GRAPHS | {"registry"},
    "jobs": EXPERIMENTS,
    "cli": ALL,
    "notebooks": ALL,
    "__main__": {"cli"},
    "ui": ALL | {"sirenvae"},
    "pages": ALL | {"sirenvae", "ui"},
}
FACADES = {"sirenvae", "sirenvae.graphs"}  # they hand on what lies in the rooms


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, Path]:
    """Every module of the package and of the app, by name."""
    files = [*ROOT.glob("sirenvae/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]
    return {module_name(path): path for path in files}


SOURCES = sources()


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All that a program may come to, which leaves out what is for type hints alone."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from at_run_time(child)


@cache
def imports(path: Path) -> set[str]:
    """The full names of what a file imports, at its top or later: modules of ours, and others with what is of them."""
    found = set()
    for node in at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are written in full"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in SOURCES or node.module not in SOURCES else node.module for name in names}
    return found


def is_in(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def room_of(module: str) -> str:
    """The registry is a room of its own: of all experiments the one thing that figures know."""
    first, *rest = module.split(".")
    if first != "sirenvae" or not rest:
        return "sirenvae" if first == "sirenvae" else "pages"
    deeper = ".".join(rest[:2])
    return "registry" if deeper == "experiments.registry" else deeper if deeper in HOUSE else rest[0]


@cache
def ours() -> dict[str, set[str]]:
    """By module, which of our modules it imports."""
    return {name: {other for other in imports(path) if other in SOURCES} for name, path in SOURCES.items()}


def test_every_room_has_a_place():
    assert {room_of(name) for name in SOURCES} - {"sirenvae", "registry"} <= set(HOUSE)
    assert len(SOURCES) > 150


@pytest.mark.parametrize("room", HOUSE)
def test_a_room_imports_from_rooms_above_it_alone(room):
    allowed = HOUSE[room] | {room} | ({"registry"} if "experiments" in HOUSE[room] | {room} else set())
    wrong = [
        f"{name} imports {other}"
        for name, others in ours().items()
        if room_of(name) == room and name not in FACADES
        for other in others
        if room_of(other) not in allowed
    ]
    assert not wrong


def test_the_registry_imports_what_experiments_may():
    assert {room_of(name) for name in ours()["sirenvae.experiments.registry"]} <= HOUSE["experiments"]


def test_nobody_imports_in_a_circle():
    graph = nx.DiGraph([(name, other) for name, others in ours().items() for other in others if other != name])
    assert [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


def test_only_the_app_imports_streamlit_or_the_app():
    wrong = [
        f"{name} imports {other}"
        for name, path in SOURCES.items()
        if not is_in(name, *APP)
        for other in imports(path)
        if is_in(other, "streamlit", *APP)
    ]
    assert not wrong
    assert any(is_in(other, "streamlit") for other in imports(ROOT / "app.py"))


def test_no_page_knows_the_command_line():
    assert not [
        name
        for name, path in SOURCES.items()
        if is_in(name, *APP)
        for other in imports(path)
        if is_in(other, "sirenvae.cli")
    ]


@pytest.mark.parametrize("room", ["figures", "jobs.queue", "jobs.plans", "experiments.trials", "experiments.registry"])
def test_who_only_asks_or_draws_imports_no_torch_at_its_top(room):
    """What is imported at the top of a module, and of those it imports there."""
    seen, waiting = set(), [name for name in SOURCES if is_in(name, f"sirenvae.{room}")]
    assert waiting
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        tree = ast.parse(SOURCES[name].read_text(encoding="utf-8"))
        for node in tree.body:
            found = imports_of(node)
            assert not any(is_in(other, "torch") for other in found), name
            waiting += [other for other in found if other in SOURCES]


def imports_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if not isinstance(node, ast.ImportFrom):
        return set()
    return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
