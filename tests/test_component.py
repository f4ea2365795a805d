"""The linked maps: the files they are given, and what a visitor does with them in a real Chromium."""

import io
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from explorer import component, look
from explorer.component import PALETTE
from lpvae.errors import UserError

HIDDEN = 500  # ids 0…499 stand for the training images that the maps do not show
SIDE = 46  # the others lie on a grid of SIDE × SIDE places, so that no two are close
SPRITE, PER_SHEET = 6, 1000

APP = f"""
import numpy as np
import streamlit as st
from explorer import look
from explorer.component import linked_maps, look_keeper, publish_labels, publish_points, publish_sprites, publish_values

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

state = st.session_state
state.setdefault("look", {{part: st.query_params.get(part, "") for part in look.PARTS}})

def happened(event):
    kind = event["kind"]
    state.look = event["look"]
    if kind == "clear":
        st.session_state.update(selected=None, second=None)
    elif kind == "open":
        state.query = event["query"]
    elif kind != "look":
        st.session_state[{{"select": "selected", "second": "second"}}[kind]] = event["id"]

@st.fragment
def keep():
    look_keeper(of="maps", on_look=lambda texts: state.update(look=texts))
    st.text(f"view={{state.look['view']}}.")

selected, second = st.session_state.get("selected"), st.session_state.get("second")
sides = {{side: dict(title=f"The {{side}} map", points_url=points[side], values_name="bits",
                    values_url=publish_values(np.arange(n) / 2 + (side == "right")))
         for side in points}}
part = publish_labels(np.arange(n) % 2)
colourings = [dict(name="left", title="cost", url=sides["left"]["values_url"], kind="sequential", unit="bits"),
              dict(name="split", title="split", url=part, kind="categories"),
              dict(name="agreement", title="agreement", url=None, late=True, kind="sequential")]
marks = {{}} if selected is None else {{"left": dict(neighbours=np.array([3, HIDDEN + 8]), samples=[[1.5, 1.5]])}}
event = linked_maps(
    **sides, key="maps", selected=selected, second=second, marks=marks, on_event=happened, look=state.look,
    common=dict(labels_url=publish_labels(labels), label_names=["nought", "<b>one</b>", "two"], ranges=[[HIDDEN, n]],
                splits=[dict(name="even", ranges=[[HIDDEN, n - 9]]), dict(name="odd", ranges=[[n - 9, n]])],
                colourings=colourings, sprite_urls=sheets, sprite_side=SPRITE, sprite_rows_per_sheet=PER_SHEET))
keep()
st.text(f"selected={{selected}} second={{second}} kind={{event and event['kind']}}.")
st.text(f"lasso={{state.look['lasso']}}.")
st.text(f"query={{state.get('query')}}.")
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
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.sent.append(len(frame))))
        page.goto(url)
        self.maps = page.locator(".lpvae-maps")

    def ready(self):
        self.page.wait_for_selector(".lpvae-maps[data-state=ready]", timeout=120_000)
        return self

    def ask(self, expression, *arguments):
        return self.maps.evaluate(f"(root, a) => {{ const maps = root.__lpvae; return {expression}; }}", list(arguments))

    def waits(self, expression, *arguments):
        within = "document.querySelector('.lpvae-maps').__lpvae"
        self.page.wait_for_function(f"(a) => {{ const maps = {within}; return {expression}; }}", arg=list(arguments))

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

    def drag(self, *places):
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        self.page.mouse.up()

    def press(self, name):
        self.maps.get_by_role("button", name=name, exact=True).click()

    def painted(self, side, id):
        """The colour (r, g, b) of the canvas of the points in the middle of the image's."""
        return tuple(
            self.ask(
                """(() => { const { canvas, place } = { canvas: maps.maps[a[0]].canvas, place: maps.maps[a[0]].place(a[1]) };
                   const [x, y] = place.map((at) => Math.round(at * canvas.width / maps.maps[a[0]].view.width));
                   return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3); })()""",
                side,
                id,
            )
        )

    def paints(self, ids):
        """The colours that the images have been given, css."""
        return self.ask("a[0].map((id) => maps.css(id))", [int(id) for id in ids])

    def ink(self, side, id):
        """How much the map differs from its points alone around the image's place, in all."""
        return self.ask(
            """(() => {
                 const map = maps.maps[a[0]], ratio = map.over.width / map.view.width;
                 const [x, y] = map.place(a[1]).map((at) => Math.round(at * ratio));
                 const [seen, alone] = [map.over, map.canvas].map((canvas) =>
                   canvas.getContext("2d").getImageData(x - 12, y - 12, 24, 24).data);
                 return seen.reduce((sum, part, i) => sum + Math.abs(part - alone[i]), 0);
               })()""",
            side,
            id,
        )

    def rings(self):
        """The middles of the rings around the image under the pointer, in the window."""
        boxes = [ring.bounding_box() for ring in self.page.locator(".lpvae-ring:visible").all()]
        return [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]

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

    def open_page(query="", newcomer=False, **settings):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings}))
        if not newcomer:
            contexts[-1].add_init_script("localStorage.setItem('lpvae hints seen', 'true')")
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
        assert not visitor.rings()
        visitor.hover(side, id)
        tip = visitor.page.locator(f".lpvae-tip[data-id='{id}']")
        tip.wait_for()
        lines = tip.inner_text().splitlines()
        assert lines[0] == f"image {id}"
        assert lines[2:] == [f"The left map: {id / 2:.1f} bits", f"The right map: {id / 2 + 1:.1f} bits"]
        np.testing.assert_allclose(visitor.rings(), [visitor.place(map, id) for map in ("left", "right")], atol=1)
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
    visitor.sees("query=None.")
    visitor.page.wait_for_timeout(300)  # the page has its whole height, and so the maps their width
    visitor.ask("maps.both.forEach(({ cloud }) => { cloud.draw = () => { throw Error('the points were painted again'); }; })")
    troubles = []
    visitor.page.on("pageerror", lambda error: troubles.append(str(error)))
    for id in range(HIDDEN, HIDDEN + 5):
        visitor.click("right", id)
        visitor.sees(f"selected={id} second=None kind=select.")
    assert not troubles, "the points stay as they are"
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
    for part in visitor.maps.locator(":is(button, label, figure, .lpvae-key span):visible").all():
        box = part.bounding_box()
        assert edge["x"] <= box["x"] and box["x"] + box["width"] <= edge["x"] + edge["width"] + 0.5


