"""Model × entropy coder: batches of images on a message and off it again, by bits-back coding. No file paths.

To send x: pop z with q(z|x), pop the neighbour i with its posterior, push x with p(x|z), z with p(z|ĉ_i), i with 1/N. The
receiver does the same backwards, so what was popped comes back: an image costs −log p(i) p(z|ĉ_i) p(x|z) + log q(z|x) q(i|x, z),
whose mean is the bound that `evaluate` measures. Sources: arXiv 1901.04866 (bits back with ANS), arXiv 1804.02476 (the prior).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent

from lpvae.codes import CodeTable
from lpvae.distributions import Likelihood, posterior
from lpvae.evaluate import encode
from lpvae.latents import Grid, Normals, Previous, codebook, padded, resolved
from lpvae.message import Codec, Message, categorical, damaged
from lpvae.model import LPVAE

# What a message's steps are called, in the order in which a sender takes them
Z_DRAWN, NEIGHBOUR_DRAWN, PIXELS, Z, NEIGHBOUR = "z drawn", "neighbour drawn", "pixels", "z", "neighbour"


class Dry(Exception):
    """The message had too few bits to draw from: start with more initial ones."""


class Coder:
    """Batches of at most `lanes` images of one model, under one protocol, on a message and off it again.

    components: of `prior_components`, for whoever makes many coders of one model.
    """

    def __init__(self, model: LPVAE, table: CodeTable, protocol: str, lanes: int, grid: Grid,
                 components: Independent | None = None):
        self.model, self.protocol, self.lanes, self.grid = model, resolved(model, protocol), lanes, grid
        with _transaction():
            self.first = codebook(model, table, self.protocol, lanes, components)
        self.rest = Previous(model.prior, lanes) if self.protocol == "tour" else self.first

    def codes(self, images: np.ndarray) -> Tensor:
        """Bits (m, S, S) → codes (m, D), the same floats for sender and receiver."""
        with _transaction():
            return self._codes(images)

    def all_codes(self, images: np.ndarray) -> Tensor:
        """Codes of any number of images (n, D), for what the sender decides alone."""
        return encode(self.model, images)

    def push(self, message: Message, images: np.ndarray, codes: Tensor, previous: Tensor | None = None) -> None:
        """Send images (m, S, S) with `codes` (m, D); previous (m, D): codes of the images before them on a tour.

        Raises Dry where the message has too few bits to draw from.
        """
        book, q = self._book(previous), self._posterior(codes)
        with _transaction():
            z = q.pop(message)
            message.note(Z_DRAWN)
            index = book.choice(codes, self.grid.z(z)).pop(message)
            message.note(NEIGHBOUR_DRAWN)
            if message.dry:
                raise Dry
            self._pixels(z).push(message, images)
            message.note(PIXELS)
            self.grid.codec(book.prior(index, previous)).push(message, z)
            message.note(Z)
            book.index(len(images)).push(message, index)
            message.note(NEIGHBOUR)

    def pop(self, message: Message, count: int, previous: Tensor | None = None) -> tuple[np.ndarray, Tensor]:
        """Receive `count` images: bits (count, S, S) and their codes. The mirror of `push`, line by line."""
        book = self._book(previous)
        with _transaction():
            index = book.index(count).pop(message)
            message.note(NEIGHBOUR)
            z = self.grid.codec(book.prior(index, previous)).pop(message)
            message.note(Z)
            images = self._pixels(z).pop(message)
            message.note(PIXELS)
            if message.dry:
                raise damaged("it ends before its last image")
            codes = self._codes(images)
            book.choice(codes, self.grid.z(z)).push(message, index)
            message.note(NEIGHBOUR_DRAWN)
            self._posterior(codes).push(message, z)
            message.note(Z_DRAWN)
        return images, codes

    def _codes(self, images: np.ndarray) -> Tensor:
        return self.model.encode(padded(torch.from_numpy(images), self.lanes))[: len(images)]

    def _pixels(self, z: np.ndarray) -> Codec:
        return pixels(self.model.decoder(padded(self.grid.z(z), self.lanes)), len(z), self.lanes)

    def _posterior(self, codes: Tensor) -> Codec:
        return self.grid.codec(Normals.of(posterior(codes)))

    def _book(self, previous: Tensor | None):
        return self.first if previous is None else self.rest


@contextmanager
def _transaction() -> Iterator[None]:
    """What sender and receiver must do alike: without gradients and on one thread, lest the last bits of a float differ."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def pixels(likelihood: Likelihood, count: int, lanes: int) -> Codec:
    """Images (count, S, S) of bits under the first rows of a likelihood of `lanes`, by driving its `conditionals`."""

    def table(probabilities: Tensor) -> Codec:
        return categorical(probabilities[:count].flatten(0, 1).numpy())

    def push(message: Message, images: np.ndarray) -> None:
        symbols, codecs, blocks = likelihood.symbols(padded(torch.from_numpy(images), lanes)), [], []
        at = 0

        def known(probabilities: Tensor) -> Tensor:
            nonlocal at
            codecs.append(table(probabilities))
            blocks.append(symbols[:, at : at + probabilities.shape[1]])
            at += probabilities.shape[1]
            return blocks[-1]

        _drive(likelihood, known)
        for codec, block in zip(reversed(codecs), reversed(blocks)):
            codec.push(message, block[:count].flatten().numpy())

    def pop(message: Message) -> np.ndarray:
        blocks = []

        def popped(probabilities: Tensor) -> Tensor:
            symbols = torch.from_numpy(table(probabilities).pop(message)).long()
            blocks.append(padded(symbols.view(count, -1), lanes))
            return blocks[-1]

        _drive(likelihood, popped)
        return likelihood.images(torch.cat(blocks, dim=1))[:count].numpy()

    return Codec(push, pop)


def _drive(likelihood: Likelihood, answer: Callable[[Tensor], Tensor]) -> None:
    """Hand each step's probabilities (B, P, S) to `answer`, and its symbols (B, P) back."""
    steps = likelihood.conditionals()
    probabilities = next(steps)
    while True:
        symbols = answer(probabilities)
        try:
            probabilities = steps.send(symbols)
        except StopIteration:
            return
