"""What is decoded: the pictures of a click, an image as it is drawn block by block, and the daydream. Arrays out."""

import io
import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from explorer.codebooks import draws
from explorer.subjects import Subject
from lpvae.bundle import Bundle
from lpvae.costs import bits
from lpvae.distributions import sample

DREAM = 8  # steps of the daydream


@dataclass(frozen=True)
class Pictures:
    """Images sampled from p(x|z), bits of 0/1: reconstruction (S, S); strip (F, S, S); from_prior (n, S, S)."""

    reconstruction: np.ndarray
    strip: np.ndarray
    from_prior: np.ndarray


@torch.inference_mode()
def pictures(bundle: Bundle, subject: Subject, path: np.ndarray, samples: np.ndarray) -> Pictures:
    """Everything that is decoded for one click, in a single batch; the same arguments give the same pictures.

    path (F, D), samples (n, D): codes. The reconstruction is of the subject's own sample z ~ q(z|x). The frames of the
    strip share their random numbers, so that they differ by z alone.
    """
    frames, n = len(path), len(samples)
    z = torch.from_numpy(np.concatenate([subject.z[None], path, samples]))
    dice = torch.tensor([0] + [1] * frames + list(range(2, 2 + n)))
    drawn = sample(bundle.model.decoder(z), generator(bundle, subject), dice).numpy()
    return Pictures(drawn[0], drawn[1 : 1 + frames], drawn[1 + frames :])


def generator(bundle: Bundle, subject: Subject, stream: int = 0) -> torch.Generator:
    """Random numbers about one image: the same image and stream give the same ones."""
    return torch.Generator().manual_seed(bundle.seed * 1_000_003 + subject.seed + 7_919_000_000 * stream)


@dataclass(frozen=True)
class Drawing:
    """An image (S, S) of 0/1 in the order the decoder sends it: square blocks of `block` pixels a side, row by row.

    surprise_bits (P,): −log2 p(block | blocks before it, z), which sum to the pixel cost.
    """

    image: np.ndarray
    surprise_bits: np.ndarray

    @property
    def block(self) -> int:
        """Side of a block, in pixels."""
        return len(self.image) // math.isqrt(len(self.surprise_bits))


@torch.inference_mode()
def drawing(bundle: Bundle, subject: Subject, attempt: int = 0) -> Drawing:
    """The subject's own bits as the decoder meets them, given its z; from attempt 1 on, a fresh image drawn from that z."""
    likelihood = bundle.model.decoder(torch.from_numpy(subject.z[None]))
    x = torch.from_numpy(subject.bits[None])
    if attempt:
        x = sample(likelihood, generator(bundle, subject, attempt))
    return Drawing(x[0].numpy(), bits(likelihood.surprise(x)[0].double()).numpy())


@dataclass(frozen=True)
class Dream:
    """A daydream: images (DREAM + 1, S, S), the subject first; the code of each (DREAM + 1, D); z (DREAM, D) between them."""

    images: np.ndarray
    codes: np.ndarray
    z: np.ndarray


@torch.inference_mode()
def dream(bundle: Bundle, subject: Subject) -> Dream:
    """Encode → sample z from the prior that the code gives → decode → encode that → … (arXiv 1804.02476)."""
    dice, model = generator(bundle, subject, -1), bundle.model
    images, codes, drawn = [subject.bits], [torch.from_numpy(subject.code)[None]], []
    for _ in range(DREAM):
        z = draws(model.prior(codes[-1]), 1, dice)
        x = sample(model.decoder(z), dice)
        drawn.append(z)
        images.append(x[0].numpy())
        codes.append(model.encode(x))
    return Dream(np.stack(images), torch.cat(codes).numpy(), torch.cat(drawn).numpy())


def gif(frames: np.ndarray, zoom: int = 8, milliseconds: int = 160) -> bytes:
    """Images (n, S, S) of 0/1, there and back without end, as a GIF; the two ends stay four times as long."""
    there_and_back = [*frames, *frames[-2:0:-1]]
    pages = [Image.fromarray(np.kron(frame, np.ones((zoom, zoom), np.uint8)) * 255) for frame in there_and_back]
    times = [milliseconds * (4 if i in (0, len(frames) - 1) else 1) for i in range(len(pages))]
    out = io.BytesIO()
    pages[0].save(out, "GIF", save_all=True, append_images=pages[1:], duration=times, loop=0)
    return out.getvalue()
