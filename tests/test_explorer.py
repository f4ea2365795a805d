"""The explorer short of a browser: the selection and the address, the answers, and the page run by Streamlit's AppTest."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import small
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer import answers, figures, state
from explorer.state import Selection
from lpvae import bundle as bundles
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.costs import bits
from lpvae.distributions import kl, posterior
from lpvae.evaluate import encode, latent_costs, pixel_costs

APP = str(bundles.MODELS.parents[1] / "explorer" / "app.py")
NAMES = ["a-global", "b-local", "c-mixture"]
COUNT = 84


def made(name: str, images: data.Images, **changes) -> Bundle:
    """A small untrained bundle with true costs; its maps are the first two dimensions."""
    model, ids = small.scrambled(small.config(**changes)).half().float(), np.arange(len(images.pixels))
    x = data.bits(images, ids, "fixed", 0)
    codes = encode(model, x).half().float()
    train = images.rows("train")
    blank = np.full(len(ids), np.nan, np.float32)
    arrays = {"pixels": blank, "free_neighbour": blank, "mixture": blank, "tour": blank}
    made = Bundle(name, model, images, codes.numpy(), _maps(codes), arrays, np.empty(0, np.int64), {
        "seed": 0, "data": {"name": images.name, "sha256": images.sha256}})  # fmt: skip
    z = torch.from_numpy(made.sampled(ids))
    costs = latent_costs(model, CodeTable(train, codes.numpy()[train]), ids, codes, z)
    costs["pixels"] = pixel_costs(model, x, z)
    kept = {k: v.numpy() for k, v in costs.items() if k != "pointer"}
    return replace(made, costs=arrays | kept)


def _maps(codes):
    xy = codes[:, :2].numpy()
    return {name: np.clip(xy / np.abs(xy).max(), -1, 1) for name in bundles.MAPS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three bundles of one small data set; not to be written to."""
    path = tmp_path_factory.mktemp("models")
    images = data.load(small.data_file(path, COUNT))
    for name, changes in zip(NAMES, ({"prior": "global"}, {"decoder": "factorised"}, {"prior_components": 3})):
        bundles.save(made(name, images, **changes), path / name)
    return path


@pytest.fixture(scope="module", params=NAMES)
def bundle(request, folder):
    return bundles.load(folder / request.param)


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


# ---- The answers


