"""The panel about a set of images, outlined on a map or filtered: who is in it, what they cost, which of them are typical."""

from dataclasses import replace

import numpy as np
import streamlit as st

from explorer import figures, set_figures, sets, state
from explorer.gallery import choosable
from explorer.lessons.words import SET_LINK
from explorer.state import Selection, Side
from explorer.views import set_words as words
from explorer.views.parts import chart, plain

TYPICAL = 6  # images at either end


def render(sides: tuple[Side, Side], selection: Selection) -> None:
    """The panel, where there is a set."""
    bundles = {side.name: side.bundle for side in sides}
    ids = sets.members(bundles, selection)
    if ids is None:
        return
    st.subheader("The set")
    whence = selection.lasso.partition("_")[0]
    st.caption(f"{len(ids):,} images, {words.WHENCE[whence]}. {words.SET}")
    with st.container(horizontal=True):
        if len(ids):
            _exports(sides, ids)
        st.button("Drop the set", on_click=_drop, help=words.DROP)
    if len(ids):
        _labels(sides[0], ids, sets.shown(bundles, selection))
        for column, side in zip(st.columns(2), sides):
            with column:
                _model(side, ids)
        st.markdown(SET_LINK)


def _drop() -> None:
    state.store(replace(state.current(), lasso=""))


def _exports(sides, ids: np.ndarray) -> None:
    """Made when they are asked for: a set may be all images."""
    bundles = [side.bundle for side in sides]
    for name, suffix, write, mime in (
        ("CSV", "csv", sets.csv, "text/csv"),
        ("Parquet", "parquet", sets.parquet, "application/vnd.apache.parquet"),
    ):
        st.download_button(
            name, lambda write=write: write(sets.table(bundles, ids)), f"set.{suffix}", mime, on_click="ignore",
            help=words.EXPORT,
        )  # fmt: skip


def _labels(side: Side, ids: np.ndarray, shown: np.ndarray) -> None:
    images = side.bundle.images
    all_counts = dict(sets.label_counts(images, shown))
    counts = [(str(label) if label >= 0 else "none", n, all_counts[label]) for label, n in sets.label_counts(images, ids)]
    chart(set_figures.labels_chart(counts), "set-labels",
          "Images of the set by label: " + ", ".join(f"{name}: {n}" for name, n, _ in counts), True)  # fmt: skip


def _model(side: Side, ids: np.ndarray) -> None:
    bundle = side.bundle
    st.markdown(f"**{plain(side.title)}**")
    rows = [(words.MEANS.get(mean.name, mean.name), words.EXPLAINED.get(mean.name, words.EXPLAINED["latent"]),
             [f"{mean.bits:.1f}", f"± {mean.error:.1f}" if mean.count > 1 else "–", f"{mean.count:,}"])
            for mean in sets.mean_costs(bundle, ids)]  # fmt: skip
    st.html(figures.bill_table(["mean bits an image", "standard error", "images"], rows))
    order, distances = sets.by_typicality(bundle, ids)
    ends = {"Most typical": slice(0, TYPICAL), "Least typical": slice(max(TYPICAL, len(ids) - TYPICAL), None)}
    for title, part in ends.items():
        if len(chosen := order[part]):
            st.caption(f"{title}: {words.TYPICAL[title]}")
            _row(side, title, chosen, distances[part])
    st.caption(words.PROTOTYPE)
    st.html(figures.gallery(_prototype(side, ids)[None], ["prototype"], [f"The set's prototype under {side.title}"], 3))


def _row(side: Side, title: str, ids: np.ndarray, distances: np.ndarray) -> None:
    labels = side.bundle.images.labels
    named = [f"label {labels[i]}" if labels[i] >= 0 else "no label" for i in ids]
    captions = [f"{name}\n{distance:.2f}" for name, distance in zip(named, distances)]
    alts = [f"{title}: image {i}, {name}" for i, name in zip(ids, named)]

    def choose(rank: int) -> None:
        st.session_state["id"], st.session_state["neighbour"] = int(ids[rank - 1]), 1

    choosable(side.bundle.bits(ids), captions, alts, 0, f"set-{title}-{side.name}", choose)


def _prototype(side: Side, ids: np.ndarray) -> np.ndarray:
    return _drawn(side.key, ids.tobytes(), side.bundle)


@st.cache_resource(show_spinner=False, max_entries=64)
def _drawn(key: str, ids: bytes, _bundle) -> np.ndarray:
    return sets.prototype(_bundle, np.frombuffer(ids, np.int64))
