"""What a visitor has made of the lesson so far. Widgets forget when their step is left; this stays, and step 7 asks about it."""

from dataclasses import dataclass, field

import streamlit as st

from explorer.lessons import words

KEY = "lesson visit"


@dataclass
class Visit:
    """The visitor's own state, all of it.

    message: step 1's text; texts: step 2's text by language; text_in, book_of: names of languages; lengths: the lengths set
    by hand, letter → bits, by language; c, m, s: step 3's Gaussians; image, other: places in the row of digits; guesses:
    step → answer; ten: which set of images; orders: set → order; asked: question → chosen answer.
    """

    message: str = words.MESSAGES["English"]
    texts: dict[str, str] = field(default_factory=lambda: dict(words.MESSAGES))
    sorting: str = "often"
    text_in: str = "Russian"
    book_of: str = "English"
    lengths: dict[str, dict[str, int]] = field(default_factory=dict)
    c: float = 2.0
    m: float = 0.0
    s: float = 1.0
    image: int = 3
    other: int = 7
    shown_map: str = "plain"
    guesses: dict[str, str] = field(default_factory=dict)
    ten: str = "close"
    orders: dict[str, list[int]] = field(default_factory=dict)
    count: int = 10
    asked: dict[str, str] = field(default_factory=dict)


def current() -> Visit:
    """This visitor's state."""
    return st.session_state.setdefault(KEY, Visit())


def seeded(key: str, value) -> str:
    """A widget's key, its widget set to `value` if it is not on the page yet."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key
