"""Laws of the ways between two codes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from explorer import paths
from lpvae.codes import CodeTable

seeds = st.integers(0, 10_000)


def drawn(seed: int, shape, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=shape).astype(np.float32)


@given(seeds, st.integers(2, 20))
def test_every_way_begins_and_ends_exactly_where_it_should(seed, frames):
    start, end, centre = drawn(seed, (3, 5))
    for path in (paths.straight_line(start, end, frames), paths.great_arc(start, end, centre, frames),
                 paths.along(np.stack([start, centre, end]), frames)):  # fmt: skip
        assert path.shape == (frames, 5) and np.isfinite(path).all()
        np.testing.assert_array_equal(path[[0, -1]], [start, end])


@given(seeds)
def test_the_arc_keeps_the_norm_and_its_steps_are_of_equal_angle(seed):
    start, end, centre = drawn(seed, (3, 6)).astype(np.float64)
    end = centre + (end - centre) * np.linalg.norm(start - centre) / np.linalg.norm(end - centre)
    arc = paths.great_arc(start.astype(np.float32), end.astype(np.float32), centre, 9).astype(np.float64) - centre
    radii = np.linalg.norm(arc, axis=1)
    np.testing.assert_allclose(radii, radii[0], rtol=1e-4)
    cosines = np.clip((arc[1:] * arc[:-1]).sum(1) / radii[0] ** 2, -1, 1)
    np.testing.assert_allclose(np.arccos(cosines), np.arccos(cosines)[0], rtol=1e-2, atol=2e-3)


@given(seeds)
def test_the_radius_of_the_arc_goes_evenly_from_one_to_the_other(seed):
    start, end, centre = drawn(seed, (3, 6), 3.0)
    radii = np.linalg.norm(paths.great_arc(start, end, centre, 7) - centre, axis=1)
    np.testing.assert_allclose(radii, np.linspace(radii[0], radii[-1], 7), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("end", [[2.0, 0.0], [-3.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
def test_where_no_plane_is_singled_out_the_arc_is_straight(end):
    start, end = np.array([1.0, 0.0], np.float32), np.array(end, np.float32)
    np.testing.assert_allclose(paths.great_arc(start, end, np.zeros(2), 5), paths.straight_line(start, end, 5))


def ring(count: int = 200) -> CodeTable:
    """Codes on a circle, so that the way by neighbours goes around and the straight one does not."""
    angle = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, count))
    codes = np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    return CodeTable(np.arange(count) * 3 + 5, codes)


def test_the_way_by_neighbours_stays_on_the_data():
    table = ring()
    graph = paths.neighbour_graph(table)
    start, end = np.array([1.0, 0.02], np.float32), np.array([-1.0, 0.02], np.float32)
    route = paths.shortest_route(graph, start, end)
    assert np.isin(route.ids, table.ids).all() and len(route.ids) > 5
    np.testing.assert_array_equal(route.codes[1:-1], table[route.ids].numpy())
    nearest_to_the_middle = [np.linalg.norm(path, axis=1).min()
                             for path in (paths.along(route.codes, 9), paths.straight_line(start, end, 9))]  # fmt: skip
    assert nearest_to_the_middle[0] > 0.9 and nearest_to_the_middle[1] < 0.2


@settings(deadline=None)
@given(seeds, st.integers(1, 3))
def test_the_way_by_neighbours_goes_along_edges_and_is_the_shortest(seed, dim):
    table = CodeTable(np.arange(60), drawn(seed, (60, dim), 5.0))
    graph = paths.neighbour_graph(table)
    start, end = 0, 59
    route = paths.shortest_route(graph, table.codes[start], table.codes[end], (start, end))
    steps = np.linalg.norm(np.diff(route.codes, axis=0), axis=1)
    if len(route.ids):
        nodes = [start, *route.ids, end]
        lengths = [graph.edges[[a], [b]][0] for a, b in pairwise(nodes)]
        assert min(lengths) > 0
        np.testing.assert_allclose(steps, lengths, rtol=1e-3, atol=1e-4)
        assert start not in route.ids and end not in route.ids
    best = dijkstra(graph.edges, indices=start)[end]
    assert steps.sum() <= best * (1 + 1e-4) + 1e-4
    assert steps.sum() >= np.linalg.norm(table.codes[start] - table.codes[end]) - 1e-4


def test_two_groups_far_apart_are_joined_where_they_are_nearest():
    left, right = drawn(0, (40, 3)), drawn(1, (30, 3)) + np.array([100, 0, 0], np.float32)
    table = CodeTable(np.arange(70), np.concatenate([left, right]))
    graph = paths.neighbour_graph(table)
    route = paths.shortest_route(graph, left[0], right[0], (0, 40))
    jumps = np.linalg.norm(np.diff(route.codes, axis=0), axis=1)
    gap = np.linalg.norm(left[:, None] - right[None], axis=2).min()
    assert jumps.max() == pytest.approx(gap, rel=1e-3) and (jumps > 50).sum() == 1


def test_images_of_one_code_are_joined_all_the_same():
    table = CodeTable(np.arange(40), np.repeat(drawn(0, (2, 3)), 20, axis=0))
    graph = paths.neighbour_graph(table)
    route = paths.shortest_route(graph, table.codes[0], table.codes[39], (0, 39))
    assert np.isfinite(route.codes).all()
    np.testing.assert_array_equal(paths.along(np.zeros((3, 2), np.float32), 4), np.zeros((4, 2)))


def test_the_smallest_table_has_a_graph():
    graph = paths.neighbour_graph(CodeTable([4, 9], np.array([[0.0], [5.0]], np.float32)))
    assert len(paths.shortest_route(graph, np.array([-9.0]), np.array([9.0])).codes) >= 2
