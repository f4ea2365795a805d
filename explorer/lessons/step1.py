"""Step 1, codebooks: the Morse tree, a message along it, and how well Morse fitted its letters to English."""

import streamlit as st

from explorer import lesson_component
from explorer.lessons import charts, parts, words
from explorer.lessons.visit import Visit, seeded
from explorer.morse import codes, messages
from explorer.morse.tables import ENGLISH, FIGURES, Language

SHOWN = 120  # letters in the strip
UNITS_A_SECOND = 12.5  # 15 words of 50 units a minute


def render(visited: Visit) -> None:
    """The tree and the message, then the table."""
    st.markdown(words.CODEBOOKS)
    visited.message, message = parts.message_input(words.MESSAGE, visited.message, ENGLISH, "lesson message", True)
    with parts.place():
        if message.letters:
            _figures(message)
    st.caption(words.TIMING.format(paris=messages.message_units(messages.read("PARIS", ENGLISH), ENGLISH)))
    lesson_component.tree(_nodes(message), strip(message, ENGLISH), words.TREE, "lesson tree")
    with parts.place():
        if len(message.letters) > SHOWN:
            st.caption(words.LONG.format(shown=SHOWN, count=len(message.letters)))
    st.subheader(words.HOW_WELL)
    st.markdown(words.HOW_WELL_LEAD.format(language=ENGLISH.name))
    visited.sorting = st.segmented_control(words.SORTING, list(words.SORTINGS), format_func=words.SORTINGS.get, required=True,
                                           key=seeded("lesson sorting", visited.sorting))  # fmt: skip
    table(ENGLISH, visited.sorting)


def _figures(message: messages.Message) -> None:
    units = messages.message_units(message, ENGLISH)
    dots, dashes = messages.marks(message, ENGLISH)
    seconds = words.SECONDS_VALUE.format(seconds=units / UNITS_A_SECOND)
    parts.metrics((words.UNITS, f"{units:,}"), (words.LETTERS, f"{len(message.letters):,}"),
                  (words.MARKS, f"{dots:,}, {dashes:,}"), (words.SECONDS, seconds))  # fmt: skip


def _nodes(message: messages.Message) -> list[dict]:
    """The tree's letters; figures, which lie a level lower, where the message has any."""
    signs = {letter: sign for letter, sign in ENGLISH.morse.items() if letter in ENGLISH.percent}
    if any(letter in FIGURES for letter in message.letters):
        signs |= FIGURES
    return [{"sign": sign, "letter": letter} for letter, sign in signs.items()]


def strip(message: messages.Message, language: Language) -> list[dict]:
    """The first letters of a message, for the component."""
    pairs = ((letter, number) for number, word in enumerate(message.words) for letter in word)
    return [_chip(letter, number, language) for (letter, number), _ in zip(pairs, range(SHOWN))]


def _chip(letter: str, word: int, language: Language) -> dict:
    sign = messages.sign_of(letter, language)
    spoken = " ".join(words.SIGN_NAMES[mark] for mark in sign)
    alt = words.LETTER_ALT.format(letter=letter, sign=spoken, units=messages.sign_units(sign))
    return {"letter": letter, "sign": sign, "alt": alt, "word": word}


def table(language: Language, sorting: str) -> None:
    """A language's Morse table beside the one it could have."""
    p, units, could = language.frequencies, codes.morse_units(language), codes.best_units(language)
    letters = list(p) if sorting == "often" else sorted(p, key=lambda a: (units[a], -p[a]))
    figure = charts.morse_table(letters, [p[a] for a in letters], [units[a] for a in letters], [could[a] for a in letters])
    parts.chart(figure, f"lesson table {language.name}", words.TABLE_CHART["alt"].format(language=language.name))
    is_now, could_be = codes.expected(p, units), codes.expected(p, could)
    now_text, could_text = (words.UNITS_VALUE.format(units=units) for units in (is_now, could_be))
    waste = f"{100 * (is_now / could_be - 1):.1f} %"
    parts.metrics((words.AS_IS, now_text), (words.AS_COULD_BE, could_text), (words.WASTE, waste))
    first = next(iter(p))
    about = words.COULD_BE_FIRST if could[first] < units[first] else words.COULD_BE_WELL
    st.caption(f"{words.COULD_BE.format(count=len(p))} {about.format(letter=first, units=units[first], best=could[first])}")
    note = words.MORSE_KRAFT.format(kraft=codes.kraft(units))
    parts.beneath(words.EXPECTED_FORMULA, (note,), parts.language_sources(language.name))
