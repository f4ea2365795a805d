"""Step 4, why the code falls silent: an image's budget, another image's code, and the maps of c and of z."""

import math

import numpy as np
import streamlit as st

from explorer import figures
from explorer.lessons import charts, parts, shared, words
from explorer.lessons.visit import Visit, seeded
from lpvae.costs import bits

LOUD = 20.0  # bits of pixels: a decoder that misses its code by more than that was listening to it
SORTED = 60.0  # per cent of digits known to a linear classifier: a map on which one would call them sorted


def render(visited: Visit) -> None:
    """Budget, guess, swap, guess, maps."""
    pair = parts.pair()
    if pair is None:
        return
    names = words.PLAIN_NAME, words.LOCAL_NAME
    st.markdown(words.SILENCE)
    count = len(shared.digits(pair[0]))
    visited.image = min(visited.image, count - 1)
    if visited.other >= count:
        visited.other = (visited.image + 1) % count
    st.caption(words.SWAP_IMAGE)
    parts.digits(pair[0], visited.image, "lesson image", lambda place: setattr(visited, "image", place))
    swaps = [shared.swaps(side) for side in pair]
    i = visited.image
    rows = [(name, float(swap.latent_bits[i]), float(swap.pixel_bits[i, i])) for name, swap in zip(names, swaps)]
    parts.chart(charts.budget(rows), "lesson budget", words.BUDGET_ALT.format(image=int(swaps[0].ids[i])))
    st.caption(words.BUDGET_NOTE.format(plain=names[0], local=names[1]))
    guess = parts.guess(visited, "swap", words.SWAP_QUESTION, words.SWAP_ANSWERS)
    if guess:
        st.markdown(words.SWAP_VERDICTS[guess == _who_listens(swaps)])
        _swap(visited, pair, swaps, names)
        st.markdown(words.WHY_SILENT)
        _maps(visited, pair, names)


def _who_listens(swaps) -> str:
    """The right answer to the first question, as these models have it; "" where none of the three is."""
    plain, local = (swap.missed_bits > LOUD for swap in swaps)
    return {(True, True): "both", (False, False): "neither", (False, True): "local"}.get((plain, local), "")


def _what_is_sorted(probes: tuple[float, float]) -> str:
    """The right answer to the second question, as the silent model has it; "means" where it was not measured."""
    c, z = (not probe < SORTED for probe in probes) if not any(map(math.isnan, probes)) else (True, False)
    return {(True, True): "both", (False, False): "neither"}.get((c, z), "means")


def _swap(visited: Visit, pair, swaps, names) -> None:
    st.caption(words.SWAP_PICK)
    parts.digits(pair[0], visited.other, "lesson other", lambda place: setattr(visited, "other", place))
    i, j = visited.image, visited.other
    with parts.place():
        if i == j:
            st.info(words.SWAP_SAME)
    for column, side, swap, name in zip(st.columns(2), pair, swaps, names):
        with column:
            st.markdown(f"**{name}**")
            pictures = np.stack([side.bundle.bits(swap.ids[[i]])[0], swap.pictures[i], swap.pictures[j]])
            st.html(figures.gallery(pictures, list(words.SWAP_CAPTIONS), list(words.SWAP_ALTS), 3))
            st.metric(words.SWAP_CHANGE, words.SWAP_BITS.format(bits=swap.pixel_bits[i, j]), delta_color="inverse",
                      delta=words.SWAP_DELTA.format(bits=swap.pixel_bits[i, j] - swap.pixel_bits[i, i]))  # fmt: skip
    st.caption(words.SWAP_DICE)
    means = [float(bits(account.swapped - account.pixels)) for account in map(shared.account, pair)]
    if not any(map(math.isnan, means)):
        st.caption(words.SWAP_MEAN.format(plain=means[0], local=means[1]))


@st.fragment
def _maps(visited: Visit, pair, names) -> None:
    guess = parts.guess(visited, "map", words.MAP_QUESTION, words.MAP_ANSWERS)
    if not guess:
        return
    st.markdown(words.MAP_VERDICTS[guess == _what_is_sorted(shared.account(pair[0]).probes)])
    which = dict(zip(("plain", "local"), zip(pair, names)))
    visited.shown_map = st.segmented_control(words.MAP_OF, list(which), format_func=lambda key: which[key][1], required=True,
                                             key=seeded("lesson map", visited.shown_map))  # fmt: skip
    side, name = which[visited.shown_map]
    dots, account = shared.dots(side), shared.account(side)
    for column, (what, title) in zip(st.columns(2), words.MAP_TITLES.items()):
        with column:
            figure = charts.map_of(dots.places[what], dots.labels, title)
            parts.chart(figure, f"lesson map {what}", words.MAP_ALT.format(what=title, model=name, count=len(dots.labels)))
    if not any(map(math.isnan, account.probes)):
        st.caption(words.PROBE_NOTE.format(c=account.probes[0], z=account.probes[1]))
