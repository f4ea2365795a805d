"""What several steps show alike: a message with what was skipped, a row of digits, a chart, a formula, a pair of models."""

from html import escape

import numpy as np
import streamlit as st

from explorer import state
from explorer.chart import draw
from explorer.gallery import choosable
from explorer.lessons import shared, visit, words
from explorer.morse import messages
from explorer.morse.tables import LANGUAGES, Language
from explorer.state import Side
from explorer.views.panels import plain
from lpvae.errors import UserError


def message_input(label: str, text: str, language: Language, key: str, figures: bool) -> tuple[str, messages.Message]:
    """A field for a message: its text, and its letters; says kindly what was left out."""
    typed = st.text_input(label, key=visit.seeded(key, text), max_chars=messages.LONGEST)
    read = messages.read(typed, language, figures)
    with place():
        if read.skipped:
            st.info(_skipped(read.skipped, language))
        if read.cut:
            st.info(words.CUT.format(longest=messages.LONGEST))
        if not read.letters:
            st.info(words.EMPTY.format(example=words.MESSAGES[language.name]))
    return typed, read


def place():
    """A place for what is not always there: without one, whatever follows would move.

    While a run is under way, the browser knows an element by its place, hides one that has lost it, and a click on it is lost.
    """
    return st.container()


def _skipped(skipped: tuple[str, ...], language: Language) -> str:
    most = 6
    names = ", ".join(plain(messages.named(character)) for character in skipped[:most])
    if len(skipped) > most:
        names = words.MORE_SKIPPED.format(characters=names, count=len(skipped) - most)
    said = words.SKIPPED.format(language=language.name, characters=names)
    backwards = any(messages.runs_right_to_left(character) for character in skipped)
    return f"{said} {words.RIGHT_TO_LEFT}" if backwards else said


def chart(figure, key: str, alt: str) -> None:
    """A plotly chart without its tool bar, with a text for those who do not see it."""
    draw(figure, key, {"displayModeBar": False}, alt)


def beneath(formula: str, notes: tuple[str, ...] = (), sources: tuple[str, ...] = ()) -> None:
    """A formula with its notes, and the sources of the figures, one click away each."""
    with st.container(horizontal=True):
        with st.popover(words.FORMULA):
            st.latex(formula)
            for note in notes:
                st.markdown(note)
        if sources:
            with st.popover(words.SOURCES):
                for source in sources:
                    st.markdown(source)


def metrics(*pairs: tuple[str, str]) -> None:
    """A row of (label, value), which wraps on a narrow screen."""
    cells = (f'<div><dt style="font-size:0.9rem;opacity:0.85">{escape(label)}</dt>'
             f'<dd style="margin:0;font-size:1.75rem;line-height:1.3">{escape(value)}</dd></div>'
             for label, value in pairs)  # fmt: skip
    st.html(f'<dl style="display:flex;flex-wrap:wrap;gap:0.5rem 2.2rem;margin:0;padding:0">{"".join(cells)}</dl>')


def pair() -> tuple[Side, Side] | None:
    """The lesson's two models; where there are none, says so."""
    try:
        found = shared.pair()
    except UserError as error:
        st.error(words.FAILED.format(error=plain(str(error))))
        return None
    if found is None:
        st.info(words.NO_PAIR.format(folder=state.models_folder()))
    return found


def digits(side: Side, chosen: int, key: str, on_choice) -> None:
    """The row of digits of steps 3 and 4; `chosen` and what is called back with are places from 0."""
    ids = shared.digits(side)
    labels = side.bundle.images.labels[ids]
    captions = [str(label) if label >= 0 else f"{i}" for i, label in zip(ids, labels)]
    choosable(side.bundle.bits(ids), captions, alts(ids, labels), chosen + 1, key, lambda rank: on_choice(rank - 1))


def alts(ids: np.ndarray, labels: np.ndarray) -> list[str]:
    """Texts for images of digits."""
    texts = [words.DIGIT_ALT if label >= 0 else words.DIGIT_ALT_PLAIN for label in labels]
    return [text.format(id=i, label=label) for text, i, label in zip(texts, ids, labels)]


def language_sources(*names: str) -> tuple[str, ...]:
    """Where the Morse signs and the frequencies of these languages come from."""
    return words.MORSE_SOURCE, *(words.FREQUENCY_SOURCE.format(language=name, source=LANGUAGES[name].source) for name in names)


def guess(visited: visit.Visit, key: str, question: str, answers: dict[str, str]) -> str | None:
    """A question to be answered before the answer is shown; None until it is."""
    widget = visit.seeded(f"lesson guess {key}", visited.guesses.get(key))
    chosen = st.radio(question, list(answers), format_func=answers.get, key=widget)
    if chosen:
        visited.guesses[key] = chosen
    return chosen
