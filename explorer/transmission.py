"""A small set of images really sent: streams, their bits step by step, and what a damaged one decodes to. No streamlit."""

import bz2
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import torch
from torch.distributions import Independent

from lpvae.bundle import Bundle
from lpvae.coding import Coder, Dry
from lpvae.container import Header, compress, decode, receiver, unpack
from lpvae.errors import UserError
from lpvae.latents import prior_components
from lpvae.message import Step
from lpvae.report import single_protocol
from lpvae.sending import ORDER, packed

PATIENCE = 20.0  # seconds that decoding a damaged message may take


@dataclass(frozen=True)
class Stream:
    """A file of images sent one at a time, and what a receiver made of it.

    content: the file; words: the message in it; order (n,): places of the images among those given, as the receiver gets them;
    received (n, S, S); steps: of each image in the SENDER's order; lengths: bits before and after each of these n transactions.
    """

    content: bytes
    header: Header
    words: np.ndarray
    coder: Coder
    order: np.ndarray
    received: np.ndarray
    steps: list[list[Step]]
    lengths: list[float]


def transmit(bundle: Bundle, images: np.ndarray, protocol: str, said: Callable[[], None] = lambda: None,
             components: Independent | None = None) -> Stream:
    """Send images (n, S, S) of bits under a protocol of `lpvae.latents.PROTOCOLS`, and receive them from the file's bytes.

    said: called once for every image sent, and once for every one received; components: as of `container.compress`. Raises
    UserError where there is no such protocol.
    """
    sent = compress(bundle.model, bundle.table, images, protocol, lanes=1, progress=lambda *_: said(), components=components)
    header, words = unpack(sent.content)
    coder, got = receiver(header, bundle.model, bundle.table, components), []
    for batch, *_ in decode(header, words, coder):
        got.append(batch)
        said()
    received = np.concatenate(got)
    return Stream(sent.content, header, words, coder, places(images, received), received, *transactions(sent.steps, len(images)))


def places(images: np.ndarray, received: np.ndarray) -> np.ndarray:
    """Which of the images (n, S, S) each received one is, (n,); equal ones in the order given. Raises ValueError for a stranger."""
    waiting: dict[bytes, list[int]] = {}
    for place, key in enumerate(packed(images)):
        waiting.setdefault(key, []).append(place)
    try:
        return np.array([waiting[key].pop(0) for key in packed(received)], np.int64)
    except (KeyError, IndexError):
        raise ValueError("the receiver got an image that was not sent") from None


def transactions(steps: list[Step], count: int) -> tuple[list[list[Step]], list[float]]:
    """The steps of each image in the sender's order, and the message's length before and after each."""
    steps = [step for step in steps if step.what != ORDER]
    first, rest = steps[0], steps[1:]
    each = len(rest) // count
    if each * count != len(rest):
        raise ValueError("the images were not sent one at a time")
    groups = [rest[i : i + each] for i in range(0, len(rest), each)]
    return groups, [first.length, *(group[-1].length for group in groups)]


def bz2_totals(images: np.ndarray) -> list[float]:
    """Bits of a bz2 file of the first 0, 1, … n images, their bits packed into bytes."""
    rows = packed(images)
    return [8.0 * len(bz2.compress(b"".join(rows[:n]))) if n else 0.0 for n in range(len(rows) + 1)]


# ---- All streams of a page


@dataclass(frozen=True)
class Show:
    """The same images (n, S, S) with row ids (n,) under three codes; `alone` is the other model's best for one image alone."""

    ids: np.ndarray
    images: np.ndarray
    tour: Stream
    together: Stream
    alone: Stream


