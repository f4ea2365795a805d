"""The `Costs` record: what it takes to send each image. The only module that knows log 2."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

NATS_PER_BIT = math.log(2.0)


def bits(nats):
    """Nats → bits: nats / ln 2. Takes and returns a number, an array or a tensor."""
    return nats / NATS_PER_BIT


@dataclass(frozen=True)
class Costs:
    """The bill of B images, in nats: total = index + latents + pixels.

    index (B,): naming the neighbour whose prior is used (0 where the protocol names none).
    latents (B,): sending z ~ q(z|x) with the codebook p(z|·).
    pixels (B,): −log p(x|z).
    """

    index: Tensor
    latents: Tensor
    pixels: Tensor

    @property
    def total(self) -> Tensor:
        """Nats, (B,)."""
        return self.index + self.latents + self.pixels

    @property
    def bits(self) -> Tensor:
        """The total in bits, (B,)."""
        return bits(self.total)


def standard_error(values: Tensor) -> float:
    """Standard error of the mean of independent per-image costs (B,); nan for a single image."""
    values = values.double()
    return float(values.std(unbiased=True) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def mean(values: Tensor) -> float:
    """Mean of per-image costs (B,), summed in double precision."""
    return float(torch.as_tensor(values).double().mean())
