"""Sets of images: the texts of a look, who is in a set, what it costs, and what is taken away of it."""

import csv
import io
import string
from dataclasses import replace

import numpy as np
import pyarrow.parquet
import pytest
import small
from bundled import COUNT, made
from hypothesis import given
from hypothesis import strategies as st

from explorer import answers, colourings, look, neighbourhoods, sets
from explorer.selection import Selection
from lpvae import data
from lpvae.costs import bits

NAMES = ["a-global", "b-local"]
WHOLE = "-20000_-20000_20000_-20000_20000_20000_-20000_20000"  # an outline around every map


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return data.load(small.data_file(tmp_path_factory.mktemp("data"), COUNT))


@pytest.fixture(scope="module")
def pair(images):
    return {"left": made(NAMES[0], images, prior="global"), "right": made(NAMES[1], images, decoder="factorised")}


def selection(**parts) -> Selection:
    return replace(Selection(*NAMES[:2], show="all"), **parts)


# ---- The texts of a look


@pytest.mark.parametrize("part, text", [
    ("colour", "difference"), ("layers", "none"), ("layers", "points_images"), ("move", "free"), ("hidden", "3_-1_s0"),
    ("cost", "left_80.5_"), ("cost", "right__200"), ("view", "-12_30_1000~0_0_2500"), ("lasso", "shown"),
    ("lasso", "left_0_0_10_0_10_-10"),
])  # fmt: skip
def test_what_the_maps_write_is_understood(part, text):
    assert look.fits(part, text) and look.fits(part, "")
    asked = selection(**{part: text})
    assert Selection.from_query(asked.to_query(), NAMES) == (asked, [])


@pytest.mark.parametrize("part, text", [
    ("colour", "red"), ("layers", "points,images"), ("hidden", "3__4"), ("hidden", "x"), ("cost", "80_90"), ("cost", "left_a_"),
    ("view", "1_2_3"), ("view", "1_2_0~1_2_0"), ("lasso", "left_0_0_10_0"), ("lasso", "left_0_0_10_0_10"),
    ("lasso", "left" + "_1_2" * 99),
    ("lasso", "up_0_0_10_0_10_-10"), ("cost", "left_８_"), ("colour", "left\n"),
])  # fmt: skip
def test_what_they_would_not_write_earns_a_message(part, text):
    assert not look.fits(part, text)
    found, messages = Selection.from_query({part: text}, NAMES)
    assert found == Selection.default(NAMES) and len(messages) == 1


@given(st.text(alphabet=string.printable, max_size=40))
def test_no_text_that_fits_needs_escaping_or_breaks_the_reading(text):
    for part in look.PARTS:
        if look.fits(part, text):
            assert not set(text) & set("&=#%+ ?/\n")
            look.read_filter(text if part == "hidden" else "", text if part == "cost" else "")
            look.read_lasso(text if part == "lasso" else "")


def test_a_point_is_inside_where_a_ray_crosses_the_outline_an_odd_number_of_times():
    star = np.array([[0, 3], [1, -2], [-3, 1], [3, 1], [-1, -2]], float)  # five lines that cross: its middle is outside
    xy = np.array([[0, 2], [0, 0], [2, 0.9], [0, -2.5], [-2, 0.9], [3.1, 1]])
    assert look.inside(star, xy).tolist() == [True, False, True, False, True, False]


# ---- Who is in it


def test_a_filter_leaves_out_labels_splits_and_costs(pair, images):
    everyone = np.arange(COUNT)
    cost = answers.total_bits(pair["right"])
    least, most = (round(float(x), 3) for x in np.quantile(cost, [0.25, 0.75]))
    validation = list(images.splits).index("validation")
    chosen = sets.shown(pair, selection(hidden=f"1_s{validation}", cost=f"right_{least}_{most}"))
    dear = np.flatnonzero((cost < least) | (cost > most))
    left_out = {*np.flatnonzero(images.labels == 1), *images.splits["validation"], *dear}
    expected = [i for i in everyone if i not in left_out]
    assert chosen.tolist() == expected and 0 < len(expected) < COUNT
    assert sets.shown(pair, selection()).tolist() == everyone.tolist()
    assert sets.shown(pair, selection(show="test")).tolist() == images.splits["test"].tolist()


