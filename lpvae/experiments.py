"""Trainings made to be compared with one another alone, too small or too special to ship as bundles; their figures as shipped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lpvae import train
from lpvae.builder import trained_of
from lpvae.errors import UserError
from lpvae.model import Config
from lpvae.report import report
from lpvae.train import Training

RECORDED = Path(__file__).parents[1] / "assets" / "experiments.json"
CONFIG = Config(code_dim=32)
RECIPE = Training(epochs=20, batch=50, rate=2e-3, latent_warmup=0.15)
# so few passes need a longer share of them to phase the latent cost in
SHORT = replace(RECIPE, epochs=3, latent_warmup=0.4)


@dataclass(frozen=True)
class Experiment:
    """A training that differs from `CONFIG` in one thing, and the split it is measured on."""

    what: str
    change: Mapping = field(default_factory=dict)  # of the config
    training: Training = SHORT
    split: str = "test"
    own_data: bool = False  # trained on a file that is not shipped


ABLATIONS = {
    "base": Experiment("K = 5, the prior network, one normal a dimension"),
    "k1": Experiment("K = 1", {"neighbours": 1}),
    "k20": Experiment("K = 20", {"neighbours": 20}),
    "plain": Experiment("no prior network: N(ĉ, s²), a learned s a dimension", {"prior_hidden": ()}),
    "mixture": Experiment("the prior network gives four normals a dimension", {"prior_components": 4}),
}
EXPERIMENTS = ABLATIONS | {
    "passes20": Experiment("the recipe of the baselines, with a local prior", training=RECIPE),
    # the loss counts the whole bill of an image sent alone, not what it costs once somebody has named the neighbour
    "narrow-mixture": Experiment("as passes20, trained by the cost of all codes, `mixture`, in place of one near code's",
                                 training=replace(RECIPE, latent_cost="mixture")),
    # fixed bits are soon learned by heart: hence the weight decay
    "static": Experiment("the recipe on one fixed draw of the bits, with more weight decay",
                         training=replace(RECIPE, weight_decay=0.1, binarisation="given"), split="validation", own_data=True),
}  # fmt: skip


def experiment(name: str, runs: Path, data: str | None = None, compile: bool = False) -> dict:
    """Train one experiment into `runs`/NAME (or go on with it), measure it, and record its figures.

    data: the file to train on, for those that have their own. Raises UserError for an unknown name, or data too few or too many.
    """
    if name not in EXPERIMENTS:
        raise UserError(f"there is no experiment {name!r}: choose one of {', '.join(EXPERIMENTS)}.")
    this, out = EXPERIMENTS[name], runs / name
    if this.own_data != (data is not None):
        raise UserError(f"the experiment {name} {'needs its file of images: name it' if this.own_data else 'has its data: leave'}"
                        f" --data{'' if this.own_data else ' away'}.")  # fmt: skip
    if (out / train.CONFIG).exists():
        train.resume(out)
    else:
        train.train(replace(CONFIG, **this.change), replace(this.training, data=data or "mnist", compile=compile), out)
    trained, images, seed = trained_of(out)
    entry = {"what": this.what, "passes": this.training.epochs, "metrics": report(trained, images, this.split, seed=seed)}
    record(RECORDED, name, entry)
    return entry


def record(path: Path, name: str, entry: dict) -> None:
    """Put one experiment's figures among those recorded, by way of a temporary file."""
    recorded = recordings(path) | {name: entry}
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps({k: recorded[k] for k in EXPERIMENTS if k in recorded}, indent=1, ensure_ascii=False) + "\n")
    temporary.replace(path)


def recordings(path: Path = RECORDED) -> dict:
    """The recorded figures by name. Raises UserError where the file is damaged."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(f"{path} is damaged: restore it, or run the experiments again.") from None
