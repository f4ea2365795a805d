"""A visitor's own image: drawn or uploaded, shown as the models see it, kept in the session alone."""

import base64
import binascii

import numpy as np
import streamlit as st

from explorer import figures, newimage, players
from explorer.views import words
from explorer.views.parts import plain
from lpvae.errors import UserError

OWN, WIPED, TROUBLE = "own image", "own image wipes", "own image trouble"


def current(side: int) -> np.ndarray | None:
    """The visitor's image as bits (S, S), where there is one and the models take images of that side."""
    bits = st.session_state.get(OWN)
    return bits if bits is not None and len(bits) == side else None


def leave() -> None:
    """Put the visitor's image away: another is selected."""
    if st.session_state.pop(OWN, None) is not None:
        st.session_state[WIPED] = st.session_state.get(WIPED, 0) + 1


def panel(side: int) -> None:
    """A board to draw on and a place for a file, side by side; what the models see of it."""
    note = st.container()  # there with or without its text: the board would be made anew where its place on the page changed
    if current(side) is not None:
        note.caption(words.OWN_ON_MAPS)
    opened = st.expander(words.OWN, key="own open", on_change="rerun")
    if not opened.open:
        return
    with opened:
        st.caption(words.OWN_LEAD)
        board, file, seen = st.columns([1, 1, 1])
        with board:
            players.sketch("own sketch", lambda picture: _drawn(picture, side), st.session_state.get(WIPED, 0))
        with file:
            st.file_uploader(words.OWN_UPLOAD, list(newimage.SUFFIXES), key=_file_key(), help=words.OWN_UPLOAD_HELP,
                             max_upload_size=newimage.MAX_BYTES >> 20, on_change=_uploaded, args=(side,))  # fmt: skip
            if trouble := st.session_state.get(TROUBLE):
                st.error(plain(trouble))
        with seen:
            _seen(side)


def _seen(side: int) -> None:
    bits = current(side)
    shown = np.zeros((side, side), np.uint8) if bits is None else bits
    st.html(figures.gallery(shown[None], [""], ["Your image, as the models see it" if bits is not None else "No image yet"],
                            max(1, 168 // side)))  # fmt: skip
    st.caption(words.OWN_SEEN.format(side=side))
    st.button("Put it away", on_click=leave, disabled=bits is None)


def _file_key() -> str:
    return f"own file {st.session_state.get(WIPED, 0)}"


def _drawn(picture: str, side: int) -> None:
    """From the board: a PNG in a data address, or nothing. It comes from the browser, so it is trusted no more than a file."""
    if not picture:
        st.session_state.pop(OWN, None)
        return
    try:
        _take(base64.b64decode(picture.partition(",")[2][: 2 * newimage.MAX_BYTES], validate=True), side)
    except binascii.Error:
        st.session_state[TROUBLE] = "The drawing did not arrive whole: draw it again."


def _uploaded(side: int) -> None:
    file = st.session_state.get(_file_key())
    if file is not None:
        _take(file.getvalue(), side)


def _take(file: bytes, side: int) -> None:
    st.session_state.pop(TROUBLE, None)
    try:
        st.session_state[OWN] = newimage.brought(file, side).bits
        st.session_state["neighbour"] = 1
    except UserError as error:
        st.session_state[TROUBLE] = str(error)
