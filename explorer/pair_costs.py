"""Two models image by image: what each image costs with either, by class, and in which order to show them. Arrays out.

Costs are in nats an image unless asked for in bits.
"""

import math

import numpy as np

from explorer.comparisons import PROTOCOLS
from lpvae.bundle import Bundle
from lpvae.costs import bits
from lpvae.evaluate import order_nats


def image_costs(bundle: Bundle, protocol: str, ids: np.ndarray, part: str = "total") -> np.ndarray | None:
    """What each of the images `ids` costs, (n,) in nats; None where the model has no such code. part: also "pixels".

    protocol: also "best", the mixture where there is one, else N(0, I). `set` shifts that by what the order of those n
    images could say.
    """
    pixels = bundle.costs["pixels"][ids].astype(np.float64)
    if part == "pixels":
        return pixels
    latent = _latent(bundle, protocol, ids)
    if latent is None or np.isnan(latent).all():
        return None
    return latent if part == "latent" else latent + pixels


def _latent(bundle: Bundle, protocol: str, ids: np.ndarray) -> np.ndarray | None:
    stored = {name: cost[ids].astype(np.float64) for name, cost in bundle.costs.items() if name in PROTOCOLS}
    has_mixture = not np.isnan(stored["mixture"]).all()
    own = stored["mixture" if has_mixture else "global"]
    if protocol == "best":
        return own
    if protocol == "set":
        return own - order_nats(len(ids))
    if protocol == "tour" and not bundle.model.prior.needs_neighbour:
        return own  # one codebook for all charges alike in any order
    if protocol == "pointer":
        return stored["free_neighbour"] + math.log(len(bundle.table) / bundle.config.neighbours)
    return stored.get(protocol)


def by_class(costs: np.ndarray, labels: np.ndarray) -> list[tuple[int, int, float, float]]:
    """(label, images, mean, standard error) of each label; images without a label or a cost are left out."""
    rows = []
    for label in np.unique(labels[labels >= 0]):
        found = costs[(labels == label) & ~np.isnan(costs)]
        if len(found):
            error = found.std(ddof=1) / math.sqrt(len(found)) if len(found) > 1 else math.nan
            rows.append((int(label), len(found), float(found.mean()), float(error)))
    return rows


ORDERS = ("most moved", "least moved", "dearer on A", "dearer on B")


def ranked(ids: np.ndarray, shared: np.ndarray, difference: np.ndarray, order: str) -> np.ndarray:
    """Positions in `ids` in the order asked: by the share of neighbours in common, or by the cost of A less that of B.

    Ties by the other of the two, then by id, so that the same question always gets the same answer.
    """
    difference = np.nan_to_num(difference)
    first, then = {
        "most moved": (shared, -np.abs(difference)), "least moved": (-shared, np.abs(difference)),
        "dearer on A": (-difference, shared), "dearer on B": (difference, shared),
    }[order]  # fmt: skip
    return np.lexsort((ids, then, first))


def difference(a: Bundle, b: Bundle, ids: np.ndarray) -> np.ndarray:
    """What each image costs more with A than with B, (n,) in nats, each with its best code of one image alone."""
    return image_costs(a, "best", ids) - image_costs(b, "best", ids)


def mean_difference(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Mean of what images cost more in `a` (n,) than in `b` (n,), and its standard error; images without a cost in either left out.

    Far surer than the two means apart: what makes an image dear makes it so for both.
    """
    found = a - b
    found = found[~np.isnan(found)]
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else float("nan")


def in_unit(nats: np.ndarray, unit: str) -> np.ndarray:
    """Costs (n,) in "nats" or in "bits"."""
    return bits(nats) if unit == "bits" else nats
