"""The flow page in a browser: frames, bars below the line, sweeps on the way back, links, bad input."""

import pytest
from playwright.sync_api import expect
from waiting import expect_count, wait_idle

FLOW = ".flow"
TRAINING = 120_000  # milliseconds; a busy machine trains slowly


def at_step(page, step: int, way: str = "forwards") -> None:
    expect(page.locator(f"{FLOW}[data-step='{step}'][data-way='{way}']")).to_be_visible(timeout=TRAINING)


def ink(page) -> int:
    """How many pixels of the cloud are painted."""
    return page.locator(f"{FLOW} canvas").evaluate(
        "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length"
    )


def test_blocks_are_stepped_through_and_no_bar_passes_the_line(open_page):
    page = open_page("/flow?network=student&flow_weights=large+random")
    at_step(page, 0)
    assert "2,000 standard normal points" in page.locator(f"{FLOW} .told").inner_text()
    before = ink(page)
    assert before > 2000
    page.keyboard.press("ArrowRight")
    at_step(page, 1)
    assert "Block 1 of 4: half of the points move by more than" in page.locator(f"{FLOW} .told").inner_text()
    assert ink(page) != before
    expect_count(page, ".stretch.at", 1)
    bars = [bar.bounding_box()["y"] for bar in page.locator(".stretch rect").all()]
    line = page.locator(".limit").bounding_box()["y"]
    assert len(bars) == 4
    assert all(line < top < line + 30 for top in bars)  # SVG's y goes down
    page.keyboard.press("End")
    at_step(page, 4)
    page.wait_for_url("**flow_step=4*")
    page.keyboard.press("Home")
    at_step(page, 0)


def test_twenty_quick_presses_all_arrive(open_page):
    page = open_page("/flow?network=student&flow_way=backwards&flow_blocks=6")
    at_step(page, 0, "backwards")
    for key in ["ArrowRight"] * 15 + ["ArrowLeft"] * 5:
        page.keyboard.press(key)
        page.wait_for_timeout(30)
    at_step(page, 10, "backwards")


def test_sweeps_backwards_lower_the_residual(open_page):
    page = open_page("/flow?network=student&flow_way=backwards", theme="dark")
    at_step(page, 0, "backwards")
    chart = page.locator(f"{FLOW} svg[data-residual]")
    falling = [float(chart.get_attribute("data-residual"))]
    assert chart.get_attribute("data-block") == "4"
    for step in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        at_step(page, step, "backwards")
        falling.append(float(chart.get_attribute("data-residual")))
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < 1e-3 * falling[0]
    page.keyboard.press("End")
    page.get_by_text("these are samples of the prior").wait_for()
    assert chart.get_attribute("data-block") == "1"
    assert float(chart.get_attribute("data-residual")) < 1e-8


def test_a_fitted_flow_stands_beside_the_truth(open_page):
    page = open_page("/flow?network=tree-tanh-3")
    at_step(page, 0)
    page.get_by_text("has no truth to be compared with").wait_for()
    page.get_by_role("radio", name="fitted").or_(page.get_by_role("button", name="fitted", exact=True)).first.click()
    page.get_by_text("draws of the network's latents that the flow has not seen").wait_for(timeout=TRAINING)
    page.locator(".st-key-flow_samples").get_by_text("flow, inverted").first.wait_for(timeout=TRAINING)
    wait_idle(page)
    assert "flow_weights=fitted" in page.url


def test_a_link_restores_everything_on_a_narrow_dark_screen(open_page):
    path = "/flow?network=arth150&flow_weights=large+random&flow_blocks=2&flow_way=backwards&flow_step=3"
    page = open_page(path, theme="dark", width=390)
    at_step(page, 3, "backwards")
    expect_count(page, ".stretch", 2)
    page.reload()
    at_step(page, 3, "backwards")
    overflow = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
    assert overflow <= 0


def test_the_learner_picks_two_latents(open_page):
    page = open_page("/flow?network=student&flow_x=G&flow_y=L")
    at_step(page, 0)
    page.get_by_text("The picture shows two of 4 latents").wait_for()
    assert "The correlation of G and L" in page.locator(f"{FLOW} .told").inner_text()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("network=student&flow_x=I&flow_y=I", "two different latents, but I and I came"),
        ("network=binary-tree-7&flow_weights=VAE", "a VAE of up to 120 is trained here"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(open_page, path, sentence):
    page = open_page(f"/flow?{path}")
    page.get_by_text(sentence).wait_for()
    expect_count(page, FLOW, 0)
