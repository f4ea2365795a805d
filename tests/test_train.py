"""Training: it learns, it logs, and a run killed at any moment and resumed ends as one never broken."""

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from small import COMBINATIONS, config, data_file, digits, settings, shared_data, trained_run, training

from lpvae import builder, train
from lpvae.__main__ import main
from lpvae.codes import CodeTable
from lpvae.errors import UserError
from lpvae.report import report

ROOT = Path(__file__).parents[1]
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}  # over so small a model many would only wait for each other


class Killed(Exception):
    pass


def state_of(run):
    """All tensors of a run's checkpoint, and what it says beside them, but for the clock."""
    tensors, state = train.read_checkpoint(run)
    for entry in [state, *state["log"]]:
        entry.pop("seconds")
    return tensors, state


def assert_same_end(run, other):
    (a, state), (b, other_state) = state_of(run), state_of(other)
    assert a.keys() == b.keys() and state == other_state
    assert [key for key in a if not torch.equal(a[key], b[key])] == []
    assert len((run / train.LOG).read_text().splitlines()) == len(state["log"])


def train_until(monkeypatch, step, out, *arguments):
    """Train, and stop as if killed just before the given step."""
    whole = train._Run._step

    def broken(self, *batch):
        if self.step == step:
            raise Killed
        whole(self, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(train._Run, "_step", broken)
        with pytest.raises(Killed):
            train.train(*arguments, out) if arguments else train.resume(out)


@pytest.mark.parametrize("prior, decoder", COMBINATIONS)
def test_a_run_broken_twice_and_resumed_ends_with_the_same_bits(prior, decoder, tmp_path, monkeypatch):
    how = config(prior=prior, decoder=decoder), training(data_file(tmp_path), epochs=3, batch=8, checkpoint_steps=3)
    train.train(*how, tmp_path / "whole")
    train_until(monkeypatch, 5, tmp_path / "broken", *how)  # between two checkpoints
    train_until(monkeypatch, 13, tmp_path / "broken")
    train.resume(tmp_path / "broken")
    assert_same_end(tmp_path / "whole", tmp_path / "broken")


def test_a_run_by_the_mixture_cost_resumes_to_the_same_bits_too(tmp_path, monkeypatch):
    how = config(), training(data_file(tmp_path, 700), checkpoint_steps=3, latent_cost="mixture")
    train.train(*how, tmp_path / "whole")
    train_until(monkeypatch, 5, tmp_path / "broken", *how)
    train.resume(tmp_path / "broken")
    assert_same_end(tmp_path / "whole", tmp_path / "broken")
    first, *_, last = (entry["validation"] for entry in state_of(tmp_path / "whole")[1]["log"])
    assert last["mixture"] + last["pixels"] < first["mixture"] + first["pixels"]


def test_a_resumed_run_finds_its_neighbours_in_the_codes_it_left(tmp_path, monkeypatch):
    how = config(), training(data_file(tmp_path, 700), batch=16, checkpoint_steps=3)
    train.train(*how, tmp_path / "whole")
    asked, search = [], CodeTable._search_blocks  # the way of large tables and batches, which keeps the codes' squares
    monkeypatch.setattr(CodeTable, "_search_blocks", lambda table, *query: asked.append(query) or search(table, *query))
    train_until(monkeypatch, 8, tmp_path / "broken", *how)
    train.resume(tmp_path / "broken")
    assert asked
    assert_same_end(tmp_path / "whole", tmp_path / "broken")


def test_grey_images_resampled_each_epoch_resume_to_the_same_bits_too(tmp_path, monkeypatch):
    images, labels = digits(40)
    np.savez(tmp_path / "grey.npz", images=images * 200 + 20, labels=labels)
    how = config(prior_components=2), training(
        tmp_path / "grey.npz", binarisation="resampled", batch=8, checkpoint_steps=2, latent_warmup=0.6)
    train.train(*how, tmp_path / "whole")
    train_until(monkeypatch, 3, tmp_path / "broken", *how)
    train.resume(tmp_path / "broken")
    assert_same_end(tmp_path / "whole", tmp_path / "broken")


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path, monkeypatch):
    how = config(), training(data_file(tmp_path), checkpoint_steps=3)
    train.train(*how, tmp_path / "whole")
    train_until(monkeypatch, 1, tmp_path / "broken", *how)
    assert not (tmp_path / "broken" / train.CHECKPOINT).exists()
    train.resume(tmp_path / "broken")
    assert_same_end(tmp_path / "whole", tmp_path / "broken")


