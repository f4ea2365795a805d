"""Bundles: what is saved comes back, its figures are those of what it holds, and a spoilt one is refused in a sentence."""

import json

import numpy as np
import pytest
import torch
from small import built_bundle, config, copy_of, data_file, rehashed, shared_data, trained_run, training

from lpvae import builder, bundle, data, train
from lpvae.errors import UserError
from lpvae.evaluate import encode, latent_costs, pixel_costs
from lpvae.report import report

FILES = (bundle.META, bundle.WEIGHTS, bundle.ARRAYS, bundle.IMAGES)


@pytest.fixture(scope="module")
def loaded():
    return bundle.load(built_bundle())


def test_a_bundle_survives_being_saved_and_loaded(loaded, tmp_path):
    bundle.save(loaded, tmp_path / "again")
    again = bundle.load(tmp_path / "again")
    assert again.config == loaded.config and again.images.sha256 == loaded.images.sha256
    assert np.array_equal(again.images.pixels, loaded.images.pixels)
    assert np.array_equal(again.codes, loaded.codes) and np.array_equal(again.tour, loaded.tour)
    assert again.maps.keys() == loaded.maps.keys() and again.costs.keys() == loaded.costs.keys()
    for name, points in loaded.maps.items():
        assert np.allclose(again.maps[name], points, atol=1 / 32767)
    for name, costs in loaded.costs.items():
        assert np.array_equal(again.costs[name], costs, equal_nan=True)
    weights = again.model.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in loaded.model.state_dict().items())
    assert {k: again.meta[k] for k in ("seed", "metrics", "log", "maps")} == {
        k: loaded.meta[k] for k in ("seed", "metrics", "log", "maps")}


def test_a_bundle_holds_the_runs_weights_to_half_precision(loaded):
    run = train.load_run(trained_run())[0].state_dict()
    assert all(torch.equal(value, run[name].half().float()) for name, value in loaded.model.state_dict().items())


def test_every_row_is_the_image_of_that_id(loaded):
    ids = np.arange(len(loaded.images.pixels))
    codes = encode(loaded.model, loaded.bits(ids))
    assert torch.equal(codes.half().float(), torch.from_numpy(loaded.codes))
    assert np.array_equal(loaded.table.ids, loaded.images.rows("train"))
    assert np.array_equal(loaded.table.codes, loaded.codes[loaded.table.ids])
    assert all(len(values) == len(ids) for values in [*loaded.maps.values(), *loaded.costs.values()])


def test_the_costs_kept_are_those_of_the_model_kept(loaded):
    ids = np.arange(len(loaded.images.pixels))
    codes, z = torch.from_numpy(loaded.codes), torch.from_numpy(loaded.sampled(ids))
    assert np.allclose(loaded.costs["pixels"], pixel_costs(loaded.model, loaded.bits(ids), z), atol=1e-3)
    for name, costs in latent_costs(loaded.model, loaded.table, ids, codes, z).items():
        if name != "pointer":
            assert np.allclose(loaded.costs[name], costs, atol=1e-3), name


def test_the_figures_kept_are_those_of_evaluating_the_loaded_bundle(loaded):
    figures = report(loaded.trained(), loaded.images, seed=loaded.seed)
    assert json.loads(json.dumps(figures)) == loaded.meta["metrics"]


def test_the_figures_are_the_means_of_the_costs_kept(loaded):
    test = loaded.images.rows("test")
    for name in bundle.COSTS + ("global",):
        assert loaded.costs[name][test].mean() == pytest.approx(loaded.meta["metrics"]["nats"][name], abs=0.02), name


def test_the_tour_visits_the_test_images_and_only_they_have_tour_costs(loaded):
    test = loaded.images.rows("test")
    assert sorted(loaded.tour.tolist()) == test.tolist()
    assert np.array_equal(np.flatnonzero(~np.isnan(loaded.costs["tour"])), test)


def test_the_maps_lie_in_their_box_and_show_two_clouds(loaded):
    for points in loaded.maps.values():
        assert points.shape == (84, 2) and np.abs(points).max() == pytest.approx(1, abs=1e-4)
        assert np.ptp(points, axis=0).min() > 0.1


