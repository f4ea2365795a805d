"""A visitor's picture → the bits that the models see: as MNIST's digits were made, and never a traceback."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from explorer import newimage, subjects
from lpvae import bundle as bundles
from lpvae import data
from lpvae.errors import UserError


def file_of(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(out, kind, **options)
    return out.getvalue()


def stroke(size=(200, 150), ink=0, paper=255, at=(40, 20, 90, 120), width=12) -> Image.Image:
    image = Image.new("L", size, paper)
    ImageDraw.Draw(image).line(at, fill=ink, width=width)
    return image


# ---- The conventions of MNIST


@pytest.fixture(scope="module")
def mnist():
    images = data.load("mnist")
    ids = np.random.default_rng(0).choice(images.rows("test"), 60, replace=False)
    return images, ids


def as_it_is(pixels: np.ndarray) -> bytes:
    return file_of(pixels)


def enlarged_dark_on_light_and_off_centre(pixels: np.ndarray) -> bytes:
    return file_of(255 - np.pad(np.kron(pixels, np.ones((9, 9))), ((40, 7), (3, 80))))


@pytest.mark.parametrize("make", [as_it_is, enlarged_dark_on_light_and_off_centre])
def test_a_digit_of_mnist_comes_out_as_it_went_in(mnist, make):
    images, ids = mnist
    same = [(newimage.brought(make(pixels), 28).bits == (pixels >= 128)).mean() for pixels in images.pixels[ids]]
    assert np.mean(same) > 0.985 and np.median(same) > 0.998


def test_a_digit_of_mnist_gets_nearly_the_code_of_its_own_bits(mnist):
    """Nearer to the stored code than that code's nearest neighbour, for almost all: what is left is the draw of the bits."""
    images, ids = mnist
    bundle = bundles.load("local-autoregressive", images)
    priors, nearer = subjects.prior_of_all(bundle), []
    for image in ids[:30]:
        brought = newimage.brought(enlarged_dark_on_light_and_off_centre(images.pixels[image]), 28)
        subject = subjects.of_bits(bundle, brought.bits, priors)
        threshold = subjects.of_bits(bundle, (images.pixels[image] >= 128).astype(np.uint8), priors)
        neighbour = bundle.table.nearest(bundle.codes[[image]], 1, exclude=[image])[1][0, 0]
        nearer.append(np.linalg.norm(subject.code - threshold.code) < neighbour)
    assert np.mean(nearer) > 0.9


@settings(deadline=None, max_examples=25)
@given(st.booleans(), st.integers(2, 60), st.sampled_from(["L", "RGB", "RGBA", "P"]), st.sampled_from([8, 27, 28, 32]))
def test_the_ink_is_found_whatever_the_paper_the_pen_and_the_mode(dark, width, mode, side):
    image = stroke(ink=10 if dark else 240, paper=235 if dark else 20, width=width).convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")
    grey = newimage.brought(out.getvalue(), side).grey
    assert grey.shape == (side, side) and grey.max() >= 250
    rows, columns = np.flatnonzero((grey > 100).any(1)), np.flatnonzero((grey > 100).any(0))
    assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - round(side * 20 / 28)) <= 1
    mass = [(grey.sum(1 - axis) * np.arange(side)).sum() / grey.sum() for axis in (0, 1)]
    assert np.abs(np.array(mass) - side // 2).max() <= 0.51 + 0.05 * side


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255)])
def test_what_is_drawn_on_nothing_is_seen(ink):
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).line((30, 20, 60, 80), fill=ink, width=9)
    out = io.BytesIO()
    image.save(out, "PNG")
    assert newimage.brought(out.getvalue(), 28).bits.sum() > 20


def test_sixteen_bits_are_scaled_and_not_clipped():
    grey = np.zeros((50, 50), np.uint16)
    grey[10:40, 20:26] = 40_000
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG")
    assert newimage.brought(out.getvalue(), 28).bits.sum() > 40


def test_a_hair_line_is_made_thick_enough_to_last():
    out = io.BytesIO()
    stroke((1500, 1500), width=3, at=(300, 200, 800, 1300)).save(out, "JPEG", quality=95)
    bits = newimage.brought(out.getvalue(), 28).bits
    assert bits.any(1).sum() >= 19 and bits.sum() >= 20


# ---- Hostile files


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that claims billions of pixels."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


PICTURE = file_of(stroke())
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>'
HOSTILE = {
    "empty": b"", "text": b"hello", "svg": SVG,
    "truncated png": PICTURE[: len(PICTURE) // 2], "truncated jpeg": file_of(stroke(), "JPEG")[:400],
    "bomb": bomb(), "bomb below Pillow's own limit": bomb(9000, 9000), "huge file": PICTURE + bytes(newimage.MAX_BYTES),
    "blank": file_of(np.full((60, 60), 200)), "faint": file_of(np.full((60, 60), 200) + np.eye(60) * 3),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "tiff": file_of(stroke(), "TIFF"),
    "flipped byte": PICTURE[:60] + bytes([PICTURE[60] ^ 255]) + PICTURE[61:],
}  # fmt: skip


@pytest.mark.parametrize("file", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_earns_one_sentence(file):
    with pytest.raises(UserError) as caught:
        newimage.brought(file, 28)
    assert str(caught.value).count(".") <= 2 and len(str(caught.value)) < 200


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.integers(0, len(PICTURE)))
def test_no_bytes_at_all_bring_anything_but_a_picture_or_a_sentence(noise, at):
    for file in (noise, PICTURE[:at] + noise + PICTURE[at:], PICTURE[:8] + noise):
        try:
            grey = newimage.brought(file, 28).grey
        except UserError:
            continue
        assert grey.shape == (28, 28)


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (3, 3), (2, 700)])
def test_odd_shapes_make_an_image(shape):
    pixels = np.zeros(shape)
    pixels[shape[0] // 2, shape[1] // 2 :] = 255
    try:
        assert newimage.brought(file_of(pixels), 28).grey.shape == (28, 28)
    except UserError as error:
        assert "nothing" in str(error)
