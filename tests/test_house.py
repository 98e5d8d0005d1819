"""Who may import whom: only the app knows Streamlit, jobs never do, and no page knows the command line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ("sirenvae.ui", "pages", "app")  # the rooms that may know Streamlit


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, Path]:
    """Every module of the package and of the app, by name."""
    files = [*ROOT.glob("sirenvae/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]
    return {module_name(path): path for path in files}


def imports(path: Path) -> set[str]:
    """The full names of what a file imports, at its top or later."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are written in full"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_in(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize(
    ("rooms", "foreign"),
    [
        (("sirenvae.jobs",), ("streamlit", "sirenvae.ui", "sirenvae.cli", "pages")),
        (APP, ("sirenvae.cli",)),
    ],
)
def test_a_room_imports_nothing_of_these(rooms, foreign):
    ours = {name: path for name, path in sources().items() if is_in(name, *rooms)}
    assert len(ours) > 3
    wrong = [
        f"{name} imports {other}" for name, path in ours.items() for other in imports(path) if is_in(other, *foreign)
    ]
    assert not wrong


def test_only_the_app_imports_streamlit_or_the_app():
    others = {name: path for name, path in sources().items() if not is_in(name, *APP)}
    assert len(others) > 50
    wrong = [
        f"{name} imports {other}"
        for name, path in others.items()
        for other in imports(path)
        if is_in(other, "streamlit", *APP)
    ]
    assert not wrong
    assert any(is_in(other, "streamlit") for other in imports(ROOT / "app.py"))
