"""The image that the page speaks of, as one model sees it: a row of the data, or one that a visitor brought.

Arrays out; no streamlit. A visitor's image is encoded and billed here by the same rules as the stored costs.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily, Normal

from lpvae.bundle import Bundle
from lpvae.distributions import diagonal_mixture, diagonal_normal, kl, posterior
from lpvae.evaluate import encode, neighbour_costs, pixel_costs, standard_noise

PART = 4096  # training codes that go through the prior network at a time: all at once would take hundreds of megabytes


@dataclass(frozen=True)
class Subject:
    """One image under one model. id: its row, or None for a visitor's own; label: -1 where there is none.

    bits (S, S); code (D,), the mean of q(z|x); z (D,), the sample that all its figures speak of; costs: {protocol: nats},
    nan where not measured.
    """

    id: int | None
    label: int
    bits: np.ndarray
    code: np.ndarray
    z: np.ndarray
    costs: dict[str, float]

    @property
    def seed(self) -> int:
        """A number for random draws about this image: the same image gives the same draws."""
        return int(np.packbits(self.bits).astype(np.int64).sum()) if self.id is None else self.id

    @property
    def exclude(self) -> list[int]:
        """The id that is no neighbour of this image: its own."""
        return [-1 if self.id is None else self.id]


def of_row(bundle: Bundle, image: int) -> Subject:
    """The image of that row, with its stored code and costs."""
    costs = {protocol: float(nats[image]) for protocol, nats in bundle.costs.items()}
    code = bundle.codes[image]
    bits = bundle.bits(np.array([image]))[0]
    return Subject(image, int(bundle.images.labels[image]), bits, code, code + noise(bundle)[image], costs)


def noise(bundle: Bundle) -> np.ndarray:
    """ε ~ N(0, I) of every row, and in a last row that of a visitor's image, (N + 1, D); never to be written to.

    Row i is what `bundle.sampled([i])` adds to the code, which would draw all rows before it anew at each click.
    """
    return _noise(len(bundle.codes) + 1, bundle.codes.shape[1], bundle.seed)


@lru_cache(maxsize=4)
def _noise(count: int, dim: int, seed: int) -> np.ndarray:
    return standard_noise(np.arange(count), dim, seed).numpy()


def of_bits(bundle: Bundle, bits: np.ndarray, components: Distribution | None, noise_row: int = -1) -> Subject:
    """A visitor's image (S, S) of 0/1: encoded, and costed under every protocol but the tour, which visits stored images.

    components: see `prior_of_all`; None where the prior asks no neighbour. Nothing in it is left out of the sum: the image
    is not in the table.
    """
    x = bits[None].astype(np.uint8)
    code = encode(bundle.model, x)
    z = code + torch.from_numpy(noise(bundle)[[noise_row]])
    costs = dict.fromkeys(bundle.costs, math.nan)
    costs |= {"pixels": float(pixel_costs(bundle.model, x, z)[0]), "global": float(0.5 * code.double().square().sum())}
    return Subject(None, -1, x[0], code[0].numpy(), z[0].numpy(), costs | _prior_costs(bundle, code, z, components))


@torch.inference_mode()
def _prior_costs(bundle: Bundle, code: Tensor, z: Tensor, components: Distribution | None) -> dict[str, float]:
    if not bundle.model.prior.needs_neighbour:
        p = bundle.model.prior(code)
        return {} if is_standard(p) else {"mixture": float(kl(posterior(code), p, z)[0])}
    near, _ = bundle.table.nearest(code, bundle.config.neighbours)
    free = neighbour_costs(bundle.model, code, bundle.table[near], z).double().mean()
    log_mixture = components.log_prob(z.double()).logsumexp(0) - math.log(len(bundle.table))
    return {"free_neighbour": float(free), "mixture": float(posterior(code).log_prob(z)[0] - log_mixture)}


def is_standard(p: Distribution) -> bool:
    """Whether a prior that asks no neighbour is one normal: then it is N(0, I)."""
    return isinstance(p, Independent) and isinstance(p.base_dist, Normal)


@torch.inference_mode()
def prior_of_all(bundle: Bundle) -> Distribution:
    """The priors that all N training codes give, as one distribution of batch N in double precision (a second or two).

    log (1/N) Σ_i p(z|c_i), the `mixture` protocol, is then a matter of milliseconds for any z.
    """
    parts = [bundle.model.prior(part).base_dist for part in torch.tensor(bundle.table.codes).split(PART)]
    if isinstance(parts[0], MixtureSameFamily):
        logits = torch.cat([p.mixture_distribution.logits for p in parts]).double()
        normals = [p.component_distribution for p in parts]
        return diagonal_mixture(logits, _joined(normals, "loc"), _joined(normals, "scale"))
    return diagonal_normal(_joined(parts, "loc"), _joined(parts, "scale"))


def _joined(parts: list[Normal], name: str) -> Tensor:
    return torch.cat([getattr(part, name) for part in parts]).double()
