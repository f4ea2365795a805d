"""Step 2, the wrong codebook: Russian by the Latin table, then any language by any other's book, then a book by hand."""

import html

import streamlit as st

from explorer import lesson_component
from explorer.lessons import charts, parts, shared, step1, words
from explorer.lessons.visit import Visit, seeded
from explorer.morse import codes, messages
from explorer.morse.tables import LANGUAGES, RUSSIAN, SIGNS, Language

LONGEST = 14  # bits of a code word by hand: as long as any that the three buttons ask for


def render(visited: Visit) -> None:
    """The three parts."""
    st.markdown(words.WRONG_BOOK)
    label = words.WRONG_BOOK_TEXT.format(language=RUSSIAN.name)
    visited.texts["Russian"], message = parts.message_input(label, visited.texts["Russian"], RUSSIAN, "lesson russian", True)
    with parts.place():
        if message.letters:
            dots, dashes = messages.marks(message, RUSSIAN)
            units, count = messages.message_units(message, RUSSIAN), len(message.letters)
            parts.metrics((words.UNITS, f"{units:,}"), (words.LETTERS, f"{count:,}"), (words.MARKS, f"{dots:,}, {dashes:,}"))
    step1.table(RUSSIAN, "often")
    text, signs = _in_bits(visited)
    _by_hand(visited, text, signs)


def _in_bits(visited: Visit) -> tuple[Language, list[str]]:
    """Text in one language, the book of another: areas, numbers, and the visitor's own text."""
    st.subheader(words.IN_BITS)
    st.markdown(words.IN_BITS_LEAD)
    with st.container(horizontal=True):
        visited.text_in = st.selectbox(words.TEXT_IN, list(LANGUAGES), key=seeded("lesson text in", visited.text_in), width=220)
        visited.book_of = st.selectbox(words.BOOK_OF, list(LANGUAGES), key=seeded("lesson book of", visited.book_of), width=220)
    text, book = LANGUAGES[visited.text_in], LANGUAGES[visited.book_of]
    p, lengths = codes.by_sign(text), codes.book_bits(book)
    letters, signs = list(text.frequencies), [text.morse[letter] for letter in text.frequencies]
    own = [codes.ideal_bits(p[sign]) for sign in signs]
    figure = charts.areas(letters, [p[sign] for sign in signs], own, [lengths[sign] for sign in signs], book.name)
    parts.chart(figure, "lesson areas", words.AREA_CHART["alt"].format(book=book.name))
    numbers = codes.entropy(p), codes.expected(p, lengths), codes.kl(p, codes.book(book))
    labels = words.ENTROPY, words.CROSS_ENTROPY, words.KL
    parts.metrics(*((label, words.BITS_A_LETTER.format(bits=number)) for label, number in zip(labels, numbers)))
    with parts.place():
        if text == book:
            st.info(words.SAME_BOOK)
        sent = _own_text(visited, text, book, lengths)
    reserve = words.RESERVE.format(reserve=100 * codes.RESERVE, signs=len(SIGNS), kraft=codes.kraft(lengths))
    parts.beneath(words.KL_FORMULA, (words.KL_SYMBOLS, reserve), parts.language_sources(*LANGUAGES))
    with st.expander(words.ALL_PAIRS):
        st.html(_pairs())
        st.caption(words.ALL_PAIRS_NOTE)
    return text, sent


def _own_text(visited: Visit, text: Language, book: Language, lengths: dict[str, float]) -> list[str]:
    """The visitor's text as signs; its bits by both books."""
    if text == RUSSIAN:  # typed above already
        message = messages.read(visited.texts[text.name], text)
    else:
        label, before = words.WRONG_BOOK_TEXT.format(language=text.name), visited.texts[text.name]
        visited.texts[text.name], message = parts.message_input(label, before, text, f"lesson text {text.name}", False)
    signs = [text.morse[letter] for letter in message.letters]
    if signs:
        cross, own = codes.message_bits(signs, lengths), codes.message_bits(signs, codes.book_bits(text))
        st.markdown(words.YOUR_TEXT.format(count=len(signs), cross=cross, own=own, book=book.name))
    return signs


