"""MNIST's own file format, IDX: bytes (N, H, W) behind their counts, plain or gzipped (IO)."""

import gzip
import struct
from pathlib import Path

import numpy as np

from lpvae.errors import UserError

MAGIC, GZIP = bytes([0, 0, 8, 3]), bytes([0x1F, 0x8B])  # unsigned bytes in three dimensions; and what gzip begins with


def read(path: Path, most: int) -> np.ndarray:
    """The images of an IDX file, (N, H, W) uint8. Raises UserError where it is no whole one, or above `most` bytes."""
    with open(path, "rb") as file:
        zipped = file.read(2) == GZIP
    with (gzip.open if zipped else open)(path, "rb") as file:
        head = file.read(16)
        if len(head) < 16 or head[:4] != MAGIC:
            raise UserError(f"{path} is no IDX file of images.")
        shape = struct.unpack(">III", head[4:])
        size = shape[0] * shape[1] * shape[2]
        if size > most:
            raise UserError(f"{path}: its images would be {size / 2**30:.1f} GiB, above the limit of {most >> 30} GiB.")
        content = file.read(size + 1)
    if len(content) != size:
        raise UserError(f"{path} is damaged: it holds other than the {size} bytes that it promises.")
    return np.frombuffer(content, np.uint8).reshape(shape)
