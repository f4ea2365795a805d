"""Speeds as ratios: each pair is measured side by side in one run, in turn, and the medians are compared."""

import statistics
import time
from collections.abc import Callable

import faiss
import numpy as np
import torch

from lpvae import bundle
from lpvae.codes import EXACT, CodeTable
from lpvae.decoders import AutoregressiveDecoder
from lpvae.distributions import draw, sample
from lpvae.errors import UserError
from lpvae.model import LPVAE, build

LOOKED_UP = 60_000, 128, 5  # codes, batch and K of the look-ups


def bench(model: str, codes: int | None = None) -> None:
    """Print the ratios: decoding, neighbour look-ups and training steps, each beside the plain way to do it.

    codes: the size of a synthetic table whose approximate search is measured against the exact one, instead of all that.
    """
    if codes is not None:
        _approximate(codes)
        return
    loaded = bundle.load(model)
    if not isinstance(loaded.model.decoder, AutoregressiveDecoder):
        raise UserError(f"{model} has a factorised decoder, which decodes in one pass: name an autoregressive model.")
    _decoding(loaded)
    _look_ups()
    _training(loaded)


def side_by_side(*ways: Callable, rounds: int) -> list[float]:
    """Median seconds of each of the ways, run in turn after one warm-up of each."""
    times: list[list[float]] = [[] for _ in ways]
    for round_ in range(rounds + 1):
        for way, seconds in zip(ways, times):
            start = time.perf_counter()
            way()
            if round_:
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def _decoding(loaded: bundle.Bundle) -> None:
    ids = loaded.images.rows("test", 16) if len(loaded.images.splits.get("test", ())) else loaded.images.rows("train", 16)
    z = torch.from_numpy(loaded.sampled(ids))
    decoder = loaded.model.decoder
    fast, slow = side_by_side(lambda: _cached(decoder, z), lambda: _full(decoder, z), rounds=3)
    same = torch.equal(_cached(decoder, z), _full(decoder, z))
    print(f"decoding 16 images: cached states {fast:.3f} s, a full pass a position {slow:.3f} s: {slow / fast:.0f} times faster;"
          f" the same images: {'yes' if same else 'no'}")


def _cached(decoder: AutoregressiveDecoder, z: torch.Tensor) -> torch.Tensor:
    return sample(decoder(z), torch.Generator().manual_seed(0))


@torch.inference_mode()
def _full(decoder: AutoregressiveDecoder, z: torch.Tensor) -> torch.Tensor:
    """The plain way: the whole image through every layer, once for each of its positions."""
    likelihood, generator = decoder(z), torch.Generator().manual_seed(0)
    symbols = torch.zeros(len(z), decoder.grid**2, dtype=torch.long)
    for t in range(decoder.grid**2):
        logits = likelihood.parallel(symbols.view(-1, decoder.grid, decoder.grid)).flatten(2)
        symbols[:, t] = draw(logits[:, None, :, t].softmax(-1), generator)[:, 0]
    return likelihood.images(symbols)


def _synthetic(n: int, dim: int = 16) -> np.ndarray:
    """N(0, I) codes (n, dim): without clusters, the hardest for a search by cells."""
    return np.random.default_rng(0).standard_normal((n, dim), dtype=np.float32)


def _look_ups() -> None:
    from sklearn.neighbors import NearestNeighbors

    count, batch, k = LOOKED_UP
    codes = _synthetic(count)
    table, queries = CodeTable(np.arange(count), codes), codes[:batch] + 0.5
    fitted = NearestNeighbors(n_neighbors=k).fit(codes)
    ours, loop, queried = side_by_side(
        lambda: table.nearest(queries, k), lambda: _loop(codes, queries, k),
        lambda: [fitted.kneighbors(query[None]) for query in queries], rounds=5)
    print(f"neighbours of {batch} among {count}: {batch / ours:.0f} look-ups/s; a Python loop over the batch"
          f" {batch / loop:.0f}/s, {loop / ours:.0f} times slower; a scikit-learn query a sample {batch / queried:.0f}/s,"
          f" {queried / ours:.0f} times slower")


def _loop(codes: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """One image after the other: all distances, then the least."""
    table, asked = torch.from_numpy(codes), torch.from_numpy(queries)
    return np.array([torch.norm(table - query, dim=1).topk(k, largest=False)[1].numpy() for query in asked])


def _training(loaded: bundle.Bundle) -> None:
    """Steps of the loss and its gradients on one batch, with each way to look neighbours up (in float32)."""
    from sklearn.neighbors import NearestNeighbors

    model = build(loaded.config).train()
    if not model.prior.needs_neighbour:
        print("training: this model's prior looks no neighbour up")
        return
    rows = loaded.images.rows("train", 100)
    x, table, k = torch.from_numpy(loaded.bits(rows)), loaded.table, loaded.config.neighbours
    fitted = NearestNeighbors(n_neighbors=k).fit(table.codes)

    def ours(code):
        return table.nearest(code, k, exclude=rows)[0][:, 0]

    def loop(code):
        return table.ids[_loop(table.codes, code.detach().numpy(), k)[:, 0]]

    def queried(code):
        return table.ids[np.concatenate([fitted.kneighbors(one[None])[1][:, 0] for one in code.detach().numpy()])]

    seconds = side_by_side(*(lambda way=way: _step(model, x, table, way) for way in (ours, loop, queried)), rounds=3)
    speeds = [len(rows) / s for s in seconds]
    print(f"training, float32: {speeds[0]:.0f} images/s; with a Python loop over the batch {speeds[1]:.0f}, with a scikit-learn"
          f" query a sample {speeds[2]:.0f}: {speeds[0] / speeds[1]:.1f} and {speeds[0] / speeds[2]:.1f} times faster")


def _step(model: LPVAE, x: torch.Tensor, table: CodeTable, look_up: Callable) -> None:
    model.zero_grad(set_to_none=True)
    code = model.encode(x)
    costs = model.costs(x, code, table[look_up(code)], torch.zeros_like(code))
    costs.total.mean().backward()


def _approximate(count: int) -> None:
    """Recall and speed of the search that takes over above EXACT codes, on synthetic codes."""
    if count <= EXACT:
        raise UserError(f"tables of up to {EXACT} codes are searched exactly: name a larger number.")
    codes, k = _synthetic(count), 5
    table = CodeTable(np.arange(count), codes)
    queries = codes[:500] + 0.1 * _synthetic(500)
    exact = faiss.knn(queries, codes, k)[1]
    found, _ = table.nearest(queries, k)
    recall = np.mean([len(set(a) & set(b)) / k for a, b in zip(found, exact)])
    fast, slow = side_by_side(lambda: table.nearest(queries, k), lambda: faiss.knn(queries, codes, k), rounds=3)
    print(f"{count} codes, {table.search}: recall@{k} {recall:.4f}, {slow / fast:.1f} times faster than the exact search")
