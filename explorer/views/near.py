"""The neighbours of the selected image in both latent spaces."""

import csv
import io

import numpy as np
import streamlit as st

from explorer import answers, figures
from explorer.gallery import choosable
from explorer.state import Selection
from explorer.views import words
from explorer.views.parts import columns, heading, name, note, small, title

SHARED, HERE, THERE = "shared", "only here", "only there"
CSV_HEADER = ("model", "metric", "place", "image", "label", "distance", "badge", "bits_with_its_prior")


def neighbours(sides, given, selection: Selection) -> None:
    """The K nearest in each latent space, a click on one chooses it; and how far off the other model's are."""
    heading("Its neighbours", words.NEIGHBOURS, words.NEIGHBOURS_HELP)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Distance", answers.METRICS, key="metric", required=True, format_func=words.METRICS.get,
                             help=words.METRIC_HELP)  # fmt: skip
        st.download_button("Neighbours as CSV", lambda: as_csv(sides, given), _file_name(given[0]), "text/csv",
                           key="neighbours csv", on_click="ignore")  # fmt: skip
    if selection.metric == "cosine":
        note(words.COSINE_NOTE)
    for column, side, answer, other in zip(columns(sides), sides, given, given[::-1]):
        with column:
            _row(side, answer, other, selection)
            with st.container(key=f"only-there-{side.name}"):
                _only_there(side, answer, other)


def _row(side, answer, other, selection: Selection) -> None:
    labels, near = side.bundle.images.labels, answer.near
    captions = [f"{name(labels[i])}\n{d:.{3 if near.metric == 'cosine' else 2}f}" for i, d in zip(near.ids, near.distances)]
    alts = [f"Neighbour {rank}: image {i}, {name(labels[i])}, {badge}"
            for rank, (i, badge) in enumerate(zip(near.ids, badges(answer, other)), 1)]  # fmt: skip
    choosable(side.bundle.bits(near.ids), captions, alts, selection.neighbour, f"near-{side.name}", choose,
              badges=badges(answer, other))  # fmt: skip
    note(purity(answer.subject.label, labels[near.ids]))


def badges(answer, other) -> list[str]:
    """For each neighbour, whether the other model names it too."""
    return [SHARED if both else HERE for both in np.isin(answer.near.ids, other.near.ids)]


def purity(label: int, labels: np.ndarray) -> str:
    """How many of the neighbours have the image's label; for an image without one, which labels they have."""
    if label >= 0:
        return f"{(labels == label).sum()} of {len(labels)} have the image's label, {label}."
    known, counts = np.unique(labels[labels >= 0], return_counts=True)
    if not len(known):
        return "The neighbours have no labels."
    order = np.argsort(-counts, kind="stable")
    return "Labels among them: " + ", ".join(f"{known[i]} ({counts[i]} of {len(labels)})" for i in order) + "."


def _only_there(side, answer, other) -> None:
    """The other model's neighbours that are none here."""
    ids = other.near.ids[~np.isin(other.near.ids, answer.near.ids)]
    if not len(ids):
        note(words.ALL_SHARED)
        return
    labels, found = side.bundle.images.labels, answers.elsewhere(side.bundle, answer.subject, ids, answer.near.metric)
    captions = [f"{name(labels[i])}\nrank {place:,}" for i, place in zip(ids, found.places)]
    alts = [f"Only there: image {i}, {name(labels[i])}, rank {place} here" for i, place in zip(ids, found.places)]
    st.html(small(words.ONLY_THERE) + figures.gallery(side.bundle.bits(ids), captions, alts, 2))


def choose(rank: int) -> None:
    """Make the neighbour of that rank the chosen one."""
    st.session_state["neighbour"] = rank


def as_csv(sides, given) -> str:
    """The neighbours in both spaces; then, for each model, the other's that are none here (the badge says which)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for side, answer, other in zip(sides, given, given[::-1]):
        near, labels = answer.near, side.bundle.images.labels
        head = side.bundle.name, near.metric
        for rank, (i, d, badge, book) in enumerate(zip(near.ids, near.distances, badges(answer, other), answer.books), 1):
            cost = f"{book.total_bits:.4f}" if side.bundle.model.prior.needs_neighbour else ""
            writer.writerow([*head, rank, i, labels[i], f"{d:.6f}", badge, cost])
        ids = other.near.ids[~np.isin(other.near.ids, near.ids)]
        found = answers.elsewhere(side.bundle, answer.subject, ids, near.metric)
        for i, d, place in zip(found.ids, found.distances, found.places):
            writer.writerow([*head, place, i, labels[i], f"{d:.6f}", THERE, ""])
    return out.getvalue()


def _file_name(answer) -> str:
    return f"neighbours-of-{title(answer.subject).replace(' ', '-')}.csv"
