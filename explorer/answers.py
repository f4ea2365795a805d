"""What the explorer says of one image: neighbours, the prior, pictures and the bill. Arrays out; no streamlit, no plotly.

One side of the page is one model; the functions take its bundle and ids, and change nothing in it.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.costs import bits
from lpvae.distributions import kl_per_dimension, sample
from lpvae.evaluate import order_nats

FRAMES = 9  # of the interpolation, both ends included
PICTURES = 4  # drawn from the prior and decoded
SAMPLES = 24  # drawn from the prior for the map; the first PICTURES of them are decoded
PLACED_BY = 5  # nearest codes whose positions give a new code its place on a map


@dataclass(frozen=True)
class Neighbours:
    """The K nearest training codes of one image, nearest first: ids (K,), Euclidean distances (K,)."""

    ids: np.ndarray
    distances: np.ndarray


def neighbours(bundle: Bundle, image: int, k: int) -> Neighbours:
    """The K nearest, as the prior network takes them: from the training codes, never the image itself."""
    ids, distances = bundle.table.nearest(bundle.codes[[image]], k, exclude=[image])
    return Neighbours(ids[0], distances[0])


@dataclass(frozen=True)
class Codebook:
    """The prior p(z|ĉ) for one neighbour, dimension by dimension, (D,) each: its mean and standard deviation.

    code: the mean of the posterior N(code, 1); kl_bits: KL of the posterior from this prior, which sum to the latent bill
    for this neighbour.
    """

    code: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    kl_bits: np.ndarray


@torch.inference_mode()
def codebook(bundle: Bundle, image: int, neighbour: int) -> Codebook:
    """The prior that the neighbour's code gives, beside the posterior of the image."""
    code, p = torch.from_numpy(bundle.codes[[image]]), _prior(bundle, neighbour)
    base = p.base_dist
    parts = code, base.mean, base.variance.sqrt(), bits(kl_per_dimension(code, p))
    return Codebook(*(part[0].double().numpy() for part in parts))


@dataclass(frozen=True)
class Answer:
    """What one model says of one image, short of the pictures: all that the maps need, in a few milliseconds.

    chosen: id of the neighbour whose prior is shown; target: id of the image at the end of the path; samples (SAMPLES, D):
    draws from that prior; path (FRAMES, D): a straight line of codes from the image to the target.
    """

    image: int
    near: Neighbours
    chosen: int
    target: int
    book: Codebook
    samples: np.ndarray
    path: np.ndarray


def answer(bundle: Bundle, image: int, k: int, rank: int, second: int | None) -> Answer:
    """The answer for the image's neighbour of that rank (from 1); the path ends there, or at `second` where it is given."""
    near = neighbours(bundle, image, k)
    chosen = int(near.ids[rank - 1])
    target = chosen if second is None else second
    samples = prior_samples(bundle, image, chosen)
    path = straight_line(bundle.codes[image], bundle.codes[target], FRAMES)
    return Answer(image, near, chosen, target, codebook(bundle, image, chosen), samples, path)


@torch.inference_mode()
def prior_samples(bundle: Bundle, image: int, neighbour: int) -> np.ndarray:
    """Draws from the prior that the neighbour's code gives, (SAMPLES, D); the same ids give the same draws."""
    return _draw(_prior(bundle, neighbour), SAMPLES, _generator(bundle, image)).numpy()


def _generator(bundle: Bundle, image: int) -> torch.Generator:
    return torch.Generator().manual_seed(bundle.seed * 1_000_003 + image)


@dataclass(frozen=True)
class Pictures:
    """Images sampled from p(x|z), bits of 0/1: reconstruction (S, S); strip (FRAMES, S, S); from_prior (PICTURES, S, S)."""

    reconstruction: np.ndarray
    strip: np.ndarray
    from_prior: np.ndarray


@torch.inference_mode()
def pictures(bundle: Bundle, given: Answer) -> Pictures:
    """Everything that is decoded for one click, in a single batch; the same ids give the same pictures.

    The reconstruction is of the bundle's own sample z ~ q(z|x), from_prior of the first of the samples. The frames of the
    strip share their random numbers, so that they differ by z alone.
    """
    sampled = bundle.sampled(np.array([given.image]))
    z = torch.from_numpy(np.concatenate([sampled, given.path, given.samples[:PICTURES]]))
    dice = torch.tensor([0] + [1] * FRAMES + list(range(2, 2 + PICTURES)))
    drawn = sample(bundle.model.decoder(z), _generator(bundle, given.image), dice).numpy()
    return Pictures(drawn[0], drawn[1 : 1 + FRAMES], drawn[1 + FRAMES :])


