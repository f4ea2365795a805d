"""Speeds as ratios: each pair is measured side by side in one run, in turn, and the medians are compared."""

import statistics
import time
from collections.abc import Callable

import torch

from lpvae import bundle
from lpvae.decoders import AutoregressiveDecoder
from lpvae.distributions import draw, sample
from lpvae.errors import UserError


def bench(model: str) -> None:
    """Print the decoding speed from cached states against full passes, for 16 images."""
    loaded = bundle.load(model)
    if not isinstance(loaded.model.decoder, AutoregressiveDecoder):
        raise UserError(f"{model} has a factorised decoder, which decodes in one pass: name an autoregressive model.")
    ids = loaded.images.rows("test", 16) if len(loaded.images.splits.get("test", ())) else loaded.images.rows("train", 16)
    z = torch.from_numpy(loaded.sampled(ids))
    decoder = loaded.model.decoder
    fast, slow = side_by_side(lambda: _cached(decoder, z), lambda: _full(decoder, z), rounds=3)
    same = torch.equal(_cached(decoder, z), _full(decoder, z))
    print(f"decoding 16 images: cached states {fast:.3f} s, a full pass a position {slow:.3f} s: {slow / fast:.0f} times faster;"
          f" the same images: {'yes' if same else 'no'}")


def side_by_side(a: Callable, b: Callable, rounds: int) -> tuple[float, float]:
    """Median seconds of a and of b, run in turn after one warm-up of each."""
    times: dict[Callable, list[float]] = {a: [], b: []}
    for round_ in range(rounds + 1):
        for run in (a, b):
            start = time.perf_counter()
            run()
            if round_:
                times[run].append(time.perf_counter() - start)
    return statistics.median(times[a]), statistics.median(times[b])


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
