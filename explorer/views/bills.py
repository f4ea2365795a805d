"""What sending the image costs under each protocol."""

import math

import streamlit as st

from explorer import answers, figures
from explorer.lessons.words import BILL_LINK as LESSON_LINK
from explorer.state import Selection
from explorer.views import words
from explorer.views.parts import chart, heading, note


def bill(sides, given, selection: Selection, ready: bool) -> None:
    """A picture first, then the table."""
    heading("The bill", words.BILL, words.BILL_HELP)
    bills = [answers.bill(side.bundle, answer.subject) for side, answer in zip(sides, given)]
    bars = [_bar(side, line) for side, lines in zip(sides, bills) for line in lines if _in_picture(side, line)]
    chart(figures.bill_chart(bars), "bill", words.BILL_ALT, ready)
    order = max(answers.order_bits(side.bundle) for side in sides)
    header = [f"{side.name}, {part} (bits)" for side in sides for part in ("latent", "total")]
    rows = [("pixels, in each total", words.PIXELS, [cell for lines in bills for cell in ("", f"{lines[0].pixel_bits:.1f}")])]
    for protocol in answers.PROTOCOLS:
        name = words.PROTOCOLS[protocol] + (" (incomplete)" if protocol in words.INCOMPLETE else "")
        cells = [cell for lines in bills for cell in _cells(lines, protocol)]
        rows.append((name, words.EXPLAINED[protocol].format(order=order), cells))
    st.html(figures.bill_table(header, rows))
    key = "left: {}, right: {}. Hover over a line's name to see what it means.".format(*(side.title for side in sides))
    note(key, *_notes(sides, given, bills, selection))
    st.markdown(LESSON_LINK)
    _explained(order)


def _explained(order: float) -> None:
    opened = st.expander("What each line means, with its formula", key="bill formulas", on_change="rerun")
    if not opened.open:  # what is not seen is not laid out anew with each click
        return
    with opened:
        for protocol in answers.PROTOCOLS:
            st.markdown(f"**{words.PROTOCOLS[protocol]}.** {words.EXPLAINED[protocol].format(order=order)}")
            st.latex(words.FORMULAS[protocol])
        st.markdown("**pixels**, added to each:")
        st.latex(words.PIXELS_FORMULA)


def _in_picture(side, line: answers.Line) -> bool:
    """Not the protocols that the model's prior has no use for; nor N(0, I) for a model that was not trained with it.

    A local model's far-out codes would cost so much there that every other bar would vanish.
    """
    if line.protocol == "global":
        return answers.best_protocol(side.bundle) == "global"
    return side.bundle.model.prior.needs_neighbour or line.protocol == answers.best_protocol(side.bundle)


def _bar(side, line: answers.Line) -> tuple:
    complete = line.protocol not in words.INCOMPLETE
    name = f"{side.name} · {words.PROTOCOLS[line.protocol]}" + ("" if complete else "<br>not a complete code")
    return name, line.pixel_bits, line.latent_bits, complete


def _cells(lines: list[answers.Line], protocol: str) -> list[str]:
    line = next(line for line in lines if line.protocol == protocol)
    if math.isnan(line.latent_bits):
        return ["–", "–"]
    return [f"{line.latent_bits:.2f}", f"{line.total_bits:.1f}"]


def _notes(sides, given, bills, selection: Selection) -> list[str]:
    """Why a dash is a dash, whose K and which distance the bill speaks of, and what a visitor's image cannot say."""
    notes = []
    for side, lines in zip(sides, bills):
        name = side.title
        reasons = dict.fromkeys(line.reason for line in lines if line.reason)
        if reasons:
            notes.append(f"A dash for {name}: {'; '.join(reasons)}.")
        k = side.bundle.config.neighbours
        if side.bundle.model.prior.needs_neighbour and k != selection.k:
            notes.append(f"The bill of {name} is for its own K = {k}, not for the {selection.k} shown.")
        if answers.best_protocol(side.bundle) != "global":
            notes.append(f"N(0, I) is not what {name} was trained with; the picture leaves it out.")
        if side.bundle.config.prior == "vamp":
            notes.append(words.VAMP_MIXTURE.format(name=name, count=side.bundle.config.pseudo_inputs))
    if selection.metric == "cosine":
        notes.append(words.COSINE_NOTE)
    if given[0].subject.id is None:
        notes.append(words.OWN_BILL)
    return list(dict.fromkeys(notes))
