"""Invisible signs in the page that say how far the answer to a click has come, for those who measure and test it."""

import streamlit as st

# Without a place of their own in the page: a hidden element would still be given the gap between two.
STYLE = "[data-testid=stElementContainer]:has(.lpvae-sign) { display: none; }"


def sign(what: str, image: int) -> None:
    """Say that all before this place is about `image` now; what: "answered" or "drawn"."""
    st.html(f'<i class="lpvae-sign" data-{what}="{int(image)}"></i>')
