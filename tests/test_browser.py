"""The whole page in a real Chromium, started as ./run.sh starts it: a click on a point of the map fills every panel."""

import base64
import io
import os
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from conftest import show_charts
from PIL import Image

from lpvae import bundle as bundles
from lpvae.costs import bits

SECONDS = 120_000  # milliseconds that a busy machine may take; how fast it is on an idle one is measured elsewhere
PANELS = ("The image and its reconstruction", "Its neighbours", "What the prior expects", "The bill", "Watch it move")

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
    context.add_init_script("localStorage.setItem('lpvae hints seen', 'true')")
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
    page.wait_for_function("""() => {
      const drawn = document.querySelector(".lpvae-sign[data-drawn]"), maps = document.querySelector(".lpvae-maps");
      return drawn && maps && drawn.dataset.drawn === maps.dataset.selected; }""")
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def count_drawings(page) -> None:
    """From now on, `window.drawings` counts how often each chart is drawn."""
    page.evaluate("""() => { window.drawings = {};
      document.querySelectorAll(".js-plotly-plot").forEach((chart, i) => chart.on("plotly_afterplot",
        () => { drawings[i] = (drawings[i] ?? 0) + 1; })); }""")


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
    show_charts(page)
    count_drawings(page)
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
    far = page.locator(".lpvae-chart-root").last
    assert far.get_attribute("data-waits") == "true" and page.evaluate("Object.values(drawings)") == []
    show_charts(page)
    assert page.locator(".js-plotly-plot .barlayer path").count() >= 16 * 2 + 2
    assert page.evaluate("Object.values(drawings)") == [1] * page.locator(".js-plotly-plot").count()
    rows = page.locator("table tbody tr")
    assert rows.count() == 6
    assert all(re.search(r"\d", text) for text in rows.all_inner_texts())
    assert page.locator("table thead").inner_text().count("bits") == 4
    assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
    page.get_by_text("What each line means, with its formula").click()
    page.locator(".katex").nth(5).wait_for()
    assert page.troubles == []


def test_the_charts_follow_the_theme_and_the_width(page, url):
    opened(page, url)
    page.set_viewport_size({"width": 1440, "height": 5000})  # all in sight
    page.locator(".js-plotly-plot .barlayer").nth(3).wait_for()
    look = """() => [...document.querySelectorAll(".js-plotly-plot")].map((chart) => [
      chart.querySelector(".main-svg").style.background, chart.querySelector("text").style.fill, chart.clientWidth])"""
    wide = page.evaluate(look)
    assert {"rgb(255, 255, 255)"} == {background for background, *_ in wide}
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 8000})
    page.wait_for_function("""([look, wide]) => eval(look)().every(([ground, ink, width], i) =>
      width < 390 && ground !== wide[i][0] && ink !== wide[i][1])""", arg=[look, wide])
    assert len(page.evaluate(look)) == len(wide)
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


def picture(page, alt: str) -> np.ndarray:
    """The bits of the first image with that alternative text."""
    source = page.get_by_alt_text(re.compile(alt)).first.get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))).astype(np.uint8)