@pytest.mark.browser
def test_a_file_that_cannot_be_fetched_is_told_on_the_map(visit):
    visitor = visit("/?broken")
    visitor.page.wait_for_selector(".lpvae-maps[data-state=error]", timeout=120_000)
    assert "The map cannot be drawn: app/static/generated/absent.bin" in visitor.maps.inner_text()


# ---- Sets, looks, links and pictures ---------------------------------------------------------------------------------


def outlined(visitor, side, corners):
    """Ids that Python finds inside the outline that the visitor drew, and its text."""
    text = visitor.page.get_by_text(re.compile(f"^lasso={side}_")).inner_text()[len("lasso=") : -1]
    assert look.fits("lasso", text)
    where, outline = look.read_lasso(text)
    assert where == side and len(outline) <= look.MOST_CORNERS and len(outline) >= corners
    xy = np.array(visitor.ask("Array.from(maps.maps[a[0]].points.xy)", side)).reshape(-1, 2)
    shown = np.arange(HIDDEN, len(xy))
    return shown[look.inside(outline, xy[shown])]


@pytest.mark.browser
@pytest.mark.parametrize("tool", ["Lasso", "Box", "Shift"])
def test_an_outline_picks_the_same_set_here_and_there(visitor, tool):
    box = visitor.page.locator(".lpvae-over[data-side=left]").bounding_box()
    corners = [(box["x"] + box["width"] * fx, box["y"] + box["height"] * fy) for fx, fy in ((0.3, 0.2), (0.65, 0.3), (0.6, 0.8))]
    visitor.page.keyboard.down("Shift") if tool == "Shift" else visitor.press(tool)
    frames = len(visitor.sent)
    visitor.drag(corners[0], corners[2]) if tool == "Box" else visitor.drag(*corners)
    visitor.page.keyboard.up("Shift")
    visitor.page.get_by_text(re.compile("^lasso=left_")).wait_for()
    ids = outlined(visitor, "left", 4 if tool == "Box" else 6)
    assert len(ids) > 50
    assert visitor.ask("Array.from(maps.members.keys()).filter((id) => maps.members[id])") == ids.tolist()
    assert visitor.maps.get_attribute("data-set") == str(len(ids))
    assert len(visitor.sent) == frames + 1 and visitor.sent[-1] < 6000, "sent once, and small"
    assert visitor.maps.get_attribute("data-selected") == "", "no click"
    others = np.setdiff1d(np.arange(HIDDEN, HIDDEN + SIDE**2), ids)
    assert set(visitor.paints(ids)).isdisjoint(visitor.paints(others)), "the others fade"
    visitor.page.locator(".lpvae-over[data-side=left]").focus()
    visitor.page.keyboard.press("Escape")
    visitor.sees("lasso=.")
    assert visitor.maps.get_attribute("data-set") == ""


