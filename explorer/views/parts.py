"""What the panels share: headings, the two columns, names and charts."""

import re
from html import escape

import streamlit as st

from explorer import figures
from explorer.chart import as_dict, draw


def heading(text: str, caption: str, explanation: str | None = None) -> None:
    """A panel's title, what it shows, and on hover what its words mean."""
    st.subheader(text, help=explanation)
    note(caption)


def note(*texts: str) -> None:
    """Plain texts in small letters: what `st.caption` shows, without the Markdown that the browser would read at every click."""
    st.html("".join(map(small, texts)))


def small(text: str) -> str:
    """Plain text in small letters, as HTML."""
    return f'<p style="margin:0 0 0.25rem;font-size:0.875rem;opacity:0.6">{escape(text)}</p>'


def columns(sides, notes=("", "")):
    """A column a side, each with its model's title and perhaps a note of plain text."""
    made = st.columns(2)
    for column, side, text in zip(made, sides, notes):
        column.html(f'<p style="margin:0;font-weight:600">{escape(side.title)}</p>{text and small(text)}')
    return made


def chart(figure, key: str, alt: str, ready: bool) -> None:
    """A plotly chart with a button that saves it; its bare place where `ready` is not yet so."""
    figure = as_dict(figure)
    if not ready:
        st.html(f'<div style="height:{figure["layout"]["height"]}px"></div>')
        return
    kind = st.session_state.get("kind", "png")
    draw(figure, key, figures.config(key, kind), alt)


def name(label: int) -> str:
    """A label in words."""
    return f"label {label}" if label >= 0 else "no label"


def title(subject) -> str:
    """The subject in words."""
    return "your image" if subject.id is None else f"image {subject.id}"


def plain(text: str) -> str:
    """Text that is not ours (a folder's name, a part of an address), for Streamlit's markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:&])", r"\\\1", text)
