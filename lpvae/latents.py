"""Codebooks for z, on a grid: what each protocol takes for p(z), and what of the choice is paid back. See `coding`.

z lives on a grid of step `STEP`, the same for the prior and the posterior, and each bin has its exact mass under either. (Bins
of equal mass under the prior could not resolve a posterior that lies in its tail.) Two distributions on a grid never diverge
more than off it, so the grid costs nothing but the noise it adds to z, of variance STEP²/12 on top of the posterior's 1.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor, nn
from torch.distributions import Independent, MixtureSameFamily, Normal

from lpvae.codes import CodeTable
from lpvae.distributions import diagonal_normal
from lpvae.errors import UserError
from lpvae.evaluate import component_log_prob, table_prior
from lpvae.message import MAX_UNIFORM, Codec, among, categorical, exact, in_turn, nothing, uniform
from lpvae.model import LPVAE
from lpvae.report import single_protocol

PROTOCOLS = ("set", "tour", "pointer", "mixture", "global")
STEP = 0.25
LIKELIEST = 1024  # components among which one is chosen: the coder gives even the least likely 2⁻²⁴, and a far one is dear


def padded(rows: Tensor, lanes: int) -> Tensor:
    """With rows of 0 up to `lanes`: networks give the same floats only at the same batch shape."""
    return torch.cat([rows, rows.new_zeros(lanes - len(rows), *rows.shape[1:])])


class Normals(NamedTuple):
    """In each dimension a mixture of C normals: weight, loc and scale, each (n, D, C), in double precision."""

    weight: np.ndarray
    loc: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, p: Independent) -> "Normals":
        if isinstance(p.base_dist, MixtureSameFamily):
            parts = p.base_dist.component_distribution
            weight = p.base_dist.mixture_distribution.logits.double().softmax(-1)
            return cls(*(t.double().numpy() for t in (weight, parts.loc, parts.scale)))
        loc, scale = (t.double().numpy()[..., None] for t in (p.base_dist.loc, p.base_dist.scale))
        return cls(np.ones_like(loc), loc, scale)

    def __getitem__(self, rows) -> "Normals":
        return Normals(self.weight[rows], self.loc[rows], self.scale[rows])


class Grid(NamedTuple):
    """The bins of one dimension of z: those around STEP·low, …, STEP·high; the outermost reach to infinity."""

    low: int
    high: int

    @classmethod
    def around(cls, codes: Tensor) -> "Grid":
        """Wide enough for q(z|x) of all these codes (n, D), to 7 standard deviations."""
        return cls(int(np.floor((float(codes.min()) - 7) / STEP)), int(np.ceil((float(codes.max()) + 7) / STEP)))

    def z(self, symbols: np.ndarray) -> Tensor:
        """Bins (n, D), counted from 0, → their centres z (n, D)."""
        return torch.from_numpy(((symbols + self.low) * STEP).astype(np.float32))

    def codec(self, p: Normals) -> Codec:
        """Bins (n, D) under p."""
        return in_turn([exact(self._masses(p.weight[:, d], p.loc[:, d], p.scale[:, d])) for d in range(p.loc.shape[1])])

    def _masses(self, weight: np.ndarray, loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Mass of every bin in one dimension, (n, bins)."""
        edges = (np.arange(self.low, self.high) + 0.5) * STEP
        u = (edges - loc[..., None]) / scale[..., None]
        u = np.concatenate([np.full_like(u[..., :1], -np.inf), u, np.full_like(u[..., :1], np.inf)], axis=-1)
        right = u[..., :-1] > 0  # where Φ is near 1, a difference of Φ would be lost in rounding
        lower, upper = np.where(right, -u[..., 1:], u[..., :-1]), np.where(right, -u[..., :-1], u[..., 1:])
        return np.maximum((weight[..., None] * (ndtr(upper) - ndtr(lower))).sum(1), 1e-290)