@pytest.mark.browser
def test_all_shown_make_a_set_that_the_filters_narrow(visitor):
    visitor.press("Set of all shown")
    visitor.sees("lasso=shown.")
    assert visitor.maps.get_attribute("data-set") == str(SIDE**2)
    visitor.maps.get_by_label("least cost").fill("500")
    visitor.maps.get_by_label("greatest cost").fill("600")
    visitor.maps.get_by_label("greatest cost").blur()
    shown = [id for id in range(HIDDEN, HIDDEN + SIDE**2) if 500 <= id / 2 <= 600]
    visitor.maps.get_by_text(f"{len(shown)} of {SIDE**2:,} images shown").wait_for()
    visitor.page.wait_for_selector(f".lpvae-maps[data-set='{len(shown)}']")
    assert visitor.ask("Array.from(maps.ids).sort((a, b) => a - b)") == shown


@pytest.mark.browser
def test_colours_follow_the_values_and_say_what_they_mean(visitor):
    ids = range(HIDDEN, HIDDEN + SIDE**2, 37)
    labels = visitor.ask("a[0].map((id) => maps.maps.left.points.labels[id])", list(ids))
    assert visitor.paints(ids) == [PALETTE[label] for label in labels]
    frames, colour = len(visitor.sent), visitor.maps.get_by_label("Colour by")
    colour.select_option("left")
    visitor.maps.locator(".lpvae-scale").get_by_text("bits").wait_for()
    lightness = [sum(int(css[i : i + 2], 16) * w for i, w in ((1, 0.3), (3, 0.59), (5, 0.11))) for css in visitor.paints(ids)]
    assert np.all(np.diff(lightness) > -3) and lightness[-1] > lightness[0] + 60, "the higher the lighter"
    colour.select_option("split")
    visitor.page.wait_for_function("() => document.querySelector('.lpvae-legend').innerText.includes('odd')")
    visitor.waits("JSON.stringify([maps.css(a[0]), maps.css(a[0] + 1)]) === JSON.stringify(a[1])", HIDDEN, PALETTE[:2])
    visitor.press("even")
    visitor.maps.get_by_text(f"9 of {SIDE**2:,} images shown").wait_for()
    visitor.page.wait_for_timeout(600)
    assert 1 <= len(visitor.sent) - frames <= 3, "the page hears of it for its address"
    colour.select_option("agreement")
    visitor.sees("selected=None second=None kind=look.")  # the page is asked to work it out


@pytest.mark.browser
def test_the_theme_is_the_pages_own(visit):
    visitor = visit(color_scheme="light").ready()
    corner = "Array.from(maps.maps.left.canvas.getContext('2d').getImageData(2, 2, 1, 1).data)"
    assert min(visitor.ask(corner)[:3]) > 200
    visitor.page.emulate_media(color_scheme="dark")
    visitor.waits(f"{corner}[0] < 60")


@pytest.mark.browser
def test_a_look_is_restored(visit):
    asked = {"colour": "left", "layers": "points_contours", "move": "free", "hidden": "1", "cost": "right_300_1400",
             "view": "200000_210000_3000~150000_160000_2000", "lasso": "right_0_0_300000_0_300000_300000"}  # fmt: skip
    visitor = visit("/?" + urlencode(asked)).ready()
    assert visitor.ask("maps.look.texts()") == asked
    assert visitor.ask("[maps.maps.left.view.x, maps.maps.left.view.y]") == [20, 21]
    assert visitor.ask("maps.maps.right.view.scale / maps.maps.right.view.whole") == pytest.approx(2)
    assert visitor.maps.get_by_label("Colour by").input_value() == "left"
    assert visitor.maps.get_by_label("least cost").input_value() == "300"
    assert not visitor.maps.get_by_label("Names").is_checked() and visitor.maps.get_by_label("Density").is_checked()
    assert visitor.maps.get_by_role("button", name="<b>one</b>").get_attribute("aria-pressed") == "false"
    assert int(visitor.maps.get_attribute("data-set")) > 0
    visitor.hover("left", int(visitor.ask("maps.ids[0]")))
    visitor.page.mouse.wheel(0, -100)
    visitor.page.get_by_text(re.compile(r"^view=\S")).wait_for()
    assert look.fits("view", visitor.ask("maps.look.texts().view"))