def test_a_bundle_is_small_and_holds_no_path_of_the_machine(loaded):
    path = built_bundle()
    assert {p.name for p in path.iterdir()} == set(FILES)
    for file in path.iterdir():
        assert str(trained_run().parent).encode() not in file.read_bytes(), file.name


def test_a_bundle_of_a_global_prior_has_no_neighbours_costs(tmp_path, monkeypatch):
    monkeypatch.setattr(builder.projection, "umap_map", lambda codes, seed=0, init=None: codes[:, :2])
    made = builder.build_bundle(trained_run("global", "factorised"), tmp_path / "made", say=lambda text: None)
    loaded = bundle.load(tmp_path / "made")
    for name in ("free_neighbour", "mixture"):
        assert np.isnan(loaded.costs[name]).all() and loaded.meta["metrics"]["nats"][name] is None
    test = loaded.images.rows("test")
    assert np.allclose(loaded.costs["tour"][test], loaded.costs["global"][test])  # one codebook: no order helps
    assert np.isfinite(loaded.costs["pixels"]).all() and np.isfinite(loaded.costs["global"]).all()
    assert not len(loaded.tour) and made.config == loaded.config


# What is refused

def truncate(file):
    file.write_bytes(file.read_bytes()[:-40])


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


SPOILS = {"truncated": truncate, "one bit changed": flip, "empty": lambda file: file.write_bytes(b""), "missing": lambda file: file.unlink()}


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_a_spoilt_file_is_named(name, spoil, tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    spoil(path / name)
    with pytest.raises(UserError, match=name.replace(".", r"\.")) as caught:
        bundle.load(path)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize("spoil", [spoil for name, spoil in SPOILS.items() if name != "one bit changed"])
def test_a_spoilt_description_is_refused(spoil, tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    spoil(path / bundle.META)
    with pytest.raises(UserError, match=r"bundle\.json"):
        bundle.load(path)


def paths_in(value, below=()):
    """Every place in a nest of dicts."""
    for key, inner in value.items():
        yield (*below, key)
        if isinstance(inner, dict):
            yield from paths_in(inner, (*below, key))


def needed_places():
    meta = json.loads((built_bundle() / bundle.META).read_text())
    return [place for place in paths_in(meta) if place[0] in ("format", "config", "files", "seed", "data")]


@pytest.mark.parametrize("value", [None, "x", [], -1, {}], ids=repr)
def test_a_description_with_any_value_changed_is_refused_or_still_works(value, tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    whole = (path / bundle.META).read_text()
    for place in needed_places():
        meta = json.loads(whole)
        *above, last = place
        inner = meta
        for key in above:
            inner = inner[key]
        inner[last] = value
        (path / bundle.META).write_text(json.dumps(meta))
        try:
            loaded = bundle.load(path)
            loaded.bits(np.arange(3)), loaded.sampled(np.arange(3)), loaded.trained()
        except UserError as error:
            assert "\n" not in str(error), place
        except Exception as error:
            pytest.fail(f"{'.'.join(place)} = {value!r}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("key", ["format", "config", "files", "seed", "data"])
def test_a_description_without_a_key_is_refused(key, tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    meta = json.loads((path / bundle.META).read_text())
    del meta[key]
    (path / bundle.META).write_text(json.dumps(meta))
    with pytest.raises(UserError):
        bundle.load(path)


def test_another_format_is_said(tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    meta = json.loads((path / bundle.META).read_text())
    (path / bundle.META).write_text(json.dumps(meta | {"format": 99}))
    with pytest.raises(UserError, match="format 99"):
        bundle.load(path)


@pytest.mark.parametrize("change", [
    lambda arrays: arrays.pop("codes"), lambda arrays: arrays.pop("map_code"), lambda arrays: arrays.pop("cost_pixels"),
    lambda arrays: arrays.pop("tour"), lambda arrays: arrays.update(codes=arrays["codes"][:5]),
    lambda arrays: arrays.update(map_code=arrays["map_code"][:5]), lambda arrays: arrays.update(cost_tour=arrays["cost_tour"][:5]),
    lambda arrays: arrays.update(codes=np.array([{}], dtype=object)), lambda arrays: arrays.update(tour=np.array([10**6])),
], ids=["no codes", "no map", "no costs", "no tour", "few codes", "short map", "short costs", "pickled codes", "tour off the end"])
def test_arrays_that_do_not_fit_are_refused_even_with_a_true_sha256(change, tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    with np.load(path / bundle.ARRAYS, allow_pickle=False) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path / bundle.ARRAYS, **arrays)
    rehashed(path)
    with pytest.raises(UserError, match=r"arrays\.npz"):
        bundle.load(path)


def test_weights_of_another_model_are_refused_even_with_a_true_sha256(tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    other = train.load_run(trained_run("global", "factorised"))[0]
    bundle.save_file({k: v.half().contiguous() for k, v in other.state_dict().items()}, path / bundle.WEIGHTS)
    rehashed(path)
    with pytest.raises(UserError, match=r"model\.safetensors"):
        bundle.load(path)


def test_images_of_another_set_are_refused_even_with_a_true_sha256(tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    (path / bundle.IMAGES).write_bytes(data_file(tmp_path, seed=9).read_bytes())
    rehashed(path)
    with pytest.raises(UserError, match="other images"):
        bundle.load(path)


# Nothing half written, nothing of others' lost

def test_saving_over_a_bundle_replaces_it_whole_even_after_a_broken_attempt(loaded, tmp_path):
    for leftover in ("made.tmp", "made.old", "made"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / bundle.META).write_text("{}")
    bundle.save(loaded, tmp_path / "made")
    assert bundle.load(tmp_path / "made").meta["metrics"] == loaded.meta["metrics"]
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_a_failed_save_leaves_the_old_bundle(loaded, tmp_path, monkeypatch):
    path = copy_of(built_bundle(), tmp_path)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle.np, "savez_compressed", full)
    with pytest.raises(OSError):
        bundle.save(loaded, path)
    assert bundle.load(path).meta == loaded.meta


@pytest.mark.parametrize("target", ["thesis", "thesis/chapter.txt", "run"])
def test_building_never_replaces_what_is_no_bundle(target, tmp_path, monkeypatch):
    monkeypatch.setattr(builder.projection, "umap_map", lambda codes, seed=0, init=None: codes[:, :2])
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    run = copy_of(trained_run("global", "factorised"), tmp_path).rename(tmp_path / "run")
    before = sorted(p for p in tmp_path.rglob("*"))
    with pytest.raises(UserError, match="--out|bundle"):
        builder.build_bundle(run, tmp_path / target, say=lambda text: None)
    assert sorted(p for p in tmp_path.rglob("*")) == before


def test_maps_are_not_aligned_to_a_bundle_of_other_images(tmp_path):
    run = train.train(config(decoder="factorised"), training(data_file(tmp_path, seed=4), epochs=1), tmp_path / "run")
    with pytest.raises(UserError, match="other images"):
        builder.build_bundle(run, tmp_path / "made", built_bundle(), say=lambda text: None)
    assert not (tmp_path / "made").exists()


def test_names_are_looked_for_among_the_shipped_and_paths_are_taken_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bundle.resolve("local-factorised") == bundle.MODELS / "local-factorised"
    assert bundle.resolve(built_bundle()) == built_bundle()
    assert bundle.available(built_bundle().parent) == ["bundle"] and bundle.available(tmp_path / "none") == []
    with pytest.raises(UserError, match="no bundle"):
        bundle.load(tmp_path)
    assert data.load(shared_data()).sha256 == bundle.load(built_bundle()).images.sha256


def test_a_bundle_measured_again_keeps_its_maps_and_gets_its_figures_back(tmp_path):
    path = copy_of(built_bundle(), tmp_path)
    before = bundle.load(path)
    meta = json.loads((path / bundle.META).read_text())
    del meta["metrics"]["total_nats"]["set"]
    (path / bundle.META).write_text(json.dumps(meta))
    builder.measure_again(path, say=lambda text: None)
    after = bundle.load(path)
    assert after.meta["metrics"] == before.meta["metrics"] and after.meta["log"] == before.meta["log"]
    assert all(np.array_equal(after.maps[k], before.maps[k]) for k in before.maps)
    assert all(np.allclose(after.costs[k], before.costs[k], atol=1e-4, equal_nan=True) for k in before.costs)