def test_a_run_killed_while_it_wrote_ignores_the_half_written_file(tmp_path, monkeypatch):
    how = config(), training(data_file(tmp_path), checkpoint_steps=3)
    train.train(*how, tmp_path / "whole")
    broken = tmp_path / "broken"
    train_until(monkeypatch, 5, broken, *how)
    good = (broken / train.CHECKPOINT).read_bytes()
    (broken / (train.CHECKPOINT + ".tmp")).write_bytes(good[: len(good) // 2])
    (broken / (train.LOG + ".tmp")).write_text('{"epoch": 9')
    assert train.read_checkpoint(broken)[1]["step"] == 4
    train.resume(broken)
    assert_same_end(tmp_path / "whole", broken)
    assert not list(broken.glob("*.tmp"))


def test_a_run_killed_between_checkpoint_and_log_gets_its_log_back(tmp_path):
    run = Path(shutil.copytree(trained_run(), tmp_path / "run"))
    log = (run / train.LOG).read_text()
    (run / train.LOG).write_text("")
    train.resume(run)
    assert (run / train.LOG).read_text() == log and len(log.splitlines()) == 2


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    run = Path(shutil.copytree(trained_run(), tmp_path / "run"))
    train.resume(run)
    assert_same_end(run, trained_run())


def command(data, out, *more):
    return ["train", "--prior", "local", "--decoder", "autoregressive", "--data", str(data), "--epochs", "3", "--out", str(out),
            "--device", "cpu", *settings(), "--set", "precision=float32", "--set", "batch=2", "--set", "checkpoint_steps=5", *more]


def test_killed_by_sigkill_at_random_moments_and_resumed_a_run_ends_with_the_same_bits(tmp_path):
    data, run, resume = data_file(tmp_path, 420), tmp_path / "killed", ()
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-m", "lpvae", *command(data, run, *resume)], cwd=ROOT, env=ONE_THREAD,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_a_new_checkpoint(run / train.CHECKPOINT, process)
        time.sleep(random.uniform(0, 0.1))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
        resume = ("--resume",)
    assert main(command(data, run, *resume)) == 0
    assert main(command(data, tmp_path / "whole")) == 0
    assert_same_end(tmp_path / "whole", run)


def wait_for_a_new_checkpoint(path, process):
    before = path.stat().st_mtime_ns if path.exists() else 0
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_mtime_ns > before:
            return
        assert process.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.01)
    process.kill()
    pytest.fail("no checkpoint within five minutes")


# What a run leaves

@pytest.mark.parametrize("prior, decoder, components", [
    *((prior, decoder, 1) for prior, decoder in COMBINATIONS), ("local", "factorised", 3), ("local", "autoregressive", 3),
])
def test_every_combination_trains_logs_and_evaluates(prior, decoder, components):
    run = trained_run(prior, decoder, components)
    entries = [json.loads(line) for line in (run / train.LOG).read_text().splitlines()]
    latent = {"global"} if prior == "global" else {"free_neighbour", "pointer", "mixture", "global"}
    assert [entry["epoch"] for entry in entries] == [1, 2]
    for entry in entries:
        assert set(entry["validation"]) == {"pixels"} | latent
        assert all(math.isfinite(value) for value in entry["validation"].values())
    trained, images, seed = builder.trained_of(run)
    figures = report(trained, images, seed=seed)
    json.dumps(figures, allow_nan=False)
    assert figures["n"] == 12 and {k for k, v in figures["nats"].items() if v is not None} - {"tour", "set"} == {"pixels"} | latent


@pytest.mark.parametrize("prior", ["global", "local"])
def test_training_lowers_the_bill_and_uses_the_code(prior, tmp_path):
    data = data_file(tmp_path, 700)
    train.train(config(prior=prior, decoder="factorised"), training(data, epochs=8, rate=1e-2), tmp_path / "run")
    log = [json.loads(line)["validation"] for line in (tmp_path / "run" / train.LOG).read_text().splitlines()]
    protocol = "mixture" if prior == "local" else "global"
    bills = [entry["pixels"] + entry[protocol] for entry in log]
    assert bills[-1] < bills[0] - 3
    figures = report(*builder.trained_of(tmp_path / "run")[:2])
    assert figures["swapped_code_pixels"] > figures["nats"]["pixels"] + 3


def test_the_table_of_a_run_holds_the_last_code_of_every_training_image():
    run = trained_run()
    table = train.read_checkpoint(run)[0]["table"].numpy()
    start = np.random.default_rng([0, 0]).standard_normal(table.shape).astype(np.float32)
    assert (table != start).any(1).all()


def test_the_rate_warms_up_and_falls_to_nothing():
    factors = [train.rate_factor(step, 10, 100) for step in range(101)]
    assert factors[0] == 0.1 and factors[10] == 1.0 == max(factors) and factors[100] == pytest.approx(0)
    assert np.all(np.diff(factors[:10]) > 0) and np.all(np.diff(factors[10:]) < 0)


# What a run refuses

def test_a_directory_in_use_is_not_trained_into(tmp_path):
    run = Path(shutil.copytree(trained_run(), tmp_path / "run"))
    with pytest.raises(UserError, match="--resume"):
        train.train(config(), training(shared_data()), run)
    assert_same_end(run, trained_run())


def test_a_run_is_not_resumed_on_other_images(tmp_path, monkeypatch):
    data = data_file(tmp_path)
    train_until(monkeypatch, 3, tmp_path / "run", config(), training(data, checkpoint_steps=2))
    for count in (84, 98):  # other images; and as many more of them
        data_file(tmp_path, count, seed=5)
        with pytest.raises(UserError, match="images"):
            train.resume(tmp_path / "run")
        with pytest.raises(UserError, match="images"):
            builder.trained_of(tmp_path / "run")


def test_divergence_is_said_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    how = config(), training(data_file(tmp_path), checkpoint_steps=2)
    train_until(monkeypatch, 3, tmp_path / "run", *how)
    tensors, state = train.read_checkpoint(tmp_path / "run")
    spoilt = train._Run._step

    def broken(self, x, rows):
        self.model.encoder.head[-1].bias.data.fill_(float("inf"))
        spoilt(self, x, rows)

    monkeypatch.setattr(train._Run, "_step", broken)
    with pytest.raises(UserError, match="diverged"):
        train.resume(tmp_path / "run")
    assert train.read_checkpoint(tmp_path / "run")[1] == state


@pytest.mark.parametrize("changes", [
    {"epochs": 0}, {"batch": 0}, {"rate": -1.0}, {"rate": float("nan")}, {"rate": float("inf")}, {"checkpoint_steps": 0},
    {"precision": "float8"}, {"clip": 0.0}, {"warmup_steps": -1}, {"latent_warmup": -0.1}, {"latent_warmup": float("nan")}, {"weight_decay": -0.1},
    {"seed": -1}, {"seed": 2**70}, {"device": "toaster"}, {"device": "meta"}, {"data": "nowhere.npz"},
    {"binarisation": "sometimes"},
])
def test_a_bad_training_is_refused_in_a_sentence_and_leaves_nothing(changes, tmp_path):
    with pytest.raises(UserError, match=r"\.$"):
        train.train(config(), training(**({"data": shared_data()} | changes)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_too_few_images_for_the_neighbours_are_refused(tmp_path):
    with pytest.raises(UserError, match="too few"):
        train.train(config(neighbours=60), training(data_file(tmp_path)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("spoil", [
    lambda run: (run / train.CHECKPOINT).write_bytes((run / train.CHECKPOINT).read_bytes()[:1000]),
    lambda run: (run / train.CHECKPOINT).write_bytes(b""),
    lambda run: (run / train.CHECKPOINT).write_bytes((trained_run("global", "factorised") / train.CHECKPOINT).read_bytes()),
    lambda run: (run / train.CONFIG).write_text("{"),
    lambda run: (run / train.CONFIG).write_text("[]"),
    lambda run: (run / train.CONFIG).write_text("{}"),
    lambda run: (run / train.CONFIG).write_bytes(b"\xff\xfe"),
    lambda run: (run / train.CONFIG).unlink(),
    lambda run: edited(run, lambda saved: saved["config"].update(code_dim=5)),
    lambda run: edited(run, lambda saved: saved["config"].update(colour=5)),
    lambda run: edited(run, lambda saved: saved["training"].update(colour=5)),
    lambda run: edited(run, lambda saved: saved["training"].update(epochs="many")),
    lambda run: edited(run, lambda saved: saved.update(config=[1, 2])),
    lambda run: edited(run, lambda saved: saved.update(training=None)),
], ids=["truncated", "empty", "of another model", "half a config", "a list", "no keys", "not text", "no config", "another size",
        "unknown key", "unknown training key", "wrong type", "config no dict", "training null"])
def test_a_spoilt_run_is_refused_in_a_sentence(spoil, tmp_path):
    run = Path(shutil.copytree(trained_run(), tmp_path / "run"))
    spoil(run)
    for use in (train.resume, train.load_run):
        with pytest.raises(UserError, match=r"\.$"):
            use(run)


def edited(run, change):
    saved = json.loads((run / train.CONFIG).read_text())
    change(saved)
    (run / train.CONFIG).write_text(json.dumps(saved))
