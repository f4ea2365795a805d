"""The widgets above the maps, what is shown and which image; and below them, how many neighbours, which one, which other image."""

import numpy as np
import streamlit as st

from explorer import sets, state
from explorer.state import Selection
from explorer.views import newimage, words


def render(sides, selection: Selection) -> None:
    """What the maps show; these widgets and those of `neighbours` hold the selection."""
    images = sides[0].bundle.images
    counts = {"test": len(state.shown_ids(images, "test")), "all": len(images.pixels)}
    last = len(images.pixels) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Show", state.SHOWS, key="show", required=True, format_func=lambda s: words.SHOWS[s].format(**counts)
        )
        st.segmented_control(
            "Maps of", state.WHATS, key="what", required=True, format_func=words.WHATS.get, help=words.WHAT_HELP,
            on_change=state.forget_outline, args=("left", "right"),
        )  # fmt: skip
        st.number_input(f"Image (row 0 to {last:,})", key="id", step=1, on_change=_keep_in_range,
                        args=("id", selection.id, last), width=190)  # fmt: skip
        labels = [int(label) for label in np.unique(images.labels) if label >= 0]
        if labels:
            st.selectbox("Random of label", labels, index=None, placeholder="any", key="label", width=150,
                         on_change=_choose_random, args=(sides, selection))  # fmt: skip
        st.button("Random", on_click=_choose_random, args=(sides, selection), help="A random image of those shown.")


def neighbours(sides, selection: Selection) -> None:
    """What the panels say more about: they stand between the maps and the panels."""
    last, table_size = len(sides[0].bundle.images.pixels) - 1, len(sides[0].bundle.table)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = state.max_k(table_size)
        if most > 1:
            st.slider("Neighbours, K", 1, most, key="k", help=words.K_HELP, width=330)
        st.number_input(f"Neighbour (1 to {selection.k})", key="neighbour", step=1, on_change=_keep_in_range,
                        args=("neighbour", selection.neighbour, selection.k, 1), help=words.NEIGHBOUR_HELP, width=190)  # fmt: skip
        st.number_input("Second image (row, or empty)", value=None, key="second", step=1, on_change=_keep_in_range,
                        args=("second", selection.second, last), help=words.SECOND_HELP, width=230,
                        placeholder="none")  # fmt: skip


def _keep_in_range(key: str, before: int | None, last: int, first: int = 0) -> None:
    """A number outside its range is put back, and the page says so."""
    value = st.session_state[key]
    if value is None and key == "second":
        return
    if value is None or not first <= value <= last:
        what = "neighbour" if key == "neighbour" else "image"
        asked = f"There is no {what} {value:,}: " if value is not None else ""
        notice(f"{asked}choose a number from {first} to {last:,}.")
        st.session_state[key] = before
    elif key == "id":
        select(value)


def notice(text: str) -> None:
    """Have the page say something at its next run."""
    st.session_state.setdefault("notices", []).append(text)


def _choose_random(sides, selection: Selection) -> None:
    """One of the images that the maps show, of the chosen label where there is one; of the data where none is left."""
    images, label = sides[0].bundle.images, st.session_state.get("label")
    ids = sets.shown({side.name: side.bundle for side in sides}, state.current())
    for pool in (ids, state.shown_ids(images, selection.show)):
        fitting = pool if label is None else pool[images.labels[pool] == label]
        if len(fitting):
            return select(int(np.random.default_rng().choice(fitting)))
    notice(f"None of these images has the label {label}.")


def select(image: int) -> None:
    """Make that image the selected one, instead of a visitor's own too."""
    newimage.leave()
    st.session_state["id"], st.session_state["neighbour"] = image, 1