def prepare(bundle: Bundle, other: Bundle, ids: np.ndarray, said: Callable[[], None]) -> Show:
    """Send the images `ids` on a tour and as a set with one model, and one by one with the other, in the tour's order.

    A model whose prior asks no neighbour has no tour of its own: it charges alike in any order.
    """
    images = bundle.bits(ids)
    with torch.inference_mode():
        components = prior_components(bundle.model, bundle.table) if bundle.config.prior != "global" else None
    tour = transmit(bundle, images, "tour", said, components)
    together = transmit(bundle, images, "set", said, components)
    order = tour.order
    alone = transmit(other, images[order], single_protocol(other.model), said)
    return Show(np.asarray(ids), images, tour, together, replace(alone, order=order[alone.order]))


def work(count: int) -> int:
    """How often `prepare` says that something is done."""
    return 6 * count


def near(bundle: Bundle, ids: np.ndarray, image: int, count: int) -> np.ndarray:
    """The image and those of `ids` whose codes are nearest to its own, (count,)."""
    distance = np.square(bundle.codes[ids] - bundle.codes[image]).sum(1)
    return ids[np.argsort(distance, kind="stable")[:count]]


# ---- Damage


@dataclass(frozen=True)
class Damage:
    """What a receiver makes of a damaged message: images (m, S, S) in its order, whether each is what was sent, and a word."""

    images: np.ndarray
    right: list[bool]
    word: str


def flipped(words: np.ndarray, bit: int) -> np.ndarray:
    """The words with one of their bits turned over; bit 0 is the lowest of the first word, at the bottom of the stack."""
    out = words.copy()
    out[bit // 32] ^= np.uint32(1 << bit % 32)
    return out


def decode_damaged(stream: Stream, bit: int, patience: float = PATIENCE) -> Damage:
    """Decode the stream with one bit turned over, below any checksum, for at most about `patience` seconds."""
    got, end = [], time.monotonic() + patience
    try:
        word = "Nothing here noticed: without a checksum the receiver would believe all of it."
        for batch, *_ in decode(stream.header, flipped(stream.words, bit), stream.coder):
            got.append(batch)
            if time.monotonic() > end and len(got) < len(stream.received):
                word = f"Stopped after {patience:.0f} seconds."
                break
    except UserError as error:
        word = f"Decoding failed: {error}" if len(got) < len(stream.received) else f"Only at the very end is it noticed: {error}"
    except (Dry, ValueError, ArithmeticError, IndexError, AssertionError, RuntimeError) as error:  # it went where no sender goes
        word = f"Decoding failed: the bits make no sense ({type(error).__name__})."
    images = np.concatenate(got) if got else stream.received[:0]
    right = [bool((image == sent).all()) for image, sent in zip(images, stream.received)]
    return Damage(images, right, word)


def refusal(stream: Stream, bit: int) -> str:
    """What the program says of the file with that bit of its message turned over."""
    start = len(stream.content) - 4 - 4 * len(stream.words)  # a checksum of 4 bytes is the end
    content = bytearray(stream.content)
    content[start + bit // 8] ^= 1 << bit % 8
    try:
        unpack(bytes(content))
    except UserError as error:
        return str(error)
    return ""


README = """{title}
{rule}

{file} holds {count} images of {side} x {side} bits, sent with the model {name} under the protocol {protocol}.
To see them again, with the lpvae explorer installed and {name} among its shipped models:

    python -m lpvae decompress {file} images.npz

Where the model lies in another folder, add --model FOLDER/{name}. It must be the very model that the file was made with, and so
must the versions of torch ({torch}) and constriction ({constriction}); the program says so where they are not.

The message has {message} bits, of which {initial} were there before the first image. bz2 makes {bz2} bytes of the same images.
"""


def readme(stream: Stream, images: np.ndarray, file: str, name: str) -> str:
    """What to put beside the file, so that whoever finds it can open it. name: the model's bundle."""
    header = stream.header
    title = f"{header.count} images in {len(stream.content)} bytes"
    return README.format(
        title=title, rule="=" * len(title), count=header.count, file=file, side=header.side, name=name, protocol=header.protocol,
        torch=version("torch").partition("+")[0], constriction=version("constriction"), message=32 * len(stream.words),
        initial=32 * header.words, bz2=len(bz2.compress(b"".join(packed(images)))),
    )  # fmt: skip
