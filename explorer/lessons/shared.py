"""What all visitors of the lesson share: the two models that it speaks of, and everything slow, computed once and ahead."""

import threading

import numpy as np
import streamlit as st

from explorer import answers, state
from explorer.lessons import real
from explorer.morse import codes, tables
from explorer.state import Selection, Side
from lpvae import bundle as bundles
from lpvae.bundle import Bundle
from lpvae.errors import UserError


def pair() -> tuple[Side, Side] | None:
    """A model with one codebook for all, N(0, I), and one with local codebooks, of the same images; None where there is none.

    The explorer's default pair comes first; of the others those with the same decoder as each other.
    """
    found = _pair_of(tuple(state.names()))
    if found is None:
        return None
    plain, local = state.load("left", found[0]), state.load("right", found[1])
    return (plain, local) if plain.bundle.images.sha256 == local.bundle.images.sha256 else None


def _pair_of(names: tuple[str, ...]) -> tuple[str, str] | None:
    if not names:
        return None
    default = Selection.default(list(names))
    ordered = sorted(names, key=lambda name: name not in (default.left, default.right))
    metas = {name: meta for name in ordered if (meta := _meta(name))}
    pairs = [(a, b) for a in metas for b in metas
             if metas[a]["config"].get("prior") == "global" and metas[b]["config"].get("prior") == "local"
             and metas[a]["data"]["sha256"] == metas[b]["data"]["sha256"]]  # fmt: skip
    kin = [(a, b) for a, b in pairs if metas[a]["config"].get("decoder") == metas[b]["config"].get("decoder")]
    return next(iter(kin or pairs), None)


def _meta(name: str) -> dict | None:
    try:
        return bundles.read_meta(state.models_folder() / name)
    except UserError:
        return None  # a damaged bundle is reported by the page that shows it


@st.cache_resource(show_spinner=False, max_entries=8)
def _one_of_each(key: str, _bundle: Bundle) -> np.ndarray:
    return real.one_of_each(_bundle)


@st.cache_resource(show_spinner=False, max_entries=8)
def _close_ones(key: str, _bundle: Bundle) -> np.ndarray | None:
    return real.close_ones(_bundle)


@st.cache_resource(show_spinner=False, max_entries=8)
def _swaps(key: str, ids: tuple[int, ...], _bundle: Bundle) -> real.Swaps:
    return real.swaps(_bundle, np.array(ids))


@st.cache_resource(show_spinner=False, max_entries=8)
def _queue(key: str, ids: tuple[int, ...], _bundle: Bundle) -> real.Queue:
    return real.queue(_bundle, np.array(ids))


@st.cache_resource(show_spinner=False, max_entries=8)
def _account(key: str, _bundle: Bundle) -> real.Account:
    return real.account(_bundle)


@st.cache_resource(show_spinner=False, max_entries=8)
def _dots(key: str, _bundle: Bundle) -> real.Dots:
    return real.dots(_bundle)


@st.cache_resource(show_spinner=False, max_entries=256)
def _codebook(key: str, image: int, _bundle: Bundle) -> answers.Codebook:
    nearest = answers.neighbours(_bundle, image, 1).ids[0]
    return answers.codebook(_bundle, image, int(nearest))


def digits(side: Side) -> np.ndarray:
    """Ids of the images that steps 3 and 4 offer: one of each label."""
    return _one_of_each(side.key, side.bundle)


def swaps(side: Side) -> real.Swaps:
    """Step 4's images with each other's codes."""
    return _swaps(side.key, tuple(int(i) for i in digits(side)), side.bundle)


def sets(side: Side) -> dict[str, np.ndarray]:
    """Step 5's sets of ten: "close", where there is a tour, and "each"."""
    close = _close_ones(side.key, side.bundle)
    return ({} if close is None else {"close": close}) | {"each": digits(side)}


def queue(side: Side, which: str) -> real.Queue:
    """Step 5's prices for one of the sets."""
    return _queue(side.key, tuple(int(i) for i in sets(side)[which]), side.bundle)


def account(side: Side) -> real.Account:
    """The model's means over all test images."""
    return _account(side.key, side.bundle)


def dots(side: Side) -> real.Dots:
    """Step 4's maps."""
    return _dots(side.key, side.bundle)


def codebook(side: Side, image: int) -> answers.Codebook:
    """Step 3's real picture: the image's posterior and the prior that its nearest neighbour gives."""
    return _codebook(side.key, image, side.bundle)


@st.cache_resource(show_spinner=False)
def distances_between_languages() -> dict[tuple[str, str], float]:
    """KL in bits a letter of text in the first language sent with the second's book."""
    books = {name: codes.book(language) for name, language in tables.LANGUAGES.items()}
    texts = {name: codes.by_sign(language) for name, language in tables.LANGUAGES.items()}
    return {(a, b): codes.kl(texts[a], books[b]) for a in texts for b in books}


@st.cache_resource(show_spinner=False, max_entries=8)
def prefetch(key: str) -> threading.Thread:
    """Compute everything slow in the background, once, while the visitor reads the first steps."""
    thread = threading.Thread(target=_prefetch, daemon=True)
    thread.start()
    return thread


def _prefetch() -> None:
    try:
        both = pair()
        if both is None:
            return
        for side in both:
            account(side), dots(side), swaps(side)
            for image in digits(side):
                codebook(side, int(image))
        for which in sets(both[1]):
            queue(both[1], which)
    except UserError:
        pass  # the step that needs it says so
