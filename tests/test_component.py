"""The linked maps: the files they are given, and what a visitor does with them in a real Chromium."""

import gzip
import io
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from explorer import component
from lpvae.errors import UserError

HIDDEN = 500  # ids 0…499 stand for the training images that the maps do not show
SIDE = 46  # the others lie on a grid of SIDE × SIDE places, so that no two are close
SPRITE, PER_SHEET = 6, 1000

APP = f"""
import numpy as np
import streamlit as st
from explorer.component import linked_maps, publish_labels, publish_points, publish_sprites, publish_values

HIDDEN, SIDE, SPRITE, PER_SHEET = {HIDDEN}, {SIDE}, {SPRITE}, {PER_SHEET}
st.set_page_config(layout="wide")
draw = np.random.default_rng(7)
n = HIDDEN + SIDE**2
places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2).astype(float)
between = draw.choice(places, HIDDEN) + 0.5
left, right = (np.concatenate([between, draw.permutation(places)]) for _ in range(2))
labels = draw.integers(0, 3, n)
sprites = draw.integers(0, 2, (n, SPRITE, SPRITE), dtype=np.uint8)
sheets = [publish_sprites(sprites[at:at + PER_SHEET]) for at in range(0, n, PER_SHEET)]
points = {{"left": publish_points(left), "right": publish_points(right)}}
if "broken" in st.query_params:
    points["right"] = "app/static/generated/absent.bin"

def happened(event):
    kind = event["kind"]
    if kind == "clear":
        st.session_state.update(selected=None, second=None)
    else:
        st.session_state[{{"select": "selected", "second": "second"}}[kind]] = event["id"]

selected, second = st.session_state.get("selected"), st.session_state.get("second")
sides = {{side: dict(title=f"The {{side}} map", points_url=points[side], values_name="bits",
                    values_url=publish_values(np.arange(n) / 2 + (side == "right")))
         for side in points}}
marks = {{}} if selected is None else {{"left": dict(neighbours=np.array([3, HIDDEN + 8]), samples=[[1.5, 1.5]])}}
event = linked_maps(
    **sides, key="maps", selected=selected, second=second, marks=marks, on_event=happened,
    common=dict(labels_url=publish_labels(labels), label_names=["nought", "<b>one</b>", "two"], ranges=[[HIDDEN, n]],
                sprite_urls=sheets, sprite_side=SPRITE, sprite_rows_per_sheet=PER_SHEET))
st.text(f"selected={{selected}} second={{second}} kind={{event and event['kind']}}.")
"""


# ---- Files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def static(tmp_path, monkeypatch):
    monkeypatch.setenv("LPVAE_STATIC", str(tmp_path))
    return tmp_path


def published(static, url):
    assert url.startswith("app/static/generated/")
    return (static / url.removeprefix("app/static/")).read_bytes()


@pytest.mark.parametrize(
    "publish, array, kind",
    [
        (component.publish_points, np.arange(8.0).reshape(4, 2)[::-1], "<f4"),
        (component.publish_labels, np.array([3, -1, 9], np.int64), "<i2"),
        (component.publish_values, np.array([1.5, np.nan]), "<f4"),
    ],
)
def test_arrays_are_published_as_the_browser_reads_them(static, publish, array, kind):
    read = np.frombuffer(published(static, publish(array)), kind).reshape(array.shape)
    np.testing.assert_array_equal(read, array)


def test_a_file_is_named_by_its_content_and_written_once(static):
    first = component.publish(b"abc", ".bin")
    (path,) = (static / "generated").iterdir()
    stamp = path.stat().st_mtime_ns
    assert component.publish(b"abc", ".bin") == first != component.publish(b"abd", ".bin")
    assert path.stat().st_mtime_ns == stamp
    assert len(list((static / "generated").iterdir())) == 2  # and no temporary file


