"""The page Images in a browser: a race, the digits it reconstructs, the slider, chains of one image."""

from playwright.sync_api import expect
from waiting import wait_idle

SLOW = 120_000  # milliseconds that a short training may take on a busy machine


def test_digits_are_reconstructed_and_chains_close_in(open_page, base_url):
    page = open_page("/images?image_steps=200")
    expect(page.locator(".sheet [data-row=image] canvas")).to_have_count(12)
    page.locator(".st-key-start_images button").press("Enter")
    page.locator(".sheet [data-row=drawn]").first.wait_for(timeout=SLOW)
    page.locator(".st-key-image_race_finished").wait_for(timeout=SLOW)
    wait_idle(page)
    expect(page.get_by_text("So far the faithful encoder's bound is")).to_be_visible()
    page.get_by_role("button", name="Image 3").click()
    expect(page.get_by_role("button", name="Image 3")).to_have_attribute("aria-pressed", "true")
    wait_idle(page)
    page.locator(".st-key-whose").get_by_text("the chosen test image").click()
    wait_idle(page)
    page.locator(".st-key-run_chains button").press("Enter")
    page.get_by_text("With 300 temperatures the lower bound is").wait_for(timeout=SLOW)
    before = pixels(page)
    page.locator(".st-key-temperature input").focus()
    page.keyboard.press("End")
    page.wait_for_function("([f, before]) => eval(f)() !== before", arg=[PIXELS, before], timeout=SLOW)
    wait_idle(page)
    other = open_page(page.url.removeprefix(base_url), theme="dark", width=390, height=844)
    other.locator(".sheet [data-row=faithful]").first.wait_for(timeout=SLOW)
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    expect(other.locator(".sheet").first.locator("[data-row=image] canvas:visible")).to_have_count(8)


# The first image that the slider's temperature has made, as text.
PIXELS = """() => {
  const walk = (root) => [...root.querySelectorAll(".sheet"), ...[...root.querySelectorAll("*")]
    .filter((e) => e.shadowRoot).flatMap((e) => walk(e.shadowRoot))];
  return walk(document)[1].querySelector("[data-row=faithful] canvas").toDataURL();
}"""


def pixels(page) -> str:
    return page.evaluate(PIXELS)
