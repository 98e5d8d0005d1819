"""The network page in a browser: gallery, generator, edits by clicks and keys, Markov blankets, large networks."""

import pytest
from waiting import expect_count, wait_idle

import sirenvae as sv

DISCS = ".graph.single [data-node]"
LARGE = "random-dag-1000-1-7"


def tool(page, name: str) -> None:
    """Choose what a click does."""
    page.locator(".tools").get_by_role("button", name=name).click()


def click(page, *variables: str) -> None:
    """Click one variable after the other."""
    for v in variables:
        page.locator(f".graph.single [data-node='{v}'] .disc").click()


def click_edge(page, edge: str) -> None:
    """Click the middle of an edge's line."""
    middle = page.locator(f"[data-edge='{edge}'] .line").evaluate(
        """line => {
            const point = line.getPointAtLength(line.getTotalLength() / 2).matrixTransform(line.getScreenCTM());
            return [point.x, point.y];
        }"""
    )
    page.mouse.move(*middle)
    assert page.locator("svg.on-edge").count() == 1
    page.mouse.click(*middle)


def edges(page) -> set[str]:
    return {edge.get_attribute("data-edge") for edge in page.locator(".graph.single [data-edge]").all()}


def wait_edge(page, edge: str, count: int = 1) -> None:
    expect_count(page, f".graph.single [data-edge='{edge}']", count)
    wait_idle(page)


def test_clicks_edit_and_reload_second_tab_and_back_keep_it(open_page):
    page = open_page("/?network=student")
    tool(page, "Add edge")
    click(page, "D", "S")
    wait_edge(page, "D-S")
    page.locator("[data-tool=variable]").click()
    expect_count(page, f"{DISCS}[data-node=X1]", 1)
    click(page, "X1", "L")
    wait_edge(page, "X1-L")
    tool(page, "Reverse edge")
    click_edge(page, "I-G")
    wait_edge(page, "G-I")
    click(page, "L", "J")
    wait_edge(page, "J-L")
    tool(page, "Remove")
    click_edge(page, "G-H")
    wait_edge(page, "G-H", 0)
    click(page, "X1")
    expect_count(page, f"{DISCS}[data-node=X1]", 0)
    wait_idle(page)
    expected = {"D-G", "G-I", "I-S", "G-L", "S-J", "J-L", "J-H", "D-S"}
    assert edges(page) == expected
    link = page.url
    page.reload()
    wait_edge(page, "D-S")
    assert edges(page) == expected
    second = open_page(link[link.index("/?") :])
    wait_edge(second, "D-S")
    assert edges(second) == expected
    page.get_by_role("link", name="Inversion").click()
    page.locator(".stepper").first.wait_for()
    wait_idle(page)
    assert "change=add+D+%3E+S" in page.url
    page.go_back()
    wait_edge(page, "D-S")
    assert edges(page) == expected
    assert page.url == link
    page.go_forward()
    page.locator(".stepper").first.wait_for()
    wait_idle(page)
    assert "change=add+D+%3E+S" in page.url


def test_undo_and_redo(open_page):
    page = open_page("/?network=student")
    assert page.locator(".st-key-edit_undo button").is_disabled()
    tool(page, "Remove")
    click(page, "S")
    expect_count(page, DISCS, 6)
    tool(page, "Observe")
    click(page, "G")
    page.wait_for_selector(".graph.single[data-observed='G J H']")
    wait_idle(page)
    page.locator(".st-key-edit_undo button").click()
    page.wait_for_selector(".graph.single[data-observed='J H']")
    wait_idle(page)
    page.locator(".st-key-edit_undo button").click()
    expect_count(page, DISCS, 7)
    wait_idle(page)
    assert "change=" not in page.url
    page.locator(".st-key-edit_redo button").click()
    expect_count(page, DISCS, 6)
    wait_idle(page)
    assert "change=remove+S" in page.url


def test_back_takes_one_press_for_each_click(open_page):
    page = open_page("/?network=chain")
    click(page, "b")
    page.wait_for_selector(".graph.single[data-observed='b x']")
    wait_idle(page)
    click(page, "c")
    page.wait_for_selector(".graph.single[data-observed='b c x']")
    wait_idle(page)
    page.go_back()
    page.wait_for_selector(".graph.single[data-observed='b x']")
    wait_idle(page)
    page.go_back()
    page.wait_for_selector(".graph.single[data-observed='x']")
    wait_idle(page)
    assert page.url.endswith("/?network=chain")


def test_a_cycle_is_refused_with_one_sentence(open_page):
    page = open_page("/?network=student")
    tool(page, "Add edge")
    click(page, "J")
    assert {node.get_attribute("data-node") for node in page.locator(".node.barred").all()} == set("DIGSLH")
    click(page, "D")
    page.get_by_text("The change 'add J > D' closes the directed cycle D > G > L > J > D").wait_for()
    wait_idle(page)
    assert len(edges(page)) == 8
    click(page, "J")
    page.keyboard.press("Escape")
    expect_count(page, ".node.picked", 0)


