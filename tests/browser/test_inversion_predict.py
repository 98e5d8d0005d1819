"""Predict, then reveal: the costs are hidden, an answer is judged and counted, and the score stays in the tab."""

from waiting import expect_count, wait_idle

STEPPER = ".stepper"


def at_step(page, step: int) -> None:
    page.wait_for_selector(f"{STEPPER}[data-step='{step}']")


def answer(page, words: str) -> None:
    page.locator(".choices").get_by_role("button", name=words, exact=True).click()


def test_the_next_variable_is_predicted_without_costs(open_page):
    page = open_page("/inversion?step=2&predict=next+variable")
    at_step(page, 2)
    frontier = page.locator(".stage .large .frontier")
    assert {disc.get_attribute("data-node") for disc in frontier.all()} == {"G", "S"}
    expect_count(page, ".stage .cost", 0)
    answer(page, "G")
    at_step(page, 3)
    verdict = page.locator(".words > .verdict")
    assert verdict.inner_text().startswith("✗ Not G: it would have cost 2 (2 edges")
    assert "S is eliminated" in page.locator(".told").inner_text()
    assert page.locator(".score output").inner_text() == "Score: 0 of 1"
    answer(page, "1")  # G is alone in the frontier, and costs the edge H-L
    at_step(page, 4)
    assert "Right" in verdict.inner_text()
    page.wait_for_url("**step=4*")
    page.reload()
    at_step(page, 4)
    assert page.locator(".score output").inner_text() == "Score: 1 of 2"


def test_an_answer_that_was_given_before_does_not_count_again(open_page):
    page = open_page("/inversion?step=2&predict=next+variable")
    at_step(page, 2)
    answer(page, "G")
    at_step(page, 3)
    page.keyboard.press("ArrowLeft")
    at_step(page, 2)
    assert page.locator(".words > .verdict").inner_text() == ""
    page.locator(".stage .large [data-node=S] .disc").click()
    at_step(page, 3)
    assert "Right. This step counted before." in page.locator(".words > .verdict").inner_text()
    assert page.locator(".score output").inner_text() == "Score: 0 of 1"
    page.get_by_role("button", name="Start over").click()
    at_step(page, 0)
    assert page.locator(".score output").inner_text() == "Score: nothing answered yet"


def test_parents_are_marked_in_the_picture_or_by_button(open_page):
    page = open_page("/inversion?step=3&predict=its+parents", theme="dark")
    at_step(page, 3)
    assert "G goes next" in page.locator(".predict").inner_text()
    page.locator(".stage .large [data-node=L] .disc").click()
    expect_count(page, ".choices [aria-pressed=true]", 1)
    answer(page, "J")
    expect_count(page, ".stage .large .chosen", 2)
    page.get_by_role("button", name="Check", exact=True).click()
    at_step(page, 4)
    assert "Not quite: H was missing" in page.locator(".words > .verdict").inner_text()
    expect_count(page, ".stage .chosen", 0)
    for name in ("J", "H"):
        answer(page, name)
    page.get_by_role("button", name="Check", exact=True).click()
    at_step(page, 5)
    assert page.locator(".words > .verdict").inner_text() == "✓ Right."
    assert page.locator(".score output").inner_text() == "Score: 1 of 2"
    assert "Nothing is left to predict" in page.locator(".predict").inner_text()


def test_predicting_needs_no_mouse(open_page):
    page = open_page("/inversion?step=2&predict=next+variable")
    at_step(page, 2)
    page.locator(".choices button").nth(1).focus()
    page.keyboard.press("Enter")
    at_step(page, 3)
    focused = "(document.activeElement.shadowRoot ?? document).activeElement.textContent"
    assert page.evaluate(focused) == "0"  # the first answer to the next question
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    at_step(page, 4)
    assert "Not" not in page.locator(".words > .verdict").inner_text()


def test_steps_to_come_are_veiled_and_the_choice_can_be_taken_back(open_page):
    page = open_page("/inversion?step=2&predict=next+variable")
    at_step(page, 2)
    assert page.locator(".veil").is_visible()
    page.locator(".st-key-predict input").click()
    page.get_by_role("option", name="nothing", exact=True).click()
    wait_idle(page)
    page.wait_for_selector(".stage .large .cost")
    assert page.locator(".veil").is_hidden()
    assert page.locator(".predict").is_hidden()
    at_step(page, 2)


def test_the_costs_of_the_others_are_not_given_away(open_page):
    page = open_page("/inversion?network=ecoli70&step=8&predict=next+variable")
    at_step(page, 8)
    rows = page.locator(".frontier-table tbody tr")
    assert [row.inner_text().split() for row in rows.all()] == [["pspA", "15", "eliminated"]]
    page = open_page("/inversion?network=ecoli70&step=8")
    at_step(page, 8)
    assert page.locator(".frontier-table tbody tr").count() == 3


def test_two_choices_for_a_hundred_variables(open_page):
    page = open_page("/inversion?network=arth150&step=16&predict=next+variable")
    at_step(page, 16)
    assert page.locator(".choices button").count() > 1
    answer(page, "81")
    at_step(page, 17)
    assert "Not 81: it would have cost 492" in page.locator(".words > .verdict").inner_text()