@pytest.mark.parametrize("n", [1, 2, 9, 10])
@pytest.mark.parametrize("greatest", [1, 255])
def test_each_sprite_stands_in_its_cell(static, n, greatest):
    images = np.random.default_rng(n).integers(0, greatest + 1, (n, 4, 4), dtype=np.uint8)
    images[0, 0, 0] = greatest
    sheet = np.asarray(Image.open(io.BytesIO(published(static, component.publish_sprites(images)))).convert("L"))
    columns = sheet.shape[1] // 4
    assert columns == int(np.ceil(np.sqrt(n)))
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        cell = sheet[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(cell, image * (255 // greatest))


@pytest.mark.parametrize("array", [np.zeros((3, 3)), np.zeros(4)])
def test_positions_of_another_shape_are_refused(static, array):
    with pytest.raises(ValueError, match="xy has shape"):
        component.publish_points(array)


def test_a_static_folder_that_cannot_be_written_is_told_in_a_sentence(static, monkeypatch):
    (static / "file").touch()
    monkeypatch.setenv("LPVAE_STATIC", str(static / "file"))
    with pytest.raises(UserError, match="cannot write what the maps show"):
        component.publish(b"abc", ".bin")


def test_plotly_is_published_compressed(static):
    component.plotly_url.cache_clear()
    script = gzip.decompress(published(static, component.plotly_url()))
    component.plotly_url.cache_clear()  # the next caller has another static folder
    assert b"plotly.js" in script[:100]


# ---- In the browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    (folder / "static").mkdir()
    return serve(folder / "app.py", {"LPVAE_STATIC": str(folder / "static")})


class Visitor:
    """One page with the two maps, and what a person does there."""

    def __init__(self, page, url):
        self.page, self.asked, self.sent = page, [], []
        page.on("request", lambda request: self.asked.append(urlsplit(request.url).path))
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: self.sent.append(1)))
        page.goto(url)
        self.maps = page.locator(".lpvae-maps")

    def ready(self):
        self.page.wait_for_selector(".lpvae-maps[data-state=ready]", timeout=120_000)
        return self

    def ask(self, expression, *arguments):
        return self.maps.evaluate(f"(root, a) => {{ const maps = root.__lpvae; return {expression}; }}", list(arguments))

    def place(self, side, id):
        at = self.ask("maps.screen(a[0], a[1])", side, id)
        return at["x"], at["y"]

    def hover(self, side, id):
        self.page.mouse.move(*self.place(side, id))

    def click(self, side, id, *, shift=False):
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.click(*self.place(side, id))
        if shift:
            self.page.keyboard.up("Shift")

    def sees(self, text):
        self.page.get_by_text(text, exact=True).wait_for(timeout=30_000)

    def ink(self, side, id):
        """How opaque the canvas above the points is around the image's place, in all."""
        return self.ask(
            """(() => {
                 const map = maps.maps[a[0]], ratio = map.over.width / map.view.width;
                 const [x, y] = map.place(a[1]).map((at) => Math.round(at * ratio));
                 const { data } = map.over.getContext("2d").getImageData(x - 12, y - 12, 24, 24);
                 return data.filter((_, i) => i % 4 === 3).reduce((sum, alpha) => sum + alpha, 0);
               })()""",
            side,
            id,
        )

    def thumbnail(self, id):
        """The picture beside the pointer, one number from the middle of each of its SPRITE × SPRITE fields."""
        canvas = self.page.locator(f".lpvae-tip canvas[data-id='{id}']")
        drawn = canvas.evaluate(
            """(canvas, side) => { const c = canvas.getContext("2d"), field = canvas.width / side;
               return Array.from({ length: side * side }, (_, i) => c.getImageData(
                 (i % side + 0.5) * field, (Math.floor(i / side) + 0.5) * field, 1, 1).data[0]); }""",
            SPRITE,
        )
        return np.reshape(drawn, (SPRITE, SPRITE))


@pytest.fixture
def visit(browser, url):
    contexts = []

    def open_page(query="", **settings):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings}))
        return Visitor(contexts[-1].new_page(), url + query)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(visit):
    return visit().ready()


def sprite(id):
    """The test app's thumbnail of an image, drawn as the app draws it."""
    draw = np.random.default_rng(7)
    n = HIDDEN + SIDE**2
    places = np.zeros((SIDE**2, 2))
    draw.choice(places, HIDDEN), draw.permutation(places), draw.permutation(places), draw.integers(0, 3, n)
    return draw.integers(0, 2, (n, SPRITE, SPRITE), dtype=np.uint8)[id]


@pytest.mark.browser
def test_hovering_shows_the_same_image_on_both_maps_without_the_server(visitor):
    ids = [HIDDEN, HIDDEN + 777, HIDDEN + SIDE**2 - 1]
    frames = len(visitor.sent)
    for side, id in [(side, id) for side in ("left", "right") for id in ids]:
        visitor.page.mouse.move(2, 2)
        visitor.page.wait_for_selector(".lpvae-maps[data-hovered='']")
        before = {map: visitor.ink(map, id) for map in ("left", "right")}
        visitor.hover(side, id)
        tip = visitor.page.locator(f".lpvae-tip[data-id='{id}']")
        tip.wait_for()
        lines = tip.inner_text().splitlines()
        assert lines[0] == f"image {id}"
        assert lines[2:] == [f"The left map: {id / 2:.1f} bits", f"The right map: {id / 2 + 1:.1f} bits"]
        assert all(visitor.ink(map, id) > before[map] for map in before)
        np.testing.assert_array_equal(visitor.thumbnail(id), sprite(id) * 255)
    assert len(visitor.sent) == frames


@pytest.mark.browser
def test_clicks_keys_and_marks(visitor):
    first, second = HIDDEN + 100, HIDDEN + 1500
    hidden_before = visitor.ink("left", 3)
    visitor.click("left", first)
    visitor.sees(f"selected={first} second=None kind=select.")
    assert visitor.maps.get_attribute("data-selected") == str(first)
    assert visitor.ink("left", 3) > hidden_before, "a neighbour that is not shown is marked all the same"
    visitor.click("right", second, shift=True)
    visitor.sees(f"selected={first} second={second} kind=second.")
    visitor.page.keyboard.press("Escape")
    visitor.sees("selected=None second=None kind=clear.")
    assert visitor.maps.get_attribute("data-selected") == ""


