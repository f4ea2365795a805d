"""Codes → aligned 2-D maps by UMAP. Run offline, never in the explorer's process: importing umap alone takes seconds."""

import warnings

import numpy as np
from scipy.linalg import orthogonal_procrustes

from lpvae.codes import CodeTable

NEIGHBOURS, MIN_DIST = 15, 0.1


def umap_map(codes: np.ndarray, seed: int = 0, init: np.ndarray | None = None) -> np.ndarray:
    """Codes (N, D) → a map (N, 2) float32, the same for the same codes, seed, init and library versions.

    The neighbours are exact. init (N, 2): a layout to start from, so that two maps can be compared; else PCA.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        k = min(NEIGHBOURS, len(codes) - 1)
        near, distances = CodeTable(np.arange(len(codes)), codes).nearest(codes, k)
        start = "pca" if init is None else _spread(init)
        mapper = UMAP(n_neighbors=k, min_dist=MIN_DIST, random_state=seed, init=start,
                      precomputed_knn=(near, distances.astype(np.float32)))
        return mapper.fit_transform(np.asarray(codes, np.float32)).astype(np.float32)


def _spread(layout: np.ndarray) -> np.ndarray:
    """A layout centred and scaled to ±10, the size at which UMAP starts its own."""
    centred = layout - layout.mean(0)
    return (10 * centred / max(np.abs(centred).max(), 1e-9)).astype(np.float32)


def align(points: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, float]:
    """Full Procrustes: shift, turn, mirror and scale (N, 2) points onto a reference of the same rows.

    Returns the points moved, and the residual: root mean square distance over the reference's root mean square radius
    (0: the same shape; 1: nothing in common).
    """
    a, b = points - points.mean(0), reference - reference.mean(0)
    turn, stretch = orthogonal_procrustes(a, b)
    moved = a @ turn * (stretch / max((a**2).sum(), 1e-12))
    residual = float(np.sqrt(((moved - b) ** 2).sum() / max((b**2).sum(), 1e-12)))
    return (moved + reference.mean(0)).astype(np.float32), residual


def unit_box(points: np.ndarray) -> np.ndarray:
    """Centre a map and scale its longer side to [−1, 1], keeping its proportions."""
    low, high = points.min(0), points.max(0)
    return ((points - (low + high) / 2) / max((high - low).max() / 2, 1e-9)).astype(np.float32)


def parameters(seed: int) -> dict:
    """What the maps depend on, for the bundle."""
    import umap

    return {"method": "UMAP", "version": umap.__version__, "n_neighbors": NEIGHBOURS, "min_dist": MIN_DIST, "seed": seed}
