"""The whole page in a real Chromium, started as ./run.sh starts it: a click on a point of the map fills every panel."""

import os
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lpvae import bundle as bundles

SECONDS = 120_000  # milliseconds that a busy machine may take; how fast it is on an idle one is measured elsewhere
PANELS = ("The image and its reconstruction", "Its neighbours", "From here to there", "What the prior expects", "The bill")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(serve):
    """The explorer with the shipped models, or with those that LPVAE_MODELS names."""
    folder = Path(os.environ.get("LPVAE_MODELS") or bundles.MODELS)
    assert bundles.available(folder), f"there are no models in {folder}"
    return serve()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    yield page
    context.close()


def opened(page, url: str):
    page.goto(url)
    page.wait_for_selector(".lpvae-maps[data-state=ready]")
    settled(page)


def settled(page) -> None:
    """Wait until the panels are there and the server runs nothing: no part of the page is of the click before."""
    page.get_by_text("What each line means").wait_for()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def click_on_map(page, side: str, image: int, **how) -> None:
    page.locator(".lpvae-maps").scroll_into_view_if_needed()
    at = page.evaluate("([side, id]) => document.querySelector('.lpvae-maps').__lpvae.screen(side, id)", [side, image])
    page.mouse.click(at["x"], at["y"])


def address(page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def selected(page) -> int:
    return int(page.get_attribute(".lpvae-maps", "data-selected"))


def loose_point(page, side: str) -> int:
    """A shown image that is not the selected one."""
    ids = range(selected(page) + 137, selected(page) + 9000, 97)
    box = page.locator(".lpvae-maps").bounding_box()
    for image in ids:
        at = page.evaluate("([side, id]) => document.querySelector('.lpvae-maps').__lpvae.screen(side, id)", [side, image])
        if at and box["x"] < at["x"] < box["x"] + box["width"]:
            return image
    raise AssertionError("no point of the map can be clicked")


def test_a_click_on_a_point_fills_every_panel(page, url):
    opened(page, url)
    before = selected(page)
    click_on_map(page, "right", loose_point(page, "right"))
    page.wait_for_function("before => document.querySelector('.lpvae-maps').dataset.selected != before", arg=str(before))
    now = selected(page)
    strip = page.locator(f"text=From image {now} to neighbour 1")
    strip.first.wait_for()
    settled(page)
    assert strip.count() == 2
    assert address(page)["id"] == str(now)
    assert page.get_by_role("spinbutton", name=re.compile("^Image")).input_value() == str(now)
    for panel in PANELS:
        page.get_by_role("heading", name=panel).wait_for()
    for alt, count in (("^Interpolation,", 18), ("^Its reconstruction$", 2), (f"^Image {now},", 2), ("^sample ", 8),
                       (r"^Neighbour \d+: image", 10)):  # fmt: skip
        images = page.get_by_alt_text(re.compile(alt))
        assert images.count() == count, alt
        assert all(images.nth(i).evaluate("image => image.complete && image.naturalWidth > 0") for i in range(count)), alt
    assert page.locator(".js-plotly-plot .barlayer path").count() >= 16 * 2 + 2
    rows = page.locator("table tbody tr")
    assert rows.count() == 6
    assert all(re.search(r"\d", text) for text in rows.all_inner_texts())
    assert page.locator("table thead").inner_text().count("bits") == 4
    assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
    assert page.troubles == []


def test_a_click_on_a_neighbour_chooses_it_and_the_address_restores_the_page(page, url):
    opened(page, url)
    page.get_by_alt_text("Neighbour 3: image").first.click()
    page.get_by_text("to neighbour 3, image").first.wait_for()
    settled(page)
    assert address(page)["neighbour"] == "3"
    captions = page.get_by_text("to neighbour 3, image").all_inner_texts()
    opened(page, page.url)
    assert page.get_by_text("to neighbour 3, image").all_inner_texts() == captions


def test_the_switches_redraw_the_maps_and_stand_in_the_address(page, url):
    opened(page, url)
    page.get_by_role("radio", name="sampled z").or_(page.get_by_role("button", name="sampled z")).first.click()
    page.get_by_text("· sampled z").first.wait_for()
    page.get_by_role("radio", name="all ").or_(page.get_by_role("button", name="all ")).first.click()
    page.wait_for_function("location.search.includes('show=all')")
    settled(page)
    page.wait_for_selector(".lpvae-maps[data-state=ready]")
    assert address(page)["what"] == "sampled"
    assert page.troubles == []


def test_a_narrow_page_does_not_scroll_sideways(browser, url):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    opened(page, url)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    context.close()