def _pairs() -> str:
    """The table of KL between all languages, our own text throughout."""
    table, cell = shared.distances_between_languages(), '<td style="text-align:right;padding:3px 10px">{}</td>'
    head = "".join(f'<th scope="col" style="text-align:right;padding:3px 10px">{html.escape(name)}</th>' for name in LANGUAGES)
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;padding:3px 10px">{html.escape(a)}</th>'
        + "".join(cell.format(f"{table[a, b]:.2f}") for b in LANGUAGES) + "</tr>"
        for a in LANGUAGES
    )  # fmt: skip
    return f'<div style="overflow-x:auto"><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def all_alike(letters) -> dict[str, int]:
    """The shortest whole length that all letters can share: ⌈log₂ n⌉."""
    return dict.fromkeys(letters, (len(letters) - 1).bit_length())


@st.fragment
def _by_hand(visited: Visit, language: Language, signs: list[str]) -> None:
    """The game: whole lengths against the optimum; a drag runs this alone."""
    st.subheader(words.BY_HAND)
    st.markdown(words.BY_HAND_LEAD.format(language=language.name))
    p = language.frequencies
    starts = {words.START_EQUAL: all_alike(p), words.START_SHANNON: codes.shannon(p), words.START_HUFFMAN: codes.huffman(p)}
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, lengths in starts.items():
            st.button(name, on_click=visited.lengths.__setitem__, args=(language.name, lengths))
        hint = st.toggle(words.HINT, key="lesson hint")
    lengths = visited.lengths.setdefault(language.name, starts[words.START_EQUAL])
    kraft = codes.kraft(lengths)
    said = words.BARS | {"budget": words.BARS["within" if kraft <= 1 else "over"].format(kraft=_exact(kraft))}
    rows = [{"letter": letter, "share": share, "percent": f"{100 * share:.1f} %", "length": lengths[letter],
             "ideal": codes.ideal_bits(share)} for letter, share in p.items()]  # fmt: skip
    lesson_component.bars(rows, LONGEST, kraft, hint, said, "lesson bars", lambda event: _moved(visited, language, event))
    with parts.place():
        _verdict(p, lengths)
        if signs and kraft <= 1:
            spelt = codes.words(lengths)
            sent = [spelt[language.letter_of[sign]] for sign in signs]
            st.markdown(words.BY_HAND_TEXT.format(bits=sum(map(len, sent)), words=" ".join(f"`{word}`" for word in sent[:8])))
    parts.beneath(words.KRAFT_FORMULA, (words.KRAFT_NOTE,))


def _exact(kraft: float) -> str:
    """As short as may be, but never "1" for what is a little more."""
    return f"{kraft:.4g}" if f"{kraft:.4g}" != "1" or kraft == 1 else f"{kraft:.5f}"


def _verdict(p: dict[str, float], lengths: dict[str, int]) -> None:
    mine, best, kraft = codes.expected(p, lengths), codes.expected(p, codes.huffman(p)), codes.kraft(lengths)
    shown = words.BITS_A_LETTER.format(bits=mine) if kraft <= 1 else words.NO_CODE
    parts.metrics((words.YOUR_CODE, shown), (words.OPTIMUM, words.BITS_A_LETTER.format(bits=best)),
                  (words.FLOOR, words.BITS_A_LETTER.format(bits=codes.entropy(p))))  # fmt: skip
    if kraft > 1:
        st.warning(words.BEATEN["over"].format(bits=mine))
    elif mine - best < 1e-9:
        st.success(words.BEATEN["optimal"])
    else:
        st.caption(words.BEATEN["close"].format(gap=mine - best))


def _moved(visited: Visit, language: Language, event: dict) -> None:
    """Lengths from the browser; anything else is left out."""
    given = event.get("lengths")
    whole = isinstance(given, dict) and all(isinstance(n, int) and 1 <= n <= LONGEST for n in given.values())
    if whole and given.keys() == language.frequencies.keys():
        visited.lengths[language.name] = given
