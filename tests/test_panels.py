"""The panels about one image, run by Streamlit's AppTest on small models of every kind of prior and decoder."""

import numpy as np
import pytest
import small
from bundled import KINDS, charts, html_of, write_all
from streamlit.testing.v1 import AppTest

from explorer import shared, state
from explorer.views import newimage, words
from lpvae import bundle as bundles

APP = str(bundles.MODELS.parents[1] / "explorer" / "app.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("models"))


@pytest.fixture
def page(folder, tmp_path, monkeypatch):
    """page(query, maps_drawn=True, own=None) → the app, run on an address, perhaps with a visitor's own image."""
    monkeypatch.setenv("LPVAE_STATIC", str(tmp_path / "static"))
    monkeypatch.setenv("LPVAE_MODELS", str(folder))

    def run(maps_drawn: bool = True, own: np.ndarray | None = None, **query) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60)
        app.session_state["maps drawn"] = maps_drawn  # AppTest runs no JavaScript that could say so
        if own is not None:
            app.session_state[newimage.OWN] = own
        for key, value in query.items():
            app.query_params[key] = str(value)
        app.run()
        assert not app.exception and not app.error and not app.warning
        assert len(app.subheader) == 5
        return app

    yield run
    state.st.cache_resource.clear()


def text_of(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption]) + html_of(app)


@pytest.mark.parametrize("query", [
    {"metric": "cosine", "k": 9, "neighbour": 9}, {"line": "spherical", "second": 3}, {"line": "graph", "second": 60},
    {"walk": "dream"}, {"walk": "draw"}, {"walk": "dream", "metric": "cosine", "line": "graph", "what": "sampled"},
])  # fmt: skip
@pytest.mark.parametrize("left, right", [("a-global", "b-local"), ("c-mixture", "d-vamp"), ("b-local", "b-local")])
def test_every_panel_opens_on_every_pair_and_stands_a_second_run(page, query, left, right):
    app = page(left=left, right=right, id=5, **query).run()
    assert not app.exception and len(app.subheader) == 5
    assert (words.COSINE_NOTE in text_of(app)) == (query.get("metric") == "cosine")


def test_models_that_name_the_same_neighbours_say_so(page):
    assert text_of(page(left="b-local", right="b-local")).count(words.ALL_SHARED) == 2


def test_a_joint_mixture_says_that_its_bits_do_not_split(page):
    text = text_of(page(left="d-vamp", right="b-local"))
    assert text.count("do not split by dimension") == 1 and "learned components" in text
    assert f"{KINDS['d-vamp']['pseudo_inputs']} learned components" in text


def test_until_the_graph_is_there_the_line_is_straight_and_the_page_says_so(page, monkeypatch):
    monkeypatch.setattr(shared, "graph_of", lambda side: None)
    assert text_of(page(line="graph", second=60)).count(words.NO_GRAPH_YET) == 2


def test_by_neighbours_the_way_is_described(page):
    app = page(line="graph", second=60)
    for _ in range(100):  # the graph is made by a thread
        if words.NO_GRAPH_YET not in text_of(app):
            break
        app.run()
    assert text_of(app).count("real image") + text_of(app).count(words.NEAR_ENDS) >= 2


def test_a_visitors_image_is_answered_until_another_is_selected(page):
    app = page(own=small.digits(1, seed=9)[0][0], id=5)
    text = text_of(app)
    assert text.count("From your image to neighbour 1") == 2 and words.OWN_BILL in text and words.OWN_ON_MAPS in text
    assert text.count("Labels among them") == 2
    for walk in ("dream", "draw"):
        app.segmented_control(key="walk").set_value(walk).run()
        assert not app.exception
    app.segmented_control(key="walk").set_value("there").run()
    app.number_input(key="id").set_value(17).run()
    assert not app.exception and "your image" not in text_of(app) and text_of(app).count("From image 17") == 2


def test_an_image_of_another_size_is_not_asked_about(page):
    assert "your image" not in text_of(page(own=np.zeros((28, 28), np.uint8)))


def test_an_empty_image_and_a_full_one_are_answered(page):
    for bits in (np.zeros((small.SIDE, small.SIDE), np.uint8), np.ones((small.SIDE, small.SIDE), np.uint8)):
        assert "From your image" in text_of(page(own=bits, left="c-mixture", right="d-vamp"))


def test_before_the_maps_are_drawn_the_charts_have_their_places(page):
    app = page(maps_drawn=False)
    assert not charts(app) and len(charts(page())) >= 4
