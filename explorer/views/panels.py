"""What two models say of the selected image, one function a panel. `sides`, `given` and `drawn` go left, right."""

import math
import re

import numpy as np
import streamlit as st

from explorer import answers, figures
from explorer.gallery import choosable
from explorer.state import Selection, Side
from explorer.views import words


def neighbours(sides, given, selection: Selection) -> None:
    """The K nearest in each latent space; a click on one chooses it."""
    _heading("Its neighbours", words.NEIGHBOURS)
    for column, side, answer in zip(_columns(sides), sides, given):
        labels = side.bundle.images.labels
        captions = [f"{_label(labels[i])}\n{d:.2f}" for i, d in zip(answer.near.ids, answer.near.distances)]
        alts = [f"Neighbour {rank}: image {i}, {_label(labels[i])}" for rank, i in enumerate(answer.near.ids, 1)]
        with column:
            choosable(side.bundle.bits(answer.near.ids), captions, alts, selection.neighbour, f"near-{side.name}", choose)
        same = (labels[answer.near.ids] == labels[selection.id]).sum()
        if labels[selection.id] >= 0:
            column.caption(f"{same} of {selection.k} have the image's label, {labels[selection.id]}. Distances are Euclidean.")


def choose(rank: int) -> None:
    """Make the neighbour of that rank the chosen one."""
    st.session_state["neighbour"] = rank


def reconstructions(sides, drawn, selection: Selection) -> None:
    """The image's bits, and a picture from a sample of its code."""
    _heading("The image and its reconstruction", words.RECONSTRUCTION)
    for column, side, pictures in zip(_columns(sides), sides, drawn):
        x = side.bundle.bits(np.array([selection.id]))[0]
        label = _label(side.bundle.images.labels[selection.id])
        pair = np.stack([x, pictures.reconstruction])
        captions = [f"image {selection.id}: {label}", "reconstruction"]
        column.html(figures.gallery(pair, captions, [f"Image {selection.id}, {label}", "Its reconstruction"], 5))


def strips(sides, given, drawn, selection: Selection) -> None:
    """The pictures along the straight line from the image to the neighbour or the second image."""
    _heading("From here to there", words.STRIP)
    for column, side, answer, pictures in zip(_columns(sides), sides, given, drawn):
        towards = f"neighbour {selection.neighbour}" if selection.second is None else "the second image"
        steps = np.linspace(0, 100, answers.FRAMES)
        captions = ["start", *[f"{step:.0f} %" for step in steps[1:-1]], "end"]
        alts = [f"Interpolation, {step:.1f} percent of the way" for step in steps]
        column.html(figures.gallery(pictures.strip, captions, alts, 2))
        label = _label(side.bundle.images.labels[answer.target])
        column.caption(f"From image {answer.image} to {towards}, image {answer.target} ({label}).")


def priors(sides, given, drawn) -> None:
    """Posterior, prior and N(0, 1) of each dimension, and pictures from the prior."""
    _heading("What the prior expects", words.PRIOR)
    for column, side, answer, pictures in zip(_columns(sides), sides, given, drawn):
        with column:
            local = side.bundle.model.prior.needs_neighbour
            name = "local prior p(z|ĉ)" if local else "prior N(0, I)"
            book = answer.book
            chart = figures.codebook_chart(book.code, book.mean, book.deviation, book.kl_bits, name)
            st.plotly_chart(chart, key=f"codebook-{side.name}", config={"displayModeBar": False},
                            alt=f"Per dimension: posterior, {name} and N(0, 1), and the bits between them")  # fmt: skip
            st.markdown(_sum_of_bits(side, answer, local))
            captions = [f"sample {n}" for n in range(1, answers.PICTURES + 1)]
            st.html(figures.gallery(pictures.from_prior, captions, captions, 3))
    st.caption(words.PRIOR_PICTURES)
    with st.popover("Formula"):
        st.latex(words.PRIOR_FORMULA)
        st.markdown(words.PRIOR_SYMBOLS)


def _sum_of_bits(side: Side, answer: answers.Answer, local: bool) -> str:
    total = answer.book.kl_bits.sum()
    if not local:
        return f"The dimensions sum to **{total:.2f} bits**: the latent bill under N(0, I). No neighbour is asked."
    free = answers.bill(side.bundle, answer.image)[0].latent_bits
    estimated = "" if side.bundle.config.prior_components == 1 else " (estimated from one sample of z)"
    return (
        f"Given neighbour {answer.chosen}, the dimensions sum to **{total:.2f} bits**; the mean over the"
        f" {side.bundle.config.neighbours} nearest is the bill's free neighbour, {free:.2f} bits{estimated}."
    )


