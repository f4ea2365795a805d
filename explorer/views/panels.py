"""What two models say of the selected image: the panels in their order. `sides` and `given` go left, right.

What needs no decoder comes first; the places of the pictures that the decoders draw are filled after it.
"""

from collections.abc import Callable

import streamlit as st

from explorer import figures, shared
from explorer.selection import Selection
from explorer.views import bills, near, priors, signs, walks, words
from explorer.views.parts import columns, heading, name, plain, title  # noqa: F401  plain: for the page

KINDS = ("png", "svg")
# The places of what comes late, or is now one row and now none, are kept, so that nothing jumps.
STYLE = """<style>
.st-key-samples-left, .st-key-samples-right { min-height: 6.5rem; }
.st-key-only-there-left, .st-key-only-there-right { min-height: 8.5rem; }
.st-key-moving { min-height: 30rem; }
</style>"""


def show(sides, given, selection: Selection, ready: bool) -> Callable[[], None]:
    """All panels, with places for what is decoded; returns what fills them. ready: whether the charts may come yet."""
    reconstructions = _images(sides, given)
    near.neighbours(sides, given, selection)
    prior_pictures = priors.priors(sides, given, ready)
    bills.bill(sides, given, selection, ready)
    st.segmented_control("Charts are saved as", KINDS, key="kind", default="png", required=True, format_func=str.upper,
                         help=words.KIND_HELP)  # fmt: skip
    walks.controls(selection)
    moving, waiting = st.container(key="moving"), st.container()
    signs.sign("answered", selection.id)

    def fill() -> None:
        drawn = []
        for side, answer, place, pictures in zip(sides, given, reconstructions, prior_pictures):
            drawn.append(shared.pictures_of(side, answer, selection.walk == "there"))
            place.html(figures.gallery(drawn[-1].reconstruction[None], ["reconstruction"], ["Its reconstruction"], 5))
            priors.pictures(pictures, drawn[-1])
        with moving:
            _moving(sides, given, drawn, selection)
        with waiting:
            walks.await_graphs(sides, given, selection)

    return fill


def _images(sides, given) -> list:
    """The image's bits, and the places of the pictures from a sample of its code."""
    heading("The image and its reconstruction", words.RECONSTRUCTION, words.RECONSTRUCTION_HELP)
    places = []
    for column, answer in zip(columns(sides), given):
        with column.container(horizontal=True):
            about = f"{title(answer.subject)}: {name(answer.subject.label)}" if answer.subject.id is not None else "your image"
            alt = f"{about[0].upper()}{about[1:]}".replace(":", ",")
            st.html(figures.gallery(answer.subject.bits[None], [about], [alt], 5), width="content")
            places.append(st.container(width=5 * len(answer.subject.bits)))
    return places


def _moving(sides, given, drawn, selection: Selection) -> None:
    if selection.walk == "there":
        walks.strips(sides, given, drawn, selection)
    elif selection.walk == "dream":
        walks.daydream(sides, given, selection)
    else:
        walks.drawings(sides, given)


choose = near.choose
