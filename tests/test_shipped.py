"""What is shipped: the bundles are whole, the README prints their figures, and they show the collapse and the rescue."""

import re
from pathlib import Path

import numpy as np
import pytest

from lpvae import bundle, data, reproduce
from lpvae.decoders import AutoregressiveDecoder
from lpvae.errors import UserError
from lpvae.report import report

ROOT = Path(__file__).parents[1]
ALWAYS = {"global-autoregressive", "global-factorised", "local-autoregressive", "local-factorised",
          "wide-global-autoregressive", "wide-local-autoregressive", "wide-mixture-local-autoregressive",
          "freebits-autoregressive", "vamp-autoregressive"}
NAMES = bundle.available()


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture(scope="module")
def bundles(mnist):
    return {name: bundle.load(name, mnist=mnist) for name in NAMES}


def test_the_models_are_there():
    assert ALWAYS <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_bundle_is_what_its_name_says_and_its_arrays_are_whole(bundles, name):
    b = bundles[name]
    *first, prior, decoder = ["narrow", *name.split("-")]
    free_bits = prior == "freebits"  # of N(0, I)
    assert (b.config.prior, b.config.decoder) == ("global" if free_bits else prior, decoder)
    assert (b.meta["training"].get("free_bits", 0.0) > 0) == free_bits
    assert b.meta["training"].get("latent_cost", "free_neighbour") == ("mixture" if "mixture" in first else "free_neighbour")
    rows = AutoregressiveDecoder.rows_above(b.config.dilations)  # of 13
    assert rows >= 11 if "wide" in first else rows <= 6
    assert b.codes.shape == (70000, b.config.code_dim) and b.config.neighbours == 5
    assert all(np.isfinite(m).all() and m.shape == (70000, 2) and np.ptp(m, 0).min() > 0.1 for m in b.maps.values())
    assert np.isfinite(b.costs["pixels"]).all()
    needs = {"local": ["mixture", "free_neighbour"], "vamp": ["mixture"]}.get(prior, [])
    assert all(np.isfinite(b.costs[k]).all() for k in needs)
    assert np.isfinite(b.costs["tour"]).sum() == 10000
    assert sorted(b.tour) == (list(range(60000, 70000)) if prior == "local" else [])
    assert len(b.meta["log"]) == b.meta["training"]["epochs"]
    if decoder == "autoregressive":
        assert b.meta["training"]["epochs"] >= 10


@pytest.mark.parametrize("name", NAMES)
def test_stored_costs_are_those_the_model_gives(bundles, name):
    """The metrics were measured on all test images: a fresh measurement of a part agrees within its own error."""
    b = bundles[name]
    fresh = report(b.trained(), b.images, "test", limit=200, seed=b.seed)
    ids = b.images.rows("test", 200, b.seed)
    assert fresh["nats"]["pixels"] == pytest.approx(float(b.costs["pixels"][ids].mean()), abs=0.01)
    for kind in ("mixture", "free_neighbour"):
        if fresh["nats"][kind] is not None:
            assert fresh["nats"][kind] == pytest.approx(float(b.costs[kind][ids].mean()), abs=0.01)
    stored, error = b.meta["metrics"]["nats"]["pixels"], fresh["nats_standard_error"]["pixels"]
    assert abs(fresh["nats"]["pixels"] - stored) < 5 * error


def test_stored_metrics_are_the_means_of_the_stored_costs(bundles):
    for b in bundles.values():
        test = b.images.rows("test")
        for kind in ("pixels", "global", "free_neighbour", "mixture", "tour"):
            stored = b.meta["metrics"]["nats"][kind]
            if stored is not None:
                assert stored == pytest.approx(float(b.costs[kind][test].mean(dtype=float)), abs=0.01), (b.name, kind)


def test_the_pair_shares_one_decoder_and_shows_collapse_and_rescue(bundles):
    silent, speaking = bundles["global-autoregressive"], bundles["local-autoregressive"]
    assert isinstance(silent.model.decoder, AutoregressiveDecoder)
    shapes = [{k: v.shape for k, v in b.model.decoder.state_dict().items() if k != "to_grid.spread.weight"}  # as wide as z
              for b in (silent, speaking)]
    assert shapes[0] == shapes[1]
    a, b = silent.meta["metrics"], speaking.meta["metrics"]
    assert a["n"] == b["n"] == 10000
    assert a["nats"]["global"] < 1.5
    assert a["swapped_code_pixels"] - a["nats"]["pixels"] < 4
    assert a["probe"]["linear_sampled"] < 40
    assert b["total_nats"]["mixture"] < min(80, a["total_nats"]["global"] - 1.5)
    assert b["total_nats"]["tour"] < 74.5 and b["total_nats"]["set"] < 73.9
    assert b["swapped_code_pixels"] - b["nats"]["pixels"] > 60
    probe = b["probe"]
    assert min(probe["linear"], probe["knn"]) > 96 and min(probe["linear_sampled"], probe["knn_sampled"]) > 92


