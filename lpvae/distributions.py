"""What the networks' outputs mean: the posterior, Gaussian and mixture codebooks, and the two likelihoods of pixels."""

from collections.abc import Callable, Generator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal, kl_divergence

Conditionals = Generator[Tensor, Tensor, None]
"""Yields probabilities (B, P, S) of the next P symbols, in decode order, and is sent those symbols (B, P)."""


def posterior(code: Tensor) -> Independent:
    """q(z|x) = N(c, I), for codes c (B, D). Unit variance, as in arXiv 1804.02476."""
    return Independent(Normal(code, torch.ones_like(code), validate_args=False), 1, validate_args=False)


def diagonal_normal(loc: Tensor, scale: Tensor) -> Independent:
    """N(loc, scale²) per dimension; loc and scale (B, D)."""
    return Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)


def diagonal_mixture(logits: Tensor, loc: Tensor, scale: Tensor) -> Independent:
    """In each dimension a mixture of M normals; all arguments (B, D, M)."""
    parts = Normal(loc, scale, validate_args=False)
    mixture = MixtureSameFamily(Categorical(logits=logits, validate_args=False), parts, validate_args=False)
    return Independent(mixture, 1, validate_args=False)


def mixture_of_normals(means: Tensor) -> MixtureSameFamily:
    """(1/M) Σ_m N(mean_m, I), a joint distribution over D; means (B, M, D)."""
    weights = Categorical(logits=means.new_zeros(means.shape[:2]), validate_args=False)
    return MixtureSameFamily(weights, diagonal_normal(means, torch.ones_like(means)), validate_args=False)


def kl(q: Independent, p: Distribution, z: Tensor) -> Tensor:
    """KL(q‖p) in nats, (B,): exact between normals, else the one-sample estimate log q(z) − log p(z) at z ~ q."""
    if isinstance(p, Independent) and isinstance(p.base_dist, Normal):
        return kl_divergence(q, p)
    return q.log_prob(z) - p.log_prob(z)


def kl_per_dimension(code: Tensor, p: Independent, nodes: int = 513) -> Tensor:
    """KL(N(c, 1)‖p) in nats for each dimension, (B, D), which sum to the latent cost.

    Exact between normals; for mixtures by a sum over an even grid of z within 8 standard deviations: between two narrow
    components log p has a kink, which a Gauss–Hermite rule of few nodes misses by more than a nat. A joint mixture does not
    split by dimension: for one, ValueError.
    """
    if not isinstance(p, Independent):
        raise ValueError("this prior is a joint mixture: its KL does not split by dimension")
    q = posterior(code)
    if isinstance(p.base_dist, Normal):
        return kl_divergence(q.base_dist, p.base_dist)
    offset = torch.linspace(-8, 8, nodes, dtype=code.dtype, device=code.device)[:, None, None]
    weights = torch.softmax(-0.5 * offset**2, dim=0)
    z = code + offset
    return (weights * (q.base_dist.log_prob(z) - p.base_dist.log_prob(z))).sum(0)


