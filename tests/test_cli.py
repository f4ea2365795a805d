"""The command line: its names, its keys, and one sentence with exit code 2 for whatever the user can mend."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small import built_bundle, copy_of, data_file, digits, scratch, settings, shared_data, trained_run

from lpvae import bundle, data
from lpvae.__main__ import main

ROOT = Path(__file__).parents[1]
LATENTS = ["free_neighbour", "pointer", "mixture", "tour", "set", "global"]


def run(*arguments):
    """A command in a process of its own, as users start it."""
    return subprocess.run([sys.executable, "-m", "lpvae", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})


def evaluated(capsys, *arguments):
    assert main(["evaluate", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)  # no NaN: not every reader takes it


def refused(capsys, *arguments):
    """The one sentence with which a command ends; argparse raises where the rest returns."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as exit:
        code = exit.code
    captured = capsys.readouterr()
    assert code == 2 and captured.out == ""
    assert captured.err.startswith("lpvae: ") and captured.err.endswith(".\n") and captured.err.count("\n") == 1
    return captured.err


# The whole way

def test_train_and_evaluate_in_their_own_processes(tmp_path):
    trained = run("train", "--prior", "local", "--decoder", "autoregressive", "--data", shared_data(), "--epochs", 1,
                  "--out", tmp_path / "run", "--seed", 3, "--device", "cpu", *settings())
    assert trained.returncode == 0, trained.stderr
    entry = json.loads((tmp_path / "run" / "log.jsonl").read_text())
    assert entry["epoch"] == 1 and {"pixels", "mixture"} <= entry["validation"].keys()
    measured = run("evaluate", tmp_path / "run", "--data", shared_data(), "--json")
    assert measured.returncode == 0 and json.loads(measured.stdout)["n"] == 12


def test_info_tells_what_a_bundle_is(capsys):
    assert main(["info", str(built_bundle())]) == 0
    told = capsys.readouterr().out
    assert all(words in told for words in ("local prior, autoregressive decoder", "D = 3, K = 3", "small", "2 passes", "MB"))


def test_build_by_the_command_line(tmp_path, monkeypatch, capsys):
    from lpvae import projection

    monkeypatch.setattr(projection, "umap_map", lambda codes, seed=0, init=None: codes[:, :2])
    assert main(["build", str(trained_run()), "--out", str(tmp_path / "made"), "--align", str(built_bundle())]) == 0
    capsys.readouterr()
    assert bundle.load(tmp_path / "made").meta["metrics"] == bundle.load(built_bundle()).meta["metrics"]


# evaluate

def test_evaluate_has_the_keys_of_the_contract(capsys):
    figures = evaluated(capsys, built_bundle())
    assert list(figures["nats"]) == ["pixels", *LATENTS]
    assert list(figures["total_nats"]) == list(figures["total_bits"]) == LATENTS
    assert list(figures["probe"]) == ["linear", "knn", "linear_sampled", "knn_sampled"]
    assert figures["n"] == 12 and "small" in figures["protocol_data"]
    for name in LATENTS:
        assert figures["total_nats"][name] == pytest.approx(figures["nats"][name] + figures["nats"]["pixels"], abs=2e-4)
        assert figures["total_bits"][name] == pytest.approx(figures["total_nats"][name] / np.log(2), abs=2e-4)
        assert figures["nats_standard_error"][name] >= 0 and figures["total_nats_standard_error"][name] > 0
    assert figures["nats_standard_error"]["pixels"] > 0 and figures["swapped_code_pixels"] > 0
    assert all(0 <= value <= 100 for value in figures["probe"].values())


def test_evaluate_is_null_where_the_model_has_none(capsys):
    figures = evaluated(capsys, trained_run("global", "factorised"))
    for group in ("nats", "total_nats", "total_bits", "nats_standard_error", "total_nats_standard_error"):
        assert [name for name in LATENTS if figures[group][name] is None] == LATENTS[:3], group
        assert figures[group]["global"] is not None


def test_evaluate_says_the_same_twice_and_in_words(capsys):
    assert evaluated(capsys, built_bundle()) == evaluated(capsys, built_bundle())
    assert main(["evaluate", str(built_bundle())]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("12 images", "mixture", "pointer", "probes"))


def test_a_run_and_the_bundle_built_of_it_have_the_same_figures(capsys):
    assert evaluated(capsys, trained_run()) == evaluated(capsys, built_bundle())


