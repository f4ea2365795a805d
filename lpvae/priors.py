"""Codebooks for z: modules whose `forward(code (B, D))` returns a distribution over (B, D)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from lpvae.distributions import diagonal_mixture, diagonal_normal, mixture_of_normals
from lpvae.networks import SkipMLP


class GlobalPrior(nn.Module):
    """p(z) = N(0, I) for every image. Takes a code and ignores it, so that no caller asks which prior it holds."""

    needs_neighbour = False

    def forward(self, code: Tensor) -> Independent:
        return diagonal_normal(torch.zeros_like(code), torch.ones_like(code))


class LocalPrior(nn.Module):
    """p(z|ĉ) from a neighbour's code ĉ: a network gives each dimension a mixture of `components` normals around ĉ.

    At the start of training p(z|ĉ) = N(ĉ, I) (one component). Without hidden layers there is no network: p(z|ĉ) = N(ĉ, s²)
    with one learned s for each dimension. Source: arXiv 1804.02476, the prior network.
    """

    needs_neighbour = True

    def __init__(self, code_dim: int, hidden: tuple[int, ...], components: int = 1):
        super().__init__()
        self.components = components
        self.network = SkipMLP(code_dim, hidden, code_dim * components * 3) if hidden else PlainScale(code_dim, components)
        # identical components would stay identical for ever: spread them a little
        self.register_buffer("spread", torch.linspace(-1.0, 1.0, components) if components > 1 else torch.zeros(1))

    def forward(self, code: Tensor) -> Independent:
        logits, shift, log_scale = self.network(code).view(len(code), code.shape[1], self.components, 3).unbind(-1)
        loc = code[..., None] + self.spread + shift
        scale = log_scale.clamp(-4.0, 4.0).exp()
        if self.components == 1:
            return diagonal_normal(loc[..., 0], scale[..., 0])
        return diagonal_mixture(logits, loc, scale)


class PlainScale(nn.Module):
    """In place of the prior network: learned log scales (D·M) alike for every code, shifts and logits of 0."""

    def __init__(self, code_dim: int, components: int):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(code_dim * components))

    def forward(self, code: Tensor) -> Tensor:
        """Codes (B, D) → (B, D·M·3), as the prior network's outputs."""
        zeros = torch.zeros_like(self.log_scale)
        return torch.stack([zeros, zeros, self.log_scale], dim=-1).flatten().expand(len(code), -1)


class VampPrior(nn.Module):
    """p(z) = (1/M) Σ_m q(z|u_m), one for every image: the posteriors of M learned pseudo-inputs u_m (arXiv 1705.07120).

    A global prior that is flexible: what it gains over N(0, I) is not locality. encode: images (M, S, S) in [0, 1] → codes.
    """

    needs_neighbour = False

    def __init__(self, side: int, pseudo_inputs: int, encode: Callable[[Tensor], Tensor]):
        super().__init__()
        self.encode = [encode]  # in a list: the encoder's weights are the model's, not the prior's
        # as many pixels on as digits have, so that the first components are where the images are
        self.logits = nn.Parameter(torch.randn(pseudo_inputs, side, side) - 2.0)
        self.known: Tensor | None = None

    def forward(self, code: Tensor) -> Distribution:
        """The same mixture for each of the codes (B, D): a batch of B joint distributions over D."""
        return mixture_of_normals(self.components().to(code).expand(len(code), -1, -1))

    def components(self) -> Tensor:
        """Means of the M components, (M, D), each of unit variance; encoded anew only while they are trained."""
        if self.training:
            self.known = None
            return self.encode[0](self.logits.sigmoid())
        if self.known is None:
            with torch.no_grad():
                self.known = self.encode[0](self.logits.sigmoid())
        return self.known

    def _load_from_state_dict(self, *args, **kwargs):
        self.known = None
        super()._load_from_state_dict(*args, **kwargs)
