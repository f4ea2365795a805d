"""Step 3, from letters to codes: one number's posterior and codebook, to be dragged; then a real image's."""

import math

import streamlit as st

from explorer import figures, lesson_component
from explorer.lessons import parts, shared, words
from explorer.lessons.visit import Visit
from explorer.morse import gaussians

WIDTHS = (0.2, 8.0)  # of the codebook
REACH = 6.0  # the window of z, unless something lies outside it


def render(visited: Visit) -> None:
    """The picture, then the shipped models."""
    st.markdown(words.TO_CODES)
    _picture(visited)
    _real(visited)


@st.fragment
def _picture(visited: Visit) -> None:
    """The two bumps and the price; a drag runs this alone."""
    with st.container(horizontal=True):
        st.button(words.UNIT_BOOK, on_click=_put, args=(visited, visited.c, 0.0, 1.0))
        st.button(words.LOCAL_BOOK, on_click=_put, args=(visited, visited.c, visited.c - 0.3, 1.1))
    c, m, s = visited.c, visited.m, visited.s
    kl = gaussians.kl_bits(c, m, s)
    said = words.GAUSSIANS | {"sum": words.GAUSSIANS["sum"].format(c=c, m=m, s=s, kl=kl)}
    lesson_component.gaussians(c, m, s, _window(c, m), WIDTHS, said, "lesson gaussians", lambda event: _moved(visited, event))
    parts.metrics((words.KL_NUMBER, words.BITS_VALUE.format(bits=kl)),
                  (words.SURPRISE_AT, words.BITS_VALUE.format(bits=gaussians.surprise_bits(c, m, s))),
                  (words.BEST_WIDTH, f"{gaussians.cheapest_width(c, m):.2f}"))  # fmt: skip
    st.markdown(words.KL_HALF)
    parts.beneath(words.GAUSSIAN_FORMULA)


def _window(c: float, m: float) -> tuple[float, float]:
    """Wide enough for both, and steady while neither leaves it."""
    reach = REACH
    while max(abs(c), abs(m)) > reach - 1:
        reach *= 1.5
    return -reach, reach


def _put(visited: Visit, c: float, m: float, s: float) -> None:
    visited.c, visited.m, visited.s = c, m, s


def _moved(visited: Visit, event: dict) -> None:
    """Numbers from the browser; anything else is left out."""
    given = [event.get(name) for name in "cms"]
    numbers = all(isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e3 for value in given)
    if numbers and WIDTHS[0] <= given[2] <= WIDTHS[1]:
        _put(visited, *map(float, given))


def _real(visited: Visit) -> None:
    """The same picture for all the numbers of an image's code, in both models."""
    pair = parts.pair()
    if pair is None:
        return
    st.subheader(words.REAL_CODES)
    plain, local = (side.bundle.config.code_dim for side in pair)
    st.markdown(words.REAL_CODES_LEAD.format(plain=plain, local=local))
    ids = shared.digits(pair[0])
    visited.image = min(visited.image, len(ids) - 1)
    parts.digits(pair[0], visited.image, "lesson digits", lambda place: setattr(visited, "image", place))
    image = int(ids[visited.image])
    for column, side, name in zip(st.columns(2), pair, (words.PLAIN_NAME, words.LOCAL_NAME)):
        with column:
            _codebook(visited, side, image, name)


def _codebook(visited: Visit, side, image: int, name: str) -> None:
    book = shared.codebook(side, image)
    st.markdown(f"**{name}**")
    figure = figures.codebook_chart(book.code, book.mean, book.deviation, book.kl_bits, name)
    parts.chart(figure, f"lesson codebook {side.name}", words.REAL_CHART_ALT.format(image=image, name=name))
    shown = figures.dimensions(book.kl_bits, len(book.code))
    if rest := len(book.code) - len(shown):
        bits = book.kl_bits.sum() - book.kl_bits[shown].sum()
        st.caption(words.REAL_REST.format(shown=len(shown), count=len(book.code), rest=rest, bits=bits))
    total = book.kl_bits.sum()
    if side.bundle.model.prior.needs_neighbour:
        unit = sum(gaussians.kl_bits(c, 0.0, 1.0) for c in book.code)
        st.markdown(words.REAL_SUM_LOCAL.format(bits=total, unit=unit))
    else:
        st.markdown(words.REAL_SUM_PLAIN.format(bits=total))
    costliest = int(book.kl_bits.argmax())
    width = min(max(float(book.deviation[costliest]), WIDTHS[0]), WIDTHS[1])
    st.button(words.INTO_PICTURE.format(dimension=costliest + 1), key=f"lesson into {side.name}", on_click=_put,
              args=(visited, float(book.code[costliest]), float(book.mean[costliest]), width))  # fmt: skip
