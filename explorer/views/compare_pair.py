"""Two models of the Compare page in depth: costs image by image, costs by class, and whose neighbours moved most."""

import numpy as np
import streamlit as st

from explorer import compare_figures, figures, neighbourhoods, pair_costs, state
from explorer.chart import draw
from explorer.comparisons import INCOMPLETE
from explorer.gallery import choosable
from explorer.state import Side
from explorer.views import pickers
from explorer.views.compare_words import DIFFERENCE, MOVED, ORDERS, PAIR, PROTOCOLS, SHOWN_PARTS
from explorer.views.parts import plain
from lpvae.bundle import Bundle
from lpvae.errors import UserError

PAGE = 24  # thumbnails at once
KS = (5, 10, 20, 50)


@st.fragment
def section(names: list[str], unit: str, kind: str) -> None:
    """Both models' choice and all that follows from it; a model that cannot be read leaves an error."""
    st.subheader("Two models, image by image")
    st.caption(PAIR)
    pair = _chosen(names)
    if pair is None:
        return
    ids = np.asarray(state.shown_ids(pair[0].bundle.images, "test"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        protocol = st.selectbox("Protocol", PROTOCOLS, key="protocol", format_func=PROTOCOLS.get, bind="query-params", width=330)
        part = st.segmented_control("Of it", SHOWN_PARTS, default="total", key="shares", required=True,
                                    format_func=SHOWN_PARTS.get, bind="query-params")  # fmt: skip
    costs = [_costs(side, protocol, part, unit) for side in pair]
    title = f"{SHOWN_PARTS[part]}, {unit} an image"
    complete = protocol not in INCOMPLETE or part == "pixels"
    if not complete:
        st.warning("A free neighbour is not a complete code: nobody told the receiver which neighbour. No message is this short.")
    _difference(pair, costs, unit)
    _histograms(pair, costs, title, complete, kind)
    _classes(pair, costs, title, complete, kind)
    if pair[0].bundle.images.sha256 == pair[1].bundle.images.sha256:
        _moved(pair, ids, unit)
    else:
        st.info("The two models were made from different images, so no image can have moved from one to the other.")


def _chosen(names: list[str]) -> tuple[Side, Side] | None:
    first = state.Selection.default(names)
    columns, sides = st.columns(2), []
    for column, key, label, default in zip(columns, "ab", ("Model A", "Model B"), (first.left, first.right)):
        pickers.kept_in_address(key, names, default)
        name = pickers.model(column, label, names, key)
        pickers.write_address(key, name, default)
        try:
            sides.append(state.load("left" if key == "a" else "right", name))
        except UserError as error:
            st.error(plain(str(error)))
    return tuple(sides) if len(sides) == 2 else None


def _costs(side: Side, protocol: str, part: str, unit: str) -> np.ndarray | None:
    ids = state.shown_ids(side.bundle.images, "test")
    nats = pair_costs.image_costs(side.bundle, protocol, ids, part)
    return None if nats is None else pair_costs.in_unit(nats, unit)


def _difference(pair, costs, unit: str) -> None:
    """The mean difference in words, where both models have such a code and the images are the same."""
    if any(c is None for c in costs) or pair[0].bundle.images.sha256 != pair[1].bundle.images.sha256:
        return
    mean, error = pair_costs.mean_difference(*costs)
    st.markdown(DIFFERENCE.format(difference=abs(mean), unit=unit, more="less" if mean < 0 else "more", error=error))


def _histograms(pair, costs, title: str, complete: bool, kind: str) -> None:
    known = [c for c in costs if c is not None]
    if known:
        edges = compare_figures.bins(known)
        highest = max(int(compare_figures.counted(c, edges).max()) for c in known)
    for column, side, found, colour, letter in zip(st.columns(2), pair, costs, compare_figures.PAIR, "AB"):
        with column:
            st.markdown(f"**{letter}: {plain(side.title)}**")
            if found is None:
                st.caption("This model has no such code.")
                continue
            chart = compare_figures.histogram(found, edges, title, colour, highest, complete)
            draw(chart, f"costs-{letter}",
                 figures.config(f"costs-{side.bundle.name}", kind), alt=f"Histogram of {title} for {side.title}: {_summary(found)}")  # fmt: skip


def _summary(costs: np.ndarray) -> str:
    low, middle, high = np.nanquantile(costs, [0.05, 0.5, 0.95])
    return f"mean {np.nanmean(costs):.1f}, half below {middle:.1f}, nine in ten between {low:.1f} and {high:.1f}"


def _classes(pair, costs, title: str, complete: bool, kind: str) -> None:
    series = []
    for side, found in zip(pair, costs):
        if found is not None:
            labels = side.bundle.images.labels[state.shown_ids(side.bundle.images, "test")]
            if rows := pair_costs.by_class(found, labels):
                series.append((side.title, rows))
    if not series:
        st.caption("There are no labels here, so there are no classes to compare.")
        return
    alt = "; ".join(f"{name}: " + ", ".join(f"{label} {mean:.1f}" for label, _, mean, _ in rows) for name, rows in series)
    draw(compare_figures.classes_chart(series, title, complete), "classes",
         figures.config("costs-by-class", kind), alt=f"Mean {title} by label. {alt}")  # fmt: skip


# ---- Moved most


@st.fragment
def _moved(pair, ids: np.ndarray, unit: str) -> None:
    st.subheader("Moved most")
    st.caption(MOVED)
    labels = pair[0].bundle.images.labels
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = state.max_k(min(len(side.bundle.table) for side in pair))
        ks = [k for k in KS if k <= most] or [most]
        k = st.selectbox("Neighbours, K", ks, index=min(1, len(ks) - 1), key="moved_k", bind="query-params", width=150)
        order = st.selectbox("First", pair_costs.ORDERS, key="moved_first", format_func=ORDERS.get, bind="query-params", width=200)
        there = [str(label) for label in np.unique(labels[ids]) if label >= 0]
        wanted = st.multiselect("Labels", there, key="moved_labels", bind="query-params", placeholder="all", width=260) if there else []
    with st.spinner("Looking for every image's neighbours in both latent spaces"):
        shared = _overlap(pair[0].key, pair[1].key, k, *(side.bundle for side in pair))
    difference = pair_costs.in_unit(pair_costs.difference(*(side.bundle for side in pair), ids), unit)
    positions = pair_costs.ranked(ids, shared, difference, order)
    if wanted:
        positions = positions[np.isin(labels[ids[positions]], [int(label) for label in wanted])]
    st.caption(_spread(shared, k, len(positions)))
    pages = max(1, -(-len(positions) // PAGE))
    if isinstance(turned := st.session_state.get("moved_page"), int) and turned > pages:
        st.session_state["moved_page"] = 1  # of a longer list
    page = st.number_input(f"Page (1 to {pages:,})", 1, pages, key="moved_page", bind="query-params", width=150) if pages > 1 else 1
    _thumbnails(pair, positions[(page - 1) * PAGE : page * PAGE], ids, shared, difference, k, unit)


@st.cache_resource(show_spinner=False, max_entries=64)
def _overlap(key_a: str, key_b: str, k: int, _a: Bundle, _b: Bundle) -> np.ndarray:
    return neighbourhoods.overlap(_a, _b, np.asarray(state.shown_ids(_a.images, "test")), k)


def _spread(shared: np.ndarray, k: int, found: int) -> str:
    none = 100 * float((shared == 0).mean())
    return (
        f"{found:,} images. On average {100 * shared.mean():.0f} % of an image's {k} nearest are the same in both spaces;"
        f" {none:.0f} % of the images keep none of them. Under each thumbnail: its neighbours in common, and how much dearer"
        " it is with A than with B, in each one's best code of one image alone."
    )


def _thumbnails(pair, positions, ids, shared, difference, k: int, unit: str) -> None:
    if not len(positions):
        st.caption("No image is left: choose other labels.")
        return
    bundle, chosen = pair[0].bundle, ids[positions]
    names = [f"label {bundle.images.labels[i]}" if bundle.images.labels[i] >= 0 else f"image {i}" for i in chosen]
    counts = np.rint(shared[positions] * k).astype(int)
    captions = [f"{name}\n{count} of {k}\n{more:+.1f} {unit}" for name, count, more in zip(names, counts, difference[positions])]
    alts = [f"Image {i}, {name}: {count} of {k} neighbours in common. Explore it" for i, name, count in zip(chosen, names, counts)]

    def explore(rank: int) -> None:
        st.session_state["explore this"] = int(chosen[rank - 1])

    choosable(bundle.bits(chosen), captions, alts, 0, "moved", explore)
    if (image := st.session_state.pop("explore this", None)) is not None:
        _open(pair, image)


def _open(pair, image: int) -> None:
    """The Explore page with this image selected, under the same two models."""
    page = st.Page(lambda: None, url_path="explore", default=True)  # stands for the one that the navigation knows
    query = {"left": pair[0].bundle.name, "right": pair[1].bundle.name, "id": str(image)}
    st.switch_page(page, query_params=query)
