"""A better order for a set of images of which each is priced given the one before. The only importer of numba."""

import numpy as np
from numba import njit

from lpvae.codes import CodeTable

NEIGHBOURS = 12  # moves are tried towards so many nearest codes
LONGEST = 3  # images that move together to another place in the order


def improved(codes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """A tour (n,) of codes (n, D), positions in the order sent, made shorter by 2-opt and or-opt until neither helps.

    The steps are measured by squared Euclidean distance, as the KL between unit normals is. The first stays first.
    """
    codes, order = np.ascontiguousarray(codes, dtype=np.float32), np.array(order, dtype=np.int64)
    if len(order) < 4:
        return order
    table = CodeTable(np.arange(len(codes)), codes)
    near, _ = table.nearest(codes, min(NEIGHBOURS, len(codes) - 1), exclude=np.arange(len(codes)))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    _improve(codes.astype(np.float64), order, place, near)
    return order


@njit(cache=True)
def _squared(codes, a, b):
    if a < 0 or b < 0:  # beyond an end of the path: there is no step to pay
        return 0.0
    total = 0.0
    for d in range(codes.shape[1]):
        total += (codes[a, d] - codes[b, d]) ** 2
    return total


@njit(cache=True)
def _at(order, i):
    return order[i] if 0 <= i < len(order) else -1


@njit(cache=True)
def _reverse(order, place, i, j):
    """Turn order[i..j] round."""
    while i < j:
        order[i], order[j] = order[j], order[i]
        place[order[i]], place[order[j]] = i, j
        i, j = i + 1, j - 1
    if i == j:
        place[order[i]] = i


@njit(cache=True)
def _improve(codes, order, place, near):
    """Moves that shorten the path, in a fixed sequence, until no image has one; changes `order` and `place`."""
    waiting = np.ones(len(order), dtype=np.bool_)
    found = True
    while found:
        found = False
        for city in range(len(order)):
            while waiting[city]:
                if _two_opt(codes, order, place, near, waiting, city) or _or_opt(codes, order, place, near, waiting, city):
                    found = True
                else:
                    waiting[city] = False


@njit(cache=True)
def _wake(waiting, a, b, c, d):
    for city in (a, b, c, d):
        if city >= 0:
            waiting[city] = True


@njit(cache=True)
def _two_opt(codes, order, place, near, waiting, a):
    """Replace the step from a to its successor by one from a to a near code, with what lies between turned round."""
    for side in (1, -1):
        b = _at(order, place[a] + side)
        old = _squared(codes, a, b)
        for c in near[a]:
            new = _squared(codes, a, c)
            if b >= 0 and new >= old:
                break
            d = _at(order, place[c] + side)
            if c == b or d == a or (b < 0 and d < 0):
                continue
            if side == 1:  # … a b … c d …  →  … a c … b d …
                i, j = (place[a] + 1, place[c]) if place[a] < place[c] else (place[c] + 1, place[a])
            else:  # … d c … b a …  →  … d b … c a …
                i, j = (place[c], place[a] - 1) if place[c] < place[a] else (place[a], place[c] - 1)
            if i == 0:  # the first stays first
                continue
            if new + _squared(codes, b, d) < old + _squared(codes, c, d) - 1e-9:
                _reverse(order, place, i, j)
                _wake(waiting, a, b, c, d)
                return True
    return False


@njit(cache=True)
def _or_opt(codes, order, place, near, waiting, a):
    """Move the 1 to LONGEST images that begin or end at a to beside a near code."""
    n = len(order)
    for length in range(1, LONGEST + 1):
        for side in (1, -1):
            i = place[a] if side == 1 else place[a] - length + 1
            j = i + length - 1
            if i < 1 or j >= n:
                continue
            far = order[j] if side == 1 else order[i]
            before, after = order[i - 1], _at(order, j + 1)
            out = _squared(codes, before, order[i]) + _squared(codes, order[j], after) - _squared(codes, before, after)
            for c in near[a]:
                new = _squared(codes, a, c)
                if new >= out:
                    break
                if i <= place[c] <= j:
                    continue
                for way in (1, -1):  # the segment goes between c and the one after it, or the one before it
                    d = _at(order, place[c] + way)
                    if (way == -1 and d < 0) or (d >= 0 and i <= place[d] <= j):
                        continue
                    if new + _squared(codes, far, d) - _squared(codes, c, d) < out - 1e-9:
                        _move(order, place, i, j, c, a, way)
                        _wake(waiting, before, after, c, d)
                        _wake(waiting, a, far, -1, -1)
                        return True
    return False


@njit(cache=True)
def _move(order, place, i, j, c, a, way):
    """Take order[i..j] out and put it beside c, its end a next to c, after it (way 1) or before it (way -1)."""
    target = place[c]
    if target > j:  # three turns round of a stretch move a segment
        last = target if way == 1 else target - 1
        first = i
        _reverse(order, place, i, last)
        _reverse(order, place, i, last - (j - i + 1))
        i, j = last - (j - first), last
    else:
        first = target + 1 if way == 1 else target
        length = j - i + 1
        _reverse(order, place, first, j)
        _reverse(order, place, first + length, j)
        i, j = first, first + length - 1
    # the segment now lies turned round at i..j: once more, where its end a must be on the other side
    touching = order[i] if way == 1 else order[j]
    if touching != a:
        _reverse(order, place, i, j)
