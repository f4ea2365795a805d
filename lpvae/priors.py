"""Codebooks for z: modules whose `forward(code (B, D))` returns a distribution over (B, D)."""

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from lpvae.distributions import diagonal_mixture, diagonal_normal
from lpvae.networks import SkipMLP


class GlobalPrior(nn.Module):
    """p(z) = N(0, I) for every image. Takes a code and ignores it, so that no caller asks which prior it holds."""

    needs_neighbour = False

    def forward(self, code: Tensor) -> Independent:
        return diagonal_normal(torch.zeros_like(code), torch.ones_like(code))


class LocalPrior(nn.Module):
    """p(z|ĉ) from a neighbour's code ĉ: a network gives each dimension a mixture of `components` normals around ĉ.

    At the start of training p(z|ĉ) = N(ĉ, I) (one component). Source: arXiv 1804.02476, the prior network.
    """

    needs_neighbour = True

    def __init__(self, code_dim: int, hidden: tuple[int, ...], components: int = 1):
        super().__init__()
        self.components = components
        self.network = SkipMLP(code_dim, hidden, code_dim * components * 3)
        # identical components would stay identical for ever: spread them a little
        self.register_buffer("spread", torch.linspace(-1.0, 1.0, components) if components > 1 else torch.zeros(1))

    def forward(self, code: Tensor) -> Independent:
        logits, shift, log_scale = self.network(code).view(len(code), code.shape[1], self.components, 3).unbind(-1)
        loc = code[..., None] + self.spread + shift
        scale = log_scale.clamp(-4.0, 4.0).exp()
        if self.components == 1:
            return diagonal_normal(loc[..., 0], scale[..., 0])
        return diagonal_mixture(logits, loc, scale)