def test_members_lie_inside_the_outline_on_its_own_map(pair):
    for side in pair:
        x = pair[side].maps["sampled"][:, 0]
        border = int(np.ceil(np.median(x) * look.FINE))
        half = f"-10001_-10001_{border}_-10001_{border}_10001_-10001_10001"
        ids = sets.members(pair, selection(lasso=f"{side}_{half}", what="sampled"))
        assert ids.tolist() == np.flatnonzero(x < border / look.FINE).tolist() and 0 < len(ids) < COUNT
    assert sets.members(pair, selection()) is None
    assert len(sets.members(pair, selection(lasso="shown"))) == len(sets.members(pair, selection(lasso="left_" + WHOLE))) == COUNT
    assert len(sets.members(pair, selection(lasso="left_1_1_2_1_2_2"))) == 0


# ---- What is said of it


def test_mean_costs_are_the_means_of_the_members_bills(pair):
    ids = np.array([3, 40, 41, 77])
    for bundle in pair.values():
        means = {mean.name: mean for mean in sets.mean_costs(bundle, ids)}
        protocol = answers.best_protocol(bundle)
        assert means["pixels"].bits + means[protocol].bits == pytest.approx(means["total"].bits)
        totals = answers.total_bits(bundle)[ids]
        assert means["total"].bits == pytest.approx(totals.mean())
        assert means["total"].error == pytest.approx(totals.std(ddof=1) / 2, rel=1e-4)


def test_a_cost_that_was_not_measured_counts_for_nobody(pair, images):
    bundle = pair["right"]
    costs = bundle.costs | {"pixels": np.where(np.arange(COUNT) == 40, np.nan, bundle.costs["pixels"])}
    mean = sets.mean_costs(replace(bundle, costs=costs), np.array([3, 40]))[-1]
    assert mean.count == 1 and mean.bits == pytest.approx(answers.total_bits(bundle)[3]) and np.isnan(mean.error)


def test_the_most_typical_is_nearest_to_the_mean_code(pair):
    bundle, ids = pair["right"], np.arange(10, 60)
    order, distances = sets.by_typicality(bundle, ids)
    middle = bundle.codes[ids].mean(0)
    assert sorted(order) == ids.tolist() and np.all(np.diff(distances) >= 0)
    assert order[0] == min(ids, key=lambda i: np.linalg.norm(bundle.codes[i] - middle))


def test_the_prototype_is_drawn_from_the_sets_mean_code_alone(pair):
    bundle = pair["left"]
    picture = sets.prototype(bundle, np.arange(20))
    assert picture.shape == (small.SIDE, small.SIDE) and set(np.unique(picture)) <= {0, 1}
    np.testing.assert_array_equal(picture, sets.prototype(bundle, np.arange(20)[::-1].copy()))


def test_what_is_taken_away_says_what_the_bills_say(pair, images):
    ids = np.array([2, 30, 83])
    rows = sets.table([*pair.values(), pair["left"]], ids)
    read = list(csv.DictReader(io.StringIO(sets.csv(rows).decode())))
    again = pyarrow.parquet.read_table(io.BytesIO(sets.parquet(rows)))
    assert again.to_pydict() == rows.to_pydict() and [int(row["id"]) for row in read] == ids.tolist()
    for row, i in zip(read, ids):
        assert int(row["label"]) == images.labels[i] and i in images.splits[row["split"]]
        for bundle in pair.values():
            assert float(row[f"{bundle.name} pixels bits"]) == pytest.approx(bits(float(bundle.costs["pixels"][i])), rel=1e-5)
    local = pair["right"]
    mixture = bits(local.costs["mixture"][ids].astype(float))
    np.testing.assert_allclose(again[f"{local.name} mixture bits"].to_numpy(), mixture)
    assert f"{pair['left'].name} mixture bits" not in again.column_names, "never measured: no column"


# ---- Agreement


def test_the_agreement_is_the_overlap_of_the_images_asked_for_and_of_no_others(pair, images, tmp_path, monkeypatch):
    monkeypatch.setenv("LPVAE_STATIC", str(tmp_path))
    found = colourings.Agreement()
    found.begun.add("test")
    found._work_out(pair["left"], pair["right"], "test")
    values = np.fromfile(tmp_path / found.urls["test"].removeprefix("app/static/"), "<f4")
    ids = images.splits["test"]
    expected = neighbourhoods.overlap(pair["left"], pair["right"], ids, colourings.NEAREST) * colourings.NEAREST
    np.testing.assert_allclose(values[ids], expected)
    assert np.isnan(np.delete(values, ids)).all() and not found.awaited("test")
