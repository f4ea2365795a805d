"""The commands `compress` and `decompress`: images in, a file out, and back (IO); what else would have made of the bits."""

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from lpvae import bundle, container, data
from lpvae.builder import trained_of
from lpvae.costs import bits
from lpvae.errors import UserError
from lpvae.evaluate import encode, latent_costs, order_nats, pixel_costs, standard_noise, tour_costs
from lpvae.latents import resolved
from lpvae.model import Config
from lpvae.report import Trained
from lpvae.sending import ORDER, packed

MAX_FILE = 2**30
SHEET = 100  # images side by side on the sheet that JBIG2 gets


def compress(model: str, source: str, out: Path, protocol: str, limit: int | None, seed: int | None, keep_order: bool) -> None:
    """Compress the images of `source` with a bundle into the file `out`, and print how long they became.

    source: a .npz, .npy or IDX file of images, or mnist:SPLIT. Grey images become bits by one fixed draw with `seed` (the
    model's by default), which also draws the `limit` images. Raises UserError for whatever the user can mend.
    """
    out = _place(out)
    trained, _, own_seed = trained_of(model)
    seed = own_seed if seed is None else seed
    images, ids = _images(source, limit, seed)
    x = data.bits(images, ids, "fixed", seed)
    with _Bar(len(x), "sent", 0.0) as bar:
        sent = container.compress(trained.model, trained.table, x, protocol, keep_order, progress=bar)
    _write(out, lambda file: file.write(sent.content))
    print(f"{data.protocol(images, 'fixed', seed)}; {len(x)} images, protocol {protocol}: {len(sent.content)} bytes")
    print(f"bits an image: {_parts(sent, len(x))}")
    ordered = any(step.what == ORDER for step in sent.steps)
    limit_nats = bound(trained, x, ids, seed, protocol) + (order_nats(len(x)) if ordered else 0.0)
    print(_last_line(len(sent.content), limit_nats, rivals(x), len(x)))


def decompress(source: Path, out: Path, model: str | None = None) -> None:
    """Decode a file that `compress` wrote into an .npz with the array `images` (n, S, S) of 0/1.

    model: the bundle that it was made with; by default it is looked for among the shipped ones.
    """
    out = _place(out)
    with _about(source):
        header, words = container.unpack(_content(source))
        trained, _, _ = trained_of(model or _shipped(header.model))
        coder = container.receiver(header, trained.model, trained.table)
        with _Bar(header.count, "received", 32.0 * len(words)) as bar:
            images = container.decoded(header, words, coder, bar)
    _write(out, lambda file: np.savez_compressed(file, images=images))
    print(f"{out}: {len(images)} images of {header.side} × {header.side} bits, from a file of protocol {header.protocol}")


class _Bar(tqdm):
    """Progress: images a second and time left (tqdm's own), and bits an image so far. Called as a `sending.Progress`."""

    def __init__(self, count: int, verb: str, first: float):
        super().__init__(total=count, unit=" images", desc=verb, smoothing=0.05, mininterval=0.5,
                         disable=None if os.environ.get("CI") else False)
        self.first = first  # the message's length before any image

    def __call__(self, done: int, length: float) -> None:
        self.set_postfix_str(f"{abs(length - self.first) / done:.1f} bits/image", refresh=False)
        self.update(done - self.n)


def bound(trained: Trained, x: np.ndarray, ids: np.ndarray, seed: int, protocol: str) -> float:
    """The mean cost of the images in nats, as `evaluate` measures it under this protocol, at one z an image.

    But for one thing: of training images the own code stays in the table, since the receiver cannot know which to leave out.
    """
    model, table, kind = trained.model, trained.table, resolved(trained.model, protocol)
    codes = encode(model, x).half().float()
    z = codes + standard_noise(ids, codes.shape[1], seed)
    if kind == "global":
        latents = 0.5 * codes.double().pow(2).sum(1)
    else:
        costs = latent_costs(model, table, np.full(len(x), -1), codes, z)
        latents = tour_costs(model, codes, z, float(costs["pointer"][0]))[0] if kind == "tour" else costs[kind]
    # a few at a time: `evaluate` takes more at once, and much more memory
    pixels = [pixel_costs(model, x[i : i + 100], z[i : i + 100]) for i in range(0, len(x), 100)]
    total = latents + torch.cat(pixels).double()
    return float(total.mean()) - (multiset_nats(x) if protocol == "set" else 0.0)


