"""The explorer short of a browser: the selection and the address, and the page run by Streamlit's AppTest."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import small
from bundled import COUNT, charts, html_of, made, write_all
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from explorer import chart, state
from explorer.state import Selection
from lpvae import bundle as bundles
from lpvae import data

APP = str(bundles.MODELS.parents[1] / "explorer" / "app.py")
NAMES = ["a-global", "b-local", "c-mixture"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three bundles of one small data set; not to be written to."""
    return write_all(tmp_path_factory.mktemp("models"), NAMES)


# ---- The selection and the address


@pytest.mark.parametrize("selection", [
    Selection("a-global", "b-local"), Selection("b-local", "b-local", "all", "sampled", 0, 50, 50, 7),
    Selection("c-mixture", "a-global", id=83, k=1), Selection.default(NAMES),
])  # fmt: skip
def test_an_address_restores_the_selection_it_was_made_from(selection):
    assert Selection.from_query(selection.to_query(), NAMES) == (selection, [])


@pytest.mark.parametrize("query", [
    {"left": "absent"}, {"right": "../../etc"}, {"show": "some"}, {"what": "mean"}, {"id": "-1"}, {"id": "1.5"}, {"id": ""},
    {"id": "1_0"}, {"id": "９"}, {"id": "9" * 40}, {"k": "0"}, {"k": "51"}, {"neighbour": "0"}, {"second": "x"}, {"extra": "1"},
])  # fmt: skip
def test_nonsense_in_an_address_earns_one_message_and_the_default(query):
    selection, messages = Selection.from_query(query, NAMES)
    assert selection == Selection.default(NAMES)
    assert len(messages) == 1 and len(messages[0]) < 200


def test_the_default_pair_is_the_global_and_the_local_autoregressive_model():
    shipped = ["global-autoregressive", "global-factorised", "local-autoregressive"]
    assert (Selection.default(shipped).left, Selection.default(shipped).right) == (shipped[0], shipped[2])
    assert (Selection.default(["x"]).left, Selection.default(["x"]).right) == ("x", "x")


def test_a_selection_is_fitted_to_the_data(folder):
    images = bundles.load(folder / NAMES[0]).images
    first = images.splits["test"][0]
    assert Selection("a", "b").fitted(images, 60) == (Selection("a", "b", id=first), [])
    fit, messages = Selection("a", "b", id=COUNT, second=COUNT, k=20, neighbour=9).fitted(images, 8)
    assert (fit.id, fit.second, fit.k, fit.neighbour) == (first, None, 7, 7)
    assert len(messages) == 2 and f"{COUNT}" in messages[0]
    last = Selection("a", "b", id=COUNT - 1, second=0)
    assert last.fitted(images, 60) == (last, [])


@pytest.mark.parametrize("ids, runs", [([3], [[3, 4]]), ([0, 1, 2, 5, 7, 8], [[0, 3], [5, 6], [7, 9]])])
def test_ranges_hold_the_same_ids(ids, runs):
    assert state.ranges(np.array(ids)) == runs


# ---- The page


@pytest.fixture
def page(folder, tmp_path, monkeypatch):
    """page(query) → the app, run on an address; `page.models` is a folder of bundles that a test may spoil."""
    import shutil

    monkeypatch.setenv("LPVAE_STATIC", str(tmp_path / "static"))
    models = tmp_path / "models"
    shutil.copytree(folder, models)
    monkeypatch.setenv("LPVAE_MODELS", str(models))

    def run(**query) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=60)
        app.session_state["maps drawn"] = True  # AppTest runs no JavaScript that could say so
        for key, value in query.items():
            app.query_params[key] = str(value)
        return app.run()

    run.models = models
    yield run
    state.st.cache_resource.clear()


def text_of(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader]) + html_of(app)


def address(app: AppTest) -> dict[str, str]:
    return {k: v[0] if isinstance(v, list) else v for k, v in app.query_params.items()}


def said(elements) -> str:
    return "\n".join(element.value for element in elements)


def test_the_page_opens_with_every_panel_and_no_complaint(page):
    app = page()
    assert not app.exception and not app.error and not app.warning
    headings = [heading.value for heading in app.subheader]
    assert len(headings) == 5 and "The bill" in headings
    assert address(app)["left"] == "a-global" and address(app)["right"] == "b-local"


def test_an_address_is_restored_and_kept(page):
    asked = Selection("c-mixture", "b-local", "all", "sampled", 30, 7, 3, 12, colour="left", hidden="1", view="0_0_2000~1_1_2000",
                      lasso="right_0_0_9_0_9_9")  # fmt: skip
    app = page(**asked.to_query())
    assert not app.exception and not app.warning
    assert address(app) == asked.to_query()
    shown = {key: app.session_state[state._kept_as(key)] for key in asdict(asked)}
    assert Selection(**shown) == asked
    assert "image 12" in text_of(app)


def test_a_row_number_selects_that_image(page):
    app = page(id=5)
    app.number_input(key="id").set_value(17).run()
    assert not app.exception and address(app)["id"] == "17"
    assert "From image 17" in text_of(app)