def test_the_default_data_are_those_the_model_was_trained_on(capsys):
    given, default = evaluated(capsys, built_bundle(), "--data", shared_data()), evaluated(capsys, built_bundle())
    assert given["nats"] == default["nats"]


def test_limit_takes_a_seeded_random_subset(capsys):
    ids = {seed: data.load(shared_data()).rows("train", 7, seed).tolist() for seed in range(4)}
    first = data.load(shared_data()).rows("train")[:7].tolist()
    assert len({tuple(rows) for rows in ids.values()}) == 4 and first not in ids.values()
    a, b, other = (evaluated(capsys, built_bundle(), "--split", "train", "--limit", 7, "--seed", s) for s in (1, 1, 2))
    assert a == b and a["n"] == 7 and a["nats"]["pixels"] != other["nats"]["pixels"]
    assert evaluated(capsys, built_bundle(), "--limit", 1000)["n"] == 12


def test_one_image_is_enough_to_evaluate(capsys):
    for model in (built_bundle(), trained_run("global", "factorised")):
        figures = evaluated(capsys, model, "--limit", 1)
        assert figures["n"] == 1 and figures["nats"]["pixels"] > 0
        assert figures["nats_standard_error"]["pixels"] is None and figures["swapped_code_pixels"] is None
    assert main(["evaluate", str(built_bundle()), "--limit", "1"]) == 0


def test_data_without_labels_have_null_probes(tmp_path, capsys):
    np.save(tmp_path / "bare.npy", digits(40, seed=3)[0])
    figures = evaluated(capsys, built_bundle(), "--data", tmp_path / "bare.npy")
    assert set(figures["probe"].values()) == {None} and figures["nats"]["mixture"] > 0


def test_the_training_images_are_not_their_own_neighbours(capsys):
    # row ids mean something on the training data alone: as other data, the same images may find themselves
    own = evaluated(capsys, built_bundle(), "--split", "train")["nats"]
    images, labels = digits(84)
    np.savez(scratch() / "same.npz", images=images, labels=labels, split=np.full(84, "train"))
    assert own["free_neighbour"] >= evaluated(
        capsys, built_bundle(), "--data", scratch() / "same.npz", "--split", "train")["nats"]["free_neighbour"] - 0.05


# What is refused

def npz(folder, name, **arrays):
    np.savez(folder / name, **arrays)
    return folder / name


TRAIN = ["train", "--epochs", 1, "--device", "cpu", *settings()]


@pytest.mark.parametrize("wrong", [
    lambda f: f / "nowhere.npz", lambda f: f, lambda f: npz(f, "a.npz", pictures=np.zeros((20, 8, 8), np.uint8)),
    lambda f: npz(f, "b.npz", images=np.zeros((20, 8, 6), np.uint8)), lambda f: npz(f, "c.npz", images=np.zeros((20, 8, 8))),
    lambda f: npz(f, "d.npz", images=np.zeros((20, 7, 7), np.uint8)), lambda f: npz(f, "e.npz", images=np.zeros((3, 8, 8), np.uint8)),
    lambda f: npz(f, "f.npz", images=np.array([{}] * 20, dtype=object)), lambda f: ROOT / "pyproject.toml",
], ids=["missing", "a folder", "no images", "not square", "not whole", "odd side", "too few", "pickled", "a text"])
def test_train_refuses_wrong_files(wrong, tmp_path, capsys):
    refused(capsys, *TRAIN, "--data", wrong(tmp_path), "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("flags", [
    ["--set", "colour=3"], ["--set", "colour"], ["--set", "dilations=3"], ["--set", "dilations=[1,"], ["--set", "code_dim=0"],
    ["--set", "rate=nan"], ["--set", "rate=-1"], ["--set", "rate=fast"], ["--set", "batch=0"], ["--set", "prior=none"],
    ["--prior", "none"], ["--decoder", "strong"], ["--binarisation", "no"], ["--epochs", "0"], ["--epochs", "x"],
    ["--seed", "-1"], ["--seed", str(2**70)], ["--device", "toaster"], ["--colour", "red"], ["--set", "neighbours=70"],
    ["--set", "seed=-1"], ["--set", "device=meta"], ["--set", "side=12"], ["--set", "=3"],
], ids=" ".join)
def test_train_refuses_wrong_settings(flags, tmp_path, capsys):
    refused(capsys, *TRAIN, "--data", shared_data(), "--out", tmp_path / "run", *flags)
    assert not (tmp_path / "run").exists()