def multiset_nats(x: np.ndarray) -> float:
    """What the order of these images could say, in nats an image: ln(n!)/n, less ln(m!)/n for each that is there m times."""
    copies = Counter(packed(x)).values()
    return order_nats(len(x)) - sum(m * order_nats(m) for m in copies) / len(x)


def rivals(x: np.ndarray) -> dict[str, int | None]:
    """Bytes that general compressors, and JBIG2 where it is installed (else None), make of the same bits (n, S, S)."""
    plain = b"".join(packed(x))
    return {
        "gzip": len(gzip.compress(plain, 9)), "bz2": len(bz2.compress(plain, 9)),
        "xz": len(lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME)), "jbig2": _jbig2(x),
    }


def _jbig2(x: np.ndarray) -> int | None:
    """By the program `jbig2` (jbig2enc), of all images on one sheet."""
    program = shutil.which("jbig2")
    if program is None:
        return None
    side, rows = x.shape[1], -(-len(x) // SHEET)
    sheet = np.zeros((rows * SHEET, side, side), np.uint8)
    sheet[: len(x)] = x
    sheet = sheet.reshape(rows, SHEET, side, side).swapaxes(1, 2).reshape(rows * side, SHEET * side)
    with tempfile.TemporaryDirectory() as folder:
        pbm = Path(folder) / "sheet.pbm"
        pbm.write_bytes(f"P4 {sheet.shape[1]} {sheet.shape[0]}\n".encode() + np.packbits(sheet, axis=1).tobytes())
        ran = subprocess.run([program, str(pbm)], capture_output=True, check=False)
    return len(ran.stdout) if ran.returncode == 0 else None


def _parts(sent: container.Sent, count: int) -> str:
    """The bill in bits an image: what each kind of step added to the message, and what the file adds around it."""
    parts: dict[str, float] = {}
    for step in sent.steps:
        parts[step.what] = parts.get(step.what, 0.0) + step.change
    parts["header and padding"] = 8 * len(sent.content) - sum(parts.values())
    return ", ".join(f"{what} {change / count:+.2f}" for what, change in parts.items() if change)


def _last_line(length: int, bound_nats: float, others: dict[str, int | None], count: int) -> str:
    each, limit = 8 * length / count, bits(bound_nats)
    rest = ", ".join(f"{name} not installed" if size is None else f"{name} {8 * size / count:.2f}" for name, size in others.items())
    return f"{each:.2f} bits/image; bound {limit:.2f}, difference {100 * (each / limit - 1):+.2f} %; {rest}"


def _images(source: str, limit: int | None, seed: int) -> tuple[data.Images, np.ndarray]:
    """The data set and the ids of the images meant: a split of MNIST, or all of a file."""
    if source == "mnist" or source.startswith("mnist:"):
        images = data.load("mnist")
        return images, images.rows(source.partition(":")[2] or "test", limit, seed)
    images = data.load(source, least=1)
    everything = replace(images, splits={"all": np.arange(len(images.pixels))})
    return images, everything.rows("all", limit, seed)


def _shipped(wanted: bytes) -> Path:
    """The shipped bundle whose model a file was made with."""
    for path in (bundle.MODELS / name for name in bundle.available(bundle.MODELS)):
        with suppress(UserError):  # a damaged one is none of the file's business
            config = Config.from_dict(bundle.read_meta(path)["config"])
            if container.model_hash(bundle.load_model(path, config)) == wanted:
                return path
    names = ", ".join(bundle.available(bundle.MODELS)) or "none"
    raise UserError(f"the file was made with none of the models shipped here ({names}): name its bundle with --model.")


@contextmanager
def _about(source: Path) -> Iterator[None]:
    """Errors say which file they speak of."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def _content(source: Path) -> bytes:
    if source.stat().st_size > MAX_FILE:
        raise UserError(f"{source} is larger than {MAX_FILE >> 30} GiB, so it is no file of `lpvae compress`.")
    return source.read_bytes()


def _place(out: Path) -> Path:
    if out.is_dir():
        raise UserError(f"{out} cannot be written: it is a folder.")
    if not out.parent.is_dir():
        raise UserError(f"{out} cannot be written: there is no folder {out.parent}.")
    return out


def _write(out: Path, write: Callable) -> None:
    """Write beside its place, then move it there in one step: nobody sees half a file."""
    temporary = out.with_name(out.name + ".tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
