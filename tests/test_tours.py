"""The improved tour: a permutation that starts where it did, never longer than the greedy one, and best where that is known."""

import itertools

import numpy as np
import pytest
import torch

from lpvae import tours
from lpvae.evaluate import greedy_tour, short_tour
from lpvae.tours import improved


def length(codes: np.ndarray, order) -> float:
    """The sum of squared steps along an order."""
    steps = codes[order[1:]] - codes[order[:-1]]
    return float((steps**2).sum())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 17, 400])
@pytest.mark.parametrize("dim", [1, 2, 16])
def test_a_permutation_no_longer_than_the_greedy_tour(n, dim):
    codes = np.random.default_rng(n).standard_normal((n, dim)).astype(np.float32)
    greedy, order = greedy_tour(torch.from_numpy(codes)), short_tour(torch.from_numpy(codes))
    assert sorted(order) == list(range(n)) and order[0] == greedy[0]
    assert length(codes, order) <= length(codes, greedy) + 1e-4


def test_it_helps_where_greedy_leaves_long_jumps():
    codes = np.random.default_rng(0).standard_normal((500, 2)).astype(np.float32)
    greedy = greedy_tour(torch.from_numpy(codes))
    assert length(codes, improved(codes, greedy)) < 0.7 * length(codes, greedy)


def test_a_shuffled_line_is_sorted_again():
    codes = np.arange(60, dtype=np.float32)[:, None]
    start = np.concatenate([[0], 1 + np.random.default_rng(1).permutation(59)])
    assert list(improved(codes, start)) == list(range(60))


def test_close_to_the_best_of_all_orders():
    rng, ratios = np.random.default_rng(2), []
    for _ in range(20):
        codes = rng.standard_normal((7, 2)).astype(np.float32)
        best = min(length(codes, [0, *rest]) for rest in itertools.permutations(range(1, 7)))
        ratios.append(length(codes, short_tour(torch.from_numpy(codes))) / best)
    assert min(ratios) > 1 - 1e-6 and np.mean(ratios) < 1.1


def test_kicks_shorten_what_no_single_move_does(monkeypatch):
    codes = np.random.default_rng(3).standard_normal((600, 16)).astype(np.float32)
    kicked = length(codes, improved(codes, np.arange(600)))
    monkeypatch.setattr(tours, "KICKS", 0)
    assert kicked < 0.98 * length(codes, improved(codes, np.arange(600)))


def test_the_same_codes_give_the_same_tour():
    codes = torch.randn(300, 16, generator=torch.Generator().manual_seed(0))
    assert np.array_equal(short_tour(codes), short_tour(codes))


def test_equal_codes_do_no_harm():
    assert sorted(improved(np.zeros((50, 3), np.float32), np.arange(50))) == list(range(50))
