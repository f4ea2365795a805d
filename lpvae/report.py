"""`evaluate` as a report: mean costs by protocol with standard errors, swapped codes and probes, ready for JSON."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lpvae import data
from lpvae.codes import CodeTable
from lpvae.costs import bits, mean, standard_error
from lpvae.errors import UserError
from lpvae.evaluate import encode, latent_costs, order_nats, pixel_costs, probe, standard_noise, swapped, tour_costs
from lpvae.model import LPVAE

PROTOCOLS = ("free_neighbour", "pointer", "mixture", "tour", "set", "global")


@dataclass(frozen=True)
class Trained:
    """What an evaluation needs of a trained model: the model, its training codes, and the data they came from."""

    model: LPVAE
    table: CodeTable
    labels: np.ndarray  # of the table's images, in its order; -1 = unlabelled
    data_sha256: str


def table_of(model: LPVAE, images: data.Images, seed: int) -> CodeTable:
    """Codes of all training images, from their fixed draw of bits; rounded to half precision, as bundles keep them."""
    rows = images.rows("train")
    codes = encode(model, data.bits(images, rows, "fixed", seed))
    return CodeTable(rows, codes.half().float().numpy())


def report(trained: Trained, images: data.Images, split: str = "test", limit: int | None = None, seed: int = 0) -> dict:
    """Mean costs in nats over a split (or a seeded subset of `limit` images), under every protocol the model has.

    Every cost is at one sampled z an image. Raises UserError where the images do not fit the model.
    """
    model, table = trained.model, trained.table
    _check_fits(model, images)
    ids = images.rows(split, limit, seed)
    x = data.bits(images, ids, "fixed", seed)
    codes = encode(model, x).half().float()  # as bundles keep them, so that their arrays and figures agree
    z = codes + standard_noise(ids, codes.shape[1], seed)
    latents, _ = all_latent_costs(trained, images, ids, codes, z)
    pixels = pixel_costs(model, x, z)
    totals = {name: None if cost is None else cost + pixels.double() for name, cost in latents.items()}
    nats = {"pixels": pixels} | latents
    return {
        "n": len(ids), "split": split, "seed": seed, "protocol_data": data.protocol(images, "fixed", seed),
        "neighbour_search": table.search,
        "nats": _means(nats), "nats_standard_error": _errors(nats),
        "total_nats": _means(totals), "total_nats_standard_error": _errors(totals),
        "total_bits": {k: v if v is None else round(bits(v), 4) for k, v in _means(totals).items()},
        "order_nats": round(order_nats(len(ids)), 4),
        # a single image has no other's code to take
        "swapped_code_pixels": round(mean(pixel_costs(model, x, swapped(z, seed))), 4) if len(ids) > 1 else None,
        "active_dimensions": int((codes.var(0) > 0.01).sum()) if len(ids) > 1 else None,
        "probe": probe(table, trained.labels, codes, z, images.labels[ids], seed),
    }


def all_latent_costs(trained: Trained, images: data.Images, ids: np.ndarray, codes: Tensor, z: Tensor):
    """(N,) latent costs in nats for every protocol, None where the model has none; and the tour's order, or None."""
    own = ids if images.sha256 == trained.data_sha256 else np.full(len(ids), -1)  # ids of other data mean nothing here
    costs = dict.fromkeys(PROTOCOLS) | latent_costs(trained.model, trained.table, own, codes, z)
    alone, order = costs[single_protocol(trained.model)], None
    costs["set"] = alone - order_nats(len(ids))
    if trained.model.prior.needs_neighbour:
        costs["tour"], order = tour_costs(trained.model, codes, z, first=float(costs["pointer"][0]))
    else:
        costs["tour"] = alone  # one codebook for all: no order is better than another
    return costs, order


def single_protocol(model: LPVAE) -> str:
    """The model's cheapest complete code for one image alone: `mixture`, or `global` where the prior is N(0, I)."""
    return "global" if model.config.prior == "global" else "mixture"


def _check_fits(model: LPVAE, images: data.Images) -> None:
    if images.side != model.config.side:
        raise UserError(
            f"{images.name} has images of {images.side} × {images.side} pixels, but the model takes"
            f" {model.config.side} × {model.config.side}: choose images of that size, or train a model on these."
        )


def _means(costs: dict[str, Tensor | None]) -> dict:
    return {name: None if cost is None else round(mean(cost), 4) for name, cost in costs.items()}


def _errors(costs: dict[str, Tensor | None]) -> dict:
    # a single image has no standard error, and JSON no nan
    return {name: None if cost is None or len(cost) < 2 else round(standard_error(torch.as_tensor(cost)), 4)
            for name, cost in costs.items()}