def test_after_any_filter_all_parts_speak_of_the_same_image(page, url):
    """The map's point, the thumbnail beside the pointer, the panel and the neighbours: one immutable row id for all."""
    opened(page, url + "/?show=all&hidden=3_7&cost=left_60_120&what=sampled")
    left, right = (bundles.load(address(page)[side]) for side in ("left", "right"))
    seen = page.evaluate("() => Array.from(document.querySelector('.lpvae-maps').__lpvae.ids)")
    costs = bits(left.costs["pixels"] + left.costs["global" if not left.model.prior.needs_neighbour else "mixture"])
    assert 0 < len(seen) < 70_000 and not set(left.images.labels[seen]) & {3, 7} and np.all(np.abs(costs[seen] - 90) <= 30.001)
    for side, bundle in (("left", left), ("right", right)):
        image = int(np.random.default_rng(len(side)).choice(seen))
        page.locator(".lpvae-maps").scroll_into_view_if_needed()
        under = page.evaluate("([side, id]) => { const map = document.querySelector('.lpvae-maps').__lpvae.maps[side];"
                              " return map.nearest(map.place(id)); }", [side, image])  # fmt: skip
        assert np.allclose(bundle.maps["sampled"][under], bundle.maps["sampled"][image], atol=0.01)
        click_on_map(page, side, under)
        page.wait_for_selector(f".lpvae-tip[data-id='{under}']")
        page.wait_for_function(f"document.querySelector('.lpvae-maps').dataset.selected === '{under}'")
        settled(page)
        tip = page.locator(".lpvae-tip").inner_text()
        assert f"image {under}" in tip and f"label {left.images.labels[under]}" in tip
        np.testing.assert_array_equal(picture(page, f"^Image {under},"), left.bits(np.array([under]))[0])
        first, shown = page.get_by_alt_text(re.compile(r"^Neighbour 1: image")).first, address(page)
        near = left.table.nearest(left.codes[[under]], int(shown["k"]), exclude=[under])[0][0]
        assert first.get_attribute("alt").startswith(f"Neighbour 1: image {near[0]}, label {left.images.labels[near[0]]}")
        np.testing.assert_array_equal(picture(page, "^Neighbour 1: image"), left.bits(near[:1])[0])
        assert shown["id"] == str(under) and shown["hidden"] == "3_7"


def test_a_link_restores_what_is_seen_and_other_pages_leave_it_alone(page, url):
    opened(page, url + "/explore?id=60123&colour=difference&layers=points_contours&view=1000_2000_3000~0_500_2000&k=7")
    asked = {"id": "60123", "colour": "difference", "layers": "points_contours", "view": "1000_2000_3000~0_500_2000", "k": "7"}
    look = "() => JSON.stringify(document.querySelector('.lpvae-maps').__lpvae.look.texts())"
    before, where = page.evaluate(look), address(page)
    assert where.items() >= asked.items() and urlsplit(page.url).path == "/"
    page.get_by_role("link", name="Compare").click()
    page.wait_for_function("location.pathname === '/compare'")
    page.wait_for_function("!document.querySelector('.lpvae-maps')")
    page.get_by_role("link", name="Explore").click()
    page.wait_for_selector(".lpvae-maps[data-state=ready]")
    settled(page)
    assert address(page) == where and page.evaluate(look) == before
    assert page.troubles == []


def test_a_zoom_stands_in_the_address_and_moves_nothing_else(page, url):
    opened(page, url)
    heard = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(len(frame))))
    page.reload()
    page.wait_for_selector(".lpvae-maps[data-state=ready]")
    settled(page)
    page.wait_for_timeout(1500)
    heard.clear()
    box = page.locator(".lpvae-over[data-side=left]").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -300)
    page.wait_for_function("location.search.includes('view=')")
    page.wait_for_timeout(500)
    assert sum(heard) < 5000


def test_an_outline_gets_the_panel_of_its_set_and_the_files_to_take_away(page, url):
    opened(page, url)
    page.get_by_role("button", name="Box", exact=True).click()
    page.locator(".lpvae-maps").scroll_into_view_if_needed()
    box = page.locator(".lpvae-over[data-side=right]").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    page.get_by_role("heading", name="The set").wait_for()
    settled(page)
    size = int(page.get_attribute(".lpvae-maps", "data-set"))
    page.get_by_text(f"{size:,} images, outlined on the right map").wait_for()
    assert address(page)["lasso"].startswith("right_")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert len(Path(download.value.path()).read_text().splitlines()) == size + 1
    page.get_by_alt_text(re.compile("^Least typical: image")).first.click()
    settled(page)
    assert "lasso" in address(page)
    assert page.troubles == []
