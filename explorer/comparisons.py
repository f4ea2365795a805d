"""The Compare page's arithmetic: every model's bundle.json → its figures, its curves, its information. No streamlit, no plotly.

Costs are in nats an image unless a name says bits. See `compare_columns` for the table.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import logsumexp

from lpvae import bundle as bundles
from lpvae.costs import bits
from lpvae.errors import UserError

ALONE = ("global", "pointer", "mixture")  # complete codes of one image alone
OF_SET = ("tour", "set")  # complete codes of a set: the order of its images carries no message
INCOMPLETE = ("free_neighbour",)  # nobody told the receiver which neighbour
PROTOCOLS = (*ALONE, *OF_SET, *INCOMPLETE)
BODY = ("side", "code_dim", "encoder_channels", "decoder", "decoder_channels", "dilations")  # of a config: all but its prior
PROBES = ("linear_sampled", "knn_sampled", "linear", "knn")


@dataclass(frozen=True)
class Model:
    """What bundle.json says of one model. Costs are means over `n` images of `split`; a protocol it has not is absent.

    order: what the order of those images could say; swapped: pixels with another image's code; weights_mb: megabytes;
    body: encoder, decoder and code, as a text that is the same for models which differ in the prior alone;
    title: the model in words, no two alike, where whoever read it gave it one.
    """

    name: str
    prior: str
    decoder: str
    code_dim: int
    neighbours: int | None
    passes: float
    minutes: float
    weights_mb: float
    n: int
    split: str
    protocol_data: str
    latent: dict[str, float]
    total: dict[str, float]
    error: dict[str, float]
    pixels: float
    swapped: float | None
    order: float
    active: int | None
    probe: dict[str, float]
    log: list[dict]
    body: str = ""
    title: str = ""

    @property
    def best(self) -> str:
        """The cheapest complete code of one image alone."""
        return min((p for p in ALONE if p in self.total), key=self.total.get)

    @property
    def rise(self) -> float | None:
        """What the pixels cost more with another image's code: how much the decoder listens."""
        return None if self.swapped is None else self.swapped - self.pixels


def stamp(path: Path) -> str:
    """A text that changes when a bundle's files do."""
    parts = (path / part for part in (bundles.META, bundles.WEIGHTS, bundles.ARRAYS))
    return " ".join(str(part.stat().st_mtime_ns) if part.exists() else "none" for part in parts)


def read(path: Path) -> Model:
    """A bundle's row of the table. Raises UserError where its files are missing, damaged or lack a figure."""
    meta = bundles.verified_meta(path)
    try:
        return _model(path, meta, meta["metrics"])
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        raise UserError(f"{path / bundles.META} lacks figures that the table shows: build the bundle again.") from None


def _model(path: Path, meta: dict, metrics: dict) -> Model:
    config, trained, probe = meta["config"], meta["trained"], metrics["probe"]
    n, order = int(metrics["n"]), _number(metrics["order_nats"])
    latent, total, error = (_known(metrics[key]) for key in ("nats", "total_nats", "total_nats_standard_error"))
    if not any(protocol in total for protocol in ALONE):
        raise ValueError("no complete code")
    for costs in (latent, total):
        _complete(costs, order)
    _complete(error, 0.0)
    log = [entry for entry in meta["log"] if isinstance(entry, dict)]
    swapped, active = metrics["swapped_code_pixels"], metrics["active_dimensions"]
    return Model(
        path.name, str(config["prior"]), str(config["decoder"]), int(config["code_dim"]),
        int(config["neighbours"]) if "free_neighbour" in total else None,
        _number(meta["training"]["epochs"]), _number(trained["seconds"]) / 60, (path / bundles.WEIGHTS).stat().st_size / 1e6,
        n, str(metrics["split"]), str(metrics["protocol_data"]), latent, total, error, _number(metrics["nats"]["pixels"]),
        None if swapped is None else _number(swapped), order, None if active is None else int(active), _known(probe, PROBES), log,
        repr([config.get(part) for part in BODY]),
    )  # fmt: skip


def _known(values: dict, names: tuple[str, ...] = PROTOCOLS) -> dict[str, float]:
    return {name: _number(values[name]) for name in names if values.get(name) is not None}


def _number(value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("a figure that is no number")
    return float(value)


def _complete(costs: dict[str, float], order: float) -> None:
    """Add what follows from the rest: `set` returns the order's nats in full; one codebook for all charges alike in any order."""
    own = "mixture" if "mixture" in costs else "global"
    if own in costs:
        costs.setdefault("set", costs[own] - order)
        if "free_neighbour" not in costs:
            costs.setdefault("tour", costs[own])


def in_unit(nats: float, unit: str) -> float:
    """A cost in "nats" or in "bits"."""
    return float(bits(nats)) if unit == "bits" else nats


def duels(models: list[Model]) -> list[tuple[Model, Model]]:
    """Pairs (a local prior, another prior) of the same encoder, decoder and code, measured on the same images."""
    return [(a, b) for a in models for b in models
            if a.neighbours is not None and b.neighbours is None and a.body == b.body and _measured(a) == _measured(b)]  # fmt: skip


def _measured(model: Model) -> tuple:
    return model.split, model.n, model.protocol_data


# ---- Pictures of all models

CURVES = ("total", "pixels", "latent", "training loss")


def curve(model: Model, what: str) -> tuple[list[float], list[float], list[float]]:
    """Passes, minutes and a cost, one entry a pass. The validation costs are under the model's best code of one image alone;
    the training loss charges most local priors for a free neighbour, which is no complete code."""
    points = [(entry.get("epoch"), entry.get("seconds"), _logged(entry, what, model.best)) for entry in model.log]
    known = [(e, s / 60, cost) for e, s, cost in points if None not in (cost, e, s)]
    return tuple(list(part) for part in zip(*known)) if known else ([], [], [])


def _logged(entry: dict, what: str, protocol: str) -> float | None:
    part = entry.get("train" if what == "training loss" else "validation") or {}
    keys = {"pixels": ("pixels",), "latent": (protocol,), "total": ("pixels", protocol)}.get(what, ("pixels", "latent"))
    found = [part.get(key) for key in keys]
    return None if None in found else float(sum(found))


KEPT = ("price", "rise", "information")


def information(codes: np.ndarray, z: np.ndarray, asked: int = 2000) -> float:
    """At least so many nats of I(x; z), the information that z holds: how well z tells its own image from n − 1 others.

    E[log q(z_i|x_i) − log (1/n) Σ_j q(z_i|x_j)] with q(z|x) = N(c, I), over the first `asked` rows i; at most ln n.
    codes, z (n, D), z sampled. Source: van den Oord et al. 2018 (InfoNCE), with the exact ratio as the critic.
    """
    codes, z = codes.astype(np.float64), z[:asked].astype(np.float64)
    squares, found = 0.5 * (codes**2).sum(1), []
    for start in range(0, len(z), 500):
        part = z[start : start + 500]
        logits = part @ codes.T - squares  # log q(z|x_j), less what all j share
        own = logits[np.arange(len(part)), start + np.arange(len(part))]
        found.append(own - logsumexp(logits, axis=1))
    return float(np.concatenate(found).mean() + math.log(len(codes)))
