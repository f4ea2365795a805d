"""The file that holds a message: its format, and images → bytes → images in memory.

Format 1, little-endian, in this order:

    4 bytes   magic, 89 4C 50 56 ("\\x89LPV")
    u8        format, 1
    u8        protocol: 0 set, 1 tour, 2 pointer, 3 mixture, 4 global; plus 128 where the order of the images is sent too
    u32       n, the number of images
    u16       their side in pixels
    u8        lanes: images in the widest batch
    u16       initial words of the message
    i16 × 2   lowest and highest bin of z, whose width is 1/4
    6 bytes   model: first bytes of the sha256 of its config and weights
    4 bytes   numeric fingerprint: of the message that fixed images make with this model and table on this machine
    u8 × 6    versions of torch and constriction, which both sides must share: 2.13.0 and 0.5.0 are 2 13 0 0 5 0
    u32 × w   the message: words of the coder's stack, the top one last
    u32       CRC-32 of all bytes before it

How the message is made stands in `coding` (one batch) and `sending` (the whole set).
"""

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import torch
from torch.distributions import Independent

from lpvae import sending
from lpvae.codes import CodeTable
from lpvae.coding import Coder
from lpvae.errors import UserError
from lpvae.evaluate import encode
from lpvae.latents import PROTOCOLS, Grid
from lpvae.message import Message, Step
from lpvae.model import LPVAE

MAGIC, FORMAT = b"\x89LPV", 1
FIXED = struct.Struct("<4sBBIHBHhh6s4s6s")
MAX_IMAGES, MAX_BINS = 2**20, 2**13
ORDERED = 128


@dataclass(frozen=True)
class Header:
    """All of a file but its message."""

    protocol: str
    keep_order: bool
    count: int
    side: int
    lanes: int
    words: int
    grid: Grid
    model: bytes
    fingerprint: bytes
    versions: bytes


def pack(header: Header, words: np.ndarray) -> bytes:
    """A file's bytes from its header and its message."""
    protocol = PROTOCOLS.index(header.protocol) + ORDERED * header.keep_order
    fixed = FIXED.pack(MAGIC, FORMAT, protocol, header.count, header.side, header.lanes, header.words, *header.grid, header.model,
                       header.fingerprint, header.versions)
    content = fixed + words.astype("<u4").tobytes()
    return content + struct.pack("<I", zlib.crc32(content))


def unpack(content: bytes) -> tuple[Header, np.ndarray]:
    """The inverse of `pack`. Raises UserError for whatever `pack` cannot have written."""
    if not content:
        raise UserError("the file is empty: get it again from where it came.")
    if not content.startswith(MAGIC):
        raise UserError("this is no file of `lpvae compress`: it does not begin as one.")
    if content[4:5] not in (b"", bytes([FORMAT])):
        raise UserError(f"the file is of format {content[4]}, this program reads format {FORMAT}: use the lpvae that wrote it.")
    if len(content) < FIXED.size + 4 or struct.pack("<I", zlib.crc32(content[:-4])) != content[-4:]:
        raise UserError("the file is damaged (cut off or changed: its checksum does not fit): get it again from where it came.")
    try:
        return _parsed(content[:-4])
    except (ValueError, IndexError, struct.error):
        raise UserError("the file's header makes no sense: it was not written by `lpvae compress`.") from None


def _parsed(content: bytes) -> tuple[Header, np.ndarray]:
    _, _, protocol, count, side, lanes, words, low, high, *identity = FIXED.unpack_from(content)
    sound = 1 <= count <= MAX_IMAGES and 2 <= side <= 1024 and words and 1 <= high - low <= MAX_BINS
    if not (sound and 1 <= lanes <= sending.most_lanes(side, 1)):
        raise ValueError
    message = np.frombuffer(content, "<u4", offset=FIXED.size).astype(np.uint32)  # ValueError where words are cut
    header = Header(PROTOCOLS[protocol % ORDERED], protocol >= ORDERED, count, side, lanes, words, Grid(low, high), *identity)
    return header, message


@dataclass(frozen=True)
class Sent:
    """A file's bytes, and what each step of its making did to the message."""

    content: bytes
    steps: list[Step]


def compress(model: LPVAE, table: CodeTable, images: np.ndarray, protocol: str = "set", keep_order: bool = False,
             lanes: int | None = None, progress: sending.Progress | None = None, components: Independent | None = None) -> Sent:
    """Images (n, S, S) of bits → a file.

    lanes: images coded side by side; by default many, for speed. With 1 lane the steps are those of one image after another.
    components: of `latents.prior_components`, where they are at hand.
    Raises UserError where the images do not fit the model or the model has no such protocol.
    """
    images = _checked_images(images, model)
    side = images.shape[1]
    lanes = lanes or sending.lanes_for(len(images), side, len(table))
    grid = _grid(model, images)
    coder = Coder(model, table, protocol, lanes, grid, components)
    keep_order &= protocol == "set" or coder.protocol == "tour"  # the others keep it anyway
    message, words = sending.send(coder, images, protocol, keep_order, progress=progress)
    header = Header(protocol, keep_order, len(images), side, lanes, words, grid,
                    model_hash(model), fingerprint(coder), versions())
    return Sent(pack(header, message.words()), message.steps)


