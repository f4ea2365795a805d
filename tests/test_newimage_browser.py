"""A visitor's own image and the panels that move, in a real Chromium on small models."""

import csv
import io
import re

import pytest
from bundled import write_all
from PIL import Image, ImageDraw

SECONDS = 120_000  # milliseconds that a busy machine may take
OWN = "Draw or upload an image of your own"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(serve, tmp_path_factory):
    folder = write_all(tmp_path_factory.mktemp("models"), ("a-global", "b-local"))
    return serve(env={"LPVAE_MODELS": str(folder), "LPVAE_STATIC": str(folder / "static")})


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    yield page
    assert page.troubles == []
    context.close()


def opened(page, address: str) -> None:
    page.goto(address)
    # the maps' first drawing makes the page run once more, and the answers come in two helpings
    page.locator(".lpvae-maps[data-state=ready]").wait_for()
    page.locator(".lpvae-sign[data-drawn]").first.wait_for(state="attached")
    settled(page)


def settled(page) -> None:
    page.get_by_text("What each line means").wait_for()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def with_board(page, url: str):
    opened(page, url)
    page.get_by_text(OWN).click()
    board = page.get_by_label("Drawing board")
    board.wait_for()
    settled(page)
    return board


def stroke(page, board, *places) -> None:
    """Draw through places given as shares of the board."""
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=5)
    page.mouse.up()


def is_seen(page) -> None:
    page.get_by_alt_text("Your image, as the models see it").wait_for()
    page.get_by_text("your image").first.wait_for()
    settled(page)


def inked(board) -> int:
    red = "b.getContext('2d').getImageData(0, 0, b.width, b.height).data.filter((value, i) => !(i % 4) && value)"
    return board.evaluate(f"b => {red}.length")


def is_answered(page) -> None:
    """The page speaks of the visitor's image in every panel."""
    page.get_by_text(re.compile("From your image to neighbour 1")).first.wait_for()
    assert page.get_by_text(re.compile("From your image to neighbour 1")).count() == 2
    assert page.get_by_text(re.compile("^Labels among them")).count() == 2
    assert page.get_by_alt_text(re.compile(r"^Neighbour \d+: image")).count() == 10
    assert page.get_by_text("Its place is approximate").count() == 1
    cells = page.locator("table tbody tr").all_inner_texts()
    assert re.search(r"mixture\s+–\s+–\s+-?\d", " ".join(cells)) and re.search(r"tour\s+–\s+–\s+–\s+–", " ".join(cells))
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_drawn_image_is_answered_like_any_other_and_put_away(page, url):
    board = with_board(page, url)
    before = page.get_by_text(re.compile("^From image")).first.inner_text()
    stroke(page, board, (0.5, 0.15), (0.5, 0.5), (0.5, 0.85))
    is_seen(page)
    is_answered(page)
    first = inked(board)
    stroke(page, board, (0.2, 0.5), (0.8, 0.5))  # the board keeps what was drawn while the page answers
    page.wait_for_timeout(1000)
    settled(page)
    assert inked(board) > first > 0
    page.get_by_role("button", name="Put it away").click()
    page.get_by_text(before).first.wait_for()
    settled(page)
    assert inked(board) == 0 and page.get_by_text("your image").count() == 0


def test_the_board_is_drawn_on_by_keyboard(page, url):
    board = with_board(page, url)
    board.focus()
    for key in [" ", *["ArrowDown"] * 12, " "]:
        page.keyboard.press(key)
    is_seen(page)
    is_answered(page)


def test_an_uploaded_image_is_answered_and_a_row_number_goes_back(page, url, tmp_path):
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).line((100, 40, 160, 150), fill="navy", width=18)
    image.save(tmp_path / "mine.jpg")
    with_board(page, url)
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.jpg")
    is_seen(page)
    is_answered(page)
    row = page.get_by_role("spinbutton", name=re.compile("^Image"))
    row.fill("17")
    row.press("Enter")
    page.get_by_text("From image 17").first.wait_for()
    settled(page)
    assert page.get_by_text("your image").count() == 0


