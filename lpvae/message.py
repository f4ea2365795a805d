"""A message as a stack of bits, and what can be pushed on it and popped off. The only importer of `constriction`.

Popping symbols with a distribution p off random bits draws them from p and takes −log p(symbol) off the message's length;
pushing them with p undoes it exactly. Bits-back coding (Townsend, Bird, Barber 2019, arXiv 1901.04866) is nothing but that.
"""

import bisect
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from constriction import stream

from lpvae.costs import bits
from lpvae.errors import UserError

MAX_UNIFORM = 2**24 - 1  # the coder's probabilities have 24 bits
LEAST_BITS = 8  # below this a pop would no more draw at random: the coder's state has run dry
INITIAL, RECEIVED = "initial bits", "received"  # what a message's first step is called
FIRST, LATER = 16, 4  # so few that what waits behind an escape is seldom rarer than 2⁻²⁴ itself


@dataclass(frozen=True)
class Step:
    """What one operation did to a message: `change` bits (below 0: popped), leaving it `length` bits long."""

    what: str
    change: float
    length: float


class Message:
    """A stack of bits by asymmetric numeral systems. `steps` tells what happened to it, as far as it was noted."""

    def __init__(self, coder: stream.stack.AnsCoder):
        self._coder = coder
        self.steps: list[Step] = []
        self._noted = 0.0

    @classmethod
    def fresh(cls, words: int) -> "Message":
        """A message of `words` words of 32 random-looking bits, to draw the first symbols from. They are part of it."""
        message = cls(stream.stack.AnsCoder(_noise("initial", words), seal=True))
        message.note(INITIAL)
        return message

    @classmethod
    def received(cls, words: np.ndarray) -> "Message":
        """A message from `words()`. Raises UserError where it cannot be one."""
        try:
            message = cls(stream.stack.AnsCoder(np.ascontiguousarray(words, np.uint32)))
        except ValueError:
            raise damaged() from None
        message.note(RECEIVED)
        return message

    def words(self) -> np.ndarray:
        """The whole message, uint32; never ends in 0."""
        return self._coder.get_compressed()

    def is_fresh(self, words: int) -> bool:
        """Whether nothing but the initial `words` are left: what a receiver finds below the last image."""
        return np.array_equal(self.words(), Message.fresh(words).words())

    @property
    def bits(self) -> float:
        """The message's length in bits."""
        position, state = self._coder.pos()
        return 32 * position + bits(math.log(max(state, 1)))

    @property
    def dry(self) -> bool:
        return self.bits < LEAST_BITS

    def note(self, what: str) -> None:
        """Remember as `what` all that changed since the last note."""
        length = self.bits
        self.steps.append(Step(what, length - self._noted, length))
        self._noted = length

    def scramble(self, key: str, words: int) -> None:
        """Change the top `words` words below the coder's state by a noise that depends on `key`; doing it twice undoes it.

        What was pushed with a distribution that it did not have, such as codes far from N(0, I) with that, left bits that are
        not evenly random; what is popped off them would not have its distribution either. Noise makes them even, and as many.
        """
        content = self._coder.get_compressed()
        top = content[:-2][-words:]  # the last two are the state, which says how long the message is
        top ^= _noise(key, len(top))
        self._coder = stream.stack.AnsCoder(content)

    def push(self, symbols: np.ndarray, model, *parameters) -> None:
        self._coder.encode_reverse(np.ascontiguousarray(symbols, np.int32), model, *parameters)

    def pop(self, model, *parameters) -> np.ndarray:
        return self._coder.decode(model, *parameters)


def _noise(key: str, words: int) -> np.ndarray:
    # a hash, since no version of it will ever draw otherwise
    return np.frombuffer(hashlib.shake_128(f"lpvae {key}".encode()).digest(4 * words), "<u4").astype(np.uint32)


def damaged(what: str = "what is in it cannot have been written by `compress`") -> UserError:
    return UserError(f"the message is damaged: {what}; get the file again from where it came.")


@dataclass(frozen=True)
class Codec:
    """How symbols go on a message and come off it: `pop(message)` returns what `push(message, symbols)` put there."""

    push: Callable[[Message, np.ndarray], None]
    pop: Callable[[Message], np.ndarray]


def nothing(symbols) -> Codec:
    """The codec of what both sides know already: it is `symbols`, for 0 bits."""
    return Codec(lambda message, _: None, lambda message: symbols)


