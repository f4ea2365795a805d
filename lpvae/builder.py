"""A run → a bundle: encode all images, cost them, draw the maps, measure (offline; minutes)."""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import torch

from lpvae import bundle, data, projection
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.errors import UserError
from lpvae.evaluate import encode, latent_costs, pixel_costs, standard_noise
from lpvae.report import Trained, all_latent_costs, report, table_of
from lpvae.train import load_run, run_images


def measure_again(path: Path, say=print) -> Bundle:
    """A bundle's tour and figures anew, in place; its weights, codes, maps and all other costs stay as they are."""
    old = bundle.load(path)
    split = _measured_split(old.images)
    ids = old.images.rows(split)
    say(f"the tour and the figures of the {split} split")
    codes, z = torch.from_numpy(old.codes[ids]), torch.from_numpy(old.sampled(ids))
    tour = np.full(len(old.codes), np.nan, np.float32)
    costs, order = all_latent_costs(old.trained(), old.images, ids, codes, z)
    tour[ids] = costs["tour"]
    metrics = report(old.trained(), old.images, split, seed=old.seed)
    meta = {k: v for k, v in old.meta.items() if k not in ("files", "config", "format")} | {"metrics": metrics}
    made = replace(old, costs=old.costs | {"tour": tour}, tour=np.empty(0, np.int64) if order is None else ids[order], meta=meta)
    bundle.save(made, path)
    return made


def build_bundle(run: Path, out: Path, align_to: Path | None = None, say=print) -> Bundle:
    """Encode, cost and map every image of a run's data, measure the test split, and save the bundle at `out`.

    align_to: a bundle of the same data on whose map of codes this one's is laid. say: told what is being done.
    """
    _check_place(Path(out))
    model, training, state = load_run(run)
    images = run_images(run)
    reference = None if align_to is None else _reference(align_to, images)
    seed, ids = training.seed, np.arange(len(images.pixels))
    say(f"encoding {len(ids)} images")
    model = _half(model)
    x = data.bits(images, ids, "fixed", seed)
    codes = encode(model, x).half().float()
    table = CodeTable(images.rows("train"), codes.numpy()[images.rows("train")])
    trained = Trained(model, table, images.labels[table.ids], images.sha256)
    z = codes + standard_noise(ids, codes.shape[1], seed)
    say("costs of every image")
    costs, tour = _costs(trained, images, x, codes, z)
    say("maps by UMAP")
    maps, described = _maps(codes.numpy(), z.numpy(), seed, reference)
    say("measuring the test split")
    meta = {
        "seed": seed, "built": date.today().isoformat(), "training": asdict(training) | {"data": images.name},  # not the path: it would tell of the machine
        "trained": {"steps": state["step"], "seconds": round(state["seconds"])},
        "data": {"name": images.name, "sha256": images.sha256, "images": len(ids), "side": images.side},
        "maps": described, "log": state["log"],
        "metrics": report(trained, images, _measured_split(images), seed=seed),
    }
    made = Bundle(Path(out).name, model, images, codes.numpy(), maps, costs, tour, meta)
    bundle.save(made, out)
    return made


def trained_of(source: Path | str) -> tuple[Trained, data.Images, int]:
    """A bundle or a run, ready to be measured: the model with its table, its own data, and its seed."""
    path = bundle.resolve(source)
    if (path / bundle.META).exists():
        loaded = bundle.load(path)
        return loaded.trained(), loaded.images, loaded.seed
    if not path.exists():
        raise UserError(f"there is no bundle or run at {source}; shipped are: {', '.join(bundle.available()) or 'none'}.")
    model, training, _ = load_run(path)
    images = run_images(path)
    table = table_of(_half(model), images, training.seed)
    return Trained(model, table, images.labels[table.ids], images.sha256), images, training.seed


def _check_place(out: Path) -> None:
    """A bundle takes the place of a bundle, never of somebody's folder."""
    if out.exists() and not (out / bundle.META).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out} is there already and is no bundle: choose another --out.")


def _half(model):
    """Round the weights to half precision, in place: figures are of the weights that the bundle keeps."""
    return model.half().float()


def _measured_split(images: data.Images) -> str:
    return next((s for s in ("test", "validation", "train") if len(images.splits.get(s, ()))), "test")


def _costs(trained: Trained, images: data.Images, x, codes, z) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Costs of all images by protocol, and the tour of the measured split (ids in the order sent)."""
    nan = torch.full((len(x),), torch.nan)
    ids = np.arange(len(x))
    latents = latent_costs(trained.model, trained.table, ids, codes, z)
    costs = {"pixels": pixel_costs(trained.model, x, z)}
    costs |= {name: latents.get(name, nan) for name in ("free_neighbour", "mixture")}
    asked = images.rows(_measured_split(images))
    toured, order = all_latent_costs(trained, images, asked, codes[asked], z[asked])
    costs["tour"] = nan.clone()
    costs["tour"][asked] = toured["tour"].float()
    return {k: v.float().numpy() for k, v in costs.items()}, np.empty(0, np.int64) if order is None else asked[order]


def _reference(path: Path, images: data.Images) -> np.ndarray:
    other = bundle.load(path)
    if other.images.sha256 != images.sha256:
        raise UserError(f"the maps cannot be aligned with {path}: it was made from other images.")
    return other.maps["code"]


def _maps(codes, z, seed: int, reference) -> tuple[dict[str, np.ndarray], dict]:
    """Maps of c and of sampled z: the first laid on the reference, the second on the first."""
    of_code = projection.umap_map(codes, seed, reference)
    residuals = {}
    if reference is not None:
        of_code, residuals["code"] = projection.align(of_code, reference)
    of_sample, residuals["sampled"] = projection.align(projection.umap_map(z, seed, of_code), of_code)
    described = projection.parameters(seed) | {"residual": {k: round(v, 4) for k, v in residuals.items()}}
    return {"code": projection.unit_box(of_code), "sampled": projection.unit_box(of_sample)}, described
