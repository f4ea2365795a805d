"""The Transmission page: real streams, their transactions, damage, and the page run by Streamlit's AppTest."""

import bz2
import re
import time

import numpy as np
import pytest
import small
from hypothesis import given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from explorer import transmission
from explorer.transmission import Damage, Show, Stream
from lpvae import bundle as bundles
from lpvae import container, data
from lpvae.errors import UserError
from lpvae.message import Step

NAMES = ["a-global", "b-local", "c-mixture"]
N = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from test_explorer import made

    path = tmp_path_factory.mktemp("models")
    images = data.load(small.data_file(path, 84))
    for name, changes in zip(NAMES, ({"prior": "global"}, {}, {"prior_components": 3, "decoder": "factorised"})):
        bundles.save(made(name, images, **changes), path / name)
    return path


@pytest.fixture(scope="module")
def models(folder):
    return [bundles.load(folder / name) for name in NAMES]


@pytest.fixture(scope="module")
def show(models) -> Show:
    return transmission.prepare(models[1], models[0], models[1].images.rows("test")[:N], lambda: None)


def streams(show: Show) -> list[Stream]:
    return [show.tour, show.together, show.alone]


# ---- The streams


def test_the_receivers_images_are_the_senders_and_the_order_tells_which(show):
    for stream in streams(show):
        assert sorted(stream.order) == list(range(N))
        assert (stream.received == show.images[stream.order]).all()
    assert (show.alone.order == show.tour.order).all()


def test_each_transaction_takes_the_message_from_one_length_to_the_next(show):
    for stream in streams(show):
        assert len(stream.steps) == N and len(stream.lengths) == N + 1
        for before, steps, after in zip(stream.lengths, stream.steps, stream.lengths[1:]):
            assert before + sum(step.change for step in steps) == pytest.approx(after)
            for step in (step for step in steps if abs(step.change) > 0.1):  # of less, the coder rounds
                assert (step.change < 0) == (step.what in ("which image", "z drawn", "neighbour drawn")), step
        assert 0 <= 32 * len(stream.words) - stream.lengths[-1] < 40


def test_the_file_is_the_one_that_the_library_decodes(show, models):
    for stream, bundle in zip(streams(show), (models[1], models[1], models[0])):
        got = container.decompress(stream.content, bundle.model, bundle.table)
        assert sorted(image.tobytes() for image in got) == sorted(image.tobytes() for image in show.images)


def test_every_image_is_announced_as_it_is_sent_and_as_it_is_received(models):
    said = []
    transmission.prepare(models[2], models[0], models[2].images.rows("test")[:4], lambda: said.append(1))
    assert len(said) == transmission.work(4)


def test_a_global_model_may_be_the_sender_too(models):
    show = transmission.prepare(models[0], models[1], models[0].images.rows("test")[:5], lambda: None)
    assert all((stream.received == show.images[stream.order]).all() for stream in streams(show))


def test_bz2_totals_are_sizes_of_real_files(show):
    totals = transmission.bz2_totals(show.images)
    rows = np.packbits(show.images.reshape(N, -1), axis=1)
    assert totals[0] == 0 and len(totals) == N + 1
    assert totals[N] == 8 * len(bz2.compress(rows.tobytes())) and totals[3] == 8 * len(bz2.compress(rows[:3].tobytes()))


def test_places_of_equal_images_are_all_found_and_a_stranger_is_refused():
    images = np.zeros((4, 8, 8), np.uint8)
    images[2, 0, 0] = 1
    assert list(transmission.places(images, images[[2, 0, 1, 3]])) == [2, 0, 1, 3]
    with pytest.raises(ValueError):
        transmission.places(images, images[[2, 2]])


def test_steps_of_batches_are_no_transactions():
    with pytest.raises(ValueError):
        transmission.transactions([Step("initial bits", 0.0, 9.0), Step("z", 1.0, 10.0)], 2)


def test_near_images_are_the_nearest_by_brute_force(models):
    bundle, there = models[1], models[1].images.rows("test")
    found = transmission.near(bundle, there, int(there[3]), 6)
    distance = np.linalg.norm(bundle.codes[there] - bundle.codes[there[3]], axis=1)
    assert found[0] == there[3] and set(found) == set(there[np.argsort(distance)[:6]])


# ---- Damage


@settings(max_examples=60, deadline=None)
@given(which=some.integers(0, 2), place=some.floats(0, 1))
def test_one_bit_turned_over_is_refused_above_the_checksum_and_survived_below_it(show, which, place):
    stream = streams(show)[which]
    bit = min(int(place * 32 * len(stream.words)), 32 * len(stream.words) - 1)
    assert "checksum" in transmission.refusal(stream, bit)
    damage = transmission.decode_damaged(stream, bit)
    assert isinstance(damage, Damage) and len(damage.images) == len(damage.right) <= N
    assert damage.word.endswith(".") and "Traceback" not in damage.word
    assert damage.right == [bool((a == b).all()) for a, b in zip(damage.images, stream.received)]


def test_damage_at_the_bottom_spares_the_images_and_damage_near_the_top_does_not(show):
    low, high = (transmission.decode_damaged(show.tour, bit) for bit in (3, int(show.tour.lengths[-1]) - 40))
    assert sum(low.right) >= N - 1  # the lowest bits are drawn from for the first image sent, the last received
    assert "Nothing here noticed" not in low.word
    assert sum(high.right) <= 1


