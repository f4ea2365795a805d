"""Sets of images on one message: their order, in batches whose width both sides know.

A message is a stack, so the sender starts with what the receiver gets last. Batches start (for the sender) with one image and
double: each leaves the bits that the next one draws its z from, so that only a single image needs initial bits.
"""

import bisect
from collections.abc import Callable, Iterator

import numpy as np

from lpvae.coding import Coder, Dry
from lpvae.errors import UserError
from lpvae.evaluate import short_tour
from lpvae.message import Message, damaged, permutation, uniform

LANES = 64
LANES_PIXELS, LANES_CODES = LANES * 28 * 28, LANES * 2**16  # more in one batch would need too much memory
MAX_WORDS = 2**16 - 1
WHICH, ORDER = "which image", "order"

Progress = Callable[[int, float], None]
"""Told, after each batch, how many images are done in all and the message's length in bits."""


def lanes_for(count: int, side: int, codes: int) -> int:
    """How many of `count` images to code side by side: few of a few, since each lane of a tour starts with a pointer."""
    return min(most_lanes(side, codes), max(1, count // 32))


def most_lanes(side: int, codes: int) -> int:
    """How many images of this side may be coded side by side, by a model with a table of so many codes."""
    return max(1, min(LANES, LANES_PIXELS // side**2, LANES_CODES // codes))


def widths(count: int, lanes: int) -> list[int]:
    """Images in each batch, in the receiver's order: never more than in the batch before."""
    batches, width = [], 1
    while count:
        batches.append(min(width, lanes, count))
        count -= batches[-1]
        width = min(2 * width, lanes)
    return sorted(batches, reverse=True)


def initial_words(dim: int) -> int:
    """Words of 32 bits that are enough to draw one image's z (4.05 bits a dimension at this step) and neighbour from."""
    return round((4.05 * dim + 32) / 32)


def send(coder: Coder, images: np.ndarray, protocol: str, keep_order: bool = False, words: int | None = None,
         progress: Progress | None = None) -> tuple[Message, int]:
    """The images (n, S, S) on a message, and how many initial words lie below them.

    Starts again with more initial words (and `progress` from 0) where there were too few bits to draw from.
    """
    words = words or initial_words(coder.model.config.code_dim)
    while words <= MAX_WORDS:
        try:
            return _send(coder, images, protocol, keep_order, Message.fresh(words), progress), words
        except Dry:
            words += words // 4 + 1
    raise UserError("these images cost less than what is drawn for them: choose the protocol mixture or global.")


def _send(coder: Coder, images: np.ndarray, protocol: str, keep_order: bool, message: Message, progress) -> Message:
    source = Pool.of(images) if protocol == "set" else Listed(_order(coder, images), widths(len(images), coder.lanes))
    sent, codes, peak, initial = [], None, 0.0, message.bits
    for batch, width in reversed(list(enumerate(widths(len(images), coder.lanes)))):
        _scramble(message, batch, width)
        chosen, before = source.take(message, width)
        if protocol == "set":
            message.note(WHICH)
        codes = coder.codes(images[chosen]) if codes is None else codes
        previous = None if before is None or coder.protocol != "tour" else coder.codes(images[before])
        coder.push(message, images[chosen], codes, None if previous is None else previous[:width])
        codes = previous
        sent.insert(0, chosen)
        peak = max(peak, message.bits)
        if progress:
            progress(sum(map(len, sent)), message.bits)
    if peak > _longest(message.bits, initial):
        raise Dry
    if keep_order:
        permutation(len(images)).push(message, np.concatenate(sent))
        message.note(ORDER)
    return message


def receive(coder: Coder, message: Message, count: int, protocol: str, keep_order: bool,
            words: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The images of a message, a batch at a time as they come off it: bits (m, S, S) and their places (m,).

    Places are those in which they were given to the sender, where that was sent, else those in which they come. After each
    batch `message` is that much shorter. Raises UserError where it is damaged, at the latest after the last image.
    """
    order = np.arange(count)
    if keep_order:
        order = permutation(count).pop(message)
        message.note(ORDER)
    pool, previous, done, longest = Pool([], []), None, 0, _longest(message.bits, 32.0 * words)
    for batch, width in enumerate(widths(count, coder.lanes)):
        images, codes = coder.pop(message, width, None if previous is None else previous[:width])
        if protocol == "set":
            pool.give(message, images)
            message.note(WHICH)
        _scramble(message, batch, width)
        if message.bits > longest:
            raise damaged("it grows where it should shrink")
        previous = codes if coder.protocol == "tour" else None
        yield images, order[done : done + width]
        done += width
    if not message.is_fresh(words):
        raise damaged("what is left below its last image are not the bits that it began with")


def _longest(whole: float, initial: float) -> float:
    """How long (bits) a message may be between two batches: without this, a forged one could be decoded for ever."""
    return 1.5 * max(whole, initial) + 4096


def _scramble(message: Message, batch: int, width: int) -> None:
    message.scramble(f"batch {batch}", 32 * width)  # 1024 bits an image: more than are drawn


def _order(coder: Coder, images: np.ndarray) -> np.ndarray:
    """Positions of the images in the receiver's order, batch by batch: as given, or each lane a part of a tour."""
    if coder.protocol != "tour":
        return np.arange(len(images))
    tour, sizes = short_tour(coder.all_codes(images)), np.array(widths(len(images), coder.lanes))
    lengths = [int((sizes > lane).sum()) for lane in range(sizes[0])]
    parts = np.split(tour, np.cumsum(lengths)[:-1])
    return np.concatenate([[parts[lane][batch] for lane in range(size)] for batch, size in enumerate(sizes)])


class Listed:
    """Images in an order that both sides know: batches of their positions, taken from the end, for no bits."""

    def __init__(self, order: np.ndarray, sizes: list[int]):
        self.batches = np.split(order, np.cumsum(sizes)[:-1])

    def take(self, message: Message, width: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Positions of the next batch, and of the one before it in the receiver's order."""
        batch = self.batches.pop()
        return batch, self.batches[-1] if self.batches else None


class Pool:
    """A multiset of images: sampling without replacement, by which an order that does not matter comes back in bits.

    The sender pops which of the images left to take next, ln(left) nats; the receiver pushes its rank among those received.
    In all ln(n!) less ln(m!) for every image that is there m times. Source: Severo, Townsend et al. 2021, "Compressing
    multisets with large alphabets using bits-back coding" (arXiv 2107.09202).
    """

    def __init__(self, keys: list[bytes], positions: list[int]):
        self.keys, self.positions = keys, positions

    @classmethod
    def of(cls, images: np.ndarray) -> "Pool":
        keys = packed(images)
        positions = sorted(range(len(keys)), key=keys.__getitem__)
        return cls([keys[i] for i in positions], positions)

    def take(self, message: Message, width: int) -> tuple[np.ndarray, None]:
        """The sender's part: positions of `width` images, drawn from those that are left."""
        return np.array([self._take(message) for _ in range(width)]), None

    def _take(self, message: Message) -> int:
        rank = int(uniform(len(self.keys)).pop(message)[0])
        first, end = self._equals(self.keys[rank])
        uniform(end - first).push(message, np.array([rank - first]))  # equal images: which of them says nothing
        del self.keys[rank]
        return self.positions.pop(rank)

    def give(self, message: Message, images: np.ndarray) -> None:
        """The receiver's part, the mirror of `take`."""
        for key in reversed(packed(images)):
            first, end = self._equals(key)
            self.keys.insert(first, key)
            copy = int(uniform(end + 1 - first).pop(message)[0])
            uniform(len(self.keys)).push(message, np.array([first + copy]))

    def _equals(self, key: bytes) -> tuple[int, int]:
        return bisect.bisect_left(self.keys, key), bisect.bisect_right(self.keys, key)


def packed(images: np.ndarray) -> list[bytes]:
    """Images (n, S, S) of bits as bytes of 8 bits."""
    return [row.tobytes() for row in np.packbits(images.reshape(len(images), -1), axis=1)]
