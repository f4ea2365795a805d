"""Image files to uint8 arrays: reading, checking, splitting and binarising (IO; numpy only)."""

import hashlib
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpvae import idx
from lpvae.errors import UserError

MODES = ("resampled", "fixed", "given")
SPLITS = ("train", "validation", "test")
MNIST_PATH = Path(__file__).parents[1] / "assets" / "mnist.npz"
# Of the decoded contents (see `_digest`), not of the file: another zlib may pack the same images into other bytes.
MNIST_SHA256 = "07c94b9a51b2f430f84eb469f1f989fc23f3a669f6da63c83a02f695c691fcc7"
MIN_IMAGES = 10
MAX_BYTES = 2**31  # of any one decoded array; a small zip may claim to unpack to anything
MAX_SIDE = 1024

_PACKED = {"train": "train", "valid": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Images:
    """A data set. Row i of `pixels` is the image with id i everywhere in the project.

    pixels (N, S, S) uint8: grey 0..255, or 0/1 when `binary`; labels (N,) int16, -1 = unlabelled; splits: split name to
    sorted int64 ids; sha256: hash of pixels, labels and splits, so that a bundle can say what it was trained on.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray
    splits: dict[str, np.ndarray]
    binary: bool
    sha256: str

    @property
    def side(self) -> int:
        """S, in pixels."""
        return self.pixels.shape[1]

    def rows(self, split: str, limit: int | None = None, seed: int = 0) -> np.ndarray:
        """Sorted int64 ids of a split; with `limit` a seeded random subset of it, never its first rows.

        Raises UserError for an unknown or empty split, or a limit below 1.
        """
        ids = self.splits.get(split, np.empty(0, np.int64))
        if not len(ids):
            present = ", ".join(name for name, rows in self.splits.items() if len(rows))
            raise UserError(f"{self.name} has no images in a split named '{split}'; it has {present}.")
        if limit is None:
            return ids
        if limit < 1:
            raise UserError(f"The limit on the number of images must be at least 1, not {limit}.")
        rng = np.random.default_rng(_checked_seed(seed))
        return np.sort(rng.choice(ids, min(limit, len(ids)), replace=False))


def load(data: str | Path, mnist_path: Path = MNIST_PATH, least: int = MIN_IMAGES) -> Images:
    """The data set named "mnist", or the one in a .npz, .npy or IDX file of at least `least` images.

    Files: `images` (N, S, S) of 0/1 or grey 0..255, optional `labels` (N,), optional `split` (N,) of names or 0/1/2;
    or rows packed by numpy.packbits under `train`, `valid`, `test`, optional `side` and `train_labels` and so on;
    or a bare array of images; or MNIST's IDX format. Raises UserError for whatever cannot be read.
    """
    if str(data) == "mnist":
        return _load_mnist(Path(mnist_path))
    path = Path(data)
    arrays = _read(path)
    if "images" in arrays:
        return _from_images(path, arrays, least)
    if any(key in arrays for key in _PACKED):
        return _from_packed(path, arrays, least)
    raise UserError(f"{path} holds neither an array `images` nor packed rows `train`, `valid` or `test`.")


def _load_mnist(path: Path) -> Images:
    mend = "restore it with `git checkout assets/mnist.npz` or make it anew with `python assets/make_mnist.py`"
    if not path.is_file():
        raise UserError(f"The MNIST file {path} is missing; {mend}.")
    splits = {"train": np.arange(50000), "validation": np.arange(50000, 60000), "test": np.arange(60000, 70000)}
    try:
        arrays = _read(path)
        images = _assemble("mnist", arrays["images"], arrays["labels"].astype(np.int16), splits, binary=False)
    except (UserError, KeyError, ValueError, TypeError):
        raise UserError(f"The MNIST file {path} is damaged and cannot be read; {mend}.") from None
    if images.sha256 != MNIST_SHA256:
        raise UserError(f"The MNIST file {path} is damaged (its sha256 is not the expected one); {mend}.")
    return images


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays that we know by name in a .npz, or {"images": array} of a .npy, without ever unpickling."""
    try:
        with open(path, "rb") as file:
            magic = file.read(6)
    except OSError as error:
        raise UserError(f"Cannot read the image file {path}: {error.strerror}.") from None
    try:
        if magic[:2] == b"PK":
            return _read_npz(path)
        if magic == b"\x93NUMPY":
            _check_size(path, "its array", path.stat().st_size)
            return {"images": np.load(path, allow_pickle=False)}
        if magic[:4] == idx.MAGIC or magic[:2] == idx.GZIP:
            return {"images": idx.read(path, MAX_BYTES)}
    except UserError:
        raise
    except Exception as error:  # over damaged bytes numpy, zipfile, zlib and tokenize raise a dozen kinds
        cause = "holds pickled Python objects, which are never loaded" if "allow_pickle" in str(error) else (
            "is truncated or damaged")
        raise UserError(f"{path} {cause}; save plain number arrays with numpy.savez_compressed.") from None
    raise UserError(f"{path} is not a .npz, .npy or IDX file.")


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    known = {"images", "labels", "split", "side", *_PACKED, *(f"{key}_labels" for key in _PACKED)}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.removesuffix(".npy") in known:
                _check_size(path, member.filename, member.file_size)
    with np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files if key in known}
    # numpy hands out a member that is no .npy as raw bytes
    return {key: value for key, value in arrays.items() if isinstance(value, np.ndarray)}


