"""Small untrained bundles with true costs, which the tests of the explorer share."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import small
import torch

from lpvae import bundle as bundles
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.evaluate import encode, latent_costs, pixel_costs

COUNT = 84
KINDS = {
    "a-global": {"prior": "global"}, "b-local": {"decoder": "factorised"}, "c-mixture": {"prior_components": 3},
    "d-vamp": {"prior": "vamp", "pseudo_inputs": 6},
}  # fmt: skip


def made(name: str, images: data.Images, **changes) -> Bundle:
    """A small untrained bundle with true costs; its maps are the first two dimensions."""
    model, ids = small.scrambled(small.config(**changes)).half().float(), np.arange(len(images.pixels))
    x = data.bits(images, ids, "fixed", 0)
    codes = encode(model, x).half().float()
    train = images.rows("train")
    blank = np.full(len(ids), np.nan, np.float32)
    arrays = {"pixels": blank, "free_neighbour": blank, "mixture": blank, "tour": blank}
    made = Bundle(name, model, images, codes.numpy(), _maps(codes), arrays, np.empty(0, np.int64), {
        "seed": 0, "data": {"name": images.name, "sha256": images.sha256}})  # fmt: skip
    z = torch.from_numpy(made.sampled(ids))
    costs = latent_costs(model, CodeTable(train, codes.numpy()[train]), ids, codes, z)
    costs["pixels"] = pixel_costs(model, x, z)
    kept = {k: v.numpy() for k, v in costs.items() if k != "pointer"}
    return replace(made, costs=arrays | kept)


def _maps(codes):
    xy = codes[:, :2].numpy()
    return {name: np.clip(xy / np.abs(xy).max(), -1, 1) for name in bundles.MAPS}


def write_all(path: Path, names=tuple(KINDS)) -> Path:
    """Bundles of those names, of one small data set, in the folder."""
    images = data.load(small.data_file(path, COUNT))
    for name in names:
        bundles.save(made(name, images, **KINDS[name]), path / name)
    return path


def charts(app) -> list:
    """The charts on a page of Streamlit's AppTest."""
    return [part for part in app.get("bidi_component") if part.proto.component_name == "lpvae_chart"]


def html_of(app) -> str:
    """All that such a page shows by way of st.html."""
    return "\n".join(unescape(part.proto.body) for part in app.get("html"))
