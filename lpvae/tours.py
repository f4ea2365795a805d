"""A better order for a set of images of which each is priced given the one before. The only importer of numba.

An iterated local search: 2-opt and or-opt until neither helps; then kicks, each of which swaps two short stretches of the order,
mends what lies around them by the same moves, and is taken back where the whole has not become shorter.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from lpvae.codes import CodeTable

NEIGHBOURS = 12  # moves are tried towards so many nearest codes
LONGEST = 3  # images that move together to another place in the order
KICKS = 10  # for each image
STRETCH = 15  # most images in either of the two stretches that a kick swaps
MOST_TURNS = 100_000  # that one kick may cause: far more than any does


class _Tour(NamedTuple):
    """What the compiled functions work on; all but codes and near change."""

    codes: np.ndarray  # (n, D)
    near: np.ndarray  # (n, NEIGHBOURS), the nearest codes of each
    order: np.ndarray  # (n,)
    place: np.ndarray  # (n,), the inverse of order
    queue: np.ndarray  # (n,), a stack of those whose steps changed
    waiting: np.ndarray  # (n,), whether each is on it
    turns: np.ndarray  # (MOST_TURNS, 2), stretches of the order that were turned round
    counts: np.ndarray  # (2,), of the queue and of the turns


def improved(codes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """A tour (n,) of codes (n, D), positions in the order sent, made shorter; always the same one of the same codes.

    The steps are measured by squared Euclidean distance, as the KL between unit normals is. The first stays first.
    """
    codes, order = np.ascontiguousarray(codes, dtype=np.float32), np.array(order, dtype=np.int64)
    n = len(order)
    if n < 4:
        return order
    table = CodeTable(np.arange(n), codes)
    near, _ = table.nearest(codes, min(NEIGHBOURS, n - 1), exclude=np.arange(n))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    tour = _Tour(codes.astype(np.float64), np.ascontiguousarray(near, dtype=np.int64), order, place, np.empty(n, dtype=np.int64),
                 np.zeros(n, dtype=np.bool_), np.empty((MOST_TURNS, 2), dtype=np.int64), np.zeros(2, dtype=np.int64))
    _descend(tour)
    if n >= 8:
        _kick(tour, _stretches(n))
    return order


def _stretches(n: int) -> np.ndarray:
    """Where each kick's two stretches begin and end, (KICKS·n, 3): p < q < r of order[p..q-1] and order[q..r-1]."""
    rng, most = np.random.default_rng(0), min(STRETCH, (n - 1) // 3)
    lengths = rng.integers(1, most + 1, (KICKS * n, 2))
    first = rng.integers(1, n - 2 * most + 1, KICKS * n)
    return first[:, None] + np.concatenate([np.zeros((KICKS * n, 1), np.int64), lengths.cumsum(1)], axis=1)


@njit(cache=True)
def _descend(tour):
    """Moves that shorten the path until no image has one."""
    for city in tour.order[::-1].copy():
        _wake(tour, city)
    while tour.counts[0]:
        tour.counts[1] = 0
        _settle(tour)


@njit(cache=True)
def _kick(tour, stretches):
    """Try every kick; keep those after which the path is shorter."""
    order = tour.order
    for p, q, r in stretches:
        a, b, c, d, e, f = order[p - 1], order[p], order[q - 1], order[q], order[r - 1], _at(order, r)
        gain = (_squared(tour.codes, a, b) + _squared(tour.codes, c, d) + _squared(tour.codes, e, f)
                - _squared(tour.codes, a, d) - _squared(tour.codes, e, b) - _squared(tour.codes, c, f))
        tour.counts[1] = 0
        _turn(tour, p, r - 1)
        _turn(tour, p, p + r - q - 1)
        _turn(tour, p + r - q, r - 1)
        for city in (a, b, c, d, e, f):
            _wake(tour, city)
        while tour.counts[0] and tour.counts[1] < MOST_TURNS // 2:
            gain += _settle(tour)
        while tour.counts[0]:
            _next(tour)
        if gain <= 1e-9:
            for turn in range(tour.counts[1] - 1, -1, -1):
                _reverse(tour, tour.turns[turn, 0], tour.turns[turn, 1])


@njit(cache=True)
def _settle(tour):
    """Take one image off the queue and make one of its moves, if it has any; how much shorter the path is."""
    city = _next(tour)
    gain = _two_opt(tour, city)
    return gain if gain > 0 else _or_opt(tour, city)


@njit(cache=True)
def _next(tour):
    tour.counts[0] -= 1
    city = tour.queue[tour.counts[0]]
    tour.waiting[city] = False
    return city


@njit(cache=True)
def _wake(tour, city):
    if city >= 0 and not tour.waiting[city]:
        tour.waiting[city] = True
        tour.queue[tour.counts[0]] = city
        tour.counts[0] += 1


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
def _reverse(tour, i, j):
    """Turn order[i..j] round."""
    order, place = tour.order, tour.place
    while i < j:
        order[i], order[j] = order[j], order[i]
        place[order[i]], place[order[j]] = i, j
        i, j = i + 1, j - 1


@njit(cache=True)
def _turn(tour, i, j):
    """Turn order[i..j] round, and remember it."""
    turn = tour.counts[1]
    tour.turns[turn, 0], tour.turns[turn, 1] = i, j
    tour.counts[1] = turn + 1
    _reverse(tour, i, j)


@njit(cache=True)
def _two_opt(tour, a):
    """Replace the step from a to its successor by one from a to a near code, with what lies between turned round."""
    codes, order, place = tour.codes, tour.order, tour.place
    for side in (1, -1):
        b = _at(order, place[a] + side)
        old = _squared(codes, a, b)
        for c in tour.near[a]:
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
            gain = old + _squared(codes, c, d) - new - _squared(codes, b, d)
            if gain > 1e-9:
                _turn(tour, i, j)
                for city in (d, c, b, a):
                    _wake(tour, city)
                return gain
    return 0.0


@njit(cache=True)
def _or_opt(tour, a):
    """Move the 1 to LONGEST images that begin or end at a to beside a near code."""
    codes, order, place, n = tour.codes, tour.order, tour.place, len(tour.order)
    for length in range(1, LONGEST + 1):
        for side in (1, -1):
            i = place[a] if side == 1 else place[a] - length + 1
            j = i + length - 1
            if i < 1 or j >= n:
                continue
            far = order[j] if side == 1 else order[i]
            before, after = order[i - 1], _at(order, j + 1)
            out = _squared(codes, before, order[i]) + _squared(codes, order[j], after) - _squared(codes, before, after)
            for c in tour.near[a]:
                new = _squared(codes, a, c)
                if new >= out:
                    break
                if i <= place[c] <= j:
                    continue
                for way in (1, -1):  # the segment goes between c and the one after it, or the one before it
                    d = _at(order, place[c] + way)
                    if (way == -1 and d < 0) or (d >= 0 and i <= place[d] <= j):
                        continue
                    gain = out + _squared(codes, c, d) - new - _squared(codes, far, d)
                    if gain > 1e-9:
                        _move(tour, i, j, c, a, way)
                        for city in (far, d, c, after, before, a):
                            _wake(tour, city)
                        return gain
    return 0.0


@njit(cache=True)
def _move(tour, i, j, c, a, way):
    """Take order[i..j] out and put it beside c, its end a next to c, after it (way 1) or before it (way -1)."""
    target = tour.place[c]
    if target > j:  # three turns round of a stretch move a segment
        last = target if way == 1 else target - 1
        first = i
        _turn(tour, i, last)
        _turn(tour, i, last - (j - i + 1))
        i, j = last - (j - first), last
    else:
        first = target + 1 if way == 1 else target
        length = j - i + 1
        _turn(tour, first, j)
        _turn(tour, first + length, j)
        i, j = first, first + length - 1
    # the segment now lies turned round at i..j: once more, where its end a must be on the other side
    touching = tour.order[i] if way == 1 else tour.order[j]
    if touching != a:
        _turn(tour, i, j)
