"""One trained model with all that the explorer shows of it: save, load, verify (IO).

A bundle is a directory: bundle.json (config, training, metrics, log, and the sha256 of every other file),
model.safetensors (weights), arrays.npz (codes, maps, costs; row = id), and images.npz where the data is not MNIST.
"""

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from lpvae import data
from lpvae.codes import CodeTable
from lpvae.errors import UserError
from lpvae.evaluate import standard_noise
from lpvae.model import LPVAE, Config, build
from lpvae.report import Trained

FORMAT = 1
META, WEIGHTS, ARRAYS, IMAGES = "bundle.json", "model.safetensors", "arrays.npz", "images.npz"
MAPS = ("code", "sampled")
COSTS = ("pixels", "free_neighbour", "mixture", "tour")
MODELS = Path(__file__).parents[1] / "assets" / "models"


@dataclass(frozen=True)
class Bundle:
    """A trained model and its arrays; row i of every array is the image with id i. Never to be changed in place.

    codes (N, D); maps {"code", "sampled"} → (N, 2) in [−1, 1]; costs {protocol} → (N,) nats, nan where not measured;
    meta: bundle.json (config, training, data, metrics, log, maps).
    """

    name: str
    model: LPVAE
    images: data.Images
    codes: np.ndarray
    maps: dict[str, np.ndarray]
    costs: dict[str, np.ndarray]
    tour: np.ndarray
    meta: dict

    @property
    def config(self) -> Config:
        return self.model.config

    @cached_property
    def table(self) -> CodeTable:
        """The codes of the training images: where the prior takes its neighbours from."""
        rows = self.images.rows("train")
        return CodeTable(rows, self.codes[rows])

    @property
    def seed(self) -> int:
        """The seed of the fixed draw of the bits, of the sampled z and of the maps."""
        return self.meta["seed"]

    def bits(self, ids: np.ndarray) -> np.ndarray:
        """The fixed draw of the images `ids` (n,), (n, S, S): the bits all this bundle's figures speak of."""
        return data.bits(self.images, np.asarray(ids), "fixed", self.seed)

    def sampled(self, ids: np.ndarray) -> np.ndarray:
        """z ~ q(z|x) of the images `ids` (n,), (n, D): the sample all this bundle's figures speak of."""
        return self.codes[ids] + standard_noise(np.asarray(ids), self.codes.shape[1], self.seed).numpy()

    def trained(self) -> Trained:
        """What `report` needs."""
        table = self.table
        return Trained(self.model, table, self.images.labels[table.ids], self.images.sha256)


