"""Small data, models, runs and bundles that the tests share. One thread, so that no result hangs on the machine's cores."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch

from lpvae import builder, bundle, train
from lpvae.model import LPVAE, Config, build

torch.set_num_threads(1)
os.environ["CI"] = "1"  # no progress bars

SIDE = 8
CONFIG = {
    "side": SIDE, "code_dim": 3, "neighbours": 3, "encoder_channels": 8, "decoder_channels": 8, "dilations": (1, 2),
    "prior_hidden": (16, 16),
}
TRAINING = {"epochs": 2, "batch": 16, "rate": 3e-3, "warmup_steps": 5, "device": "cpu", "precision": "float32"}
COMBINATIONS = [(prior, decoder) for prior in ("global", "local") for decoder in ("factorised", "autoregressive")]


def config(**changes) -> Config:
    return Config(**(CONFIG | changes))


def training(data: Path, **changes) -> train.Training:
    return train.Training(**({"data": str(data), "binarisation": "given"} | TRAINING | changes))


def digits(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bits (count, 8, 8) of two kinds of picture, an upright bar and a lying one, at random places; labels (count,)."""
    rng = np.random.default_rng(seed)
    labels, places = rng.integers(0, 2, count), rng.integers(1, 6, count)
    images = (rng.random((count, SIDE, SIDE)) < 0.02).astype(np.uint8)
    for image, label, place in zip(images, labels, places):
        bar = np.s_[:, place : place + 2] if label else np.s_[place : place + 2, :]
        image[bar] = 1
    return images, labels


def data_file(folder: Path, count: int = 84, seed: int = 0, name: str = "small.npz") -> Path:
    images, labels = digits(count, seed)
    np.savez(folder / name, images=images, labels=labels)
    return folder / name


def scrambled(config: Config, seed: int = 0) -> LPVAE:
    """A model none of whose weights is zero, so that no law holds for want of signal."""
    model = build(config, seed).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        spread = (0.5 if name.startswith("prior") else 1.5) / max(1, weight[0].numel()) ** 0.5
        weight.copy_(spread * torch.randn(weight.shape, generator=generator))
    return model


def settings(**values) -> list[str]:
    """The tiny config as flags of the command line."""
    return [flag for key, value in (CONFIG | values).items() if key != "side"
            for flag in ("--set", f"{key}={list(value) if isinstance(value, tuple) else value}")]


@cache
def scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lpvae-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def trained_run(prior: str = "local", decoder: str = "autoregressive", components: int = 1) -> Path:
    """A run directory of one tiny training; made once, never to be written to."""
    return _trained_run(prior, decoder, components)


@cache
def _trained_run(prior: str, decoder: str, components: int) -> Path:
    model = config(prior=prior, decoder=decoder, prior_components=components)
    return train.train(model, training(shared_data()), scratch() / f"run-{prior}-{decoder}-{components}")


@cache
def shared_data() -> Path:
    return data_file(scratch())


@cache
def built_bundle() -> Path:
    """The bundle of the local autoregressive run, maps and all (UMAP: seconds); made once, never to be written to."""
    out = scratch() / "bundle"
    builder.build_bundle(trained_run(), out, say=lambda text: None)
    return out


def copy_of(path: Path, folder: Path) -> Path:
    """A copy of a run or bundle that a test may spoil."""
    return Path(shutil.copytree(path, folder / path.name))


def rehashed(path: Path) -> None:
    """Write the files' true sha256 into a spoilt bundle, so that only what lies behind that check can object."""
    import json

    meta = json.loads((path / bundle.META).read_text())
    meta["files"] = {name: bundle._sha256(path / name) for name in meta["files"]}
    (path / bundle.META).write_text(json.dumps(meta))
