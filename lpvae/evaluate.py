"""A data set and a model → costs per image under each protocol, and probes of what the code keeps."""

import copy
import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent, MixtureSameFamily, Normal

from lpvae.codes import CodeTable
from lpvae.distributions import diagonal_mixture, diagonal_normal, kl, posterior
from lpvae.model import LPVAE

BATCH = 500


def standard_noise(ids: np.ndarray, dim: int, seed: int) -> Tensor:
    """ε ~ N(0, I) for the images `ids` (n,), (n, dim): the noise of an image depends on (seed, id) alone."""
    if not len(ids):
        return torch.empty(0, dim)
    draws = np.random.default_rng([seed, 1]).standard_normal((int(max(ids)) + 1, dim), dtype=np.float32)
    return torch.from_numpy(draws[ids])


@torch.inference_mode()
def encode(model: LPVAE, bits: np.ndarray) -> Tensor:
    """Bits (N, S, S) → codes c (N, D)."""
    device = next(model.parameters()).device
    return torch.cat([model.encode(x.to(device)).cpu() for x in torch.from_numpy(bits).split(BATCH)])


@torch.inference_mode()
def pixel_costs(model: LPVAE, bits: np.ndarray, z: Tensor) -> Tensor:
    """−log p(x|z) in nats, (N,), of bits (N, S, S) given z (N, D)."""
    device = next(model.parameters()).device
    batches = zip(torch.from_numpy(bits).split(BATCH), z.split(BATCH))
    return torch.cat([-model.decoder(zs.to(device)).log_prob(x.to(device)).cpu() for x, zs in batches])


@torch.inference_mode()
def neighbour_costs(model: LPVAE, codes: Tensor, neighbours: Tensor, z: Tensor) -> Tensor:
    """KL(q(z|x) ‖ p(z|ĉ_k)) in nats for each of K neighbours, (N, K); codes, z (N, D), neighbours (N, K, D).

    Exact for a prior of one normal; for mixtures the one-sample estimate at z.
    """
    device = next(model.parameters()).device
    costs = [
        kl(posterior(codes.to(device)), model.prior(neighbour.to(device)), z.to(device)).cpu()
        for neighbour in neighbours.unbind(1)
    ]
    return torch.stack(costs, dim=1)


@torch.inference_mode()
def log_mixture(model: LPVAE, table: CodeTable, z: Tensor, exclude: np.ndarray | None = None) -> Tensor:
    """log (1/N) Σ_i p(z|c_i) over all N table codes, in nats, (B,), in double precision.

    exclude (B,): ids left out of their own sum, where the table holds them (then the mean is over N − 1).
    """
    log_prob = component_log_prob(table_prior(model, table).base_dist)
    return torch.cat([
        _log_mean(log_prob(part.double()), table, None if exclude is None else exclude[start : start + 200])
        for start, part in zip(range(0, len(z), 200), z.split(200))
    ])


@torch.inference_mode()
def table_prior(model: LPVAE, table: CodeTable) -> Independent:
    """p(·|c_i) of all N table codes, in double precision: N codebooks, of (N, D)."""
    prior = copy.deepcopy(model.prior).cpu().double()  # a copy: other threads may be using the model
    parts = [prior(codes).base_dist for codes in torch.tensor(table.codes).double().split(4 * BATCH)]
    if isinstance(parts[0], Normal):
        return diagonal_normal(*(torch.cat([getattr(p, name) for p in parts]) for name in ("loc", "scale")))
    logits = torch.cat([p.mixture_distribution.logits for p in parts])
    return diagonal_mixture(logits, *(torch.cat([getattr(p.component_distribution, n) for p in parts]) for n in ("loc", "scale")))


def component_log_prob(p: Normal | MixtureSameFamily):
    """N codebooks, of (N, D) each, as a function z (B, D) → log p(z|c_i), (B, N)."""
    if not isinstance(p, Normal):
        return _mixture_components(p)
    # a sum over dimensions of quadratics in z is two matrix products
    precision = p.scale.pow(-2)
    constant = -(0.5 * p.loc.pow(2) * precision + p.scale.log() + 0.5 * math.log(2 * math.pi)).sum(1)
    return lambda z: torch.addmm(constant, z, (p.loc * precision).T).addmm_(z.pow(2), precision.T, alpha=-0.5)


def _mixture_components(p: MixtureSameFamily):
    """As `component_log_prob`, for priors of several normals a dimension: one z at a time, in single precision for speed."""
    parts = p.component_distribution
    weight = p.mixture_distribution.logits - parts.scale.log() - 0.5 * math.log(2 * math.pi)
    # (M, N, D): a slab a normal, so that the slabs are added up without strides
    weight, inverse, start = (t.float().movedim(-1, 0).contiguous() for t in (weight, 1 / parts.scale, parts.loc / parts.scale))

    def log_prob(z: Tensor) -> Tensor:
        slabs = torch.addcmul(weight, *[(z.float() * inverse).sub_(start)] * 2, value=-0.5)
        total = slabs[0]
        for slab in slabs[1:]:
            total = torch.logaddexp(total, slab)
        return total.double().sum(-1)

    return lambda z: torch.stack([log_prob(row) for row in z])


def _log_mean(log_prob: Tensor, table: CodeTable, exclude: np.ndarray | None) -> Tensor:
    count = torch.full((len(log_prob),), float(len(table)), dtype=torch.double)
    if exclude is not None:
        positions = np.minimum(np.searchsorted(table.ids, exclude), len(table) - 1)
        own = np.flatnonzero(table.ids[positions] == exclude)
        log_prob[own, positions[own]] = -math.inf
        count[own] -= 1
    return log_prob.logsumexp(1) - count.log()


