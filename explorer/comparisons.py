"""The Compare page's arithmetic: every model's bundle.json → one table. No streamlit, no plotly.

Costs are in nats an image unless a name says bits.
"""

import csv
import io
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
PROBES = ("linear_sampled", "knn_sampled", "linear", "knn")


@dataclass(frozen=True)
class Model:
    """What bundle.json says of one model. Costs are means over `n` images of `split`; a protocol it has not is absent.

    order: what the order of those images could say; swapped: pixels with another image's code; weights_mb: megabytes.
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


# ---- The table


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it means (on hover), the group it stands in, and whether less is better.

    unit: "" where the figure is no cost; plain: digits after the point, None for text.
    """

    key: str
    label: str
    help: str
    group: str = ""
    cost: bool = False
    digits: int | None = None
    better: str = ""  # "low", "high" or neither


ONE, SET, NOT = "one image alone", "the whole set, in any order", "not a complete code"
KEEPS, MADE = "what the code keeps", "how it was made"
COLUMNS = (
    Column("global", "N(0, I)", "z is sent with N(0, I), one codebook for every image. A complete code for one image alone.",
           ONE, True, 2, "low"),
    Column("pointer", "pointer", "The neighbour is named; the free choice among the K pays part of it back. A complete code for"
           " one image alone.", ONE, True, 2, "low"),
    Column("mixture", "mixture", "z is sent with the average of all the priors that the model has: no neighbour to name. A"
           " complete code for one image alone: compare this one with other models.", ONE, True, 2, "low"),
    Column("tour", "tour", "Each z is sent with the prior of the image sent just before. Complete for the set; its order says"
           " nothing else. Add the order's worth before comparing with one image alone.", SET, True, 2, "low"),
    Column("set", "set", "The best code for one image alone, less what the order of the set could say, which comes back in full."
           " Every model gains the same.", SET, True, 2, "low"),
    Column("order", "the order's worth", "What the order of this many images could say, ln(n!)/n an image: tour and set both"
           " leave it unsaid. Add it to them before comparing them with one image alone.", SET, True, 2),
    Column("free_neighbour", "free neighbour", "NOT a complete code: z is sent with a neighbour's prior, but nobody told the"
           " receiver which neighbour. No receiver could decode it.", NOT, True, 2),
    Column("pixels", "pixels", "What the pixels cost once z is known: a part of each total.", KEEPS, True, 2),
    Column("rise", "swapped", "What the pixels cost more with another image's code: how much the decoder listens to z.", KEEPS,
           True, 2),
    Column("linear_sampled", "linear z", "Digits that a linear classifier names from a sampled z, the only thing that the"
           " decoder ever sees. Per cent.", KEEPS, False, 1, "high"),
    Column("linear", "linear c", "The same from the mean c of the code. A silent model's means still sort the digits, so this"
           " flatters it. Per cent.", KEEPS, False, 1, "high"),
    Column("knn_sampled", "10-NN z", "Digits named by the ten nearest training codes, from sampled z. Per cent.", KEEPS, False, 1,
           "high"),
    Column("knn", "10-NN c", "The same from the mean c. Per cent.", KEEPS, False, 1, "high"),
    Column("active", "active", "Dimensions of the code whose mean varies from image to image (variance above 0.01).", KEEPS,
           False, 0),
    Column("code_dim", "D", "Dimensions of the code.", MADE, False, 0),
    Column("neighbours", "K", "The prior is given one of the K nearest codes; a global prior is given none.", MADE, False, 0),
    Column("passes", "passes", "How often the training saw every image.", MADE, False, 0),
    Column("minutes", "minutes", "How long the training took, on the machine that it ran on.", MADE, False, 0),
    Column("weights_mb", "MB", "Size of the weights on disk, in megabytes.", MADE, False, 1),
)  # fmt: skip
NAME = Column("name", "model", "A folder under the models; sort by name.")
BY_KEY = {column.key: column for column in (NAME, *COLUMNS)}
PARTS = ("total", "latent")


