"""What is shipped: the bundles are whole, the README prints their figures, and they show the collapse and the rescue."""

from pathlib import Path

import numpy as np
import pytest

from lpvae import bundle, data, summary
from lpvae.decoders import AutoregressiveDecoder
from lpvae.report import report

ROOT = Path(__file__).parents[1]
NAMES = ["global-autoregressive", "global-factorised", "local-autoregressive", "local-factorised"]


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture(scope="module")
def bundles(mnist):
    return {name: bundle.load(name, mnist=mnist) for name in NAMES}


def test_the_four_models_are_there():
    assert set(NAMES) <= set(bundle.available())


@pytest.mark.parametrize("name", NAMES)
def test_bundle_is_what_its_name_says_and_its_arrays_are_whole(bundles, name):
    b = bundles[name]
    prior, decoder = name.split("-")
    assert (b.config.prior, b.config.decoder) == (prior, decoder)
    assert (b.config.code_dim, b.config.neighbours) == (16, 5)
    assert all(np.isfinite(m).all() and m.shape == (70000, 2) and np.ptp(m, 0).min() > 0.1 for m in b.maps.values())
    assert np.isfinite(b.costs["pixels"]).all()
    needs = ["mixture", "free_neighbour"] if prior == "local" else []
    assert all(np.isfinite(b.costs[k]).all() for k in needs)
    assert np.isfinite(b.costs["tour"]).sum() == (10000 if prior == "local" else 0)
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
    assert {k: v.shape for k, v in silent.model.decoder.state_dict().items()} == {
        k: v.shape for k, v in speaking.model.decoder.state_dict().items()}
    a, b = silent.meta["metrics"], speaking.meta["metrics"]
    assert a["n"] == b["n"] == 10000
    assert a["nats"]["global"] < 1.5
    assert a["swapped_code_pixels"] - a["nats"]["pixels"] < 4
    assert a["probe"]["linear_sampled"] < 40
    assert b["total_nats"]["mixture"] < min(81.5, a["total_nats"]["global"] - 1)
    assert b["total_nats"]["tour"] < 76.5
    assert b["swapped_code_pixels"] - b["nats"]["pixels"] > 60
    assert b["probe"]["linear_sampled"] > 80 and b["probe"]["linear"] > 90


def test_readme_prints_the_bundles_own_figures():
    readme = (ROOT / "README.md").read_text()
    table = summary.models_table([bundle.resolve(name) for name in bundle.available()])
    assert table in readme


def test_assets_stay_small():
    size = sum(p.stat().st_size for p in (ROOT / "assets").rglob("*") if p.is_file())
    assert size < 80e6
    assert (ROOT / "assets" / "mnist.npz").stat().st_size <= 12e6
