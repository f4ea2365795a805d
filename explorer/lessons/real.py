"""What the lesson's later steps take from the shipped models: arrays and figures in bits; no streamlit, no plotly."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from explorer import answers
from explorer.morse.orders import best_order, mean_over_orders
from lpvae.bundle import Bundle
from lpvae.costs import bits
from lpvae.distributions import sample
from lpvae.evaluate import greedy_tour, neighbour_costs, order_nats, pixel_costs

TEN = 10
DOTS = 2_500  # test images on each of step 4's maps


def one_of_each(bundle: Bundle) -> np.ndarray:
    """The first test image of each label, ten at most; without labels the first ten."""
    test = _test(bundle)
    labels = bundle.images.labels[test]
    kinds = [kind for kind in np.unique(labels) if kind >= 0][:TEN]
    firsts = [int(test[labels == kind][0]) for kind in kinds]
    return np.array(firsts if len(firsts) > 1 else test[:TEN], int)


def close_ones(bundle: Bundle) -> np.ndarray | None:
    """Ten that follow each other on the bundle's tour: of the stretches with most labels the cheapest. None without a tour.

    Sorted by id, so that the order gives nothing away.
    """
    tour = bundle.tour
    if len(tour) < TEN:
        return None
    costs, labels = bundle.costs["tour"][tour].astype(float), bundle.images.labels[tour]
    windows = np.lib.stride_tricks.sliding_window_view
    kinds = [len(np.unique(window)) for window in windows(labels, TEN)]
    price = np.nan_to_num(windows(costs, TEN)[:, 1:].sum(1), nan=math.inf)
    start = int(np.lexsort((price, -np.array(kinds)))[0])
    return np.sort(tour[start : start + TEN])


@dataclass(frozen=True)
class Swaps:
    """What a decoder makes of one image's z given another image, for n images.

    pixel_bits (n, n): row = the image that is sent, column = whose z the decoder is given; latent_bits (n,): the
    cheapest complete code of z for one image alone; pictures (n, S, S): drawn from each z by the same throws of the dice;
    labels (n,): -1 where an image has none.
    """

    ids: np.ndarray
    labels: np.ndarray
    pixel_bits: np.ndarray
    latent_bits: np.ndarray
    pictures: np.ndarray

    @property
    def missed_bits(self) -> float:
        """What another's code costs in pixels, the mean over all pairs."""
        n = len(self.ids)
        changes = self.pixel_bits - np.diag(self.pixel_bits)[:, None]
        return float(changes.sum() / (n * (n - 1)))


@torch.inference_mode()
def swaps(bundle: Bundle, ids: np.ndarray) -> Swaps:
    """Every image with every other's code, and a picture from each code."""
    n, x, z = len(ids), bundle.bits(ids), torch.from_numpy(bundle.sampled(ids))
    costs = pixel_costs(bundle.model, np.repeat(x, n, 0), z.repeat(n, 1)).view(n, n)
    generator = torch.Generator().manual_seed(bundle.seed)
    pictures = sample(bundle.model.decoder(z), generator, torch.zeros(n, dtype=torch.long))
    latent = bits(bundle.costs[answers.best_protocol(bundle)][ids].astype(float))
    return Swaps(ids, bundle.images.labels[ids], bits(costs.double()).numpy(), latent, pictures.numpy())


@dataclass(frozen=True)
class Queue:
    """Ten images waiting to be sent, in bits of latent cost, as protocol `tour` bills them.

    costs (n, n): row = the image that is sent, column = the one sent before it; first (n,): what each costs as the first;
    greedy, best: orders as positions 0..n-1; random: the mean over all orders; alone (n,): each by itself, `mixture`.
    """

    ids: np.ndarray
    costs: np.ndarray
    first: np.ndarray
    alone: np.ndarray
    greedy: list[int]
    best: list[int]
    random: float


@torch.inference_mode()
def queue(bundle: Bundle, ids: np.ndarray) -> Queue:
    """The prices of every pair, and what the two machines make of them: the greedy tour and the exact best order."""
    codes, z = torch.from_numpy(bundle.codes[ids]), torch.from_numpy(bundle.sampled(ids))
    every = codes[None].expand(len(ids), -1, -1)
    costs = bits(neighbour_costs(bundle.model, codes, every, z).double()).numpy()
    first = bits(bundle.costs["free_neighbour"][ids].astype(float) + answers.pointer_nats(bundle))
    alone = bits(bundle.costs["mixture"][ids].astype(float))
    greedy = [int(i) for i in greedy_tour(codes)]
    return Queue(ids, costs, first, alone, greedy, best_order(costs, first), mean_over_orders(costs, first))


@dataclass(frozen=True)
class Account:
    """Means over the test images, nats an image: pixels, and the total under each protocol (nan: not measured).

    n: how many test images; order: ln(n!)/n, what the order of a tour could say; swapped: pixels with another's code,
    and probes: per cent of digits that a linear classifier knows from c and from z, as measured when the bundle was built.
    """

    name: str
    n: int
    pixels: float
    totals: dict[str, float]
    order: float
    swapped: float
    probes: tuple[float, float]


def account(bundle: Bundle) -> Account:
    """The model's whole account from the stored costs; `set` is the cheapest code for one image less what order says."""
    test = _test(bundle)
    mean = {kind: float(np.mean(cost[test].astype(float))) for kind, cost in bundle.costs.items()}
    mean["pointer"] = mean["free_neighbour"] + answers.pointer_nats(bundle)
    totals = {kind: mean["pixels"] + mean[kind] for kind in answers.PROTOCOLS}
    order = order_nats(len(test))
    totals["set"] = totals[answers.best_protocol(bundle)] - order
    metrics = bundle.meta.get("metrics", {})
    probe = metrics.get("probe", {})
    probes = tuple(float(probe.get(kind) or math.nan) for kind in ("linear", "linear_sampled"))
    swapped = float(metrics.get("swapped_code_pixels") or math.nan)
    return Account(bundle.name, len(test), mean["pixels"], totals, order, swapped, probes)


@dataclass(frozen=True)
class Dots:
    """A few thousand test images on both maps: labels (n,), places {"code", "sampled"} → (n, 2)."""

    labels: np.ndarray
    places: dict[str, np.ndarray]


def dots(bundle: Bundle) -> Dots:
    """An even choice of the test images, the same for every bundle of the same data."""
    test = _test(bundle)
    ids = test[np.linspace(0, len(test) - 1, min(DOTS, len(test))).astype(int)]
    return Dots(bundle.images.labels[ids], {what: xy[ids] for what, xy in bundle.maps.items()})


def _test(bundle: Bundle) -> np.ndarray:
    ids = np.asarray(bundle.images.splits.get("test", ()))
    return ids if len(ids) else np.arange(len(bundle.images.pixels))
