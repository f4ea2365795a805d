"""What the explorer says of one image: the answers, the pictures, the figures. No streamlit, no browser."""

import base64
import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import small
import torch
from bundled import COUNT, KINDS, write_all
from PIL import Image
from plotly.graph_objects import Figure

from explorer import answers, codebooks, figures, paths, pictures, subjects
from explorer.selection import Selection
from explorer.views import near
from lpvae import bundle as bundles
from lpvae.costs import bits
from lpvae.distributions import diagonal_normal, kl, posterior

NAMES = list(KINDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module", params=NAMES)
def bundle(request, folder):
    return bundles.load(folder / request.param)


@pytest.fixture(scope="module")
def local(folder):
    return bundles.load(folder / "b-local")


def of(bundle, image):
    return subjects.of_row(bundle, image)


# ---- Neighbours


def test_neighbours_are_the_nearest_training_images_and_never_the_image_itself(bundle):
    train = bundle.images.rows("train")
    for image in range(COUNT):
        found = answers.neighbours(bundle, image, 5)
        others = train[train != image]
        distances = np.linalg.norm(bundle.codes[others] - bundle.codes[image], axis=1)
        assert image not in found.ids and np.isin(found.ids, train).all() and len(set(found.ids)) == 5
        np.testing.assert_allclose(found.distances, np.sort(distances)[:5], rtol=1e-3, atol=1e-4)


def test_by_cosine_the_neighbours_are_those_of_the_smallest_angles(bundle):
    train = bundle.images.rows("train")
    for image in range(0, COUNT, 7):
        found = answers.nearest(bundle, bundle.codes[image], 6, [image], "cosine")
        others, code = train[train != image], bundle.codes[image].astype(float)
        cosines = [c @ code / np.linalg.norm(c) / np.linalg.norm(code) for c in bundle.codes[others].astype(float)]
        assert image not in found.ids
        np.testing.assert_allclose(found.distances, np.sort(1 - np.array(cosines))[:6], atol=1e-5)


def test_a_code_at_the_origin_has_no_angle_and_no_nan():
    assert np.array_equal(answers.cosine_distances(np.array([[0.0, 0], [3, 4]]), np.zeros(2)), [1, 1])
    assert np.array_equal(answers.cosine_distances(np.array([[0.0, 0], [3, 4]]), np.array([3.0, 4])), [1, 0])


@pytest.mark.parametrize("metric", answers.METRICS)
def test_places_elsewhere_are_those_in_the_whole_list_of_neighbours(bundle, metric):
    subject = of(bundle, 3)
    everyone = answers.nearest(bundle, subject.code, len(bundle.table) - 1, [3], metric)
    found = answers.elsewhere(bundle, subject, everyone.ids[[0, 4, 20]], metric)
    np.testing.assert_allclose(found.distances, everyone.distances[[0, 4, 20]], atol=1e-3)
    assert np.abs(found.places - [1, 5, 21]).max() <= 1  # ties in single precision


def test_badges_and_the_csv_speak_of_the_same_sets(local):
    shaken = local.codes + np.random.default_rng(0).normal(scale=local.codes.std() / 3, size=local.codes.shape)
    other = replace(local, name="other", codes=shaken.astype(np.float32))
    sides = [SimpleNamespace(bundle=bundle, name=side) for bundle, side in zip((local, other), ("left", "right"))]
    given = [answers.answer(side.bundle, of(side.bundle, 9), 8, 1, None) for side in sides]
    sets = [set(answer.near.ids) for answer in given]
    assert sets[0] - sets[1] and sets[0] & sets[1], "the two models must agree in part for this to test anything"
    for answer, own, other in zip(given, sets, sets[::-1]):
        marked = near.badges(answer, given[1] if answer is given[0] else given[0])
        assert {i for i, badge in zip(answer.near.ids, marked) if badge == near.SHARED} == own & other
        assert {i for i, badge in zip(answer.near.ids, marked) if badge == near.HERE} == own - other
    rows = list(csv.DictReader(io.StringIO(near.as_csv(sides, given))))
    for side, own, other in zip(sides, sets, sets[::-1]):
        mine = [row for row in rows if row["model"] == side.bundle.name]
        by_badge = {b: {int(r["image"]) for r in mine if r["badge"] == b} for b in (near.SHARED, near.HERE, near.THERE)}
        assert by_badge == {near.SHARED: own & other, near.HERE: own - other, near.THERE: other - own}
        distances = {int(r["image"]): float(r["distance"]) for r in mine}
        for image, distance in distances.items():
            assert distance == pytest.approx(np.linalg.norm(side.bundle.codes[image] - side.bundle.codes[9]), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("label, labels, said", [
    (7, [7, 7, 1], "2 of 3 have the image's label, 7."), (-1, [4, 9, 9], "Labels among them: 9 (2 of 3), 4 (1 of 3)."),
    (-1, [-1, -1], "The neighbours have no labels."),
])  # fmt: skip
def test_purity_counts_labels(label, labels, said):
    assert near.purity(label, np.array(labels)) == said


# ---- The prior


def test_the_bits_of_the_dimensions_sum_to_the_latent_bill(folder):
    for name, protocol in (("a-global", "global"), ("b-local", "free_neighbour")):
        bundle = bundles.load(folder / name)
        for image in (0, 40, COUNT - 1):
            ids = answers.neighbours(bundle, image, bundle.config.neighbours).ids
            books = codebooks.codebooks(bundle, bundle.codes[image], ids)
            assert all(book.total_bits == pytest.approx(book.kl_bits.sum()) and book.error_bits == 0 for book in books)
            line = next(line for line in answers.bill(bundle, of(bundle, image)) if line.protocol == protocol)
            assert np.mean([book.total_bits for book in books]) == pytest.approx(line.latent_bits, rel=1e-4, abs=1e-4)
            assert line.latent_bits > 0


def test_the_bits_of_a_mixture_priors_dimensions_sum_to_the_mean_of_its_bill(folder):
    """The stored cost of a mixture prior is an estimate from one z; the dimensions' bits are what such estimates tend to."""
    bundle = bundles.load(folder / "c-mixture")
    code, neighbour = torch.from_numpy(bundle.codes[[3]]), torch.from_numpy(bundle.codes[[4]])
    z = code + torch.randn(40_000, code.shape[1], generator=torch.Generator().manual_seed(0))
    estimates = kl(posterior(code), bundle.model.prior(neighbour), z)
    total = answers.codebook(bundle, 3, 4).kl_bits.sum()
    assert total == pytest.approx(float(bits(estimates.mean())), abs=4 * float(bits(estimates.std())) / 200)


def test_a_joint_mixture_shows_its_total_alone_with_its_error(folder):
    bundle = bundles.load(folder / "d-vamp")
    book = answers.codebook(bundle, 3, 4)
    code = torch.from_numpy(bundle.codes[[3]])
    z = code + torch.randn(40_000, code.shape[1], generator=torch.Generator().manual_seed(1))
    estimates = bits(posterior(code).log_prob(z) - bundle.model.prior(code).log_prob(z))
    assert book.kl_bits is None and book.error_bits > 0
    assert abs(book.total_bits - float(estimates.mean())) < 4 * book.error_bits + 4 * float(estimates.std()) / 200


def test_the_codebook_is_the_priors_own(bundle):
    book = answers.codebook(bundle, 3, 4)
    draws = codebooks.prior_samples(bundle, 4, 4000, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(book.code, bundle.codes[3])
    for mean, deviation in ((draws.mean(0), draws.std(0)), _drawn_by_torch(bundle)):
        assert np.abs((mean - book.mean) / book.deviation).max() < 0.1
        assert np.abs(deviation / book.deviation - 1).max() < 0.1


def _drawn_by_torch(bundle):
    draws = bundle.model.prior(torch.from_numpy(bundle.codes[[4]])).sample((4000,))[:, 0].numpy()
    return draws.mean(0), draws.std(0)


def test_the_draws_of_a_joint_mixture_keep_its_dimensions_together(folder):
    """Of two far components every draw belongs to one with all its dimensions: marginals alone would mix them."""
    prior = bundles.load(folder / "d-vamp").model.prior
    prior.known = torch.tensor([[-50.0, -50.0, -50.0], [50.0, 50.0, 50.0]])
    draws = codebooks.draws(prior(torch.zeros(1, 3)), 200, torch.Generator().manual_seed(0)).numpy()
    assert set(np.sign(draws).sum(1)) == {-3.0, 3.0}


# ---- Answers, the bill and the maps


@pytest.mark.parametrize("line", ["straight", "spherical", "graph"])
@pytest.mark.parametrize("metric", answers.METRICS)
def test_an_answer_and_its_pictures_are_the_same_each_time(bundle, line, metric):
    graph = paths.neighbour_graph(bundle.table)
    first, again = (answers.answer(bundle, of(bundle, 9), 4, 2, None, metric, line, graph) for _ in range(2))
    assert first.chosen == first.near.ids[1] == first.target and first.line == line
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_array_equal(first.path[[0, -1]], bundle.codes[[9, first.target]])
    one, two = (pictures.pictures(bundle, a.subject, a.path, a.samples[:4]) for a in (first, again))
    for a, b in zip(vars(one).values(), vars(two).values()):
        np.testing.assert_array_equal(a, b)
    assert one.strip.shape == (9, small.SIDE, small.SIDE) and set(np.unique(one.strip)) <= {0, 1}
    assert answers.answer(bundle, of(bundle, 9), 4, 2, 70, metric, line, graph).target == 70


def test_without_a_graph_the_line_is_straight_and_says_so(local):
    given = answers.answer(local, of(local, 9), 4, 1, 70, "euclid", "graph", None)
    assert given.line == "straight" and given.through is None
    np.testing.assert_array_equal(given.path, answers.answer(local, of(local, 9), 4, 1, 70).path)


def test_a_known_code_is_placed_where_its_image_lies(bundle):
    for what in bundles.MAPS:
        table, xy = answers.map_table(bundle, what), bundle.maps[what]
        rows = bundle.images.rows("train")[:5]
        codes = bundle.codes[rows] if what == "code" else bundle.sampled(rows)
        np.testing.assert_allclose(answers.place(table, xy, codes), xy[rows], atol=0.01)


def test_marks_speak_of_training_images_and_of_places_on_the_map(bundle):
    given, table = answers.answer(bundle, of(bundle, 5), 6, 3, 80), answers.map_table(bundle, "sampled")
    marks = answers.marks(given, table, bundle.maps["sampled"])
    assert marks["chosen"] in marks["neighbours"] and 5 not in marks["neighbours"] and "origin" not in marks
    assert marks["path"].shape == (9, 2) and marks["samples"].shape == (24, 2) and marks["prior"].shape == (1, 2)
    assert np.abs(np.concatenate([marks["path"], marks["samples"], marks["prior"]])).max() <= 1
    other = answers.marks(given, table, bundle.maps["sampled"], bundle.codes[:3])
    assert other["path"].shape == (3, 2)


def test_the_bill_adds_up_and_says_why_a_line_is_missing(bundle):
    lines = {line.protocol: line for line in answers.bill(bundle, of(bundle, 2))}
    pixels = bits(float(bundle.costs["pixels"][2]))
    for line in lines.values():
        assert np.isnan(line.latent_bits) == bool(line.reason)
        assert line.pixel_bits == pytest.approx(pixels)
        assert line.reason or line.total_bits == pytest.approx(line.latent_bits + pixels)
    assert np.isnan(lines["tour"].latent_bits)
    if bundle.model.prior.needs_neighbour:
        index = bits(np.log(len(bundle.table) / bundle.config.neighbours))
        assert lines["pointer"].latent_bits == pytest.approx(lines["free_neighbour"].latent_bits + index)
    else:
        assert lines["free_neighbour"].reason and lines["pointer"].reason
    assert np.isfinite(lines[answers.best_protocol(bundle)].latent_bits)
    assert answers.total_bits(bundle)[2] == pytest.approx(lines[answers.best_protocol(bundle)].total_bits, rel=1e-5)


# ---- A visitor's image


def test_a_stored_image_brought_anew_gets_the_code_and_the_bill_it_has(bundle):
    """A test image is not in the table, so as a visitor's it must cost what it costs, given the same noise."""
    image = int(bundle.images.rows("test")[0])
    priors = subjects.prior_of_all(bundle) if bundle.model.prior.needs_neighbour else None
    brought = subjects.of_bits(bundle, bundle.bits([image])[0], priors, noise_row=image)
    stored = of(bundle, image)
    np.testing.assert_allclose(brought.code, stored.code, rtol=1e-2, atol=5e-3)  # stored codes are of half precision
    for protocol in ("pixels", "global", "free_neighbour", "mixture"):
        assert brought.costs[protocol] == pytest.approx(stored.costs[protocol], rel=2e-2, abs=5e-2, nan_ok=True)
    lines = {line.protocol: line for line in answers.bill(bundle, brought)}
    assert lines["tour"].reason and not lines[answers.best_protocol(bundle)].reason


def test_a_visitors_image_has_neighbours_a_place_and_no_row(bundle):
    priors = subjects.prior_of_all(bundle) if bundle.model.prior.needs_neighbour else None
    brought = subjects.of_bits(bundle, small.digits(1, seed=5)[0][0], priors)
    given = answers.answer(bundle, brought, 5, 2, None)
    marks = answers.marks(given, answers.map_table(bundle, "code"), bundle.maps["code"])
    assert brought.id is None and np.isin(given.near.ids, bundle.table.ids).all()
    assert marks["origin"].shape == (2,) and np.abs(marks["origin"]).max() <= 1
    np.testing.assert_array_equal(given.path[0], brought.code)


# ---- Pictures that move


def test_the_surprise_of_the_blocks_sums_to_the_pixel_cost(bundle):
    for image in (0, 11):
        drawn = pictures.drawing(bundle, of(bundle, image))
        np.testing.assert_array_equal(drawn.image, bundle.bits([image])[0])
        assert drawn.surprise_bits.sum() == pytest.approx(bits(float(bundle.costs["pixels"][image])), rel=1e-3)
        assert drawn.block == (1 if bundle.config.decoder == "factorised" else 2)


def test_fresh_drawings_differ_by_attempt_and_are_repeated(bundle):
    drawn = [pictures.drawing(bundle, of(bundle, 3), attempt) for attempt in (1, 2, 1)]
    assert not np.array_equal(drawn[0].image, drawn[1].image)
    np.testing.assert_array_equal(drawn[0].image, drawn[2].image)
    assert all(np.isfinite(d.surprise_bits).all() and (d.surprise_bits >= 0).all() for d in drawn)


def test_a_daydream_encodes_each_of_its_own_images(bundle):
    dream, again = (pictures.dream(bundle, of(bundle, 3)) for _ in range(2))
    np.testing.assert_array_equal(dream.images, again.images)
    np.testing.assert_array_equal(dream.images[0], bundle.bits([3])[0])
    codes = bundle.model.encode(torch.from_numpy(dream.images[1:])).detach().numpy()
    np.testing.assert_allclose(dream.codes[1:], codes, atol=1e-4)
    assert len(dream.images) == len(dream.codes) == len(dream.z) + 1 == pictures.DREAM + 1


def test_a_daydream_draws_z_from_the_prior_of_the_image_before(local, monkeypatch):
    asked = []

    def prior(code):
        asked.append(code.clone())
        return diagonal_normal(torch.zeros_like(code), torch.ones_like(code))

    monkeypatch.setattr(local.model.prior, "forward", prior)
    dream = pictures.dream(local, of(local, 3))
    np.testing.assert_allclose(torch.cat(asked).numpy(), dream.codes[:-1], atol=1e-6)


def test_the_gif_goes_there_and_back():
    frames = (np.random.default_rng(0).random((5, 8, 8)) < 0.5).astype(np.uint8)
    with Image.open(io.BytesIO(pictures.gif(frames, zoom=4))) as film:
        assert film.n_frames == 8 and film.size == (32, 32) and film.info["loop"] == 0
        for page, at in enumerate([0, 1, 2, 3, 4, 3, 2, 1]):
            film.seek(page)
            np.testing.assert_array_equal(np.asarray(film.convert("L"))[2::4, 2::4] > 127, frames[at].astype(bool))
            assert film.info["duration"] == (640 if at in (0, 4) else 160)


# ---- The figures


def test_a_thumbnail_holds_the_images_bits(bundle):
    image = bundle.bits(np.array([7]))[0]
    png = base64.b64decode(figures.data_uri(image).partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), image.astype(bool))


def test_text_from_outside_stays_text():
    html = figures.gallery(np.zeros((1, 4, 4), np.uint8), ["<b>x</b>"], ['"><script>'])
    html += figures.bill_table(["<i>"], [("<u>", '"<s>', ["<p>"])])
    assert not any(tag in html for tag in ("<b>", "<script>", "<i>", "<u>", "<s>", "<p>"))


def test_the_chart_of_the_prior_is_ordered_by_bits():
    chart = Figure(figures.codebook_chart(np.arange(3.0), np.zeros(3), np.ones(3), np.array([0.5, 2.0, 1.0]), "p"))
    assert list(chart.data[-1].x) == [0.5, 1.0, 2.0] and chart.layout.annotations[0].text == "z2<br>z3<br>z1"


def test_a_prior_that_does_not_split_has_a_chart_without_bits():
    chart = Figure(figures.codebook_chart(np.arange(3.0), np.zeros(3), np.ones(3), None, "p"))
    assert chart.layout.annotations[0].text == "z1<br>z2<br>z3" and all(trace.type != "bar" for trace in chart.data)


def test_of_many_dimensions_the_costliest_are_shown():
    kl_bits = np.arange(64.0)
    chart = Figure(figures.codebook_chart(kl_bits, kl_bits, kl_bits, kl_bits, "p", np.zeros((3, 64))))
    assert list(chart.data[-1].x) == list(range(64 - figures.SHOWN, 64))
    assert len(Figure(figures.codebook_chart(kl_bits, kl_bits, kl_bits, kl_bits, "p", most=64)).data[-1].x) == 64


def test_a_line_that_was_not_measured_has_a_bar_of_no_length():
    chart = Figure(figures.bill_chart([("a", 10.0, 2.0, True), ("b", 10.0, float("nan"), True)]))
    assert [list(trace.x) for trace in chart.data] == [[0, 10.0], [0, 2.0]]
    *notes, key = [note.text for note in chart.layout.annotations]
    assert notes == ["not measured", "12.0"] and "pixels" in key and "latent" in key


def test_the_default_selection_asks_for_what_the_answers_know():
    chosen = Selection.default(NAMES)
    assert chosen.metric in answers.METRICS and chosen.line in paths.LINES