def test_decoding_has_an_end(show):
    damage = transmission.decode_damaged(show.tour, 3, patience=0.0)
    assert len(damage.images) == 1 and "Stopped" in damage.word


def test_turning_a_bit_over_twice_gives_the_message_back_and_changes_no_other(show):
    words = show.tour.words
    for bit in (0, 31, 32, 32 * len(words) - 1):
        once = transmission.flipped(words, bit)
        assert np.bitwise_count(once ^ words).sum() == 1
        assert (transmission.flipped(once, bit) == words).all()


def test_the_readme_names_the_file_its_model_and_the_command(show):
    text = transmission.readme(show.tour, show.images, "x.lpv", "b-local")
    assert "lpvae decompress x.lpv images.npz" in text and "b-local" in text and "tour" in text
    assert str(len(show.tour.content)) in text and "{" not in text


# ---- The page


@pytest.fixture
def page(folder, monkeypatch):
    import streamlit

    monkeypatch.setenv("LPVAE_MODELS", str(folder))
    streamlit.cache_resource.clear()
    return opened


def opened(**query: str) -> AppTest:
    test = AppTest.from_string("from explorer.views import transmission\ntransmission.render()", default_timeout=120)
    for key, value in query.items():
        test.query_params[key] = value
    test.run()
    end = time.monotonic() + 120
    while not (test.exception or test.error or test.info or test.get("download_button")) and time.monotonic() < end:
        time.sleep(0.05)  # as the page itself, which looks again every second
        test.run()
    return test


def shown(test: AppTest) -> str:
    return " ".join(str(e.value) for kind in ("markdown", "caption", "error", "warning", "info", "subheader") for e in test.get(kind))


def test_the_page_sends_and_receives_and_offers_the_file(page):
    test = page()
    assert not test.exception and not test.error
    assert "bit for bit" in shown(test)
    for heading in ("Turn over one bit", "One image's transaction", "The file"):
        assert heading in shown(test)
    assert len(test.get("download_button")) == 2


def test_a_bit_can_be_turned_over(page):
    test = page()
    test.number_input(key="bit").set_value(0)
    next(button for button in test.button if "Turn it over" in button.label).click()
    test.run()
    assert not test.exception
    assert "checksum does not fit" in shown(test) and "of 12 images arrive" in shown(test)


@pytest.mark.parametrize("query", [{"sender": "a-global", "beside": "c-mixture"}, {"chosen": "at random", "draw": "3"},
                                   {"bit": "999999", "turn": "77", "around": "12345", "count": "x", "sender": "../y"}])  # fmt: skip
def test_links_are_followed_and_nonsense_in_them_is_harmless(page, query):
    test = page(**query)
    assert not test.exception and not test.error
    assert "bit for bit" in shown(test)


def test_what_was_chosen_for_a_longer_message_is_brought_into_range(page):
    test = page()
    test.number_input(key="bit").set_value(test.number_input(key="bit").max)
    test.slider(key="turn").set_value(12)
    test.run()
    test.session_state["played"] = "alone"
    test.run()
    assert not test.exception


def test_a_damaged_bundle_is_named(page, folder, tmp_path, monkeypatch):
    import shutil

    shutil.copytree(folder, tmp_path / "models")
    (tmp_path / "models" / "b-local" / bundles.ARRAYS).write_bytes(b"no")
    monkeypatch.setenv("LPVAE_MODELS", str(tmp_path / "models"))
    test = opened(sender="b-local")
    assert not test.exception
    assert "b-local" in test.error[0].value


def test_no_models(page, tmp_path, monkeypatch):
    monkeypatch.setenv("LPVAE_MODELS", str(tmp_path))
    assert "no trained model" in opened().info[0].value


def test_a_failure_of_the_work_is_told(page, monkeypatch):
    def fails(*_):
        raise UserError("this model has no such code.")

    monkeypatch.setattr(transmission, "prepare", fails)
    test = page()
    assert not test.exception and "no such code" in test.error[0].value


# ---- The player, in a real Chromium


@pytest.fixture(scope="module")
def url(serve, folder):
    return serve(env={"LPVAE_MODELS": str(folder)})


@pytest.mark.browser
@pytest.mark.parametrize("width, scheme", [(1440, "light"), (390, "dark")])
def test_the_player_plays_without_the_server_and_by_keyboard(browser, url, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(280_000)  # a busy machine; on an idle one it is seconds
    troubles, frames = [], []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.goto(f"{url}/transmission")
    page.get_by_text("Its README").wait_for()
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    status, slider = page.locator(".transmission .status").first, page.get_by_role("slider", name="Step")
    assert "Nothing is sent yet" in status.inner_text()
    quiet = len(frames)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert "Sender, 1 of 12" in status.inner_text()
    page.keyboard.press("End")
    assert "Everything has arrived" in status.inner_text()
    assert page.locator("section").nth(1).locator(".thumb.empty").count() == 0
    assert page.locator(".pile i:visible").count() == 1  # the initial bits alone
    page.get_by_label("Speed").select_option("slow")
    page.get_by_role("button", name="Play", exact=True).click()
    page.locator(".transmission .status", has_text=re.compile("^Sender, [2-9]")).wait_for()
    page.get_by_role("button", name="Pause").click()
    assert len(frames) == quiet
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    assert troubles == []
    context.close()
