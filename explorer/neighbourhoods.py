"""How the neighbourhoods of two latent spaces agree. Arrays out; no streamlit."""

import numpy as np

from lpvae.bundle import Bundle


def overlap(a: Bundle, b: Bundle, ids: np.ndarray, k: int) -> np.ndarray:
    """The share of each image's k nearest training images that two models have in common, (n,), from 0 to 1.

    ids (n,): images that both bundles hold. Neighbours are Euclidean in each latent space, never the image itself.
    """
    near_a, near_b = (np.sort(bundle.table.nearest(bundle.codes[ids], k, exclude=ids)[0], axis=1) for bundle in (a, b))
    both = np.sort(np.concatenate([near_a, near_b], axis=1), axis=1)  # ids are distinct within each: a pair is shared
    return (both[:, 1:] == both[:, :-1]).sum(1) / k
