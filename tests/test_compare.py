"""The Compare page short of a browser: the table, the pictures' numbers, and the page run by Streamlit's AppTest."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import small
from bundled import charts, made
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from explorer import compare_columns, compare_figures, comparisons, naming, neighbourhoods, pair_costs
from explorer.compare_columns import COLUMNS
from explorer.comparisons import ALONE, INCOMPLETE, PROTOCOLS
from explorer.views.compare_words import PROTOCOLS as PROTOCOL_NAMES
from lpvae import bundle as bundles
from lpvae import data
from lpvae.costs import bits
from lpvae.decoders import AutoregressiveDecoder
from lpvae.errors import UserError
from lpvae.evaluate import latent_costs, order_nats
from lpvae.model import DECODERS, PRIORS

APP = str(bundles.MODELS.parents[1] / "explorer" / "app.py")
NAMES = ["a-global", "b-local", "c-other"]
ORDER = order_nats(20)


def metrics(local: bool, base: float) -> dict:
    known = {"free_neighbour": 3.0, "pointer": 9.0, "mixture": 7.5, "tour": 4.0, "global": 90.0} if local else {"global": 1.5}
    latent = dict.fromkeys(("free_neighbour", "pointer", "mixture", "tour", "global")) | known
    total = {k: None if v is None else base + v for k, v in latent.items()}
    return {
        "n": 20, "split": "test", "seed": 0, "protocol_data": "toy, fixed draw", "nats": {"pixels": base} | latent,
        "nats_standard_error": {"pixels": 0.1} | latent, "total_nats": total, "order_nats": ORDER,
        "total_nats_standard_error": {k: None if v is None else 0.25 for k, v in latent.items()},
        "swapped_code_pixels": base + 2.0, "active_dimensions": 3,
        "probe": {"linear": 80.0, "knn": 81.0, "linear_sampled": 70.0 + local, "knn_sampled": 71.0},
    }  # fmt: skip


def finished(path, local: bool, base: float, **changes) -> None:
    """Give a small bundle the figures that a built one has."""
    file = path / bundles.META
    meta = json.loads(file.read_text()) | {
        "training": {"epochs": 4, "binarisation": "given"}, "trained": {"steps": 10, "seconds": 120}, "metrics": metrics(local, base),
        "log": [{"epoch": e, "step": e, "seconds": 30.0 * e, "train": {"latent": 1.0, "pixels": base + 4 - e},
                 "validation": {"pixels": base + 5 - e, "global": 2.0} | ({"mixture": 6.0} if local else {})} for e in (1, 2, 3)],
    } | changes  # fmt: skip
    file.write_text(json.dumps(meta))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    images = data.load(small.data_file(path, 84))
    for name, base, changes in zip(NAMES, (20.0, 12.0, 13.0), ({"prior": "global"}, {}, {"code_dim": 5, "decoder": "factorised"})):
        bundles.save(made(name, images, **changes), path / name)
        finished(path / name, name != "a-global", base)
    return path


@pytest.fixture(scope="module")
def models(folder):
    return [comparisons.read(folder / name) for name in NAMES]


def test_a_duel_is_between_models_that_differ_in_the_prior_alone(models):
    assert [(a.name, b.name) for a, b in comparisons.duels(models)] == [("b-local", "a-global")]
    assert not comparisons.duels([replace(models[0], split="validation"), models[1]])


# ---- The table


def test_set_is_the_best_single_code_less_the_order_and_one_codebook_needs_no_tour(models):
    plain, local, _ = models
    assert plain.total["set"] == pytest.approx(21.5 - ORDER) and plain.total["tour"] == 21.5 and plain.latent["tour"] == 1.5
    assert local.total["set"] == pytest.approx(19.5 - ORDER) and local.total["tour"] == 16.0
    assert (plain.best, local.best) == ("global", "mixture")
    assert plain.neighbours is None and local.neighbours == 3
    assert "free_neighbour" not in plain.total and "pointer" not in plain.total


def test_a_bundle_that_was_measured_with_set_keeps_its_own_figure(folder, tmp_path):
    path = small.copy_of(folder / "b-local", tmp_path)
    figures = metrics(True, 12.0)
    figures["total_nats"]["set"] = 11.11
    finished(path, True, 12.0, metrics=figures)
    assert comparisons.read(path).total["set"] == 11.11


@pytest.mark.parametrize("spoil", [
    lambda m: m.pop("metrics"), lambda m: m["metrics"].pop("probe"), lambda m: m["metrics"]["total_nats"].update({"global": None, "mixture": None, "pointer": None}),
    lambda m: m["metrics"].update(order_nats="8"), lambda m: m["metrics"]["total_nats"].update(tour=True), lambda m: m.update(log=3),
    lambda m: m["metrics"]["nats"].update(pixels=math.inf), lambda m: m["trained"].clear(), lambda m: m.update(metrics=[]),
])  # fmt: skip
def test_a_bundle_without_its_figures_says_which_and_how_to_mend_it(folder, tmp_path, spoil):
    path = small.copy_of(folder / "b-local", tmp_path)
    meta = json.loads((path / bundles.META).read_text())
    spoil(meta)
    (path / bundles.META).write_text(json.dumps(meta))
    with pytest.raises(UserError, match="b-local.*build the bundle again"):
        comparisons.read(path)


@pytest.mark.parametrize("column", [column.key for column in COLUMNS] + ["name"])
@pytest.mark.parametrize("descending", [False, True])
def test_sorting_puts_figures_in_order_and_the_missing_last(models, column, descending):
    rows = [compare_columns.value(m, column) for m in compare_columns.sorted_models(models, column, descending)]
    known = [v for v in rows if v is not None]
    assert known == sorted(known, reverse=descending)
    assert rows[: len(known)] == known and len(rows) == 3


def test_every_cost_column_follows_the_unit_and_no_other_does(models):
    for column in COLUMNS:
        nats, in_bits = (compare_columns.text(models[1], column, "total", unit) for unit in ("nats", "bits"))
        if column.cost:
            assert float(in_bits) == pytest.approx(bits(compare_columns.value(models[1], column.key)), abs=0.006)
        else:
            assert nats == in_bits


def test_only_complete_codes_and_probes_can_win(models):
    for column in COLUMNS:
        assert not (column.key in INCOMPLETE and compare_columns.winners(models, column))
        assert not (column.cost and compare_columns.winners(models, column, "latent"))
    assert compare_columns.winners(models, compare_columns.BY_KEY["set"]) == {"b-local"}
    assert compare_columns.winners(models, compare_columns.BY_KEY["linear_sampled"]) == {"b-local", "c-other"}


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_the_csv_holds_every_figure_and_calls_the_incomplete_so(models, unit):
    rows = list(csv.DictReader(io.StringIO(compare_columns.csv_text(models, unit))))
    assert [row["model"] for row in rows] == NAMES
    assert float(rows[1][f"set_total_{unit}"]) == pytest.approx(comparisons.in_unit(19.5 - ORDER, unit), abs=1e-4)
    assert rows[0][f"mixture_total_{unit}"] == "" and float(rows[0]["linear_sampled_percent"]) == 70.0
    assert all("INCOMPLETE" in name for name in rows[0] if "free_neighbour" in name)
    assert {f"{p}_latent_{unit}" for p in PROTOCOLS if p not in INCOMPLETE} <= rows[0].keys()


# ---- The models' names


EVERY = [{"prior": prior, "decoder": decoder, "dilations": dilations, "prior_components": parts, "prior_hidden": hidden}
         for prior in PRIORS for decoder in DECODERS for dilations in ((1, 1), (1, 2, 4)) for parts in (1, 4)
         for hidden in ((), (16,)) if prior == "local" or (parts == 1 and hidden)]  # fmt: skip


@pytest.mark.parametrize("free", [0.0, 0.05])
def test_models_that_differ_in_kind_differ_in_their_words(free):
    words = {(naming.title(config, free), naming.line(config, free)) for config in (small.config(**kind) for kind in EVERY)}
    wide = sum(kind["decoder"] == "factorised" and kind["dilations"] != (1, 1) for kind in EVERY)  # it has no dilations
    assert len({title for title, _ in words}) >= len(EVERY) - wide - sum(kind["prior_components"] > 1 for kind in EVERY)
    assert len(words) == len(EVERY) - wide
    assert all(len(title) < 80 and len(line) < 230 for title, line in words)


def test_the_line_says_how_far_the_decoder_sees():
    for dilations in ((1, 1, 1, 1, 1), (1, 2, 4, 1, 2)):
        config = small.config(side=28, dilations=dilations)
        assert f"{AutoregressiveDecoder.rows_above(dilations)} rows up" in naming.line(config)
        assert naming.is_wide(config) == (max(dilations) > 1)


def test_the_names_say_by_which_cost_a_model_was_trained(folder, tmp_path):
    path = small.copy_of(folder / "b-local", tmp_path) / "bundle.json"
    meta = json.loads(path.read_text())
    before = naming.read(path.parent)
    path.write_text(json.dumps(meta | {"training": meta["training"] | {"latent_cost": "mixture"}}))
    after = naming.read(path.parent)
    assert after.title == before.title + ", by mixture" and "cost of all codes" in after.line


def test_titles_are_of_the_config_and_no_two_are_the_same(folder, tmp_path):
    for name in ("one", "two"):
        small.copy_of(folder / "b-local", tmp_path / name)
    found = naming.distinct({path.parent.name: naming.read(path) for path in tmp_path.glob("*/b-local")})
    assert {name: words.title for name, words in found.items()} == {
        name: f"Local prior, autoregressive, wide ({name})" for name in ("one", "two")}
    assert naming.distinct({"x": naming.read(folder / "a-global")})["x"].title == "Global prior, autoregressive, wide"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"config": {"prior": "no"}}', '{"config": 3, "training": {}}'])
def test_a_bundle_that_cannot_be_read_keeps_its_folders_name(tmp_path, text):
    (tmp_path / bundles.META).write_text(text)
    assert naming.read(tmp_path) == naming.Naming(tmp_path.name, "")


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "\tx"])
def test_a_name_is_no_formula_in_a_spreadsheet(text):
    assert compare_columns._safe(text) == "'" + text


# ---- Pictures of all models


def test_curves_are_of_a_complete_code_and_the_loss_is_called_training(models):
    plain, local, _ = models
    assert comparisons.curve(plain, "total") == ([1, 2, 3], [0.5, 1.0, 1.5], [26.0, 25.0, 24.0])
    assert comparisons.curve(local, "latent")[2] == [6.0] * 3
    assert comparisons.curve(local, "training loss")[2] == [16.0, 15.0, 14.0]
    for entry in ({}, {"validation": None}, {"epoch": 1, "seconds": 1, "validation": {"pixels": 3.0}}):
        model = comparisons.Model(**{**vars(local), "log": [entry]})
        assert comparisons.curve(model, "total") == ([], [], [])


@given(st.lists(st.floats(-50, 450), max_size=40), st.floats(1, 30))
def test_names_keep_apart_and_inside_and_in_order(heights, gap):
    placed = compare_figures.labels_apart(heights, gap, 0.0, 400.0)
    apart = min(gap, 400.0 / max(1, len(heights) - 1))
    assert len(placed) == len(heights)
    assert all(-1e-6 <= y <= 400.0 + 1e-6 for y in placed)
    assert all(b - a >= apart - 1e-6 for a, b in zip(sorted(placed), sorted(placed)[1:]))
    order = np.argsort(heights, kind="stable")
    assert list(np.argsort(placed, kind="stable")) == list(order)


def test_information_is_zero_for_silence_full_for_shouting_and_below_the_truth():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((3000, 4))
    silent, loud = np.zeros((3000, 4)), 1000 * rng.standard_normal((3000, 4))
    assert abs(comparisons.information(silent, noise)) < 1e-9
    assert comparisons.information(loud, loud + noise) == pytest.approx(math.log(3000), abs=1e-6)
    codes = rng.standard_normal((3000, 4)) * 1.5
    truth = 4 * 0.5 * math.log(1 + 1.5**2)  # of a Gaussian channel
    assert truth - 0.35 < comparisons.information(codes, codes + noise) < truth + 0.05


# ---- Two models, image by image


@pytest.mark.parametrize("name", NAMES)
def test_image_costs_are_those_of_the_library(folder, name):
    import torch

    bundle = bundles.load(folder / name)
    ids = bundle.images.rows("test")
    z = torch.from_numpy(bundle.sampled(ids))
    true = latent_costs(bundle.model, bundle.table, ids, torch.from_numpy(bundle.codes[ids]), z)
    for protocol in (p for p in (*ALONE, "free_neighbour") if p in true):
        cost = pair_costs.image_costs(bundle, protocol, ids, "latent")
        assert cost == pytest.approx(true[protocol].numpy(), rel=1e-4, abs=1e-3), protocol
        total = pair_costs.image_costs(bundle, protocol, ids)
        assert total - cost == pytest.approx(pair_costs.image_costs(bundle, protocol, ids, "pixels"))
    own = true["mixture" if bundle.model.prior.needs_neighbour else "global"].numpy() - order_nats(len(ids))
    assert pair_costs.image_costs(bundle, "set", ids, "latent") == pytest.approx(own, rel=1e-4, abs=1e-3)
    if not bundle.model.prior.needs_neighbour:
        assert pair_costs.image_costs(bundle, "mixture", ids) is None
        assert pair_costs.image_costs(bundle, "pointer", ids) is None
        assert pair_costs.image_costs(bundle, "tour", ids) == pytest.approx(pair_costs.image_costs(bundle, "global", ids))


def test_classes_leave_out_what_has_no_label_or_no_cost():
    rows = pair_costs.by_class(np.array([1.0, 3.0, 5.0, np.nan, 7.0]), np.array([0, 0, 1, 1, -1]))
    assert [(label, n, mean) for label, n, mean, _ in rows] == [(0, 2, 2.0), (1, 1, 5.0)]
    assert rows[0][3] == pytest.approx(1.0) and math.isnan(rows[1][3])


@pytest.mark.parametrize("order, expected", [
    ("most moved", [2, 1, 0, 3]), ("least moved", [3, 0, 1, 2]), ("dearer on A", [1, 3, 2, 0]), ("dearer on B", [0, 2, 3, 1]),
])  # fmt: skip
def test_the_orders(order, expected):
    shared, more = np.array([0.5, 0.2, 0.0, 0.9]), np.array([-4.0, 3.0, -1.0, 0.0])
    assert list(pair_costs.ranked(np.arange(4) + 60, shared, more, order)) == expected


@pytest.mark.parametrize("k", [1, 4, 10])
def test_overlap_is_the_share_of_common_neighbours_by_brute_force(folder, k):
    a, b = (bundles.load(folder / name) for name in NAMES[1:])
    ids = np.concatenate([a.images.rows("test"), a.images.rows("train")[:5]])
    rows = a.images.rows("train")

    def near(bundle, i):
        others = rows[rows != i]
        return set(others[np.argsort(np.linalg.norm(bundle.codes[others] - bundle.codes[i], axis=1))[:k]])

    assert neighbourhoods.overlap(a, b, ids, k) == pytest.approx([len(near(a, i) & near(b, i)) / k for i in ids])
    assert neighbourhoods.overlap(a, a, ids, k) == pytest.approx(np.ones(len(ids)))


def test_histogram_counts_every_image_once():
    costs = np.append(np.random.default_rng(0).normal(80, 20, 999), 5000.0)
    edges = compare_figures.bins([costs, costs + 5])
    assert compare_figures.counted(costs, edges).sum() == 1000
    assert edges[-1] < 400
    assert len(compare_figures.bins([np.array([np.nan])])) == 2 and len(compare_figures.bins([np.zeros(3)])) == 61


@pytest.mark.parametrize("log", [False, True])
def test_every_model_of_the_picture_has_its_name_and_no_markup_of_its_own(log):
    from explorer.component import PALETTE

    points = [(f"<b>m{i}</b>", 0.5 + i, 20.0 + i % 3, "local prior", "other") for i in range(15)]
    figure = compare_figures.story_chart(points, "x", "y", PALETTE, log)
    assert [a.text for a in figure.layout.annotations] == [f"&lt;b&gt;m{i}&lt;/b&gt;" for i in range(15)]
    points = [(f"{prior} prior, {decoder}, free bits", 1.0, 2.0, prior, decoder)
              for prior in ("Global", "Local") for decoder in ("autoregressive", "factorised")]
    names = [a.text for a in compare_figures.story_chart(points, "x", "y", PALETTE, log).layout.annotations]
    assert len(set(names)) == 4 and names[:2] == ["Global prior, free bits", "Global prior, factorised, free bits"]


@pytest.mark.parametrize("log", [False, True])
def test_every_model_of_the_picture_lies_inside_it(log):
    from explorer.component import PALETTE

    points = [(f"m{i}", 0.5 + i, 20.0 + i % 3, "local prior", "other") for i in range(15)]
    low, high = compare_figures.story_chart(points, "x", "y", PALETTE, log).layout.xaxis.range
    assert all(low < (math.log10(x) if log else x) < high for _, x, *_ in points)


# ---- The page


@pytest.fixture
def page(folder, monkeypatch):
    import streamlit

    monkeypatch.setenv("LPVAE_MODELS", str(folder))
    streamlit.cache_resource.clear()
    return opened


def test_a_difference_is_surer_than_the_means_it_is_of():
    rng = np.random.default_rng(0)
    hard, noise = rng.normal(80, 20, 2000), rng.normal(0, 1, 2000)
    a, b = hard, hard + 0.3 + noise
    b[5] = np.nan
    mean, error = pair_costs.mean_difference(a, b)
    kept = np.delete(noise, 5)
    assert mean == pytest.approx(-0.3 - kept.mean()) and error == pytest.approx(kept.std(ddof=1) / len(kept) ** 0.5)
    assert error < a.std() / len(a) ** 0.5 / 10
    assert pair_costs.mean_difference(b, a) == pytest.approx((-mean, error))


def opened(**query: str) -> AppTest:
    test = AppTest.from_string("from explorer.views import compare\ncompare.render()", default_timeout=120)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()


def shown(test: AppTest) -> str:
    return " ".join(str(e.value) for kind in ("markdown", "caption", "error", "warning", "info", "subheader") for e in test.get(kind))


def test_the_page_shows_every_part(page, folder):
    test = page()
    assert not test.exception and not test.error
    for heading in ("What a code costs", "Every model", "How they got there", "Two models", "Moved most"):
        assert heading in shown(test)
    assert test.selectbox(key="a").value == "a-global" and test.selectbox(key="b").value == "b-local"
    assert len(charts(test)) == 5
    assert "costs 2.00 nats less than" in shown(test) and "(19.50 and 21.50, each ±" in shown(test)
    a, b = (pair_costs.image_costs(side, "best", side.images.rows("test")) for side in (bundles.load(folder / n) for n in ("a-global", "b-local")))
    mean, error = pair_costs.mean_difference(a, b)
    assert f"A costs {abs(mean):.2f} nats an image {'less' if mean < 0 else 'more'} than B**, ± {error:.2f}" in shown(test)


def test_a_damaged_bundle_is_named_and_the_rest_goes_on(page, folder, tmp_path, monkeypatch):
    import shutil

    shutil.copytree(folder, tmp_path / "models")
    (tmp_path / "models" / "b-local" / bundles.ARRAYS).write_bytes(b"no")
    monkeypatch.setenv("LPVAE_MODELS", str(tmp_path / "models"))
    test = page()
    assert not test.exception
    assert len(test.error) == 1 and "b-local" in test.error[0].value
    assert set(test.selectbox(key="a").options) == {"Global prior, autoregressive, wide", "Local prior, factorised"}


def test_no_models_and_only_damaged_ones(page, tmp_path, monkeypatch, folder):
    monkeypatch.setenv("LPVAE_MODELS", str(tmp_path))
    assert "no trained model" in page().info[0].value
    path = small.copy_of(folder / "b-local", tmp_path)
    (path / bundles.META).write_text("{")
    test = page()
    assert not test.exception and len(test.error) == 2


def test_the_widgets_follow_a_link_and_nonsense_in_it_is_harmless(page):
    test = page(unit="bits", part="latent", a="c-other", protocol="set", moved_k="5", sort="elephant", b="../x", moved_page="99999")
    assert not test.exception
    assert test.selectbox(key="a").value == "c-other" and test.selectbox(key="b").value == "b-local"
    assert test.selectbox(key="sort").value == "set" and test.selectbox(key="protocol").value == "set"
    assert "bits" in shown(test)


def test_the_address_has_the_folders_of_the_two_models_unless_they_are_the_usual_ones(page):
    test = page(a="c-other")
    test.selectbox(key="b").set_value("a-global").run()
    asked = {key: [value] if isinstance(value, str) else value for key, value in test.query_params.items()}
    assert not test.exception and asked == {"a": ["c-other"], "b": ["a-global"]}
    assert "Local prior, factorised" in test.selectbox(key="a").options  # the list itself shows words
    test.selectbox(key="b").set_value("b-local").run()
    assert "b" not in test.query_params


def test_a_free_neighbour_is_never_shown_without_a_warning(page):
    test = page(protocol=PROTOCOL_NAMES["free_neighbour"])
    assert "not a complete code" in test.warning[0].value
    assert not test.exception


def test_labels_filter_the_thumbnails(page):
    before = shown(page())
    test = page(moved_labels="1")
    assert not test.exception
    count = int(shown(test).split(" images. On average")[0].split()[-1])
    assert 0 < count < int(before.split(" images. On average")[0].split()[-1])


def test_one_prior_for_all_that_is_a_mixture_is_compared_like_any_other(page, folder, tmp_path, monkeypatch):
    import shutil

    path = tmp_path / "models"
    shutil.copytree(folder, path)
    images = bundles.load(folder / "a-global").images
    bundles.save(made("d-vamp", images, prior="vamp", pseudo_inputs=6, decoder="factorised"), path / "d-vamp")
    figures = metrics(False, 14.0)
    for costs, mixture in ("nats", 3.0), ("total_nats", 17.0), ("total_nats_standard_error", 0.2):
        figures[costs]["mixture"] = mixture
    finished(path / "d-vamp", False, 14.0, metrics=figures)
    monkeypatch.setenv("LPVAE_MODELS", str(path))
    model = comparisons.read(path / "d-vamp")
    assert model.total["tour"] == 17.0 and model.total["set"] == pytest.approx(17.0 - ORDER) and "pointer" not in model.total
    for protocol in PROTOCOL_NAMES.values():
        test = page(a="d-vamp", b="b-local", protocol=protocol)
        assert not test.exception and not test.error
        assert test.selectbox(key="a").value == "d-vamp" and "one prior of 6 learned parts" in shown(test).lower()
        if protocol != PROTOCOL_NAMES["tour"]:  # the other small bundle has none
            asks = protocol in (PROTOCOL_NAMES["pointer"], PROTOCOL_NAMES["free_neighbour"])
            assert ("no such code" in shown(test)) == asks
