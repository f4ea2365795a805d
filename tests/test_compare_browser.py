"""The Compare page in a real Chromium: the table sorts by mouse and keyboard, the settings stand in the address, a click explores."""

import math
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import small
from conftest import show_charts
from playwright.sync_api import expect
from test_compare import NAMES, finished

from explorer.compare_columns import COLUMNS

SECONDS = 120_000  # milliseconds that a busy machine may take

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(serve, tmp_path_factory):
    """The explorer over three small models."""
    from bundled import made

    from lpvae import bundle as bundles
    from lpvae import data

    path = tmp_path_factory.mktemp("models")
    images = data.load(small.data_file(path, 84))
    for name, base, changes in zip(NAMES, (20.0, 12.0, 13.0), ({"prior": "global"}, {}, {"code_dim": 5, "decoder": "factorised"})):
        bundles.save(made(name, images, **changes), path / name)
        finished(path / name, name != "a-global", base)
    return serve(env={"LPVAE_MODELS": str(path)})


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    yield page
    assert page.troubles == []
    context.close()


def opened(page, address: str):
    page.goto(address)
    page.get_by_alt_text("Explore it").first.wait_for()
    settled(page)


def settled(page) -> None:
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def names(page) -> list[str]:
    """The folders' names, under the models' titles."""
    return page.locator("tbody th small").all_inner_texts()


def costs(page) -> list[float]:
    """Every cost in the table, row by row. Playwright looks into the component's shadow root, `document.querySelector` does not."""
    columns = [i for i, column in enumerate(COLUMNS, 1) if column.cost]
    cells = [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]
    texts = [re.sub(r"\n.*", "", row[i], flags=re.DOTALL).strip("()") for row in cells for i in columns]
    return [float(text) for text in texts if text != "–"]


def query(page) -> dict:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_table_sorts_by_mouse_and_by_keyboard_and_the_link_restores_it(page, url):
    opened(page, f"{url}/compare")
    assert names(page) == ["b-local", "c-other", "a-global"]
    page.locator("thead button[data-key=name]").click()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').innerText && location.search.includes('sort=model')")
    page.locator("th[aria-sort=ascending] button[data-key=name]").wait_for()
    assert names(page) == ["a-global", "b-local", "c-other"]
    page.keyboard.press("Enter")  # the header kept the focus
    page.locator("th[aria-sort=descending] button[data-key=name]").wait_for()
    assert names(page) == ["c-other", "b-local", "a-global"]
    settled(page)
    assert query(page) == {"sort": "model", "falling": "true"}
    opened(page, page.url)
    assert names(page) == ["c-other", "b-local", "a-global"]


def test_the_incomplete_column_is_hatched_bracketed_and_said_to_be_so(page, url):
    opened(page, f"{url}/compare")
    cells = page.locator("td.incomplete")
    assert cells.count() == 3
    assert sorted(re.sub(r"\n.*", "", text) for text in cells.all_inner_texts()) == ["(15.00)", "(16.00)", "–"]
    assert all("not a complete code" in cells.nth(i).get_attribute("title") for i in range(3))
    assert page.locator("thead tr").first.inner_text().count("not a complete code") == 1
    backgrounds = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).backgroundImage)")
    assert all("repeating-linear-gradient" in background for background in backgrounds)


def test_bits_are_bits_everywhere_and_charts_have_texts(page, url):
    opened(page, f"{url}/compare")
    nats = costs(page)
    page.get_by_role("radio", name="bits").click()
    expect(page.get_by_role("region", name="in bits an image")).to_be_attached()  # the table has the server's answer
    settled(page)
    assert query(page) == {"unit": "bits"}
    assert costs(page) == pytest.approx([cost / math.log(2) for cost in nats], abs=0.02)  # each is rounded to hundredths
    show_charts(page)
    charts = page.locator(".lpvae-chart")
    texts = [f"{chart.get_attribute('aria-label')} {chart.inner_text()}" for chart in charts.all()]
    assert len(texts) == 5 and page.locator(".modebar-btn").count() >= 5
    assert all("bits" in text and "nats" not in text for text in texts)


def test_a_click_on_a_moved_image_explores_it_with_the_same_two_models(page, url):
    opened(page, f"{url}/compare?a=c-other")
    alt = page.get_by_alt_text("Explore it").nth(2).get_attribute("alt")
    image = re.search(r"Image (\d+)", alt)[1]
    page.get_by_alt_text(alt).click()
    page.wait_for_selector(f".lpvae-maps[data-selected='{image}']")
    settled(page)
    assert {"left": "c-other", "right": "b-local", "id": image}.items() <= query(page).items()
    assert page.locator("[data-testid=stAlert]").count() == 0


def test_going_from_page_to_page_leaves_no_strange_address(page, url):
    opened(page, f"{url}/compare?unit=bits")
    page.get_by_role("link", name="Explore").first.click()
    page.wait_for_selector(".lpvae-maps")
    settled(page)
    assert page.locator("[data-testid=stAlert]").count() == 0
    assert "unit" not in query(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_does_not_scroll_sideways(browser, url, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    opened(page, f"{url}/compare")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    context.close()
