"""What the explorer says of one image: neighbours, the prior, ways to other images and the bill. Arrays out; no streamlit.

One side of the page is one model; the functions take its bundle and change nothing in it.
"""

import math
from dataclasses import dataclass

import numpy as np

from explorer import paths
from explorer.codebooks import Codebook, codebooks, prior_samples
from explorer.pictures import generator
from explorer.subjects import Subject, noise
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.costs import bits
from lpvae.evaluate import order_nats
from lpvae.report import single_protocol

FRAMES = 9  # of the interpolation, both ends included
PICTURES = 4  # drawn from the prior and decoded
SAMPLES = 24  # drawn from the prior for the map; the first PICTURES of them are decoded
PLACED_BY = 5  # nearest codes whose positions give a new code its place on a map
METRICS = ("euclid", "cosine")


@dataclass(frozen=True)
class Neighbours:
    """The K nearest training codes of one image, nearest first: ids (K,), and their distances (K,) by the metric."""

    ids: np.ndarray
    distances: np.ndarray
    metric: str = "euclid"


def neighbours(bundle: Bundle, image: int, k: int) -> Neighbours:
    """The K nearest, as the prior network takes them: from the training codes, never the image itself."""
    return nearest(bundle, bundle.codes[image], k, [image])


def nearest(bundle: Bundle, code: np.ndarray, k: int, exclude: list[int], metric: str = "euclid") -> Neighbours:
    """The K training codes nearest to a code (D,), the image `exclude` left out.

    metric: "euclid", or "cosine": 1 − the cosine of the angle at the origin. The model's own neighbours are Euclidean.
    """
    table = bundle.table
    if metric == "euclid":
        ids, distances = table.nearest(code[None], k, exclude=exclude)
        return Neighbours(ids[0], distances[0])
    distances = cosine_distances(table.codes, code)
    distances[np.isin(table.ids, exclude)] = np.inf
    order = np.argpartition(distances, k - 1)[:k]
    order = order[np.lexsort((table.ids[order], distances[order]))]
    return Neighbours(table.ids[order], distances[order], metric)


def cosine_distances(codes: np.ndarray, code: np.ndarray) -> np.ndarray:
    """1 − cos of the angle at the origin between codes (n, D) and a code (D,), (n,); 1 for a code at the origin itself."""
    lengths = np.linalg.norm(codes, axis=1) * np.linalg.norm(code)
    return 1 - np.divide(codes @ code, lengths, out=np.zeros_like(lengths), where=lengths > 0)


@dataclass(frozen=True)
class Elsewhere:
    """Images that another model calls near, in this model's space: ids, distances, and places (n,): 1 is the nearest."""

    ids: np.ndarray
    distances: np.ndarray
    places: np.ndarray


def elsewhere(bundle: Bundle, subject: Subject, ids: np.ndarray, metric: str = "euclid") -> Elsewhere:
    """How far the training images `ids` (n,) lie from the subject, near or not, and at which place among all."""
    table = bundle.table
    if metric == "euclid":
        distances = np.linalg.norm(table.codes - subject.code, axis=1)
    else:
        distances = cosine_distances(table.codes, subject.code)
    asked = distances[np.searchsorted(table.ids, ids)]
    others = distances[~np.isin(table.ids, subject.exclude)]
    return Elsewhere(ids, asked, 1 + (others < asked[:, None]).sum(1))  # a few comparisons, where sorting all takes longer


@dataclass(frozen=True)
class Answer:
    """What one model says of one image, short of the pictures: all that the maps need, in a few milliseconds.

    chosen: id of the neighbour whose prior is shown; books: the prior of each neighbour in `near`, `book` the chosen one's;
    target: id of the image at the end of the path; samples (SAMPLES, D): draws from that prior; path (FRAMES, D): codes
    from the image to the target, over `through` (m,), ids of the real images between them, where the line is the graph's.
    """

    subject: Subject
    near: Neighbours
    chosen: int
    target: int
    books: list[Codebook]
    book: Codebook
    samples: np.ndarray
    path: np.ndarray
    line: str = "straight"
    through: np.ndarray | None = None


def answer(bundle: Bundle, subject: Subject, k: int, rank: int, second: int | None, metric: str = "euclid",
           line: str = "straight", graph: paths.Graph | None = None) -> Answer:  # fmt: skip
    """The answer for the image's neighbour of that rank (from 1); the path ends there, or at `second` where it is given.

    line: one of `paths.LINES`; "graph" is straight until there is a graph.
    """
    near = nearest(bundle, subject.code, k, subject.exclude, metric)
    chosen = int(near.ids[rank - 1])
    target = chosen if second is None else second
    books = codebooks(bundle, subject.code, near.ids)
    samples = prior_samples(bundle, chosen, SAMPLES, generator(bundle, subject))
    line = "straight" if line == "graph" and graph is None else line
    path, through = _path(bundle, subject, target, line, graph)
    return Answer(subject, near, chosen, target, books, books[rank - 1], samples, path, line, through)