def receiver(header: Header, model: LPVAE, table: CodeTable, components: Independent | None = None) -> Coder:
    """What decodes a file's message. Raises UserError where this is not the sender's model, software or arithmetic."""
    if header.side != model.config.side:
        raise UserError(f"the file holds images of {header.side} × {header.side} pixels, but the model takes"
                        f" {model.config.side} × {model.config.side}: name the model that the file was made with.")
    if header.model != model_hash(model):
        raise UserError("the file was made with another model than this: name the one that it was made with.")
    if header.versions != versions():
        raise UserError(f"the file was made with {_spoken(header.versions)}, here are {_spoken(versions())}, which may round"
                        " otherwise: install those that it was made with.")
    if header.lanes > sending.most_lanes(header.side, len(table)):
        raise UserError("the file's header makes no sense: it was not written by `lpvae compress`.")
    coder = Coder(model, table, header.protocol, header.lanes, header.grid, components)
    if header.fingerprint != fingerprint(coder):
        raise UserError("the model's numbers come out otherwise here than where the file was made, so it cannot be decoded: use"
                        " the same kind of processor and, of a model of your own, the same table of codes.")
    return coder


class Received(NamedTuple):
    """A batch of images as they come: bits (m, S, S), their places (m,), and what each step did to the message."""

    images: np.ndarray
    places: np.ndarray
    steps: list[Step]


def decode(header: Header, words: np.ndarray, coder: Coder) -> Iterator[Received]:
    """A file's images, batch by batch; with 1 lane, one by one. The last step's `length` is what is left of the message, in bits.

    Raises UserError where the message is damaged, at the latest after the last image.
    """
    message, told = Message.received(words), 0
    for images, places in sending.receive(coder, message, header.count, header.protocol, header.keep_order, header.words):
        yield Received(images, places, message.steps[told:])
        told = len(message.steps)


def decompress(content: bytes, model: LPVAE, table: CodeTable, progress: sending.Progress | None = None) -> np.ndarray:
    """A file → its images (n, S, S), uint8 bits: in the order given, a set without its order sorted, a tour as it was sent.

    Raises UserError where the file is damaged or does not belong to this model.
    """
    header, words = unpack(content)
    return decoded(header, words, receiver(header, model, table), progress)


def decoded(header: Header, words: np.ndarray, coder: Coder, progress: sending.Progress | None = None) -> np.ndarray:
    """All images of `decode`, (n, S, S)."""
    rows = {}  # packed, and only as many as have come: a header may promise more than there are
    for images, places, steps in decode(header, words, coder):
        rows |= zip(places.tolist(), sending.packed(images))
        if progress:
            progress(len(rows), steps[-1].length)
    in_order = [rows[place] for place in range(header.count)]
    if header.protocol == "set" and not header.keep_order:
        in_order.sort()
    bytes_ = np.frombuffer(b"".join(in_order), np.uint8).reshape(header.count, -1)
    return np.unpackbits(bytes_, axis=1, count=header.side**2).reshape(header.count, header.side, header.side)


def model_hash(model: LPVAE) -> bytes:
    """6 bytes that tell a model, its config and weights, from any other."""
    digest = hashlib.sha256(json.dumps(model.config.to_dict(), sort_keys=True).encode())
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode() + np.ascontiguousarray(weight.float().cpu().numpy()).tobytes())
    return digest.digest()[:6]


def fingerprint(coder: Coder) -> bytes:
    """4 bytes that differ where floats come out otherwise: of the message that `lanes` fixed images of noise make."""
    side, dim = coder.model.config.side, coder.model.config.code_dim
    noise = np.frombuffer(hashlib.shake_128(b"lpvae probe").digest(coder.lanes * side**2), np.uint8)
    images = (noise.reshape(-1, side, side) & 1).astype(np.uint8)
    message = Message.fresh(2 * coder.lanes * sending.initial_words(dim))
    codes = coder.codes(images)
    coder.push(message, images, codes)
    if coder.protocol == "tour":
        coder.push(message, images, codes, previous=codes)
    return hashlib.sha256(message.words().astype("<u4").tobytes()).digest()[:4]


def versions() -> bytes:
    """Of torch and constriction, three numbers each."""
    texts = torch.__version__, version("constriction")
    return bytes(int(n) % 256 for text in texts for n in re.findall(r"\d+", text + ".0.0")[:3])


def _spoken(versions: bytes) -> str:
    return "torch {}.{}.{} and constriction {}.{}.{}".format(*versions)


def _checked_images(images: np.ndarray, model: LPVAE) -> np.ndarray:
    side = model.config.side
    if images.ndim != 3 or images.shape[1:] != (side, side):
        raise UserError(f"the model takes images of {side} × {side} pixels, these are of shape {images.shape}.")
    if not 1 <= len(images) <= MAX_IMAGES:
        raise UserError(f"a file holds 1 to {MAX_IMAGES} images, not {len(images)}.")
    if images.min() < 0 or images.max() > 1:
        raise UserError(f"images to compress are bits, 0 or 1, these reach from {images.min()} to {images.max()}: binarise them.")
    return np.ascontiguousarray(images, np.uint8)


def _grid(model: LPVAE, images: np.ndarray) -> Grid:
    grid = Grid.around(encode(model, images))
    if not (-(2**15) <= grid.low and grid.high < 2**15 and grid.high - grid.low <= MAX_BINS):
        raise UserError("the model's codes of these images lie too far apart for the codec.")
    return grid