def value(model: Model, key: str, part: str = "total") -> float | str | None:
    """A cell of the table, costs in nats; None where the model has no such figure. part: costs with the pixels, or without."""
    if key in PROTOCOLS:
        return getattr(model, part).get(key)
    if key in PROBES:
        return model.probe.get(key)
    return getattr(model, key)


def sorted_models(models: list[Model], key: str, descending: bool, part: str = "total") -> list[Model]:
    """By a column, names deciding ties; models without the figure come last either way."""
    known = [m for m in models if value(m, key, part) is not None]
    known.sort(key=lambda m: m.name)
    known.sort(key=lambda m: value(m, key, part), reverse=descending)
    return known + sorted((m for m in models if value(m, key, part) is None), key=lambda m: m.name)


def in_unit(nats: float, unit: str) -> float:
    """A cost in "nats" or in "bits"."""
    return float(bits(nats)) if unit == "bits" else nats


def text(model: Model, column: Column, part: str, unit: str) -> str:
    """A cell as it is written; a dash where there is no figure."""
    found = value(model, column.key, part)
    if found is None:
        return "–"
    if isinstance(found, str):
        return found
    return f"{in_unit(found, unit) if column.cost else found:.{column.digits}f}"


def winners(models: list[Model], column: Column, part: str = "total") -> set[str]:
    """Names of the models with the best figure of a column, to the digits shown; none where one alone has it."""
    known = {m.name: round(value(m, column.key, part), column.digits) for m in models
             if column.better and value(m, column.key, part) is not None}
    if len(known) < 2 or (column.cost and part == "latent"):  # a silent latent is cheap, and no merit
        return set()
    best = (min if column.better == "low" else max)(known.values())
    return {name for name, figure in known.items() if figure == best}


def csv_text(models: list[Model], unit: str) -> str:
    """The whole table: every cost's latent part, total and standard error, under a name that says what it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["model", "prior", "decoder", "measured_on", "images", "data"]
    costs = [(kind, p) for p in PROTOCOLS for kind in ("latent", "total", "error")]
    other = [column for column in COLUMNS if column.key not in PROTOCOLS]
    names = [f"{p}{'_INCOMPLETE' if p in INCOMPLETE else ''}_{'standard_error' if kind == 'error' else kind}_{unit}"
             for kind, p in costs]
    percent = {probe: f"{probe}_percent" for probe in PROBES}
    writer.writerow(head + names + [f"{c.key}_{unit}" if c.cost else percent.get(c.key, c.key) for c in other])
    for m in models:
        row = [_safe(m.name), _safe(m.prior), _safe(m.decoder), _safe(m.split), m.n, _safe(m.protocol_data)]
        row += [_csv_cost(getattr(m, kind).get(p), unit) for kind, p in costs]
        writer.writerow(row + [_csv_cost(value(m, c.key), unit) if c.cost else value(m, c.key) for c in other])
    return out.getvalue()


def _csv_cost(nats: float | None, unit: str) -> str:
    return "" if nats is None else f"{in_unit(nats, unit):.4f}"


def _safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


# ---- Pictures of all models

CURVES = ("total", "pixels", "latent", "training loss")


def curve(model: Model, what: str) -> tuple[list[float], list[float], list[float]]:
    """Passes, minutes and a cost, one entry a pass. The validation costs are under the model's best code of one image alone;
    the training loss charges a local prior for a free neighbour, so it is no complete code's cost."""
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


def labels_apart(heights: list[float], gap: float, low: float, high: float) -> list[float]:
    """Heights for names beside points, near the points', at least `gap` apart where there is room, within [low, high]."""
    if not heights:
        return []
    order = np.argsort(heights, kind="stable")
    gap = min(gap, (high - low) / max(1, len(heights) - 1))
    placed = np.clip(np.asarray(heights, float)[order], low, high)
    for i in range(1, len(placed)):  # push up from below, then down from the top
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed[-1] = min(placed[-1], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    out = np.empty(len(placed))
    out[order] = placed
    return out.tolist()