def test_neighbours_are_the_nearest_training_images_and_never_the_image_itself(bundle):
    train = bundle.images.rows("train")
    for image in range(COUNT):
        near = answers.neighbours(bundle, image, 5)
        others = train[train != image]
        distances = np.linalg.norm(bundle.codes[others] - bundle.codes[image], axis=1)
        assert image not in near.ids and np.isin(near.ids, train).all() and len(set(near.ids)) == 5
        np.testing.assert_allclose(near.distances, np.sort(distances)[:5], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("bundle", NAMES[:2], indirect=True)
def test_the_bits_of_the_dimensions_sum_to_the_latent_bill(bundle):
    protocol = "free_neighbour" if bundle.model.prior.needs_neighbour else "global"
    for image in (0, 40, COUNT - 1):
        near = answers.neighbours(bundle, image, bundle.config.neighbours)
        sums = [answers.codebook(bundle, image, int(i)).kl_bits.sum() for i in near.ids]
        line = next(line for line in answers.bill(bundle, image) if line.protocol == protocol)
        assert np.mean(sums) == pytest.approx(line.latent_bits, rel=1e-4, abs=1e-4)
        assert line.latent_bits > 0


def test_the_bits_of_a_mixture_priors_dimensions_sum_to_the_mean_of_its_bill(folder):
    """The stored cost of a mixture prior is an estimate from one z; the dimensions' bits are what such estimates tend to."""
    bundle = bundles.load(folder / "c-mixture")
    code, neighbour = torch.from_numpy(bundle.codes[[3]]), torch.from_numpy(bundle.codes[[4]])
    z = code + torch.randn(40_000, code.shape[1], generator=torch.Generator().manual_seed(0))
    estimates = kl(posterior(code), bundle.model.prior(neighbour), z)
    total = answers.codebook(bundle, 3, 4).kl_bits.sum()
    assert total == pytest.approx(float(bits(estimates.mean())), abs=4 * float(bits(estimates.std())) / 200)


def test_the_codebook_is_the_priors_own(bundle):
    book = answers.codebook(bundle, 3, 4)
    draws = bundle.model.prior(torch.from_numpy(bundle.codes[[4]])).sample((4000,))[:, 0].numpy()
    np.testing.assert_allclose(book.code, bundle.codes[3])
    assert np.abs((draws.mean(0) - book.mean) / book.deviation).max() < 0.1
    assert np.abs(draws.std(0) / book.deviation - 1).max() < 0.1


def test_samples_of_the_prior_are_drawn_from_it(bundle, monkeypatch):
    monkeypatch.setattr(answers, "SAMPLES", 4000)
    book, draws = answers.codebook(bundle, 3, 4), answers.prior_samples(bundle, 3, 4)
    assert np.abs((draws.mean(0) - book.mean) / book.deviation).max() < 0.1
    assert np.abs(draws.std(0) / book.deviation - 1).max() < 0.1


def test_an_answer_and_its_pictures_are_the_same_each_time(bundle):
    first, again = (answers.answer(bundle, 9, 4, 2, None) for _ in range(2))
    assert first.chosen == first.near.ids[1] == first.target
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_array_equal(first.path[[0, -1]], bundle.codes[[9, first.target]])
    one, two = (answers.pictures(bundle, answer) for answer in (first, again))
    for a, b in zip(vars(one).values(), vars(two).values()):
        np.testing.assert_array_equal(a, b)
    assert one.strip.shape == (9, small.SIDE, small.SIDE) and set(np.unique(one.strip)) <= {0, 1}
    assert answers.answer(bundle, 9, 4, 2, 70).target == 70


def test_a_known_code_is_placed_where_its_image_lies(bundle):
    for what in bundles.MAPS:
        table, xy = answers.map_table(bundle, what), bundle.maps[what]
        rows = bundle.images.rows("train")[:5]
        codes = bundle.codes[rows] if what == "code" else bundle.sampled(rows)
        np.testing.assert_allclose(answers.place(table, xy, codes), xy[rows], atol=0.01)


def test_marks_speak_of_training_images_and_of_places_on_the_map(bundle):
    answer, table = answers.answer(bundle, 5, 6, 3, 80), answers.map_table(bundle, "sampled")
    marks = answers.marks(answer, table, bundle.maps["sampled"])
    assert marks["chosen"] in marks["neighbours"] and 5 not in marks["neighbours"]
    assert marks["path"].shape == (9, 2) and marks["samples"].shape == (24, 2) and marks["prior"].shape == (1, 2)
    assert np.abs(np.concatenate([marks["path"], marks["samples"], marks["prior"]])).max() <= 1


def test_the_bill_adds_up_and_says_why_a_line_is_missing(bundle):
    lines = {line.protocol: line for line in answers.bill(bundle, 2)}
    pixels = bits(float(bundle.costs["pixels"][2]))
    for line in lines.values():
        assert np.isnan(line.latent_bits) == bool(line.reason)
        assert line.pixel_bits == pytest.approx(pixels)
        assert line.reason or line.total_bits == pytest.approx(line.latent_bits + pixels)
    assert np.isnan(lines["tour"].latent_bits)
    if bundle.model.prior.needs_neighbour:
        index = bits(np.log(len(bundle.table) / bundle.config.neighbours))
        assert lines["pointer"].latent_bits == pytest.approx(lines["free_neighbour"].latent_bits + index)
        assert lines["mixture"].latent_bits > 0
    else:
        assert all(lines[p].reason for p in answers.OF_NEIGHBOURS)
    assert answers.total_bits(bundle)[2] == pytest.approx(lines[answers.best_protocol(bundle)].total_bits, rel=1e-5)


# ---- The figures


def test_a_thumbnail_holds_the_images_bits(bundle):
    import base64
    import io

    image = bundle.bits(np.array([7]))[0]
    png = base64.b64decode(figures.data_uri(image).partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), image.astype(bool))


def test_text_from_outside_stays_text():
    html = figures.gallery(np.zeros((1, 4, 4), np.uint8), ["<b>x</b>"], ['"><script>'])
    html += figures.bill_table(["<i>"], [("<u>", '"<s>', ["<p>"])])
    assert not any(tag in html for tag in ("<b>", "<script>", "<i>", "<u>", "<s>", "<p>"))


def test_the_chart_of_the_prior_is_ordered_by_bits():
    chart = figures.codebook_chart(np.arange(3.0), np.zeros(3), np.ones(3), np.array([0.5, 2.0, 1.0]), "p")
    assert list(chart.data[-1].x) == [0.5, 1.0, 2.0] and list(chart.layout.yaxis.ticktext) == ["z1", "z3", "z2"]


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
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


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
    asked = Selection("c-mixture", "b-local", "all", "sampled", 30, 7, 3, 12)
    app = page(**asked.to_query())
    assert not app.exception and not app.warning
    assert address(app) == asked.to_query()
    shown = {key: app.session_state[key] for key in asdict(asked)}
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
    app = page()
    assert not app.exception and "cannot write" in app.error[0].value and len(app.subheader) == 5


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
