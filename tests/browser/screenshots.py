"""The pictures of README.md, taken from the running app: ``python tests/browser/screenshots.py``."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from serving import CHROMIUM, FLAGS, ROOT, running_app
from waiting import wait_idle
from walkthrough import write_walkthrough

FOLDER = ROOT / "tests" / "browser" / "pictures"
RUN_TIMEOUT = 300_000.0  # milliseconds that the minute's run may take on a busy machine


def inversion(page: Page) -> None:
    """EColi70 in the middle of its elimination."""
    page.locator(".stepper[data-step='8']").wait_for()


def training(page: Page) -> None:
    """The minute's run on EColi70, finished."""
    page.get_by_role("button", name="A minute: true").click()
    page.locator(".st-key-run_finished").wait_for(timeout=RUN_TIMEOUT)
    page.mouse.move(1, 1)


def inference(page: Page) -> None:
    """A race on a binary tree, finished."""
    page.get_by_role("button", name="Start the race").click()
    page.locator(".st-key-race_finished").wait_for(timeout=RUN_TIMEOUT)
    page.locator(".posterior .mark").first.wait_for()
    page.mouse.move(1, 1)


PICTURES: dict[str, tuple[str, int, Callable[[Page], None]]] = {
    "inversion": ("/inversion?network=ecoli70&step=8", 1180, inversion),
    "inference": ("/inference?network=binary-tree-4&race_steps=600", 1060, inference),
    "training": ("/training?network=ecoli70", 1050, training),
}


def main() -> None:
    """Write every picture, 1280 pixels wide, and the walk."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_app(Path(home)) as url, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (path, height, prepare) in PICTURES.items():
            page = chromium.new_page(viewport={"width": 1280, "height": height}, reduced_motion="reduce")
            page.goto(url + path)
            wait_idle(page)
            prepare(page)
            wait_idle(page)
            page.wait_for_timeout(500)  # the charts draw after the page is idle
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            # 256 colours, a quarter of the size; the method is the one that keeps the rare ones
            small = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{name}.png", optimize=True)
            page.close()
        write_walkthrough(chromium.new_page(reduced_motion="reduce"), url, FOLDER / "walkthrough.webp")
        chromium.close()


if __name__ == "__main__":
    main()