@pytest.mark.browser
def test_the_files_are_fetched_once_however_often_one_clicks(visitor):
    visitor.page.evaluate(
        """() => { const { prototype } = HTMLCanvasElement, get = prototype.getContext;
           window.contexts = 0;
           prototype.getContext = function (kind, ...rest) {
             if (kind.includes("webgl")) window.contexts++;
             return get.call(this, kind, ...rest); }; }"""
    )
    for id in range(HIDDEN, HIDDEN + 5):
        visitor.click("right", id)
        visitor.sees(f"selected={id} second=None kind=select.")
    assert visitor.page.evaluate("window.contexts") == 0, "the points stay as they are"
    fetched = [path for path in visitor.asked if "/generated/" in path]
    assert len([path for path in fetched if path.endswith(".bin")]) == 5  # two maps, labels, two values
    assert len(fetched) == len(set(fetched))


@pytest.mark.browser
def test_arrow_keys_walk_the_neighbours_and_back(visitor):
    visitor.click("left", HIDDEN + 20)
    visitor.sees(f"selected={HIDDEN + 20} second=None kind=select.")
    for key, id in ("ArrowRight", 3), ("ArrowRight", HIDDEN + 8), ("ArrowLeft", 3), ("ArrowLeft", HIDDEN + 20):
        visitor.page.keyboard.press(key)
        visitor.sees(f"selected={id} second=None kind=select.")


@pytest.mark.browser
def test_a_hidden_label_is_not_met_and_names_are_text(visitor):
    id = HIDDEN + 40
    visitor.hover("left", id)
    tip = visitor.page.locator(f".lpvae-tip[data-id='{id}']")
    tip.wait_for()
    label = tip.inner_text().split("label ")[1].splitlines()[0]
    legend = visitor.page.locator(".lpvae-legend button")
    assert legend.all_inner_texts() == ["nought", "<b>one</b>", "two"]
    for met in (False, True):
        legend.get_by_text(label, exact=True).click()
        for side in ("left", "right"):
            under = visitor.ask("maps.maps[a[0]].nearest(maps.maps[a[0]].place(a[1]))", side, id)
            assert (under == id) == met


@pytest.mark.browser
def test_maps_move_together_or_alone_and_a_drag_selects_nothing(visitor):
    id, mouse = HIDDEN + 300, visitor.page.mouse
    for together in (True, False):
        visitor.page.get_by_label("Move both maps together").set_checked(together)
        before = {side: visitor.place(side, id) for side in ("left", "right")}
        x, y = before["left"]
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 30, y + 20, steps=4)
        mouse.up()
        moved = {side: np.subtract(visitor.place(side, id), before[side]) for side in before}
        np.testing.assert_allclose(moved["left"], [30, 20], atol=0.01)
        np.testing.assert_allclose(moved["right"], [30, 20] if together else [0, 0], atol=0.01)
    assert visitor.maps.get_attribute("data-selected") == ""


@pytest.mark.browser
def test_zoom_keeps_the_point_under_the_pointer_and_a_double_click_shows_all_again(visitor):
    id = HIDDEN + 1000
    home = visitor.place("left", id)
    scale = visitor.ask("maps.maps.right.view.scale")
    visitor.hover("left", id)
    visitor.page.mouse.wheel(0, -400)
    zoomed = "(was) => document.querySelector('.lpvae-maps').__lpvae.maps.right.view.scale > was"
    visitor.page.wait_for_function(zoomed, arg=scale)
    np.testing.assert_allclose(visitor.place("left", id), home, atol=1)  # the browser rounds the pointer
    visitor.page.mouse.dblclick(*home)
    assert visitor.ask("maps.maps.right.view.scale") == pytest.approx(scale)


@pytest.mark.browser
def test_a_touch_selects(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True).ready()
    visitor.page.touchscreen.tap(*visitor.place("left", HIDDEN + 60))
    visitor.sees(f"selected={HIDDEN + 60} second=None kind=select.")


@pytest.mark.browser
def test_on_a_narrow_page_the_maps_stand_one_above_the_other(visit):
    visitor = visit(viewport={"width": 390, "height": 844}).ready()
    left, right = (visitor.page.locator(".lpvae-frame").nth(i).bounding_box() for i in range(2))
    assert right["y"] >= left["y"] + left["height"] and right["x"] == left["x"]
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    edge = visitor.maps.bounding_box()
    for part in visitor.maps.locator("button, label, figure, .lpvae-key span").all():
        box = part.bounding_box()
        assert edge["x"] <= box["x"] and box["x"] + box["width"] <= edge["x"] + edge["width"] + 0.5


@pytest.mark.browser
def test_a_file_that_cannot_be_fetched_is_told_on_the_map(visit):
    visitor = visit("/?broken")
    visitor.page.wait_for_selector(".lpvae-maps[data-state=error]", timeout=120_000)
    assert "The map cannot be drawn: app/static/generated/absent.bin" in visitor.maps.inner_text()