def latent_costs(model: LPVAE, table: CodeTable | None, ids: np.ndarray, codes: Tensor, z: Tensor) -> dict[str, Tensor]:
    """The latent cost of each image in nats, by protocol: a dict of (N,) tensors.

    N(0, I) as the prior has `global` alone; a vamp prior has `global` and its own mixture of M components as `mixture`.

    free_neighbour: mean over the K nearest of KL(q‖p(·|c_k)); nobody told the receiver which: not a complete code.
    pointer: free_neighbour + ln(N/K); the choice among the K is paid back by bits-back coding.
    mixture: log q(z) − log (1/N) Σ_i p(z|c_i) at one z ~ q.
    global: KL(q‖N(0, I)) = ‖c‖²/2.
    Never is an image its own neighbour. Definitions: arXiv 1804.02476; README, "Costs".
    """
    costs = {"global": 0.5 * codes.double().pow(2).sum(1)}
    if model.config.prior == "vamp":
        costs["mixture"] = own_mixture_costs(model, codes, z)
    if not model.prior.needs_neighbour:
        return costs
    k = model.config.neighbours
    nearest, _ = table.nearest(codes, k, exclude=ids)
    free = neighbour_costs(model, codes, table[nearest], z).double().mean(1)
    mixture = posterior(codes).log_prob(z).double() - log_mixture(model, table, z, exclude=ids)
    return costs | {"free_neighbour": free, "pointer": free + math.log(len(table) / k), "mixture": mixture}


@torch.inference_mode()
def own_mixture_costs(model: LPVAE, codes: Tensor, z: Tensor) -> Tensor:
    """log q(z|x) − log p(z) in nats, (N,), of a global prior that is a mixture, at one z ~ q (N, D)."""
    device = next(model.parameters()).device
    parts = zip(codes.to(device).split(BATCH), z.to(device).split(BATCH))
    return torch.cat([kl(posterior(c), model.prior(c), part).double().cpu() for c, part in parts])


def greedy_tour(codes: Tensor, start: int = 0) -> np.ndarray:
    """Positions 0..n-1 in the order of a greedy nearest-neighbour tour of the codes (n, D)."""
    left = codes.double().numpy()
    order, remaining = [start], np.delete(np.arange(len(left)), start)
    points = np.delete(left, start, axis=0)
    squared = (points**2).sum(1)
    here = left[start]
    while len(remaining):
        nearest = int(np.argmin(squared - 2 * (points @ here)))
        order.append(int(remaining[nearest]))
        here = points[nearest].copy()
        # the last takes the place of the one that leaves, so that the arrays stay dense
        for array in (points, squared, remaining):
            array[nearest] = array[-1]
        points, squared, remaining = points[:-1], squared[:-1], remaining[:-1]
    return np.array(order)


def short_tour(codes: Tensor) -> np.ndarray:
    """Positions 0..n-1 in the order in which a set of codes (n, D) is sent: the greedy tour, improved."""
    from lpvae import tours  # numba's seconds are for those who look for a tour

    return tours.improved(codes.numpy(), greedy_tour(codes))


def tour_costs(model: LPVAE, codes: Tensor, z: Tensor, first: float) -> tuple[Tensor, np.ndarray]:
    """Latent cost of each image given the code of the image sent just before it, in nats, (n,); and the order.

    The order carries no message: a complete code of the set. `first` is what the first image costs (its pointer).
    """
    order = short_tour(codes)
    before, after = codes[order[:-1]], order[1:]
    costs = torch.full((len(codes),), first, dtype=torch.double)
    if len(after):
        costs[after] = neighbour_costs(model, codes[after], before[:, None], z[after])[:, 0].double()
    return costs, order


def order_nats(n: int) -> float:
    """ln(n!)/n: what the order of n distinct images can say, in nats an image."""
    return math.lgamma(n + 1) / n if n else 0.0


def swapped(z: Tensor, seed: int) -> Tensor:
    """Each image with another's z: a seeded cycle through all rows, (n, D)."""
    order = torch.from_numpy(np.random.default_rng([seed, 4]).permutation(len(z)))
    other = torch.empty_like(z)
    other[order] = z[order.roll(1)]
    return other


def probes(train: Tensor, train_labels: np.ndarray, test: Tensor, test_labels: np.ndarray) -> tuple[float, float]:
    """Accuracy in percent of a linear classifier and of 10 nearest neighbours on (N, D) features, on labelled rows.

    Features are scaled to unit variance for the linear one, so that tiny codes are not silenced by its penalty.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    near = KNeighborsClassifier(min(10, len(train)), algorithm="brute")
    a, b = train.numpy(), test.numpy()
    return tuple(100 * float(m.fit(a, train_labels).score(b, test_labels)) for m in (linear, near))


PROBES = ("linear", "knn", "linear_sampled", "knn_sampled")


def probe(table: CodeTable, labels: np.ndarray, codes: Tensor, z: Tensor, test_labels: np.ndarray, seed: int) -> dict:
    """Both probes on the codes c and on sampled z, trained on the table's images; nulls where labels are missing.

    labels: of the table's images, in its order. A silent model's means still sort the digits; its samples do not.
    """
    known, asked = np.flatnonzero(labels >= 0), np.flatnonzero(test_labels >= 0)
    if len(np.unique(labels[known])) < 2 or not len(asked):
        return dict.fromkeys(PROBES)
    train = torch.from_numpy(table.codes[known])
    noise = standard_noise(table.ids[known], train.shape[1], seed)
    on_c = probes(train, labels[known], codes[asked], test_labels[asked])
    on_z = probes(train + noise, labels[known], z[asked], test_labels[asked])
    return {name: round(value, 3) for name, value in zip(PROBES, on_c + on_z)}