def _check_size(path: Path, what: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UserError(f"{path}: {what} unpacks to {size / 2**30:.1f} GiB, above the limit of {MAX_BYTES >> 30} GiB.")


def _from_images(path: Path, arrays: dict[str, np.ndarray], least: int) -> Images:
    pixels = _checked_pixels(path, arrays["images"], least)
    labels = _checked_labels(path, "labels", arrays.get("labels"), len(pixels))
    splits = _named_splits(path, arrays["split"], len(pixels)) if "split" in arrays else _random_splits(len(pixels))
    return _assemble(path.stem, pixels, labels, splits, binary=bool(pixels.max() <= 1))


def _checked_pixels(path: Path, pixels: np.ndarray, least: int) -> np.ndarray:
    if pixels.ndim != 3 or pixels.shape[1] != pixels.shape[2]:
        raise UserError(f"{path}: the images must have the shape (N, side, side), not {pixels.shape}.")
    if pixels.dtype.kind not in "bui":
        raise UserError(f"{path}: the images must be whole numbers (0/1 or grey 0..255), not {pixels.dtype}.")
    _check_counts(path, len(pixels), pixels.shape[1], least)
    if pixels.min() < 0 or pixels.max() > 255:
        raise UserError(f"{path}: the pixels reach from {pixels.min()} to {pixels.max()}, outside 0..255.")
    return np.ascontiguousarray(pixels, np.uint8)


def _check_counts(path: Path, count: int, side: int, least: int) -> None:
    if count < least:
        raise UserError(f"{path} holds {count} images; at least {least} are needed.")
    if not 2 <= side <= MAX_SIDE:
        raise UserError(f"{path}: the image side is {side} pixels; it must lie between 2 and {MAX_SIDE}.")
    _check_size(path, "its pixels", count * side * side)


def _checked_labels(path: Path, key: str, labels: np.ndarray | None, count: int) -> np.ndarray:
    if labels is None:
        return np.full(count, -1, np.int16)
    if labels.shape != (count,):
        raise UserError(f"{path}: `{key}` must have the shape ({count},), one per image, not {labels.shape}.")
    if labels.dtype.kind not in "bui":
        raise UserError(f"{path}: `{key}` must be whole numbers, not {labels.dtype}.")
    if count and (labels.min() < -1 or labels.max() > np.iinfo(np.int16).max):
        raise UserError(f"{path}: `{key}` must lie between -1 (unlabelled) and {np.iinfo(np.int16).max}.")
    return labels.astype(np.int16)


def _named_splits(path: Path, split: np.ndarray, count: int) -> dict[str, np.ndarray]:
    if split.shape != (count,):
        raise UserError(f"{path}: `split` must have the shape ({count},), one per image, not {split.shape}.")
    names = {"0": "train", "1": "validation", "2": "test", **_PACKED}
    if split.dtype.kind not in "uiU":
        raise UserError(f"{path}: `split` must hold train, validation, test or 0, 1, 2, not {split.dtype}.")
    found, index = np.unique(split.astype(str), return_inverse=True)
    unknown = [str(name) for name in found if str(name) not in names]
    if unknown:
        raise UserError(f"{path}: `split` must hold train, validation, test or 0, 1, 2, not {unknown[0][:40]!r}.")
    belongs = np.array([names[str(name)] for name in found])[index]
    return {name: np.flatnonzero(belongs == name) for name in SPLITS}


def _random_splits(count: int) -> dict[str, np.ndarray]:
    """5/7, 1/7, 1/7 as in MNIST, by a permutation that depends on the number of images alone."""
    order = np.random.default_rng(0).permutation(count)
    seventh = max(count // 7, 1)
    parts = np.split(order, [count - 2 * seventh, count - seventh])
    return {name: np.sort(part) for name, part in zip(SPLITS, parts)}


def _from_packed(path: Path, arrays: dict[str, np.ndarray], least: int) -> Images:
    keys = [key for key in _PACKED if key in arrays]
    for key in keys:
        if arrays[key].ndim != 2 or arrays[key].dtype != np.uint8:
            raise UserError(f"{path}: `{key}` must be uint8 rows of packed bits (N, bytes), not "
                            f"{arrays[key].dtype} of shape {arrays[key].shape}.")
    widths = {arrays[key].shape[1] for key in keys}
    if len(widths) > 1 or {"valid", "validation"} <= set(keys):
        raise UserError(f"{path}: the splits {', '.join(keys)} must be three different ones with rows of one length.")
    side = _packed_side(path, widths.pop(), arrays.get("side"))
    _check_counts(path, sum(len(arrays[key]) for key in keys), side, least)
    unpacked = [np.unpackbits(arrays[key], axis=1, count=side * side).reshape(-1, side, side) for key in keys]
    labels = [_checked_labels(path, f"{key}_labels", arrays.get(f"{key}_labels"), len(arrays[key])) for key in keys]
    ends = np.cumsum([len(part) for part in unpacked])
    splits = {_PACKED[key]: np.arange(end - len(part), end) for key, part, end in zip(keys, unpacked, ends)}
    return _assemble(path.stem, np.concatenate(unpacked), np.concatenate(labels), splits, binary=True)


def _packed_side(path: Path, width: int, given: np.ndarray | None) -> int:
    """The side S with ceil(S² / 8) = width bytes; the even one where two fit."""
    fitting = [side for side in range(2, math.isqrt(8 * width) + 1) if -(-side * side // 8) == width]
    if given is not None and (given.shape != () or given.dtype.kind not in "ui" or int(given) not in fitting):
        raise UserError(f"{path}: `side` must be the whole number S for which packed rows take {width} bytes.")
    if not fitting:
        raise UserError(f"{path}: rows of {width} bytes are the packed bits of no square image.")
    return int(given) if given is not None else max(fitting, key=lambda side: (side % 2 == 0, side))


def _assemble(name, pixels, labels, splits, binary) -> Images:
    splits = {key: np.asarray(ids, np.int64) for key, ids in splits.items()}
    return Images(name, pixels, labels, splits, binary, _digest(pixels, labels, splits, binary))


def _digest(pixels, labels, splits, binary) -> str:
    digest = hashlib.sha256(f"{pixels.shape} {binary}".encode())
    digest.update(np.ascontiguousarray(pixels))
    digest.update(labels.astype("<i2"))
    for name in SPLITS:
        digest.update(name.encode())
        digest.update(splits.get(name, np.empty(0)).astype("<i8"))
    return digest.hexdigest()


def binarise(pixels: np.ndarray, mode: str, seed: int, epoch: int = 0, *, ids: np.ndarray) -> np.ndarray:
    """Bits drawn from grey images: P(bit = 1) = grey / 255, to within 2^-31 and exactly at 0 and 255.

    pixels (n, S, S) uint8 grey, ids (n,) their row ids → (n, S, S) uint8 of 0/1. The bits of an image depend on
    (seed, epoch, id) alone, never on which other rows are asked for; "fixed" ignores the epoch, "given" returns the
    pixels as they are. The draw of "fixed" is none of those of "resampled". Raises UserError for an unknown mode.
    """
    if mode not in MODES:
        raise UserError(f"The binarisation '{mode}' is unknown; choose one of {', '.join(MODES)}.")
    if mode == "given":
        return pixels
    stream = [_checked_seed(seed), 0 if mode == "fixed" else 1 + epoch]
    key = np.random.SeedSequence(stream).generate_state(1, np.uint64)
    threshold = np.round(np.arange(256) * (2.0**31 / 255)).astype(np.uint32)
    shape, size = pixels.shape, int(np.prod(pixels.shape[1:]))
    bits = np.empty((len(pixels), size), np.uint8)
    for start in range(0, len(pixels), 256):  # blocks that stay in the processor's cache
        block = slice(start, start + 256)
        uniform = _uniform31(key, ids[block], size)
        bits[block] = uniform < threshold[pixels[block].reshape(-1, size)]
    return bits.reshape(shape)


def _uniform31(key: np.ndarray, ids: np.ndarray, size: int) -> np.ndarray:
    """(n, size) uint32 uniform on 0..2^31-1: the SplitMix64 hash (Steele, Lea, Flood 2014) of key and position.

    A hash of the position, rather than a stream, since any subset of rows must see the bits that the whole set sees.
    """
    words = (size + 1) // 2
    word = np.asarray(ids, np.uint64)[:, None] * np.uint64(words) + np.arange(words, dtype=np.uint64)
    word = key + word * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return word.astype("<u8").view("<u4")[:, :size] >> 1


def _checked_seed(seed: int) -> int:
    if seed < 0:
        raise UserError(f"The seed must be 0 or above, not {seed}.")
    return seed


def bits(images: Images, ids: np.ndarray, mode: str = "fixed", seed: int = 0, epoch: int = 0) -> np.ndarray:
    """(n, S, S) uint8 of 0/1 for the rows `ids`; binary data come as given, whatever the mode.

    Raises UserError for mode "given" on grey images.
    """
    if mode == "given" and not images.binary:
        raise UserError(f"{images.name} holds grey images, not given bits; choose the binarisation fixed or resampled.")
    return binarise(images.pixels[ids], "given" if images.binary else mode, seed, epoch, ids=ids)


def protocol(images: Images, mode: str, seed: int) -> str:
    """The data and how their bits were made, in the words that stand beside every figure."""
    how = {"fixed": f"fixed draw of the bits (seed {seed})", "resampled": f"resampled each epoch (seed {seed})"}
    return f"{images.name}, given bits" if images.binary else f"{images.name}, {how[mode]}"
