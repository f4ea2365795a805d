"""Answers about a set of images: who is in it, what they cost, which of them are typical. Arrays out; no streamlit."""

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import torch

from explorer import answers
from explorer.look import inside, read_filter, read_lasso
from explorer.selection import Selection, shown_ids
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.costs import bits
from lpvae.distributions import sample


def shown(bundles: dict[str, Bundle], selection: Selection) -> np.ndarray:
    """Ids of the images that the maps show under the selection's filter, sorted. bundles: of "left" and of "right"."""
    images, chosen = bundles["left"].images, read_filter(selection.hidden, selection.cost)
    ids = shown_ids(images, selection.show)
    ids = ids[~np.isin(images.labels[ids], chosen.labels)]
    for number, rows in enumerate(images.splits.values()):
        if number in chosen.splits:
            ids = np.setdiff1d(ids, rows)
    if not chosen.bounded:
        return ids
    cost = answers.total_bits(bundles[chosen.side]).astype(np.float32)[ids].astype(np.float64)  # as the browser has it
    return ids[(cost >= chosen.least) & (cost <= chosen.most)]  # an image without a cost never passes


def members(bundles: dict[str, Bundle], selection: Selection) -> np.ndarray | None:
    """Ids of the set that the selection outlines among the images shown, sorted; None where there is no outline."""
    if (lasso := read_lasso(selection.lasso)) is None:
        return None
    (side, outline), ids = lasso, shown(bundles, selection)
    return ids if outline is None else ids[inside(outline, bundles[side].maps[selection.what][ids])]


def label_counts(images: data.Images, ids: np.ndarray) -> list[tuple[int, int]]:
    """(label, number of images), in order of label; −1: without one."""
    labels, counts = np.unique(images.labels[ids], return_counts=True)
    return list(zip(labels.tolist(), counts.tolist()))


@dataclass(frozen=True)
class Mean:
    """Mean bits an image over the `count` images of a set that have the cost, and the mean's standard error."""

    name: str
    bits: float
    error: float
    count: int


def latent_nats(bundle: Bundle) -> dict[str, np.ndarray]:
    """What z costs under each protocol that was measured at all, name → (N,) nats, nan where not."""
    costs = {name: bundle.costs[name] for name in answers.PROTOCOLS if name != "pointer"}
    costs["pointer"] = bundle.costs["free_neighbour"] + answers.pointer_nats(bundle)
    return {name: costs[name] for name in answers.PROTOCOLS if not np.isnan(costs[name]).all()}


def mean_costs(bundle: Bundle, ids: np.ndarray) -> list[Mean]:
    """The means over a set: pixels, z under the best complete protocol for one image, and their sum."""
    protocol = answers.best_protocol(bundle)
    pixels, latent = bits(bundle.costs["pixels"][ids]), bits(bundle.costs[protocol][ids])
    return [_mean(name, values) for name, values in (("pixels", pixels), (protocol, latent), ("total", pixels + latent))]


def _mean(name: str, values: np.ndarray) -> Mean:
    values = values[~np.isnan(values)].astype(np.float64)
    count = len(values)
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    return Mean(name, float(values.mean()) if count else np.nan, error, count)


def by_typicality(bundle: Bundle, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ids from the most to the least typical, and the distance of each code from the mean code of the set, (n,) each."""
    codes = bundle.codes[ids]
    distances = np.linalg.norm(codes - codes.mean(0), axis=1)
    order = np.argsort(distances, kind="stable")
    return ids[order], distances[order]


@torch.inference_mode()
def prototype(bundle: Bundle, ids: np.ndarray) -> np.ndarray:
    """A picture (S, S) of 0/1 that the decoder draws from the set's mean code; the same set gives the same picture."""
    z = torch.from_numpy(bundle.codes[ids].mean(0, keepdims=True))
    return sample(bundle.model.decoder(z), torch.Generator().manual_seed(bundle.seed))[0].numpy()


def table(bundles: list[Bundle], ids: np.ndarray) -> pa.Table:
    """A row an image: id, label, split, and for each model the bits of the pixels and of z under every protocol measured."""
    images = bundles[0].images
    split = np.full(len(images.pixels), "", dtype="U10")
    for name, rows in images.splits.items():
        split[rows] = name
    columns = {"id": ids, "label": images.labels[ids], "split": split[ids]}
    for bundle in {bundle.name: bundle for bundle in bundles}.values():
        for name, nats in {"pixels": bundle.costs["pixels"], **latent_nats(bundle)}.items():
            columns[f"{bundle.name} {name} bits"] = bits(nats[ids].astype(np.float64))
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})  # nan: nothing there


def csv(rows: pa.Table) -> bytes:
    """The table as comma-separated text with a header."""
    out = io.BytesIO()
    pyarrow.csv.write_csv(rows, out)
    return out.getvalue()


def parquet(rows: pa.Table) -> bytes:
    """The table as a parquet file."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(rows, out)
    return out.getvalue()
