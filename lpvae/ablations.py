"""Short trainings that differ in one thing, to be compared with one another alone; their figures as shipped."""

import json
from dataclasses import replace
from pathlib import Path

from lpvae import train
from lpvae.builder import trained_of
from lpvae.errors import UserError
from lpvae.model import Config
from lpvae.report import report
from lpvae.train import Training

RECORDED = Path(__file__).parents[1] / "assets" / "ablations.json"
BASE = Config(code_dim=32)
# so few passes need a longer share of them to phase the latent cost in
TRAINING = Training(epochs=3, batch=50, rate=2e-3, latent_warmup=0.4)
CHANGES = {  # name: (what it is, what it changes)
    "base": ("K = 5, the prior network, one normal a dimension", {}),
    "k1": ("K = 1", {"neighbours": 1}),
    "k20": ("K = 20", {"neighbours": 20}),
    "plain": ("no prior network: N(ĉ, s²), a learned s a dimension", {"prior_hidden": ()}),
    "mixture": ("the prior network gives four normals a dimension", {"prior_components": 4}),
}


def ablate(name: str, runs: Path, compile: bool = False) -> dict:
    """Train one ablation into `runs`/NAME (or go on with it), measure the test split, and record its figures.

    Raises UserError for an unknown name.
    """
    if name not in CHANGES:
        raise UserError(f"there is no ablation {name!r}: choose one of {', '.join(CHANGES)}.")
    out, (what, change) = runs / name, CHANGES[name]
    if (out / train.CONFIG).exists():
        train.resume(out)
    else:
        train.train(replace(BASE, **change), replace(TRAINING, compile=compile), out)
    trained, images, seed = trained_of(out)
    entry = {"what": what, "passes": TRAINING.epochs, "metrics": report(trained, images, seed=seed)}
    record(RECORDED, name, entry)
    return entry


def record(path: Path, name: str, entry: dict) -> None:
    """Put one ablation's figures among those recorded, by way of a temporary file."""
    recorded = recordings(path) | {name: entry}
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps({k: recorded[k] for k in CHANGES if k in recorded}, indent=1, ensure_ascii=False))
    temporary.replace(path)


def recordings(path: Path = RECORDED) -> dict:
    """The recorded figures by name. Raises UserError where the file is damaged."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(f"{path} is damaged: restore it, or run the ablations again.") from None