def uniform(size: int, count: int = 1) -> Codec:
    """`count` whole numbers below `size`, ln(size) nats each."""
    if size <= 1:
        return nothing(np.zeros(count, np.int32))
    model = stream.model.Uniform(size)
    return Codec(lambda message, symbols: message.push(symbols, model), lambda message: message.pop(model, count))


def categorical(weights: np.ndarray) -> Codec:
    """A symbol (n,) from each row of weights (n, S), which need not sum to 1. None is rarer than 2⁻²⁴: see `exact`."""
    count, size = weights.shape
    if size <= 1 or not count:
        return nothing(np.zeros(count, np.int32))
    # in double precision: with single, sums of 24 bits are rounded, and the last symbol may be left with nothing
    table = np.ascontiguousarray(weights / weights.max(1, keepdims=True), np.float64)
    model = stream.model.Categorical(perfect=False)
    return Codec(lambda message, symbols: message.push(symbols, model, table), lambda message: message.pop(model, table))


def exact(weights: np.ndarray) -> Codec:
    """As `categorical`, for positive weights (n, S) of any range: a symbol of probability 10⁻³⁰ costs its 69 nats.

    Symbols go by their rank in likelihood: one of the likeliest `FIRST`; or behind an escape one of the next `LATER`; and so on.
    """
    order = np.argsort(-weights, axis=1, kind="stable")
    rank_of, rows = np.argsort(order, axis=1, kind="stable"), np.arange(len(weights))
    ranks = _by_rank(np.take_along_axis(weights, order, axis=1))
    return Codec(lambda message, symbols: ranks.push(message, rank_of[rows, symbols]),
                 lambda message: order[rows, ranks.pop(message)])


def _by_rank(weights: np.ndarray) -> Codec:
    """Ranks (n,) among falling weights (n, S)."""
    size = weights.shape[1]
    starts = [0, *range(FIRST, size - 1, LATER), size]  # of the stages; a last one of a single rank joins the one before
    tails = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]

    def stage(rows: np.ndarray, start: int, stop: int) -> Codec:
        return categorical(np.concatenate([weights[rows, start:stop], tails[rows, stop : stop + 1]], axis=1))

    def push(message: Message, ranks: np.ndarray) -> None:
        pushes = []
        for start, stop in pairwise(starts):
            rows = np.flatnonzero(ranks >= start)
            if not len(rows):
                break
            pushes.append((stage(rows, start, stop), np.minimum(ranks[rows], stop) - start))
        for codec, symbols in reversed(pushes):
            codec.push(message, symbols)

    def pop(message: Message) -> np.ndarray:
        ranks, rows = np.zeros(len(weights), np.int64), np.arange(len(weights))
        for start, stop in pairwise(starts):
            if not len(rows):
                break
            ranks[rows] = start + stage(rows, start, stop).pop(message)
            rows = rows[ranks[rows] == stop]
        return ranks

    return Codec(push, pop)


def among(choices: np.ndarray, codec: Codec) -> Codec:
    """One of each row's `choices` (n, K), which are distinct: its place in the row has the codec `codec`."""

    def push(message: Message, symbols: np.ndarray) -> None:
        place = choices == np.asarray(symbols)[:, None]
        if not place.any(1).all():
            raise damaged()
        codec.push(message, place.argmax(1))

    return Codec(push, lambda message: np.take_along_axis(choices, codec.pop(message)[:, None].astype(np.int64), axis=1)[:, 0])


def in_turn(codecs: list[Codec]) -> Codec:
    """Columns (n, len(codecs)) of symbols, each with its own codec; the first column is the first to be popped."""

    def push(message: Message, symbols: np.ndarray) -> None:
        for codec, column in reversed(list(zip(codecs, symbols.T))):
            codec.push(message, column)

    return Codec(push, lambda message: np.stack([codec.pop(message) for codec in codecs], axis=1))


def permutation(count: int) -> Codec:
    """An order of `count` things, (count,), for ln(count!) nats: each as its rank among those not yet named."""

    def push(message: Message, order: np.ndarray) -> None:
        left, ranks = list(range(count)), []
        for item in order.tolist():
            ranks.append(bisect.bisect_left(left, item))
            del left[ranks[-1]]
        for size, rank in enumerate(reversed(ranks), start=1):
            uniform(size).push(message, np.array([rank]))

    def pop(message: Message) -> np.ndarray:
        if message.bits < bits(math.lgamma(count + 1)) - LEAST_BITS:
            raise damaged("it is too short for the order of its images")
        left = list(range(count))
        return np.array([left.pop(int(uniform(size).pop(message)[0])) for size in range(count, 0, -1)], np.int64)

    return Codec(push, pop)