def test_a_file_that_is_no_picture_earns_a_sentence_and_the_page_goes_on(page, url, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing of the kind")
    with_board(page, url)
    page.locator("input[type=file]").set_input_files(tmp_path / "bad.png")
    page.get_by_text("The file is no picture that can be read").wait_for()
    settled(page)
    assert page.get_by_text(re.compile("^From image")).count() == 2
    assert page.locator("[data-testid=stException]").count() == 0


def test_nobody_else_sees_a_visitors_image(browser, page, url):
    board = with_board(page, url)
    stroke(page, board, (0.3, 0.2), (0.7, 0.8))
    is_seen(page)
    context = browser.new_context()
    other = context.new_page()
    other.set_default_timeout(SECONDS)
    opened(other, url)
    assert other.get_by_text("your image").count() == 0 and other.get_by_text(re.compile("^From image")).count() == 2
    context.close()


def test_the_strip_plays_steps_and_downloads(page, url):
    opened(page, url + "/?line=spherical&second=40")
    film = page.locator(".film").first
    slider = film.get_by_label("Step")
    film.get_by_role("button", name="Next").click()
    assert slider.input_value() == "1" and film.get_by_alt_text(re.compile("^Now: Interpolation, 12.5 percent")).count() == 1
    film.get_by_role("button", name="Play").click()
    film.get_by_role("button", name="Pause").wait_for()
    assert any(int(slider.input_value()) >= 4 or page.wait_for_timeout(100) for _ in range(600)), "the film does not play"
    film.get_by_role("button", name="Pause").click()
    at = slider.input_value()
    page.wait_for_timeout(800)
    assert slider.input_value() == at
    with page.expect_download() as download:
        page.get_by_role("button", name="As a GIF, there and back").first.click()
    assert download.value.suggested_filename.endswith("-to-40-spherical.gif")
    with Image.open(download.value.path()) as gif:
        assert gif.format == "GIF" and gif.size == (64, 64)


def test_the_neighbours_download_as_csv(page, url):
    opened(page, url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Neighbours as CSV").click()
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(io.StringIO(file.read())))
    assert {row["model"] for row in rows} == {"a-global", "b-local"}
    assert {row["badge"] for row in rows} <= {"shared", "only here", "only there"} and len(rows) >= 10


def test_the_daydream_plays_to_its_end_and_shows_its_way(page, url):
    opened(page, url + "/?walk=dream")
    film = page.locator(".film").first
    film.wait_for()
    film.get_by_label("Speed").select_option(label="fast")
    page.wait_for_function(
        "[...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.film input[type=range]')).filter(Boolean)"
        ".some(e => e.value === '8') || document.querySelector('.film input[type=range]')?.value === '8'")
    assert film.get_by_text("Step 8. Prior: z is drawn").count() == 1
    assert film.get_by_label(re.compile("^A small map")).count() == 1
    page.locator(".lpvae-key").get_by_text("daydream").wait_for()  # what the dashed line of the big maps is


@pytest.mark.parametrize("side, steps", [("left", 16), ("right", 1)])  # an autoregressive and a factorised decoder
def test_an_image_is_drawn_step_by_step_with_its_bits(page, url, side, steps):
    opened(page, url + "/?walk=draw")
    player = page.locator(".drawing").nth(0 if side == "left" else 1)
    readout = player.locator(".readout")
    slider = player.get_by_label("Step")
    assert slider.get_attribute("max") == str(steps)
    slider.fill("0")
    assert readout.inner_text() == "Nothing is sent yet."
    slider.fill(str(steps))
    so_far, total = re.search(r"([\d.]+) of ([\d.]+) bits", readout.inner_text()).groups()
    assert so_far == total
    pixels = page.locator("table tbody tr").first.locator("td").nth(1 if side == "left" else 3).inner_text()
    assert abs(float(pixels) - float(total)) < 0.2, "the blocks' surprise is the pixels' part of the bill"
    player.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    page.get_by_text("a fresh drawing from its z").click()
    page.get_by_role("button", name="Draw another").click()
    settled(page)
    assert page.locator(".drawing").count() == 2
