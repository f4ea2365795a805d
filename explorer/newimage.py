"""A picture file → bits as a model knows them: found, cut out, sized and centred as MNIST's digits are. Pillow and numpy.

Nothing here trusts the file: its size is checked before it is decoded, few formats are tried, and whatever goes wrong in
reading it is one sentence (`UserError`).
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from lpvae.errors import UserError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
SUFFIXES = ("png", "jpg", "jpeg", "gif", "bmp", "webp")
MAX_BYTES, MAX_PIXELS = 10 * 2**20, 30_000_000
FILLED = 20 / 28  # of the side: MNIST's digits are scaled to 20 pixels of 28, then centred by their mass
FINE = 4  # the cut-out is first made so many times finer, to mend strokes that scaling down would lose
THINNEST = 1.5  # width of a stroke in the model's pixels
FAINTEST = 24  # of 255 grey levels between paper and ink


@dataclass(frozen=True)
class Brought:
    """A visitor's image as the model sees it: grey (S, S) of 0..255, ink bright; bits (S, S), 1 where grey ≥ 128."""

    grey: np.ndarray

    @property
    def bits(self) -> np.ndarray:
        return (self.grey >= 128).astype(np.uint8)


def brought(file: bytes, side: int) -> Brought:
    """The picture in a file, as MNIST's digits were made. Raises UserError for what is no picture, or shows nothing.

    Bright ink on dark; cut out, its longer side scaled to 20/28 of `side`, its centre of mass put in the middle.
    """
    ink = _ink(_grey(file))
    small = _scaled(_cut(ink), round(side * FILLED))
    return Brought(_centred(small, side))


def _grey(file: bytes) -> np.ndarray:
    """Grey levels (H, W) of 0..255 of the first frame."""
    if len(file) > MAX_BYTES:
        raise UserError(f"The file has {len(file) / 2**20:.0f} MB: send one of at most {MAX_BYTES >> 20} MB.")
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UserError(f"The picture has {image.width} × {image.height} pixels: shrink it to at most"
                                f" {MAX_PIXELS // 10**6} million.")  # fmt: skip
            image.draft("L", (1024, 1024))  # a photograph is decoded at a fraction of its size
            return _levels(ImageOps.exif_transpose(image))
    except UserError:
        raise
    except Exception:  # over damaged bytes Pillow raises a dozen kinds, and a bomb's warning may be an error too
        raise UserError("The file is no picture that can be read: send a whole PNG, JPEG, GIF, BMP or WebP.") from None


def _levels(image: Image.Image) -> np.ndarray:
    if image.mode.startswith(("I", "F")):  # 16 bits and more, which Pillow would clip
        values = np.asarray(image, np.float64)
        low, high = values.min(), values.max()
        return 255 * (values - low) / max(high - low, 1e-9)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        inked = np.asarray(image.convert("L"), np.float64)[np.asarray(image)[..., 3] > 127]
        paper = "white" if inked.size and inked.mean() < 128 else "black"  # what is drawn must not vanish in it
        image = Image.alpha_composite(Image.new("RGBA", image.size, paper), image)
    return np.asarray(image.convert("L"), np.float64)


def _ink(grey: np.ndarray) -> np.ndarray:
    """0 (paper) to 1 (ink), whichever of the two is the brighter: paper is what the border shows."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(border)
    away = (grey - paper) * (1 if _brighter(grey, paper) else -1)
    darkest = np.quantile(away, 0.995) if away.size > 4000 else away.max()
    darkest = max(darkest, 0.5 * away.max())  # a thin line is few pixels
    if darkest < FAINTEST:
        raise UserError("There is nothing to be seen in the picture: send one with dark ink on light paper, or the reverse.")
    return np.clip(away / darkest, 0, 1)


def _brighter(grey: np.ndarray, paper: float) -> bool:
    """Whether the ink is brighter than the paper: by which of the two sides holds the stronger deviations."""
    return np.clip(grey - paper, 0, None).max() > np.clip(paper - grey, 0, None).max()


def _cut(ink: np.ndarray) -> np.ndarray:
    """The rectangle that holds the ink."""
    rows, columns = np.flatnonzero((ink > 0.4).any(1)), np.flatnonzero((ink > 0.4).any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: np.ndarray, longer: int) -> np.ndarray:
    """The ink scaled, with its proportions, to `longer` pixels on its longer side; strokes never thinner than THINNEST."""
    share = longer / max(ink.shape)
    height, width = (max(1, round(size * share)) for size in ink.shape)
    fine = Image.fromarray(np.round(ink * 255).astype(np.uint8)).resize((FINE * width, FINE * height), Image.Resampling.BOX)
    fine = fine.point([min(255, round(level * 255 / max(1, fine.getextrema()[1]))) for level in range(256)])
    lacking = FINE * THINNEST - _stroke(np.asarray(fine) > 127)
    if lacking > 1:
        fine = fine.filter(ImageFilter.MaxFilter(2 * round(lacking / 2) + 1))
    small = np.asarray(fine.resize((width, height), Image.Resampling.BOX), np.float64)
    return small * (255 / max(small.max(), 1))


def _stroke(ink: np.ndarray) -> float:
    """The mean width of strokes, in pixels: twice the area over the length of the edge."""
    padded = np.pad(ink, 1)
    inner = padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return 2 * ink.sum() / max(1, (ink & ~inner).sum())


def _centred(small: np.ndarray, side: int) -> np.ndarray:
    """The picture (h, w) on a field (side, side), its centre of mass on the pixel after the middle, to the nearest pixel.

    In MNIST the centre of mass lies within half a pixel of row 14 and column 14, both counted from 0.
    """
    mass = max(small.sum(), 1e-9)
    field, starts = np.zeros((side, side), np.uint8), []
    for axis, size in enumerate(small.shape):
        middle = (small.sum(1 - axis) * np.arange(size)).sum() / mass
        starts.append(int(np.clip(round(side // 2 - middle), 0, side - size)))
    top, left = starts
    field[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small).astype(np.uint8)
    return field