@pytest.mark.browser
def test_views_are_kept_and_opened_and_links_copied(visit):
    visitor = visit().ready()
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.maps.get_by_label("Density").check()
    visitor.maps.get_by_label("Name of a view to keep").fill("<i>mine")
    visitor.press("Keep view")
    visitor.press("Copy link")
    visitor.maps.get_by_text("Copied.").wait_for()
    link = visitor.page.evaluate("navigator.clipboard.readText()")
    assert link == visitor.page.url.split("?")[0] + "?layers=points_contours_names"
    visitor.page.reload()
    visitor.ready().press("<i>mine")
    visitor.sees("query=layers=points_contours_names.")
    visitor.press("Forget <i>mine")
    assert visitor.maps.get_by_text("<i>mine", exact=True).count() == 0


@pytest.mark.browser
def test_pictures_to_take_away_hold_the_points(visitor):
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with visitor.page.expect_download() as download:
            visitor.press(name)
        content = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"maps.{name.lower()}" and content.startswith(start)
        if name == "PNG":
            width = visitor.ask("maps.both.reduce((sum, { view }) => sum + view.width, 0)")
            picture = Image.open(io.BytesIO(content))
            assert picture.size[0] > 2 * width
            assert len(picture.convert("RGB").getcolors(10**7)) > 3
        else:
            root = ElementTree.fromstring(content.decode())
            moves = [path.get("d") for path in root.iter() if (path.get("d") or "").endswith("h0")]
            assert sum(d.count("M") for d in moves) == 2 * SIDE**2
            assert "<b>one</b>" in "".join(root.itertext())


@pytest.mark.browser
def test_a_newcomer_gets_three_hints_once(visit):
    visitor = visit(newcomer=True).ready()
    hint = visitor.maps.locator(".lpvae-hint")
    said = []
    for _ in range(3):
        hint.wait_for()
        said.append(hint.locator("p").inner_text())
        hint.get_by_role("button").first.click()
    assert len(set(said)) == 3 and not hint.is_visible()
    visitor.page.reload()
    visitor.ready()
    assert not hint.is_visible()


@pytest.mark.browser
def test_two_fingers_zoom(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True).ready()
    visitor.maps.scroll_into_view_if_needed()
    x, y = visitor.place("left", HIDDEN + 60)
    before = visitor.ask("maps.maps.left.view.scale")
    hand = visitor.page.context.new_cdp_session(visitor.page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert visitor.ask("maps.maps.left.view.scale") == pytest.approx(3 * before, rel=0.02)
    assert visitor.maps.get_attribute("data-selected") == ""


@pytest.mark.browser
def test_images_lie_on_the_map_where_their_points_are(visitor):
    id = HIDDEN + 700
    visitor.maps.get_by_label("Points").uncheck()
    visitor.ask("maps.maps.left.order = maps.maps.right.order = Uint32Array.of(a[0])", id)
    visitor.maps.get_by_label("Images").check()
    inked = """Array.from({ length: a[1] ** 2 }, (_, i) => {
      const map = maps.maps.left, ratio = map.canvas.width / map.view.width, [x, y] = map.place(a[0]);
      const at = (cell, middle) => Math.floor(((cell + 0.5) / a[1] - 0.5) * 26 * ratio + middle * ratio);
      const { data } = map.canvas.getContext("2d").getImageData(at(i % a[1], x), at(Math.floor(i / a[1]), y), 1, 1);
      return data[0] + data[1] + data[2] > 0 ? 1 : 0; })"""
    visitor.waits(f"JSON.stringify({inked}) === JSON.stringify(a[2])", id, SPRITE, sprite(id).ravel().tolist())
