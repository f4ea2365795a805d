"""Ways from one code to another: straight, along a sphere, and through the codes of real images. numpy and scipy alone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from lpvae.codes import CodeTable

LINES = ("straight", "spherical", "graph")
LINKS = 10  # nearest codes that each code of the graph is joined to
SHORTEST = 1e-6  # of an edge: two images of one code are still joined, and a sparse matrix takes 0 for no edge


def straight_line(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """Codes (frames, D) at equal steps from start (D,) to end (D,), both included."""
    t = np.linspace(0.0, 1.0, frames, dtype=np.float32)[:, None]
    return (1 - t) * start + t * end


def great_arc(start: np.ndarray, end: np.ndarray, centre: np.ndarray, frames: int) -> np.ndarray:
    """Codes (frames, D) from start to end around a centre (D,): equal steps of angle, the radius going evenly along.

    direction(t) = (sin((1 − t)ω) a + sin(tω) b) / sin ω for unit vectors a, b at the angle ω (slerp: Shoemake 1985).
    Straight where the centre and the ends lie on one line, since no plane is singled out then.
    """
    offsets = np.stack([start, end]).astype(np.float64) - centre
    radii = np.linalg.norm(offsets, axis=1)
    if radii.min() < 1e-9:
        return straight_line(start, end, frames)
    a, b = offsets / radii[:, None]
    angle = np.arccos(np.clip(a @ b, -1.0, 1.0))
    if np.sin(angle) < 1e-6:
        return straight_line(start, end, frames)
    t = np.linspace(0.0, 1.0, frames)[:, None]
    directions = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    path = (centre + ((1 - t) * radii[0] + t * radii[1]) * directions).astype(np.float32)
    path[0], path[-1] = start, end
    return path


@dataclass(frozen=True)
class Graph:
    """The codes of a table, each joined to its nearest; edges: symmetric (N, N), lengths in the latent space."""

    table: CodeTable
    edges: csr_array

    @cached_property
    def links(self) -> int:
        """Nearest codes that a newcomer is joined to."""
        return min(LINKS, len(self.table) - 1)


def neighbour_graph(table: CodeTable) -> Graph:
    """Each code joined to its LINKS nearest, and every stray group to the nearest code of the largest: one connected graph.

    Takes seconds for 50,000 codes.
    """
    count, k = len(table), min(LINKS, len(table) - 1)
    ids, distances = table.nearest(table.codes, k, exclude=table.ids)
    edges = _symmetric(count, np.repeat(np.arange(count), k), np.searchsorted(table.ids, ids).ravel(), distances.ravel())
    groups, member = connected_components(edges, directed=False)
    if groups > 1:
        edges = edges.maximum(_symmetric(count, *_bridges(table, member)))
    return Graph(table, edges.astype(np.float64))


def _symmetric(count: int, rows: np.ndarray, columns: np.ndarray, distances: np.ndarray) -> csr_array:
    edges = csr_array((np.maximum(distances, SHORTEST), (rows, columns)), shape=(count, count))
    return csr_array(edges.maximum(edges.T))


def _bridges(table: CodeTable, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The shortest edge from each smaller group to the largest: positions, positions, distances."""
    largest = member == np.bincount(member).argmax()
    strays, main = np.flatnonzero(~largest), np.flatnonzero(largest)
    ids, distances = CodeTable(table.ids[main], table.codes[main]).nearest(table.codes[strays], 1)
    order = np.argsort(distances[:, 0], kind="stable")
    _, first = np.unique(member[strays][order], return_index=True)  # of each group, the nearest of its codes
    best = order[first]
    return strays[best], np.searchsorted(table.ids, ids[best, 0]), distances[best, 0]


@dataclass(frozen=True)
class Route:
    """A way through real images: ids (m,) of those between the ends, none where the ends are neighbours; codes (m + 2, D)."""

    ids: np.ndarray
    codes: np.ndarray


def shortest_route(graph: Graph, start: np.ndarray, end: np.ndarray, own: tuple[int, ...] = ()) -> Route:
    """The shortest way from start (D,) to end (D,) over edges of the graph, to which both are joined by their nearest.

    own: ids of the start and of the end, left out of the way's: they are its ends already.
    """
    ids, distances = graph.table.nearest(np.stack([start, end]), graph.links)
    nothing = Route(np.empty(0, np.int64), np.stack([start, end]).astype(np.float32))
    if np.linalg.norm(end - start) <= distances[:, -1].max():
        return nothing
    entries, exits = np.searchsorted(graph.table.ids, ids)
    lengths, before = dijkstra(_joined(graph.edges, entries, distances[0]), indices=len(graph.table), return_predecessors=True)
    positions = [exits[np.argmin(lengths[exits] + distances[1])]]
    while (previous := before[positions[-1]]) < len(graph.table):
        positions.append(previous)
    positions = np.array([p for p in positions[::-1] if graph.table.ids[p] not in own], dtype=np.int64)
    return Route(graph.table.ids[positions], np.vstack([start, graph.table.codes[positions], end]).astype(np.float32))


def _joined(edges: csr_array, to: np.ndarray, distances: np.ndarray) -> csr_array:
    """The graph with one more row, last: a newcomer with edges to the positions `to` (the other way is never gone)."""
    count, entries = edges.shape[0], np.argsort(to)
    indptr = np.concatenate([edges.indptr, [edges.indptr[-1] + len(to)]])
    indices = np.concatenate([edges.indices, to[entries]]).astype(edges.indices.dtype)
    data = np.concatenate([edges.data, np.maximum(distances[entries], SHORTEST)])
    return csr_array((data, indices, indptr), shape=(count + 1, count + 1))


def along(corners: np.ndarray, frames: int) -> np.ndarray:
    """Codes (frames, D) at equal steps of length along the line through corners (m, D), both ends included."""
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    if at[-1] == 0:
        return np.repeat(corners[:1], frames, axis=0)
    steps = np.linspace(0, at[-1], frames)
    path = np.stack([np.interp(steps, at, column) for column in corners.T], axis=1).astype(np.float32)
    path[0], path[-1] = corners[0], corners[-1]
    return path
