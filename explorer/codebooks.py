"""Priors as the explorer shows them: dimension by dimension beside the posterior, and draws from them. Arrays out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from lpvae.bundle import Bundle
from lpvae.costs import bits, standard_error
from lpvae.distributions import kl_per_dimension, posterior

DRAWS = 256  # of z ~ q, behind the estimated total of a prior that does not split by dimension


@dataclass(frozen=True)
class Codebook:
    """The prior p(z|ĉ) for one neighbour, dimension by dimension, (D,) each: its mean and standard deviation.

    code: the mean of the posterior N(code, 1); kl_bits: KL of the posterior from this prior, which sum to the latent bill
    for this neighbour. A prior that is a joint mixture has marginals too, but its KL does not split: kl_bits is None, and
    total_bits an estimate, with its standard error in error_bits.
    """

    code: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    kl_bits: np.ndarray | None
    total_bits: float
    error_bits: float = 0.0


@torch.inference_mode()
def codebooks(bundle: Bundle, code: np.ndarray, neighbours: np.ndarray) -> list[Codebook]:
    """The priors that the codes of the neighbours (K,) give, beside the posterior N(code, 1): one for each of the K."""
    code = torch.from_numpy(code)[None]
    p = bundle.model.prior(torch.from_numpy(bundle.codes[neighbours]))
    means, deviations = (part.double().numpy() for part in (p.mean, p.variance.sqrt()))
    parts = zip(means, deviations, _dimensions(code, p, len(neighbours)), strict=True)
    return [Codebook(code[0].double().numpy(), mean, deviation, *kl) for mean, deviation, kl in parts]


def _dimensions(code: Tensor, p: Distribution, count: int) -> list[tuple]:
    """(bits by dimension or None, total, standard error) for each of the `count` priors in p."""
    if isinstance(p, Independent):
        each = bits(kl_per_dimension(code.expand(count, -1), p).double()).numpy()
        return [(row, float(row.sum()), 0.0) for row in each]
    z = code + torch.randn(DRAWS, code.shape[1], generator=torch.Generator().manual_seed(0))
    estimates = bits(posterior(code).log_prob(z)[:, None].double() - p.log_prob(z[:, None]).double())
    return [(None, float(row.mean()), standard_error(row)) for row in estimates.T]


@torch.inference_mode()
def prior_samples(bundle: Bundle, neighbour: int, n: int, generator: torch.Generator) -> np.ndarray:
    """n draws (n, D) from the prior that the neighbour's code gives."""
    return draws(bundle.model.prior(torch.from_numpy(bundle.codes[[neighbour]])), n, generator).numpy()


def draws(p: Distribution, n: int, generator: torch.Generator) -> Tensor:
    """n draws (n, D) from a prior of batch 1; by hand, since torch.distributions would use the generator of all visitors."""
    if not isinstance(p, Independent):  # a joint mixture: one component for all dimensions
        which = torch.multinomial(p.mixture_distribution.probs[0], n, replacement=True, generator=generator)
        parts = p.component_distribution.base_dist
        loc, scale = parts.loc[0, which], parts.scale[0, which]
    elif isinstance(p.base_dist, Normal):
        loc, scale = p.base_dist.loc.expand(n, -1), p.base_dist.scale.expand(n, -1)
    else:
        weights, parts = p.base_dist.mixture_distribution.probs[0], p.base_dist.component_distribution
        which = torch.multinomial(weights, n, replacement=True, generator=generator)  # (D, n)
        loc, scale = (part[0].gather(1, which).T for part in (parts.loc, parts.scale))
    return loc + scale * torch.randn(loc.shape, generator=generator)
