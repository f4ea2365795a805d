"""The Morse lesson in a real Chromium with the shipped models: all seven steps, by mouse and by keyboard."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from explorer.lessons import words

# The verdict on question i has come, and is not the one before.
VERDICT = """([i, before]) => {
  const alert = document.querySelectorAll('[data-testid=stAlert]')[i];
  return alert && /^(Right|Not quite)\\./.test(alert.innerText.trim()) && alert.innerText !== before;
}"""
PATIENCE = 60_000  # milliseconds that a busy machine may take

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(serve):
    return serve()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    yield page
    assert page.troubles == []
    assert page.locator("[data-testid=stException]").count() == 0
    context.close()


def figure(page, label: str) -> str:
    """The value that stands under a label."""
    name = page.locator("dt", has_text=re.compile(f"^{re.escape(label)}$"))
    return page.locator("dl > div", has=name).locator("dd").inner_text()


def shows(page, label: str, value: str) -> None:
    """Waits until a figure has come."""
    row = page.locator("dl > div", has=page.locator("dt", has_text=re.compile(f"^{re.escape(label)}$")))
    row.locator("dd", has_text=re.compile(f"^{re.escape(value)}$")).first.wait_for()


def at_step(page, number: int) -> None:
    page.get_by_role("heading", name=f"Step {number} of 7").wait_for()
    page.wait_for_function("number => new URL(location).searchParams.get('step') === `${number}`", arg=number)
    settled(page)  # nothing of the step before is left


def bits(text: str) -> float:
    return float(re.search(r"[-+]?[\d.]+", text.replace(",", ""))[0])


def middle(place) -> tuple[float, float]:
    """Of an element, on the screen."""
    box = place.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, start, dx: float, dy: float = 0.0) -> None:
    """From the middle of an element."""
    start.hover()  # waits until it stands still, and scrolls to it
    x, y = middle(start)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def settled(page) -> None:
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def test_all_seven_steps_by_mouse(page, url):
    page.goto(f"{url}/lesson")
    at_step(page, 1)
    shows(page, words.UNITS, "50")  # PARIS
    page.get_by_role("button", name="R: dot dash dot").click()
    page.locator(".lesson[data-path='.-.']").wait_for()
    page.get_by_text(words.SORTINGS["short"]).click()
    shows(page, words.AS_IS, "9.08 units")

    page.get_by_role("button", name=f"{words.STEPS[1]} →").click()
    at_step(page, 2)
    shows(page, words.UNITS, "140")  # Я ЛЮБЛЮ ПАРИЖ
    shows(page, words.AS_IS, "10.06 units")
    shows(page, words.ENTROPY, "4.46 bits")
    assert bits(figure(page, words.CROSS_ENTROPY)) - bits(figure(page, words.ENTROPY)) == pytest.approx(
        bits(figure(page, words.KL)), abs=0.011)  # fmt: skip
    track = page.get_by_role("slider", name="Length of О")
    drag(page, track, -track.bounding_box()["width"] * (0.5 - 3 / 14))
    page.get_by_text("Budget used: 1.094, more than 1").first.wait_for()  # 31/32 + 1/8
    shows(page, words.YOUR_CODE, words.NO_CODE)
    page.get_by_role("button", name=words.START_HUFFMAN).click()
    page.get_by_text(words.BEATEN["optimal"]).wait_for()
    assert figure(page, words.YOUR_CODE) == figure(page, words.OPTIMUM) == "4.49 bits"

    page.get_by_role("button", name=f"{words.STEPS[2]} →").click()
    at_step(page, 3)
    shows(page, words.KL_NUMBER, "2.89 bits")  # 2 nats
    area = float(page.locator(".lesson[data-area]").get_attribute("data-area"))
    assert area == pytest.approx(2.885, abs=0.01)  # the picture's area is the number
    m, c = (page.get_by_role("slider", name=words.GAUSSIANS[name]).locator(".grip") for name in "mc")
    drag(page, m, middle(c)[0] - middle(m)[0])
    shows(page, words.KL_NUMBER, "0.00 bits")

    page.get_by_role("button", name=f"{words.STEPS[3]} →").click()
    at_step(page, 4)
    page.get_by_text(words.SWAP_ANSWERS["local"]).click()
    page.get_by_text(words.SWAP_VERDICTS[True]).wait_for()
    page.get_by_test_id("stMetricDelta").nth(1).wait_for()
    changes = [bits(text) for text in page.get_by_test_id("stMetricDelta").all_inner_texts()]
    assert abs(changes[0]) < 30 and changes[1] > 60
    page.get_by_text(words.MAP_ANSWERS["means"]).click()
    page.get_by_text(words.MAP_VERDICTS[True]).wait_for()
    page.locator(".js-plotly-plot .scatterlayer").nth(1).wait_for()

    page.get_by_role("button", name=f"{words.STEPS[4]} →").click()
    at_step(page, 5)
    before = bits(figure(page, words.YOURS))
    cards = page.locator(".queue button")
    step = cards.nth(2).bounding_box()["x"] - cards.nth(0).bounding_box()["x"]
    drag(page, cards.nth(0), step)
    page.locator(".lesson[data-order^='1 2 0']").wait_for()
    page.locator(".queue:not(:has-text('…'))").wait_for()  # each has its new price
    shows(page, words.YOURS, f"{bits(page.locator('.queue ~ .note').inner_text()):.1f} bits")
    assert bits(figure(page, words.YOURS)) != before
    page.get_by_role("button", name=words.TAKE_BEST).click()
    page.get_by_text(words.YOU_FOUND_BEST).wait_for()
    prices = sum(map(float, page.locator(".queue b").all_inner_texts()))
    assert bits(figure(page, words.YOURS)) == pytest.approx(prices, abs=0.6) and bits(figure(page, words.YOURS)) < before

    page.get_by_role("button", name=f"{words.STEPS[5]} →").click()
    at_step(page, 6)
    page.get_by_text(words.LUNCH_ANSWERS["order"]).click()
    shows(page, words.ORDER_BITS, "21.8 bits")  # log2 of 10!
    page.get_by_text("sends the 10,000 test images for 73.1 each").wait_for()

    page.get_by_role("button", name=f"{words.STEPS[6]} →").click()
    at_step(page, 7)
    groups = page.get_by_test_id("stRadio")
    assert groups.count() == 8
    for i in range(8):
        before = None
        for option in range(groups.nth(i).get_by_role("radio").count()):
            groups.nth(i).locator("label:has(input)").nth(option).click()
            page.wait_for_function(VERDICT, arg=[i, before])
            before = page.get_by_test_id("stAlert").nth(i).inner_text()
            if before.startswith("Right."):
                break
    page.get_by_text(words.SCORE.format(right=8, count=8)).wait_for()


def test_all_seven_steps_by_keyboard(page, url):
    press = page.keyboard.press
    page.goto(f"{url}/lesson?step=1")
    at_step(page, 1)
    page.get_by_label(words.MESSAGE, exact=True).focus()
    press("Control+a")
    page.keyboard.type("sos")
    press("Enter")
    shows(page, words.UNITS, "34")
    page.get_by_role("button", name="S: dot dot dot").first.focus()
    press("ArrowRight")
    page.locator(".lesson[data-path='---']").wait_for()
    onward(page, 1)
    at_step(page, 2)
    page.get_by_role("slider", name="Length of О").focus()
    press("ArrowLeft")
    page.get_by_text("Budget used: 1.031, more than 1").first.wait_for()  # 31/32 + 1/16
    press("End")
    page.get_by_text("Budget used: 0.9688.").first.wait_for()  # 31/32 and next to nothing
    onward(page, 2)
    at_step(page, 3)
    page.get_by_role("slider", name=words.GAUSSIANS["c"]).focus()
    for _ in range(2):
        press("PageDown")
    shows(page, words.KL_NUMBER, "0.72 bits")  # c = 1: half a nat
    onward(page, 3)
    at_step(page, 4)
    page.get_by_test_id("stRadio").first.get_by_role("radio").first.focus()
    press("Space")
    page.get_by_text(words.SWAP_CHANGE).first.wait_for()
    onward(page, 4)
    at_step(page, 5)
    page.locator(".queue button").first.focus()
    press("ArrowRight")
    page.locator(".lesson[data-order^='1 0 2']").wait_for()
    press("End")
    page.locator(".lesson[data-order$='9 0']").wait_for()
    page.locator(".queue:not(:has-text('…'))").wait_for()  # each has its new price
    onward(page, 5)
    at_step(page, 6)
    page.get_by_test_id("stRadio").first.get_by_role("radio").first.focus()
    press("Space")
    page.get_by_role("slider").focus()
    for _ in range(4):
        press("ArrowRight")
    shows(page, words.ORDER_EACH, "11.85 bits = 8.21 nats")
    onward(page, 6)
    at_step(page, 7)
    page.get_by_test_id("stRadio").first.get_by_role("radio").first.focus()
    press("Space")
    page.get_by_text(re.compile(r"^(Right|Not quite)\.")).first.wait_for()


def onward(page, number: int) -> None:
    settled(page)
    page.get_by_role("button", name=f"{words.STEPS[number]} →").focus()
    page.keyboard.press("Enter")


def test_the_bill_leads_to_the_lesson_and_the_projector_mode_stands_in_the_address(page, url):
    page.goto(url)
    link = page.get_by_test_id("stMainBlockContainer").get_by_role("link", name="the Morse lesson")
    link.wait_for()
    target = urlsplit(link.evaluate("a => a.href"))
    assert target.path == "/lesson" and parse_qs(target.query)["step"] == ["6"]
    page.goto(f"{url}/lesson?step=3&mode=projector")
    at_step(page, 3)
    assert page.get_by_role("heading", name=words.TITLE, exact=True).count() == 0
    assert page.locator("[data-testid=stHeader]:visible, [data-testid=stSidebar]:visible").count() == 0
    size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size >= 20
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/lesson?step=2")
    at_step(page, 2)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


@pytest.mark.parametrize("place, link, step", [
    ("/", words.BILL_LINK, 6), ("/?lasso=shown", words.SET_LINK, 4), ("/compare", words.COMPARE_LINK, 6),
    ("/transmission", words.SENT_LINK, 5),
])  # fmt: skip
def test_every_bill_leads_to_its_step(page, url, place, link, step):
    page.goto(url + place)
    said = page.locator("p", has_text=link.partition(":")[0]).get_by_role("link", name="the Morse lesson")
    assert said.get_attribute("href") == f"lesson?step={step}"
    with page.context.expect_page() as opened:
        said.click()
    opened.value.get_by_role("heading", name=f"Step {step} of 7").wait_for(timeout=PATIENCE)