def blanket(page) -> dict[str, set[str]]:
    """The letters in the picture, by the variables that they stand at."""
    found = {}
    for node in page.locator(".graph.single .kin").all():
        found.setdefault(node.locator(".cost").text_content(), set()).add(node.get_attribute("data-node"))
    return found


@pytest.mark.parametrize("name", ["student", "ecoli70"])
def test_pointing_lights_up_the_markov_blanket(open_page, name):
    page = open_page(f"/?network={name}", height=1400)
    network = sv.load_network(name)
    for v in network.variables[::3]:
        page.locator(f".graph.single [data-node='{v}'] .disc").hover()
        kin = sv.markov_blanket(network, v)
        expected = {"P": set(kin.parents), "C": set(kin.children), "S": set(kin.coparents)}
        assert blanket(page) == {letter: members for letter, members in expected.items() if members}
        words = page.locator(".about").inner_text()
        assert words.startswith(f"{v} is ")
        others = len(network.variables) - 1 - len(kin.members)
        assert f"independent of the {others} other variable" in words or others < 2
    page.mouse.move(1, 1)
    expect_count(page, ".graph.single .kin", 0)


def test_the_keyboard_goes_from_disc_to_disc_and_edits(open_page):
    page = open_page("/?network=student", height=1400)
    tool(page, "Add edge")
    page.keyboard.press("Tab")  # Reverse edge
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.dataset.node"):
            break
    focused = "() => document.activeElement.shadowRoot.activeElement.dataset.node"
    assert page.evaluate(focused) == "D"
    assert blanket(page) == {"C": {"G"}, "S": {"I"}}
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "I"
    page.keyboard.press("Enter")
    wait_edge(page, "D-I")
    assert page.evaluate(focused) == "I"  # the picture was drawn anew, the focus stayed


def test_the_form_beside_the_clicks(open_page):
    page = open_page("/?network=chain", height=1500)  # the form hangs below the picture
    page.locator(".graph.single [data-node]").first.wait_for()
    page.get_by_role("button", name="Change by name").click()
    page.get_by_label("Its name").fill("rain")
    page.get_by_label("Its name").press("Enter")
    page.get_by_role("button", name="Apply").click()
    expect_count(page, f"{DISCS}[data-node=rain]", 1)
    wait_idle(page)
    assert "change=add+rain" in page.url


def test_the_gallery_by_mouse_and_by_keyboard(open_page):
    page = open_page("/")
    expect_count(page, ".gallery .cards button", len(sv.network_names()))
    page.locator(".gallery [data-name=collider]").click()
    expect_count(page, DISCS, 3)
    wait_idle(page)
    assert "network=collider" in page.url
    page.get_by_role("button", name="Show all").click()
    page.locator(".gallery [data-name=greenhouse]").focus()
    page.keyboard.press("Enter")
    expect_count(page, DISCS, 8)
    assert page.locator(".gallery [aria-pressed=true]").get_attribute("data-name") == "greenhouse"


def test_the_generator_and_its_link(open_page):
    page = open_page("/")
    page.get_by_role("button", name="Generate").click()
    page.locator(".st-key-generate_next button").click()
    expect_count(page, DISCS, 20)
    wait_idle(page)
    assert "network=random-dag-20-2-2" in page.url
    before = edges(page)
    page.reload()
    expect_count(page, DISCS, 20)
    wait_idle(page)
    assert edges(page) == before


@pytest.mark.parametrize("name", ["arth150", LARGE])
def test_large_networks_are_readable_and_keep_their_zoom_over_an_edit(open_page, name):
    page = open_page(f"/?network={name}", theme="dark" if name == "arth150" else "light", height=1400)
    expect_count(page, DISCS, len(sv.load_network(name).variables))
    boxes = page.locator(f"{DISCS} .disc").evaluate_all(
        """discs => discs.map(disc => {
            const box = disc.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2, box.width];
        })"""
    )
    for i, (x, y, width) in enumerate(boxes):
        assert all((x - u) ** 2 + (y - v) ** 2 >= width**2 for u, v, _ in boxes[:i])
    expect_count(page, f"{DISCS} .name", 0)
    view = ".graph.single svg[viewBox]"
    whole = page.locator(view).first.get_attribute("viewBox").split()
    for _ in range(9):
        page.get_by_role("button", name="Zoom in").click()
    assert page.locator(f"{DISCS} .name").count() > 0
    page.locator("[data-tool=variable]").click()
    expect_count(page, f"{DISCS}[data-node=X1]", 1)
    wait_idle(page)
    assert float(page.locator(view).first.get_attribute("viewBox").split()[2]) < 0.2 * float(whole[2])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(open_page, theme):
    page = open_page("/?network=ecoli70&change=remove+lacY", theme=theme, width=390, height=844)
    expect_count(page, DISCS, 45)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    right = max(box.bounding_box()["x"] + box.bounding_box()["width"] for box in page.locator(".tools button").all())
    assert right <= 390