def test_train_refuses_a_run_in_use_and_points_to_resume(tmp_path, capsys):
    used = copy_of(trained_run(), tmp_path)
    before = {p.name: p.read_bytes() for p in used.iterdir()}
    assert "--resume" in refused(capsys, *TRAIN, "--data", shared_data(), "--out", used)
    assert before == {p.name: p.read_bytes() for p in used.iterdir()}


def test_train_refuses_a_place_that_cannot_hold_a_run(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        refused(capsys, *TRAIN, "--data", shared_data(), "--out", out)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("arguments", [
    [], ["dance"], ["evaluate"], ["train"], ["evaluate", "no-such-model"], ["evaluate", "no/such/run"], ["evaluate", ROOT],
    ["evaluate", ROOT / "pyproject.toml"], ["info", "no-such-model"], ["info", ROOT], ["build", ROOT / "nothing", "--out", ROOT / "x.tmp"],
    ["build", ROOT, "--out", ROOT / "x.tmp"], ["bench", "no-such-model"],
], ids=lambda arguments: "-".join(Path(a).name for a in arguments) or "nothing")
def test_what_is_not_there_is_refused(arguments, capsys):
    refused(capsys, *arguments)
    assert not (ROOT / "x.tmp").exists()


@pytest.mark.parametrize("flags", [
    ["--limit", "0"], ["--limit", "-3"], ["--limit", "many"], ["--seed", "-1"], ["--split", "all"], ["--data", "nowhere.npz"],
    ["--data", "mnist"],
], ids=" ".join)
def test_evaluate_refuses_wrong_settings(flags, capsys):
    refused(capsys, "evaluate", built_bundle(), *flags)


def test_evaluate_refuses_an_empty_split(tmp_path, capsys):
    images, _ = digits(20)
    file = npz(tmp_path, "train-only.npz", images=images, split=np.full(20, "train"))
    assert "split" in refused(capsys, "evaluate", built_bundle(), "--data", file)


@pytest.mark.parametrize("command", ["evaluate", "info", "bench"])
@pytest.mark.parametrize("name", [bundle.META, bundle.WEIGHTS, bundle.ARRAYS, bundle.IMAGES])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_damaged_bundle_is_refused_by_every_command(command, name, damage, tmp_path, capsys):
    spoilt = copy_of(built_bundle(), tmp_path)
    content = (spoilt / name).read_bytes()
    (spoilt / name).unlink()
    if damage == "truncated":
        (spoilt / name).write_bytes(content[: len(content) // 2])
    said = refused(capsys, command, spoilt)
    assert name in said or name == bundle.META  # without which it is no bundle, but perhaps a run


@pytest.mark.parametrize("value", [None, "x", [], {}, -1], ids=repr)
def test_info_refuses_figures_that_are_none(value, tmp_path, capsys):
    spoilt = copy_of(built_bundle(), tmp_path)
    meta = json.loads((spoilt / bundle.META).read_text())
    for key in ("metrics", "training", "trained"):
        (spoilt / bundle.META).write_text(json.dumps(meta | {key: value}))
        refused(capsys, "info", spoilt)
    figures = meta["metrics"] | {"nats": meta["metrics"]["nats"] | {"pixels": "x"}}
    (spoilt / bundle.META).write_text(json.dumps(meta | {"metrics": figures}))
    refused(capsys, "info", spoilt)


def test_build_refuses_a_damaged_run_and_leaves_nothing(tmp_path, capsys):
    spoilt = copy_of(trained_run(), tmp_path)
    (spoilt / "checkpoint.safetensors").write_bytes(b"x" * 100)
    refused(capsys, "build", spoilt, "--out", tmp_path / "made")
    assert [p.name for p in tmp_path.iterdir()] == [spoilt.name]


def test_bench_refuses_a_factorised_model(tmp_path, monkeypatch, capsys):
    from lpvae import builder, projection

    monkeypatch.setattr(projection, "umap_map", lambda codes, seed=0, init=None: codes[:, :2])
    builder.build_bundle(trained_run("global", "factorised"), tmp_path / "made", say=lambda text: None)
    assert "factorised" in refused(capsys, "bench", tmp_path / "made")


def test_a_sentence_and_no_traceback_in_a_process_of_its_own(tmp_path):
    data_file(tmp_path, name="good.npz")
    told = run("train", "--data", tmp_path / "bad.npz", "--out", tmp_path / "run")
    assert told.returncode == 2 and told.stdout == ""
    assert told.stderr.startswith("lpvae: ") and told.stderr.count("\n") == 1