@pytest.mark.parametrize("key, value", [("id", COUNT), ("id", -1), ("second", COUNT), ("neighbour", 6)])
def test_a_number_out_of_range_is_put_back_with_a_message(page, key, value):
    app = page(id=5, second=6, neighbour=2)
    before = address(app)
    app.number_input(key=key).set_value(value).run()
    assert not app.exception and len(app.warning) == 1 and "choose a number from" in app.warning[0].value
    assert address(app) == before


def test_choosing_a_label_selects_an_image_of_it(page):
    app = page(show="all")
    for label in (0, 1):
        app.selectbox(key="label").set_value(label).run()
        image = int(address(app)["id"])
        assert not app.exception and bundles.load(page.models / NAMES[0]).images.labels[image] == label


def test_a_bad_address_earns_messages_and_the_page_goes_on(page):
    app = page(left="absent", id="many", k="0", what="c-mixture", colour="red")
    assert not app.exception and len(app.warning) == 5 and len(app.subheader) == 5
    app = page(id=70_000, second=99_999)
    assert not app.exception and len(app.subheader) == 5
    assert "70,000" in said(app.warning) and "99,999" in said(app.warning)
    assert "second" not in address(app)


def test_the_whole_range_of_k_works(page):
    app = page(k=50, neighbour=50, id=3)
    assert not app.exception and address(app)["k"] == "50"
    app.slider(key="k").set_value(1).run()
    assert not app.exception and address(app)["neighbour"] == "1"


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("file", [bundles.WEIGHTS, bundles.ARRAYS])
def test_a_damaged_bundle_is_named_and_the_others_go_on(page, file):
    spoil(page.models / "b-local" / file)
    app = page(left="a-global", right="b-local")
    assert not app.exception and len(app.error) == 1 and file in app.error[0].value.replace("\\", "")
    assert len(app.subheader) == 5
    assert address(app)["right"] == "c-mixture"


def test_a_bundle_that_loses_a_file_is_named_and_the_others_go_on(page):
    (page.models / "a-global" / bundles.WEIGHTS).unlink()
    app = page(left="a-global", right="b-local")
    assert not app.exception and len(app.error) == 1 and "lacks its file" in app.error[0].value
    assert len(app.subheader) == 5


def test_a_bundle_of_other_images_is_not_linked(page, tmp_path):
    other = data.load(small.data_file(tmp_path, COUNT, seed=1, name="other.npz"))
    bundles.save(made("z-other", other), page.models / "z-other")
    app = page(left="a-global", right="z-other")
    assert not app.exception and "other images" in app.warning[0].value
    assert address(app)["right"] == "a-global"


def test_an_address_changed_while_the_page_is_open_is_followed(page):
    app = page(id=5)
    app.query_params["id"] = "31"
    app.run()
    assert not app.exception and "From image 31" in text_of(app)


def test_where_the_maps_cannot_be_written_the_panels_go_on(page, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LPVAE_STATIC", str(tmp_path / "file"))
    chart._module_url.cache_clear()
    app = page()
    assert not app.exception and "cannot write" in app.error[0].value and len(app.subheader) == 5
    assert not charts(app) and any("cannot write" in text.value for text in app.text)  # what the charts say, in words


def test_without_a_working_bundle_the_page_says_so(page):
    for name in NAMES:
        meta = page.models / name / bundles.META
        meta.write_text(json.dumps({"format": 0}))
    app = page()
    assert not app.exception and app.error and not app.subheader


def test_without_any_bundle_the_page_says_how_to_make_one(page, monkeypatch):
    monkeypatch.setenv("LPVAE_MODELS", str(page.models / "nowhere"))
    app = page()
    assert not app.exception and "lpvae train" in app.info[0].value and "lpvae build" in app.info[0].value


def test_a_set_gets_its_panel_and_only_then(page):
    app = page(show="all", lasso="left_-20000_-20000_20000_-20000_20000_20000_-20000_20000")
    assert not app.exception and not app.warning
    assert "The set" in [heading.value for heading in app.subheader] and f"{COUNT} images" in text_of(app)
    next(button for button in app.button if button.label == "Drop the set").click().run()
    assert not app.exception and "The set" not in [heading.value for heading in app.subheader]
    assert "lasso" not in address(app)


def test_a_random_image_is_one_of_those_shown(page):
    labels = bundles.load(page.models / NAMES[0]).images.labels
    app = page(show="all", hidden="0")
    for _ in range(5):
        next(button for button in app.button if button.label == "Random").click().run()
        assert not app.exception and labels[int(address(app)["id"])] == 1


def test_an_empty_set_says_so(page):
    app = page(show="all", lasso="left_1_1_2_1_2_2")
    assert not app.exception and "0 images" in text_of(app)


def test_other_pages_and_back_leave_the_selection_as_it_was(page):
    app = page(id=17, k=7, show="all", colour="difference")
    before = address(app)
    for key in list(before):
        del app.query_params[key]
    app._page_hash = calc_hash("compare")
    app.run()
    assert not app.exception
    app.query_params.clear()
    app._page_hash = calc_hash("home")
    app.run()
    assert not app.exception and address(app) == before and "image 17" in text_of(app)


def test_a_link_that_names_but_an_image_leaves_the_rest_alone(page):
    app = page(id=17, k=7, what="sampled")
    app.query_params.clear()
    app.query_params["id"] = "31"
    app.run()
    assert not app.exception and address(app)["id"] == "31" and address(app)["k"] == "7" and address(app)["what"] == "sampled"
