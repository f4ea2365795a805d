"""The choice of a model: by what it is, with one line that says more."""

import streamlit as st

from explorer import state
from explorer.views.parts import plain

HELP = (
    "Prior: where the receiver expects the code z before anything is sent, one for all images (global) or one from a near"
    " image's code (local). Decoder: sends all pixels at once (factorised), or in 2×2 blocks, each knowing those before"
    " (autoregressive); a wide one skips blocks to look further. D: how many numbers a code has. Free bits: so much of each"
    " dimension was not charged in training. By mixture: training charged what an image sent alone costs, with all codes, not"
    " what it costs given one near code."
)


def model(place, label: str, names: list[str], key: str, **more) -> str:
    """The name of the folder that is chosen; the list shows titles. place: a column or a container."""
    namings = state.namings()
    chosen = place.selectbox(label, names, key=key, help=HELP,
                             format_func=lambda name: namings[name].title if name in namings else name, **more)  # fmt: skip
    if chosen in namings:
        place.caption(plain(namings[chosen].line))
    return chosen


def kept_in_address(key: str, names: list[str], default: str) -> None:
    """Before the picker with that key: take the address's model. It is not bound to the address, which would hold its title."""
    asked = st.query_params.get(key)
    if key not in st.session_state:
        st.session_state[key] = asked if asked in names else default
    elif st.session_state[key] not in names:  # it has gone since
        st.session_state[key] = default


def write_address(key: str, name: str, default: str) -> None:
    """After the picker: let the address say which model is chosen, unless it is the default."""
    if name == default:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != name:
        st.query_params[key] = name
