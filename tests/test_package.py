"""What a plain install holds: all that the app serves, and its declaration, where Streamlit looks for it."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("setuptools", reason="a wheel is built with it")
pytest.importorskip("streamlit", reason="the app is an optional part")

ROOT = Path(__file__).parents[1]
SERVED = (".js", ".css", ".png")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the package as its wheel unpacks."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    for name in ("pyproject.toml", "README.md", "sirenvae"):  # a build writes beside its source
        source.mkdir(exist_ok=True)
        (source / name).symlink_to(ROOT / name)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, source]
    subprocess.run(build, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_all_that_the_app_serves_is_in_the_wheel(installed):
    def served(folder: Path) -> dict[str, bytes]:
        files = [path for path in (folder / "sirenvae").rglob("*") if path.suffix in SERVED]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    ours = served(ROOT)
    assert len(ours) > 50
    assert served(installed) == ours


def test_streamlit_finds_the_components_of_an_install(installed):
    declared = tomllib.loads((ROOT / "sirenvae" / "pyproject.toml").read_text())
    names = [one["name"] for one in declared["tool"]["streamlit"]["component"]["components"]]
    code = (
        "from streamlit.components.v2.component_manager import BidiComponentManager\n"
        "manager = BidiComponentManager()\n"
        "manager.discover_and_register_components(start_file_watching=False)\n"
        f"print(*(manager.get_component_path(f'sirenvae.{{name}}') for name in {names!r}), sep='\\n')"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(installed)!r})\n{code}"]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=True, env={"PYTHONPATH": ""})
    assert done.stdout.split() == [str(installed / "sirenvae" / "ui")] * len(names)
    for name in names:
        assert list((installed / "sirenvae" / "ui" / name).glob("*.js"))