class BernoulliLikelihood:
    """Every pixel independent given z: p(x|z) = Π Bernoulli(x_i; σ(logit_i)), logits (B, S, S)."""

    def __init__(self, logits: Tensor):
        self.logits = logits

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x|z) in nats, (B,), of bits x (B, S, S)."""
        return -F.binary_cross_entropy_with_logits(self.logits, x.to(self.logits), reduction="none").sum((1, 2))

    def symbols(self, x: Tensor) -> Tensor:
        """Bits (B, S, S) → symbols in decode order (B, S²), each 0 or 1."""
        return x.flatten(1).long()

    def images(self, symbols: Tensor) -> Tensor:
        """The inverse of `symbols`: (B, S²) → bits (B, S, S)."""
        return symbols.view(self.logits.shape).to(torch.uint8)

    def surprise(self, x: Tensor) -> Tensor:
        """−log p of each symbol of x in decode order, in nats, (B, S²)."""
        return F.binary_cross_entropy_with_logits(self.logits, x.to(self.logits), reduction="none").flatten(1)

    def conditionals(self) -> Conditionals:
        """All S² pixels at once: a single yield of (B, S², 2)."""
        logits = self.logits.flatten(1)
        # not 1 - sigmoid: that is 0 from a logit of 17 on, and the bit would cost infinitely much
        yield torch.sigmoid(torch.stack([-logits, logits], dim=-1))


class BlockLikelihood:
    """Autoregressive over a grid of 2×2 blocks: p(x|z) = Π_t p(block_t | blocks before t, z), 16 symbols a block.

    parallel: symbols (B, G, G) → logits (B, 16, G, G) in one pass; stepwise: () → the same, one position a yield.
    """

    def __init__(self, grid: int, parallel: Callable[[Tensor], Tensor], stepwise: Callable[[], Conditionals]):
        self.grid, self.parallel, self.conditionals = grid, parallel, stepwise

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x|z) in nats, (B,), of bits x (B, S, S)."""
        return -self.surprise(x).sum(1)

    def surprise(self, x: Tensor) -> Tensor:
        """−log p(block_t | past, z) of each block of x in decode order, in nats, (B, G²)."""
        symbols = self.symbols(x)
        logits = self.parallel(symbols.view(-1, self.grid, self.grid))
        return F.cross_entropy(logits.float().flatten(2), symbols, reduction="none")

    def symbols(self, x: Tensor) -> Tensor:
        """Bits (B, 2G, 2G) → one of 16 symbols a block, row by row, (B, G²)."""
        b = x.long().view(-1, self.grid, 2, self.grid, 2)
        return (8 * b[:, :, 0, :, 0] + 4 * b[:, :, 0, :, 1] + 2 * b[:, :, 1, :, 0] + b[:, :, 1, :, 1]).flatten(1)

    def images(self, symbols: Tensor) -> Tensor:
        """The inverse of `symbols`: (B, G²) → bits (B, 2G, 2G)."""
        s = symbols.view(-1, self.grid, self.grid)
        bits = torch.stack([s >> shift & 1 for shift in (3, 2, 1, 0)], -1).view(-1, self.grid, self.grid, 2, 2)
        return bits.permute(0, 1, 3, 2, 4).reshape(-1, 2 * self.grid, 2 * self.grid).to(torch.uint8)


Likelihood = BernoulliLikelihood | BlockLikelihood


@torch.inference_mode()
def sample(likelihood: Likelihood, generator: torch.Generator, dice: Tensor | None = None) -> Tensor:
    """Bits (B, S, S) drawn from p(x|z) by driving `conditionals`.

    dice (B,), whole numbers from 0: images of equal dice share their random numbers, so that the frames of an
    interpolation differ by z alone; None: every image throws its own.
    """
    drawn, steps = [], likelihood.conditionals()
    probabilities = next(steps)
    while True:
        drawn.append(draw(probabilities, generator, dice))
        try:
            probabilities = steps.send(drawn[-1])
        except StopIteration:
            return likelihood.images(torch.cat(drawn, dim=1))


def draw(probabilities: Tensor, generator: torch.Generator, dice: Tensor | None = None) -> Tensor:
    """One symbol from each row of probabilities (B, P, S), by inversion of the cumulative sum: (B, P). dice: see `sample`."""
    cumulative = probabilities.cumsum(-1)
    throws = len(probabilities) if dice is None else int(dice.max()) + 1
    uniform = torch.rand(throws, probabilities.shape[1], 1, generator=generator, dtype=cumulative.dtype).to(cumulative.device)
    uniform = (uniform if dice is None else uniform[dice]) * cumulative[..., -1:]
    return (uniform >= cumulative[..., :-1]).sum(-1)


__all__ = [
    "BernoulliLikelihood", "BlockLikelihood", "Conditionals", "Distribution", "Likelihood", "diagonal_mixture",
    "diagonal_normal", "draw", "kl", "kl_per_dimension", "mixture_of_normals", "posterior", "sample",
]