def bill(sides, selection: Selection) -> None:
    """What sending the image costs under each protocol: a picture first, then the table."""
    _heading("The bill", words.BILL)
    bills = [answers.bill(side.bundle, selection.id) for side in sides]
    chart = [_bar(side, line) for side, lines in zip(sides, bills) for line in lines if _in_picture(side, line)]
    st.plotly_chart(figures.bill_chart(chart), key="bill", config={"displayModeBar": False},
                    alt="Bits for the pixels and for the latent, by model and protocol; the same figures stand in the table")  # fmt: skip
    order = max(answers.order_bits(side.bundle) for side in sides)
    header = [f"{side.name}, {part} (bits)" for side in sides for part in ("latent", "total")]
    rows = [("pixels, in each total", words.PIXELS, [cell for lines in bills for cell in ("", f"{lines[0].pixel_bits:.1f}")])]
    for protocol in answers.PROTOCOLS:
        name = words.PROTOCOLS[protocol] + (" (incomplete)" if protocol in words.INCOMPLETE else "")
        cells = [cell for lines in bills for cell in _cells(lines, protocol)]
        rows.append((name, words.EXPLAINED[protocol].format(order=order), cells))
    st.html(figures.bill_table(header, rows))
    st.caption("left: {}, right: {}. Hover over a line's name to see what it means.".format(
        *(plain(side.bundle.name) for side in sides)))
    for note in _notes(sides, bills, selection):
        st.caption(note)
    with st.expander("What each line means, with its formula"):
        for protocol in answers.PROTOCOLS:
            st.markdown(f"**{words.PROTOCOLS[protocol]}.** {words.EXPLAINED[protocol].format(order=order)}")
            st.latex(words.FORMULAS[protocol])
        st.markdown("**pixels**, added to each:")
        st.latex(words.PIXELS_FORMULA)


def _in_picture(side: Side, line: answers.Line) -> bool:
    """Under N(0, I) a local model's far-out codes would cost so much that every other bar would vanish."""
    return not math.isnan(line.latent_bits) and (line.protocol != "global" or not side.bundle.model.prior.needs_neighbour)


def _bar(side: Side, line: answers.Line) -> tuple:
    complete = line.protocol not in words.INCOMPLETE
    name = f"{side.name} · {words.PROTOCOLS[line.protocol]}" + ("" if complete else "<br>not a complete code")
    return name, line.pixel_bits, line.latent_bits, complete


def _cells(lines: list[answers.Line], protocol: str) -> list[str]:
    line = next(line for line in lines if line.protocol == protocol)
    if math.isnan(line.latent_bits):
        return ["–", "–"]
    return [f"{line.latent_bits:.2f}", f"{line.total_bits:.1f}"]


def _notes(sides, bills, selection: Selection) -> list[str]:
    """Why a dash is a dash, and whose K the bill speaks of."""
    notes = []
    for side, lines in zip(sides, bills):
        reasons = dict.fromkeys(line.reason for line in lines if line.reason)
        if reasons:
            notes.append(f"A dash for {plain(side.bundle.name)}: {'; '.join(reasons)}.")
        k = side.bundle.config.neighbours
        if side.bundle.model.prior.needs_neighbour:
            if k != selection.k:
                notes.append(f"The bill of {plain(side.bundle.name)} is for its own K = {k}, not for the {selection.k} shown.")
            notes.append(f"N(0, I) is not what {plain(side.bundle.name)} was trained with; the picture leaves it out.")
    return list(dict.fromkeys(notes))


def _heading(text: str, caption: str) -> None:
    st.subheader(text)
    st.caption(caption)


def _columns(sides):
    columns = st.columns(2)
    for column, side in zip(columns, sides):
        column.markdown(f"**{plain(side.bundle.name)}**")
    return columns


def _label(label) -> str:
    return f"label {label}" if label >= 0 else "no label"


def plain(text: str) -> str:
    """Text that is not ours (a folder's name, a part of an address), for Streamlit's markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:&])", r"\\\1", text)