def save(bundle: Bundle, path: Path) -> None:
    """Write a bundle beside its place, then move it there in one step: a half-written bundle is never seen."""
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_file({k: v.half().contiguous() for k, v in bundle.model.state_dict().items()}, temporary / WEIGHTS)
    np.savez_compressed(temporary / ARRAYS, codes=bundle.codes.astype(np.float16), tour=bundle.tour.astype(np.int32),
                        **{f"map_{k}": np.round(v * 32767).astype(np.int16) for k, v in bundle.maps.items()},
                        **{f"cost_{k}": v.astype(np.float32) for k, v in bundle.costs.items()})
    if bundle.images.sha256 != data.MNIST_SHA256:
        _save_images(bundle.images, temporary / IMAGES)
    meta = bundle.meta | {"format": FORMAT, "config": bundle.config.to_dict(),
                          "files": {p.name: _sha256(p) for p in sorted(temporary.iterdir())}}
    (temporary / META).write_text(json.dumps(meta, indent=1))
    old = path.with_name(path.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    temporary.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _save_images(images: data.Images, path: Path) -> None:
    split = np.full(len(images.pixels), "", dtype="U10")
    for name, rows in images.splits.items():
        split[rows] = name
    np.savez_compressed(path, images=images.pixels, labels=images.labels, split=split)


def load(path: Path | str, mnist: data.Images | None = None) -> Bundle:
    """Read and verify a bundle. A name without a slash is looked for among the shipped models.

    Raises UserError where it is missing, damaged, of another format, or made from data that is not here.
    """
    path = resolve(path)
    meta = verified_meta(path)
    config = Config.from_dict(meta["config"])
    images = _images(path, meta, mnist)
    model = load_model(path, config)
    arrays = _arrays(path)
    try:
        codes = arrays["codes"].astype(np.float32)
        if codes.shape != (len(images.pixels), config.code_dim):
            raise UserError(f"{path / ARRAYS} does not fit its images: {codes.shape} codes for {len(images.pixels)} images.")
        maps = {k: arrays[f"map_{k}"].astype(np.float32) / 32767 for k in MAPS}
        costs = {k: arrays[f"cost_{k}"] for k in COSTS} | {"global": 0.5 * np.square(codes, dtype=np.float64).sum(1)}
        tour, count = arrays["tour"], len(images.pixels)
        if any(len(part) != count for part in [*maps.values(), *costs.values()]) or np.any(tour >= count):
            raise UserError(f"{path / ARRAYS} does not fit its {count} images: build the bundle again.")
        return Bundle(path.name, model, images, codes, maps, costs, tour, meta)
    except KeyError as error:
        raise UserError(f"{path / ARRAYS} lacks the array {error}: build the bundle again.") from None


def resolve(path: Path | str) -> Path:
    """A bundle's directory: as given, or by name among the shipped models."""
    given = Path(path)
    return given if given.exists() or len(given.parts) != 1 else MODELS / given


def available(models: Path = MODELS) -> list[str]:
    """Names of the bundles that are there, whether whole or damaged."""
    return sorted(p.name for p in models.iterdir() if (p / META).is_file()) if models.is_dir() else []


def read_meta(path: Path) -> dict:
    """bundle.json of a bundle. Raises UserError where it is missing, damaged or of another format."""
    try:
        meta = json.loads((path / META).read_text())
        version = meta["format"]
        config, files, origin, seed = meta["config"], meta["files"], meta["data"], meta["seed"]
    except OSError:
        raise UserError(f"{path} is no bundle: there is no {META} in it.") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path / META} is damaged: restore it, or build the bundle again.") from None
    if version != FORMAT or not all(isinstance(part, dict) for part in (config, files, origin)):
        raise UserError(f"{path} is of format {version!r}, this program reads format {FORMAT}: build the bundle again.")
    if not (isinstance(seed, int) and seed >= 0 and {"name", "sha256"} <= origin.keys()):
        raise UserError(f"{path / META} is damaged: restore it, or build the bundle again.")
    return meta


def verified_meta(path: Path) -> dict:
    """bundle.json, when the files beside it are the ones it speaks of. Raises UserError where they are not."""
    meta = read_meta(path)
    for name in {WEIGHTS, ARRAYS} | ({IMAGES} & meta["files"].keys()):
        _verify(path, name, meta)
    return meta


def _verify(path: Path, name: str, meta: dict) -> None:
    try:
        digest = _sha256(path / name)
    except OSError:
        raise UserError(f"the bundle {path} lacks its file {name}: restore it, or build the bundle again.") from None
    if digest != meta["files"].get(name):
        raise UserError(f"{path / name} is damaged or was changed (its sha256 is not the one in {META}): restore it, or"
                        " build the bundle again.")


def _images(path: Path, meta: dict, mnist: data.Images | None) -> data.Images:
    if IMAGES in meta["files"]:
        images = replace(data.load(path / IMAGES), name=str(meta["data"]["name"]))
    else:
        images = mnist or data.load("mnist")
    if images.sha256 != meta["data"]["sha256"]:
        raise UserError(f"{path} was made from other images than those here: build the bundle again.")
    return images


def load_model(path: Path, config: Config) -> LPVAE:
    """The model of a bundle with this config, without anything else. Raises UserError where its weights do not fit."""
    model = build(config)
    try:
        model.load_state_dict({k: v.float() for k, v in load_file(path / WEIGHTS).items()})
    except (SafetensorError, RuntimeError):
        raise UserError(f"{path / WEIGHTS} does not fit the bundle's config: build the bundle again.") from None
    return model.eval().requires_grad_(False)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path / ARRAYS, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        raise UserError(f"{path / ARRAYS} cannot be read: build the bundle again.") from None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