def straight_line(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """Codes (frames, D) at equal steps from start (D,) to end (D,), both included."""
    t = np.linspace(0.0, 1.0, frames, dtype=np.float32)[:, None]
    return (1 - t) * start + t * end


def _prior(bundle: Bundle, neighbour: int) -> Distribution:
    return bundle.model.prior(torch.from_numpy(bundle.codes[[neighbour]]))


def _draw(p: Distribution, n: int, generator: torch.Generator) -> Tensor:
    """n draws (n, D) from a prior of batch 1; by hand, since torch.distributions would use the generator of all visitors."""
    base = p.base_dist
    if isinstance(base, Normal):
        loc, scale = base.loc.expand(n, -1), base.scale.expand(n, -1)
    else:
        weights, parts = base.mixture_distribution.probs[0], base.component_distribution
        which = torch.multinomial(weights, n, replacement=True, generator=generator)  # (D, n)
        loc, scale = (part[0].gather(1, which).T for part in (parts.loc, parts.scale))
    return loc + scale * torch.randn(loc.shape, generator=generator)


def map_table(bundle: Bundle, what: str) -> CodeTable:
    """The training images by what their map shows: their codes ("code"), or their sampled z ("sampled")."""
    if what == "code":
        return bundle.table
    rows = bundle.images.rows("train")
    return CodeTable(rows, bundle.sampled(rows))


def place(table: CodeTable, xy: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Approximate map positions (n, 2) of codes (n, D): means of their nearest neighbours', weighted by 1 / distance.

    table: see `map_table`; xy (N, 2): the positions of all images on that map.
    """
    ids, distances = table.nearest(codes, min(PLACED_BY, len(table)))
    weights = 1 / np.maximum(distances, 1e-6)
    return (xy[ids] * weights[..., None]).sum(1) / weights.sum(1, keepdims=True)


def marks(given: Answer, table: CodeTable, xy: np.ndarray) -> dict:
    """What one map shows of the answer: ids of the neighbours, and places of the prior and of the path."""
    codes = np.concatenate([given.book.mean[None].astype(np.float32), given.path, given.samples])
    prior, path, samples = np.split(place(table, xy, codes), [1, 1 + FRAMES])
    return {"neighbours": given.near.ids, "chosen": given.chosen, "prior": prior, "path": path, "samples": samples}


PROTOCOLS = ("free_neighbour", "pointer", "mixture", "tour", "global")
OF_NEIGHBOURS = PROTOCOLS[:4]


@dataclass(frozen=True)
class Line:
    """One line of the bill, in bits: nan where it was not measured, and then `reason` says why."""

    protocol: str
    latent_bits: float
    pixel_bits: float
    reason: str = ""

    @property
    def total_bits(self) -> float:
        return self.latent_bits + self.pixel_bits


def bill(bundle: Bundle, image: int) -> list[Line]:
    """What it costs to send one image, under every protocol of `lpvae.evaluate.latent_costs`, from the stored costs."""
    pixels = float(bits(bundle.costs["pixels"][image]))
    return [_line(bundle, image, protocol, pixels) for protocol in PROTOCOLS]


def _line(bundle: Bundle, image: int, protocol: str, pixels: float) -> Line:
    if protocol == "pointer":
        nats = bundle.costs["free_neighbour"][image] + pointer_nats(bundle)
    else:
        nats = bundle.costs[protocol][image]
    reason = _reason(bundle, protocol) if math.isnan(nats) else ""
    return Line(protocol, float(bits(nats)), pixels, reason)


def pointer_nats(bundle: Bundle) -> float:
    """ln(N/K): naming the neighbour, less what the free choice among the K gives back."""
    return math.log(len(bundle.table) / bundle.config.neighbours)


def _reason(bundle: Bundle, protocol: str) -> str:
    if protocol in OF_NEIGHBOURS and not bundle.model.prior.needs_neighbour:
        return "this model's prior asks no neighbour"
    return "the tour visits the test images only" if protocol == "tour" else "not measured for this image"


def order_bits(bundle: Bundle) -> float:
    """What the order of the images of a tour can say, in bits an image: log2(n!)/n; 0 where there is no tour."""
    return float(bits(order_nats(len(bundle.tour))))


def best_protocol(bundle: Bundle) -> str:
    """The cheapest complete code for one image alone: `mixture`, or `global` where the prior is N(0, I)."""
    return "mixture" if bundle.model.prior.needs_neighbour else "global"


def total_bits(bundle: Bundle) -> np.ndarray:
    """Pixels and latent of every image, in bits, (N,), under `best_protocol`."""
    return bits(bundle.costs["pixels"].astype(np.float64) + bundle.costs[best_protocol(bundle)])
