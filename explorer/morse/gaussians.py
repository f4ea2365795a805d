"""The codes of numbers: what a codebook N(m, s²) makes of a z that is drawn from N(c, 1). Bits."""

import math

from lpvae.costs import bits


def kl_bits(c: float, m: float, s: float) -> float:
    """KL(N(c, 1)‖N(m, s²)) = ln s + (1 + (c − m)²) / 2s² − 1/2 nats, in bits. At m = 0, s = 1 it is c²/2 nats."""
    _check(s)
    return float(bits(math.log(s) + (1 + (c - m) ** 2) / (2 * s * s) - 0.5))


def surprise_bits(z: float, m: float, s: float) -> float:
    """−log₂ of the density of N(m, s²) at z: bits, up to the fineness of the grid, which every codebook pays alike."""
    _check(s)
    return float(bits((z - m) ** 2 / (2 * s * s) + math.log(s) + 0.5 * math.log(2 * math.pi)))


def cheapest_width(c: float, m: float) -> float:
    """The s for which the codebook N(m, s²) is cheapest: √(1 + (c − m)²)."""
    return math.sqrt(1 + (c - m) ** 2)


def _check(s: float) -> None:
    if not s > 0:
        raise ValueError(f"a codebook's width must be positive, not {s}")