class Mixture:
    """Codebook for z: (1/N) Σ_i p_i(z). Which i is popped from its posterior given z, so that the whole mixture's price is paid.

    One component is the `global` protocol.
    """

    def __init__(self, components: Independent, lanes: int):
        self.normals, self.lanes = Normals.of(components), lanes
        self._log_prob = component_log_prob(components.base_dist)
        if len(self) > MAX_UNIFORM:
            raise UserError(f"the model's table of {len(self)} codes is too long for the codec, which can name {MAX_UNIFORM}.")

    def __len__(self) -> int:
        return len(self.normals.loc)

    def index(self, count: int) -> Codec:
        """Which component, (count,)."""
        return uniform(len(self), count)

    def prior(self, index: np.ndarray, previous: Tensor | None) -> Normals:
        return self.normals[index]

    def choice(self, codes: Tensor, z: Tensor) -> Codec:
        """Which component, given the image: paid back. codes and z (m, D)."""
        if len(self) == 1:
            return nothing(np.zeros(len(z), np.int64))
        log_prob = self._log_prob(padded(z, self.lanes).double())[: len(z)]
        likely = log_prob.topk(min(LIKELIEST, len(self)), dim=1)
        return among(likely.indices.numpy(), categorical(likely.values.softmax(1).numpy()))


class Pointer(Mixture):
    """Codebook for z: p(z|c_i), with i one of the K training codes nearest to the image's own, all alike."""

    def __init__(self, components: Independent, lanes: int, codes: np.ndarray, k: int):
        super().__init__(components, lanes)
        self.codes, self.k = torch.tensor(codes).double(), min(k, len(codes))

    def choice(self, codes: Tensor, z: Tensor) -> Codec:
        # not by the table's index: it may be approximate, and its threads are not ours
        queries = padded(codes, self.lanes).double()
        closeness = torch.addmm(-0.5 * self.codes.pow(2).sum(1), queries, self.codes.T)
        nearest = closeness.topk(self.k, dim=1).indices[: len(codes)].numpy()
        return among(nearest, uniform(self.k, len(codes)))


class Previous:
    """Codebook for z: p(z|c) with c the code of the image just received in the same lane."""

    def __init__(self, prior: nn.Module, lanes: int):
        self._prior, self.lanes = prior, lanes

    def index(self, count: int) -> Codec:
        return nothing(np.zeros(count, np.int64))

    def prior(self, index: np.ndarray, previous: Tensor) -> Normals:
        return Normals.of(self._prior(padded(previous, self.lanes)))[: len(previous)]

    def choice(self, codes: Tensor, z: Tensor) -> Codec:
        return nothing(np.zeros(len(z), np.int64))


def codebook(model: LPVAE, table: CodeTable, protocol: str, lanes: int, components: Independent | None = None) -> Mixture:
    """The codebook of a resolved protocol; of a tour, that of its first images: they name a neighbour."""
    if protocol == "global":
        zero = torch.zeros(1, model.config.code_dim, dtype=torch.double)
        return Mixture(diagonal_normal(zero, torch.ones_like(zero)), lanes)
    components = components or prior_components(model, table)
    if protocol == "mixture":
        return Mixture(components, lanes)
    return Pointer(components, lanes, table.codes, model.config.neighbours)


def prior_components(model: LPVAE, table: CodeTable) -> Independent:
    """The equal parts of the mixture that a model has for a prior, in double precision: N codebooks, (N, D)."""
    if model.prior.needs_neighbour:
        return table_prior(model, table)
    parts: Normal = model.prior(torch.zeros(1, model.config.code_dim)).component_distribution.base_dist
    return diagonal_normal(parts.loc[0].double(), parts.scale[0].double())


def resolved(model: LPVAE, protocol: str) -> str:
    """What a protocol comes to for one image after another: mixture, pointer, tour or global.

    `set` is the model's code for one image alone, and so is `tour` where no image's code helps with another's. Raises
    UserError where the model has no such protocol.
    """
    if protocol == "set" or protocol == "tour" and not model.prior.needs_neighbour:
        return single_protocol(model)
    if protocol == "mixture" and single_protocol(model) == "global":
        raise UserError("this model's prior is N(0, I), no mixture: choose the protocol set or global.")
    if protocol == "pointer" and not model.prior.needs_neighbour:
        raise UserError("this model has no local prior, so there is no neighbour to point to: choose the protocol set.")
    return protocol
