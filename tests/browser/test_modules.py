"""The modules on their way from the server to a tab."""

from playwright.sync_api import expect

MODULES = "/_stcore/bidi-components/sirenvae.shared/shared/history.js"
# What the page does when it hears of a server's modules.
HEAR = "async ([url, modules]) => (await import(url)).default({ data: { modules } })"


def test_a_tab_that_has_outlived_its_server_gets_the_modules_of_the_next(open_page, base_url):
    page = open_page("/inversion?network=student&step=3")
    page.wait_for_selector(".stepper[data-step='3']")
    page.evaluate("window.isOld = true")
    page.evaluate(HEAR, [base_url + MODULES, "those of another server"])
    page.wait_for_function("!window.isOld")
    expect(page.locator(".stepper[data-step='3']")).to_be_visible()


def test_what_two_views_of_a_page_import_is_there_once(open_page):
    page = open_page("/inversion?network=student&ask=race+of+rules")
    page.wait_for_selector(".race[data-step='0']")
    asked = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    modules = [url for url in asked if "sirenvae.inversion" in url]
    assert len(modules) > 10
    assert len(modules) == len(set(modules))
    page.keyboard.press("ArrowRight")  # the race hears of the step from the pictures
    page.wait_for_selector(".race[data-step='1']")