def _path(bundle: Bundle, subject: Subject, target: int, line: str, graph: paths.Graph | None):
    start, end = subject.code, bundle.codes[target]
    if line == "spherical":
        return paths.great_arc(start, end, bundle.table.codes.mean(0), FRAMES), None
    if line == "graph":
        route = paths.shortest_route(graph, start, end, (*subject.exclude, target))
        return paths.along(route.codes, FRAMES), route.ids
    return paths.straight_line(start, end, FRAMES), None


def codebook(bundle: Bundle, image: int, neighbour: int) -> Codebook:
    """The prior that the neighbour's code gives, beside the posterior of the image."""
    return codebooks(bundle, bundle.codes[image], np.array([neighbour]))[0]


def real_ones(bundle: Bundle, codes: np.ndarray) -> np.ndarray:
    """Ids (n,) of the training images whose codes are nearest to the given ones (n, D)."""
    return bundle.table.nearest(codes, 1)[0][:, 0]


def map_table(bundle: Bundle, what: str) -> CodeTable:
    """The training images by what their map shows: their codes ("code"), or their sampled z ("sampled")."""
    if what == "code":
        return bundle.table
    rows = bundle.images.rows("train")
    return CodeTable(rows, bundle.codes[rows] + noise(bundle)[rows])


def place(table: CodeTable, xy: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Approximate map positions (n, 2) of codes (n, D): means of their nearest neighbours', weighted by 1 / distance.

    table: see `map_table`; xy (N, 2): the positions of all images on that map.
    """
    ids, distances = table.nearest(codes, min(PLACED_BY, len(table)))
    weights = 1 / np.maximum(distances, 1e-6)
    return (xy[ids] * weights[..., None]).sum(1) / weights.sum(1, keepdims=True)


def marks(given: Answer, table: CodeTable, xy: np.ndarray, path: np.ndarray | None = None) -> dict:
    """What one map shows of the answer: ids of the neighbours, and places of the prior and of the path.

    path (n, D): codes of another path to show. `origin`, the place of an image that is not in the data, is approximate.
    """
    path = given.path if path is None else path
    parts = [given.book.mean[None].astype(np.float32), path, given.samples, given.subject.code[None]]
    places = place(table, xy, np.concatenate(parts))
    prior, path, samples, origin = np.split(places, np.cumsum([len(part) for part in parts])[:-1])
    shown = {"neighbours": given.near.ids, "chosen": given.chosen, "prior": prior, "path": path, "samples": samples}
    return shown | ({"origin": origin[0]} if given.subject.id is None else {})


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


def bill(bundle: Bundle, subject: Subject) -> list[Line]:
    """What it costs to send one image, under every protocol of `lpvae.evaluate.latent_costs`, from its costs."""
    pixels = float(bits(subject.costs["pixels"]))
    return [_line(bundle, subject, protocol, pixels) for protocol in PROTOCOLS]


def _line(bundle: Bundle, subject: Subject, protocol: str, pixels: float) -> Line:
    if protocol == "pointer":
        nats = subject.costs["free_neighbour"] + pointer_nats(bundle)
    else:
        nats = subject.costs[protocol]
    reason = _reason(bundle, subject, protocol) if math.isnan(nats) else ""
    return Line(protocol, float(bits(nats)), pixels, reason)


def pointer_nats(bundle: Bundle) -> float:
    """ln(N/K): naming the neighbour, less what the free choice among the K gives back."""
    return math.log(len(bundle.table) / bundle.config.neighbours)


def _reason(bundle: Bundle, subject: Subject, protocol: str) -> str:
    if protocol in OF_NEIGHBOURS and not bundle.model.prior.needs_neighbour:
        return "this model's prior asks no neighbour"
    if protocol == "tour" and subject.id is None:
        return "the tour visits the data's test images, and this one is not among them"
    return "the tour visits the test images only" if protocol == "tour" else "not measured for this image"


def order_bits(bundle: Bundle) -> float:
    """What the order of the images of a tour can say, in bits an image: log2(n!)/n; 0 where there is no tour."""
    return float(bits(order_nats(len(bundle.tour))))


def best_protocol(bundle: Bundle) -> str:
    """The cheapest complete code for one image alone: `mixture`, or `global` where the prior is N(0, I)."""
    return single_protocol(bundle.model)


def total_bits(bundle: Bundle) -> np.ndarray:
    """Pixels and latent of every image, in bits, (N,), under `best_protocol`."""
    return bits(bundle.costs["pixels"].astype(np.float64) + bundle.costs[best_protocol(bundle)])
