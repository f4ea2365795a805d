"""The first page: two linked maps, and what two models say of the selected image and of a set."""

from dataclasses import replace

import streamlit as st

from explorer import shared, state
from explorer.state import Side
from explorer.views import controls, maps, newimage, panels, pickers, sets, signs, words
from explorer.views.panels import plain
from lpvae.errors import UserError

# The maps' place is kept while they load, so that nothing jumps. What is above them is Streamlit's own: a style comes late.
# What an answer has not reached yet stays as it is: Streamlit would fade it, and the browser paint the whole page in each step.
STYLE = f"""<style>
{signs.STYLE}
[data-stale="true"] {{ opacity: 1 !important; transition: none !important; }}
[data-testid="stStatusWidget"] * {{ animation: none !important; }}
.st-key-map-room {{ min-height: 44rem; }}
@media (max-width: 760px) {{ .st-key-map-room {{ min-height: 72rem; }} }}
</style>"""


def render() -> None:
    """The page, from the top down."""
    st.html(STYLE)
    st.html(panels.STYLE)
    st.header(words.TITLE)
    st.markdown(words.LEAD)
    names = state.names()
    if not names:
        st.info(words.NO_BUNDLES.format(folder=state.models_folder()))
        return
    for message in state.start(names):
        st.warning(plain(message))
    sides = _sides(names)
    if sides:
        _pickers(names)
        _explore(*sides)


def _sides(names: list[str]) -> tuple[Side, Side] | None:
    """The two chosen bundles; instead of one that cannot be read, another that can, and the reason."""
    left = _first_that_loads("left", names)
    right = left and _first_that_loads("right", names)
    if right and right.bundle.images.sha256 != left.bundle.images.sha256:
        st.warning(
            f"{plain(right.bundle.name)} was made from other images than {plain(left.bundle.name)}, so the two maps cannot"
            f" be linked: {plain(left.bundle.name)} is shown on both."
        )
        right = replace(left, name="right")
        st.session_state["right"] = left.bundle.name
    return (left, right) if right else None


def _first_that_loads(side: str, names: list[str]) -> Side | None:
    asked = st.session_state[side]
    other = st.session_state["right" if side == "left" else "left"]
    for name in sorted(names, key=lambda n: (n != asked, n == other)):
        try:
            loaded = state.load(side, name)
        except UserError as error:
            if name == asked:
                st.error(plain(str(error)))
            continue
        st.session_state[side] = name
        return loaded
    st.error("None of the models can be read, so there is nothing to show.")
    return None


def _pickers(names: list[str]) -> None:
    for column, side in zip(st.columns(2), ("left", "right")):
        pickers.model(column, f"Model on the {side}", names, side, on_change=state.forget_outline, args=(side,))


@st.fragment
def _explore(left: Side, right: Side) -> None:
    """All that a click changes: a click runs this alone. What takes no time is sent first, pictures that are decoded last."""
    if st.session_state.pop("reopened", False):  # a kept view, perhaps of other models: those stand above
        st.rerun()
    sides = left, right
    selection, sheets, ready, fill = _answer(sides)
    fill()
    signs.sign("drawn", selection.id)
    # What runs by the clock has a place of its own, there with or without it: its last run may come after it has gone.
    with st.container():
        if not ready:  # the charts bring plotly, whose loading would hold up the first map by a second and more
            maps.await_drawn()
    with st.container():
        maps.await_rest(sides, selection, sheets)


def _answer(sides: tuple[Side, Side]) -> tuple:
    """All but what is decoded: the selection, the maps' thumbnails, whether the charts are there, what fills the rest."""
    left = sides[0]
    selection, messages = state.current().fitted(left.bundle.images, len(left.bundle.table))
    state.store(selection)
    own = newimage.current(left.bundle.images.side)
    given = [shared.answer(side, selection, own) for side in sides]
    controls.render(sides, selection)
    with st.container():  # of one place whether it is empty or not, so that what follows keeps its own
        for message in [*messages, *st.session_state.pop("notices", [])]:
            st.warning(plain(message))
    sheets = maps.render(sides, given, selection)
    state.write_address(selection)
    controls.neighbours(sides, selection)
    newimage.panel(left.bundle.images.side)
    with st.container():
        sets.render(sides, selection)
    ready = bool(st.session_state.get("maps drawn")) or sheets is None
    return selection, sheets, ready, panels.show(sides, given, selection, ready)
