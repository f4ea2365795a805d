"""What the prior expects: dimension by dimension, neighbour by neighbour, and as pictures."""

import numpy as np
import streamlit as st

from explorer import figures
from explorer.codebooks import DRAWS
from explorer.views import words
from explorer.views.parts import chart, columns, heading, note, small
from lpvae.costs import bits


def priors(sides, given, ready: bool) -> list:
    """Posterior, prior and N(0, 1) of each dimension; what each neighbour's prior costs. Returns the pictures' places."""
    heading("What the prior expects", words.PRIOR, words.PRIOR_HELP)
    longest, most = max(len(answer.book.code) for answer in given), figures.SHOWN
    if longest > most and st.toggle(words.ALL_DIMENSIONS.format(count=longest), key="all dimensions"):
        most = longest
    places = []
    for column, side, answer in zip(columns(sides), sides, given):
        with column:
            _dimensions(side, answer, ready, most)
            places.append(st.container(key=f"samples-{side.name}"))
            if side.bundle.model.prior.needs_neighbour:
                _neighbours(side, answer, ready)
    note(words.PRIOR_PICTURES)
    if (opened := st.popover("Formula", key="prior formula", on_change="rerun")).open:
        opened.latex(words.PRIOR_FORMULA)
        opened.markdown(words.PRIOR_SYMBOLS)
    return places


def pictures(place, drawn) -> None:
    """Pictures drawn from the prior."""
    captions = [f"sample {n}" for n in range(1, len(drawn.from_prior) + 1)]
    place.html(figures.gallery(drawn.from_prior, captions, captions, 3))


def prior_name(side) -> str:
    """The side's prior in words."""
    prior = side.bundle.config.prior
    return {"local": "local prior p(z|ĉ)", "global": "prior N(0, I)"}.get(prior, "prior, a mixture for all images")


def _dimensions(side, answer, ready: bool, most: int) -> None:
    book, label = answer.book, prior_name(side)
    others = [b.mean for b in answer.books if b is not book] if side.bundle.model.prior.needs_neighbour else []
    figure = figures.codebook_chart(book.code, book.mean, book.deviation, book.kl_bits, label, np.array(others), most)
    chart(figure, f"codebook-{side.name}", words.PRIOR_ALT.format(name=label), ready)
    hidden = len(book.code) - most
    st.html(f"{small(_hidden(book, hidden)) if hidden > 0 else ''}<p>{_sum_of_bits(side, answer)}</p>")


def _hidden(book, hidden: int) -> str:
    if book.kl_bits is None:
        return f"The first {len(book.code) - hidden} of {len(book.code)} dimensions are shown."
    rest = np.sort(book.kl_bits)[:hidden].sum()
    return f"The costliest {len(book.code) - hidden} dimensions are shown; the other {hidden} cost {rest:.2f} bits together."


def _sum_of_bits(side, answer) -> str:
    """HTML: our own words and numbers."""
    book = answer.book
    total = f"<strong>{book.total_bits:.2f} bits</strong>"
    if book.kl_bits is None:
        total = f"<strong>{book.total_bits:.2f} ± {book.error_bits:.2f} bits</strong>"
        return words.JOINT_SUM.format(total=total, draws=DRAWS)
    if not side.bundle.model.prior.needs_neighbour:
        return f"The dimensions sum to {total}: the latent bill under N(0, I). No neighbour is asked."
    free = float(bits(answer.subject.costs["free_neighbour"]))
    estimated = "" if side.bundle.config.prior_components == 1 else " (estimated from one sample of z)"
    return (
        f"Given neighbour {answer.chosen}, the dimensions sum to {total}; the mean over the"
        f" {side.bundle.config.neighbours} nearest is the bill's free neighbour, {free:.2f} bits{estimated}."
    )


def _neighbours(side, answer, ready: bool) -> None:
    note(words.EACH_NEIGHBOUR)
    totals = np.array([book.total_bits for book in answer.books])
    figure = figures.neighbours_chart(totals, answer.near.ids, answer.chosen)
    chart(figure, f"neighbour-bits-{side.name}", words.EACH_ALT.format(least=totals.min(), most=totals.max()), ready)