def test_the_wide_models_are_silence_and_two_codes_that_speak(bundles):
    silent, speaking, by_mixture = (bundles[f"wide-{name}-autoregressive"] for name in ("global", "local", "mixture-local"))
    assert max(silent.config.dilations) > 1 and silent.config.dilations == speaking.config.dilations
    assert speaking.config == by_mixture.config
    assert len({b.meta["training"]["epochs"] for b in (silent, speaking, by_mixture)}) == 1
    a, b, c = (x.meta["metrics"] for x in (silent, speaking, by_mixture))
    assert a["nats"]["global"] < 0.5 and a["probe"]["linear_sampled"] < 20
    assert a["swapped_code_pixels"] - a["nats"]["pixels"] < 0.5
    for m, rise in ((b, 60), (c, 40)):
        assert m["probe"]["linear_sampled"] > 80 and m["swapped_code_pixels"] - m["nats"]["pixels"] > rise
    assert c["total_nats"]["mixture"] < min(a["total_nats"]["global"], b["total_nats"]["mixture"] - 0.2)


def test_free_bits_make_the_code_speak_at_a_price(bundles):
    silent, free, local = (bundles[f"{name}-autoregressive"].meta["metrics"] for name in ("global", "freebits", "local"))
    assert silent["probe"]["linear_sampled"] + 10 < free["probe"]["linear_sampled"] < local["probe"]["linear_sampled"] - 10
    assert free["total_nats"]["global"] > silent["total_nats"]["global"] + 1
    floor = bundles["freebits-autoregressive"].meta["training"]["free_bits"] * bundles["freebits-autoregressive"].config.code_dim
    assert free["nats"]["global"] == pytest.approx(floor, rel=0.05)  # what is free is taken, and no more


def test_a_flexible_global_prior_lowers_the_bill_as_locality_does_but_says_less(bundles):
    plain, vamp, local = (bundles[f"{name}-autoregressive"] for name in ("global", "vamp", "local"))
    assert plain.meta["training"]["epochs"] == vamp.meta["training"]["epochs"] and plain.config.dilations == vamp.config.dilations
    a, v, b = (x.meta["metrics"] for x in (plain, vamp, local))
    assert abs(v["total_nats"]["mixture"] - b["total_nats"]["mixture"]) < 0.5 < a["total_nats"]["global"] - v["total_nats"]["mixture"]
    assert v["nats"]["mixture"] < b["nats"]["mixture"] / 2
    assert a["probe"]["linear_sampled"] + 20 < v["probe"]["linear_sampled"] < b["probe"]["linear_sampled"] - 20


def test_readme_prints_what_reproduce_prints(tmp_path):
    readme, copy = (ROOT / "README.md").read_text(), tmp_path / "README.md"
    copy.write_text(re.sub(r"\d", "0", readme))
    reproduce.write_into(copy)
    assert all(text in copy.read_text() for text in reproduce.sections().values())
    copy.write_text(readme)
    reproduce.write_into(copy)
    assert copy.read_text() == readme, "README.md lacks what `lpvae reproduce` prints: run `lpvae reproduce --into README.md`"


def test_tables_go_only_where_there_is_a_place_for_them(tmp_path):
    path = tmp_path / "text.md"
    for text in ("no place", "<!-- reproduce: The shipped models --> and no end"):
        path.write_text(text)
        with pytest.raises(UserError, match="no place"):
            reproduce.write_into(path)
        assert path.read_text() == text
    with pytest.raises(UserError, match="cannot be read"):
        reproduce.write_into(tmp_path / "absent.md")


def test_assets_stay_small():
    size = sum(p.stat().st_size for p in (ROOT / "assets").rglob("*") if p.is_file())
    assert size < 80e6
    assert (ROOT / "assets" / "mnist.npz").stat().st_size <= 12e6
