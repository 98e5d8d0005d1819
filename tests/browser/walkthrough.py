"""A short animated walk through the running app for README.md; screenshots.py makes it with the still pictures."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page
from waiting import wait_idle

VIEW = {"width": 1000, "height": 700}  # of the browser, pixels
WIDTH, STRIP = 900, 52  # of the animation, and the height of the words below it
QUALITY = 75
MOST = 3.0  # MB that the file may have
RUN_TIMEOUT = 300.0  # seconds that the minute's run may take on a busy machine
_LOOK_EVERY = 1.5  # seconds between pictures of a run
_MOST_OF_A_RUN = 12  # of these pictures that are shown
_INK, _PAPER, _ACCENT = "#1B1F24", "#E8EEF3", "#0072B2"
Shot = tuple[Image.Image, float]  # a picture and for how many seconds it is seen


def network(page: Page, url: str) -> Iterator[Shot]:
    """The network that the walk begins with."""
    _open(page, url + "/?network=student", ".network [data-node], .graph [data-node]")
    yield _shot(page), 2.4


def inversion(page: Page, url: str) -> Iterator[Shot]:
    """Every step of an elimination."""
    _open(page, url + "/inversion?network=student", ".stepper[data-step='0']")
    yield _shot(page), 1.4
    for step in range(1, 6):
        page.keyboard.press("ArrowRight")
        page.locator(f".stepper[data-step='{step}']").wait_for()
        yield _shot(page), 1.4


def masks(page: Page, url: str) -> Iterator[Shot]:
    """Two pairs of variables and the paths between them."""
    block = ".masks:not(.stacked)"
    _open(page, url + "/masks?network=student", block)
    yield _shot(page), 1.6
    for place, chosen in ((0, "L"), (1, "G")):
        page.locator(f"{block} select").nth(place).select_option(label=chosen)
    yield _shot(page), 1.8


def flow(page: Page, url: str) -> Iterator[Shot]:
    """Points through the blocks of a flow."""
    _open(page, url + "/flow?network=student&flow_weights=large+random", ".flow[data-step='0']")
    yield _shot(page), 1.0
    for step in range(1, 5):
        page.keyboard.press("ArrowRight")
        page.locator(f".flow[data-step='{step}']").wait_for()
        yield _shot(page), 0.9


def training(page: Page, url: str) -> Iterator[Shot]:
    """The minute's run on EColi70 as it grows."""
    _open(page, url + "/training?network=ecoli70", ".st-key-preset_minute")
    page.get_by_role("button", name="A minute: true").click()
    page.mouse.move(1, 1)
    page.locator("[class*=st-key-run_]").wait_for(timeout=60_000)
    _bring_up(page, "[class*=st-key-run_]", "start")
    taken, deadline = [], time.monotonic() + RUN_TIMEOUT
    while not page.locator(".st-key-run_finished").count():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The minute's run took more than {RUN_TIMEOUT:.0f} s.")
        taken.append(_shot(page, wait=0))
        time.sleep(_LOOK_EVERY)
    every = -(-len(taken) // _MOST_OF_A_RUN)
    yield from ((picture, 0.45) for picture in taken[::every])
    _bring_up(page, ".st-key-run_finished", "start")
    yield _shot(page, wait=1000), 2.4


def results(page: Page, url: str) -> Iterator[Shot]:
    """The committed results."""
    _open(page, url + "/results", ".st-key-results_chart .js-plotly-plot")
    yield _shot(page, wait=1000), 3.0


SCENES = {
    "A network: what depends on what, and what is seen.": network,
    "Inversion, step by step: which variables explain a latent, and why each fill edge.": inversion,
    "Masks: output i sees variable i and its parents, and nothing else.": masks,
    "Flow: points pushed through block after block; no block folds the plane.": flow,
    "Training: does the structure pay when data are few? The dashed line is the exact truth.": training,
    "Results: what the long runs found, beside the truth.": results,
}


def write_walkthrough(page: Page, url: str, path: Path) -> None:
    """Walk through the scenes and write what was seen as an animated WebP.

    Arguments:
        page: Of a browser; its size becomes that of the walk.
        url: Where the app runs.
        path: The file.
    """
    page.set_viewport_size(VIEW)
    frames, seconds = [], []
    for number, (caption, scene) in enumerate(SCENES.items()):
        for picture, length in scene(page, url):
            frames.append(_captioned(picture, caption, number))
            seconds.append(length)
    first, *others = frames
    durations = [round(1000 * length) for length in seconds]
    first.save(path, append_images=others, duration=durations, save_all=True, loop=0, quality=QUALITY, method=6)
    size = path.stat().st_size / 2**20
    print(f"{path.name}: {len(frames)} pictures, {sum(seconds):.0f} s, {size:.2f} MB")
    if size > MOST:
        raise ValueError(f"{path.name} has {size:.2f} MB, more than {MOST}; lower QUALITY or show fewer pictures.")


def _open(page: Page, address: str, selector: str) -> None:
    page.goto(address)
    page.locator(selector).first.wait_for(timeout=60_000)
    wait_idle(page)
    _bring_up(page, selector)


def _bring_up(page: Page, selector: str, block: str = "") -> None:
    """Scroll to an element: its middle to the middle of the window, or its start to the top if it is large."""
    page.locator(selector).first.evaluate(
        "(e, block) => { e.style.scrollMarginTop = '72px';"  # the bar with the pages' names lies above
        " const fits = e.getBoundingClientRect().height < innerHeight - 160;"
        " e.scrollIntoView({ block: block || (fits ? 'center' : 'start') }); }",
        block,
    )


def _shot(page: Page, wait: int = 400) -> Image.Image:
    """A picture of the window, in the width of the animation."""
    page.wait_for_timeout(wait)  # charts draw after the page is idle
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)


def _captioned(picture: Image.Image, caption: str, number: int) -> Image.Image:
    """The picture with a strip of words below it, and a bar that says how far the walk is."""
    whole = Image.new("RGB", (WIDTH, picture.height + STRIP), _PAPER)
    whole.paste(picture)
    draw = ImageDraw.Draw(whole)
    share = WIDTH / len(SCENES)
    draw.rectangle((0, picture.height, share * (number + 1), picture.height + 4), fill=_ACCENT)
    draw.text(
        (20, picture.height + 4 + (STRIP - 4) / 2), caption, fill=_INK, font=ImageFont.load_default(21), anchor="lm"
    )
    return whole
