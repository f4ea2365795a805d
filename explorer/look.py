"""How a visitor looks at the maps: the short texts that the address holds, checked and read. No streamlit.

The maps' JavaScript (component/look.js) writes and reads the same texts. "" is always the default. None of them has a character
that an address would have to escape.
"""

import re
from dataclasses import dataclass

import numpy as np

PARTS = ("colour", "layers", "move", "hidden", "cost", "view", "lasso")
FINE = 10_000  # an outline's positions are whole numbers of this part of the map's unit
MOST_CORNERS = 65

_INT = r"-?\d{1,9}"
_BITS = r"\d{1,9}(\.\d{1,3})?"
_SHAPES = {
    "colour": r"left|right|difference|agreement|split",
    "layers": r"none|(points|contours|images|names)(_(points|contours|images|names)){0,3}",
    "move": r"free",
    "hidden": r"(s?\d{1,5}|-1)(_(s?\d{1,5}|-1)){0,99}",
    "cost": rf"(left|right)_({_BITS})?_({_BITS})?",
    "view": rf"{_INT}_{_INT}_[1-9]\d{{0,8}}~{_INT}_{_INT}_[1-9]\d{{0,8}}",
    "lasso": rf"shown|(left|right)(_{_INT}_{_INT}){{3,{MOST_CORNERS}}}",
}
NOTHING = dict.fromkeys(PARTS, "")


def fits(part: str, text: str) -> bool:
    """Whether a text means something for this part of the look; "" always does."""
    return not text or re.fullmatch(_SHAPES[part], text, re.ASCII) is not None


@dataclass(frozen=True)
class Filter:
    """Which images the maps leave out: labels and numbers of splits, and costs outside [least, most] bits under one side."""

    labels: tuple[int, ...]
    splits: tuple[int, ...]
    side: str
    least: float
    most: float

    @property
    def bounded(self) -> bool:
        return self.least > -np.inf or self.most < np.inf


def read_filter(hidden: str, cost: str) -> Filter:
    """The filter that two texts of a look describe."""
    tokens = hidden.split("_") if hidden else []
    side, least, most = cost.split("_") if cost else ("left", "", "")
    return Filter(
        tuple(int(token) for token in tokens if token[0] != "s"), tuple(int(token[1:]) for token in tokens if token[0] == "s"),
        side, float(least) if least else -np.inf, float(most) if most else np.inf,
    )  # fmt: skip


def read_lasso(text: str) -> tuple[str, np.ndarray | None] | None:
    """(side, outline (n, 2) in the map's units), ("shown", None) for all that the filter lets pass, or None: no set."""
    if not text:
        return None
    side, *numbers = text.split("_")
    return side, (np.array(numbers, float).reshape(-1, 2) / FINE if numbers else None)


def inside(outline: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Which of the positions xy (n, 2) lie inside the outline (m, 2), by the even-odd rule, (n,) bool.

    The same sum, in the same order, as in component/points.js: a set has the same members here and on the maps.
    """
    x, y = xy.astype(np.float64).T
    odd = np.zeros(len(xy), bool)
    for (xi, yi), (xj, yj) in zip(outline, np.roll(outline, 1, axis=0)):
        crosses = (yi > y) != (yj > y)
        if yj != yi:
            odd ^= crosses & (x < (xj - xi) * (y - yi) / (yj - yi) + xi)
    return odd
