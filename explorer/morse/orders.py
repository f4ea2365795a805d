"""Sending a set of images one after another: the price of an order, the best order, and what an order could say."""

import math
from itertools import pairwise

import numpy as np

from lpvae.costs import bits


def step_bits(costs: np.ndarray, first: np.ndarray, order: list[int]) -> list[float]:
    """The price of each image in the order sent: `first` (n,) for the first one, then costs (n, n): [image, the one before]."""
    return [float(first[order[0]])] + [float(costs[image, before]) for before, image in pairwise(order)]


def best_order(costs: np.ndarray, first: np.ndarray) -> list[int]:
    """The cheapest of all n! orders (Held and Karp, 1962): over sets of images and the last one sent, 2ⁿ n² steps."""
    n = len(first)
    best = np.full((1 << n, n), math.inf)
    came_from = np.zeros((1 << n, n), int)
    best[1 << np.arange(n), np.arange(n)] = first
    for members in range(1, 1 << n):
        for image in (i for i in range(n) if members >> i & 1 and members != 1 << i):
            totals = best[members ^ 1 << image] + costs[image]
            came_from[members, image] = np.argmin(totals)
            best[members, image] = totals[came_from[members, image]]
    return _walk_back(best, came_from)


def _walk_back(best: np.ndarray, came_from: np.ndarray) -> list[int]:
    members, image, order = len(best) - 1, int(np.argmin(best[-1])), []
    while members:
        order.append(image)
        members, image = members ^ 1 << image, int(came_from[members, image])
    return order[::-1]


def mean_over_orders(costs: np.ndarray, first: np.ndarray) -> float:
    """The mean price of all n! orders: each image is first equally often, and each pair adjacent equally often."""
    n = len(first)
    pairs = costs.sum() - np.trace(costs)
    return float(first.mean() + (pairs / n if n > 1 else 0.0))


def order_bits(n: int) -> float:
    """log₂(n!): what the order of n distinct things can say, in bits."""
    return float(bits(math.lgamma(n + 1)))
