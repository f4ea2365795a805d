"""The Compare page: every model there is, in one picture, one table and its training curves; then two of them in depth.

The page's settings stand in the address by themselves: its widgets are bound to query parameters of their names.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from explorer import compare_columns, compare_figures, comparisons, figures, naming, state
from explorer.chart import draw
from explorer.compare_columns import BY_KEY, COLUMNS, Column
from explorer.compare_table import models_table
from explorer.comparisons import INCOMPLETE, Model
from explorer.component import PALETTE
from explorer.lessons.words import COMPARE_LINK
from explorer.views import compare_pair, words
from explorer.views.compare_words import (
    AXES,
    CURVE_NOTES,
    CURVE_START,
    CURVES,
    DUEL,
    DUEL_READ,
    DUELS,
    KEPT,
    KEPT_HELP,
    LEAD,
    PARTS,
    PROBES,
    READ_STORY,
    READ_TABLE,
    STORY,
    STORY_FORMULAS,
)  # fmt: skip
from explorer.views.panels import plain
from lpvae import bundle as bundles
from lpvae.errors import UserError

UNITS, KINDS = ("nats", "bits"), ("png", "svg")


def render() -> None:
    """The page, from the top down."""
    st.header("All models, compared")
    st.markdown(LEAD)
    names = state.names()
    if not names:
        st.info(words.NO_BUNDLES.format(folder=state.models_folder()))
        return
    models = _models(names)
    if not models:
        st.error("None of the models can be read, so there is nothing to compare.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.segmented_control("Costs in", UNITS, default="nats", key="unit", required=True, bind="query-params",
                                    help="1 nat is 1.4427 bits: natural logarithms instead of logarithms to base 2.")  # fmt: skip
        kind = st.segmented_control("Charts download as", KINDS, default="png", key="kind", required=True, format_func=str.upper,
                                    bind="query-params", help="The camera above each chart saves it.")  # fmt: skip
    _story(models, unit, kind)
    _table(models, unit)
    _curves(models, unit, kind)
    compare_pair.section([m.name for m in models], unit, kind)


def _models(names: list[str]) -> list[Model]:
    """The rows that can be read; an error for each of the others."""
    models = []
    for name in names:
        path = state.models_folder() / name
        try:
            models.append(replace(_model(str(path), comparisons.stamp(path)), title=state.title(name)))
        except UserError as error:
            st.error(plain(str(error)))
    return models


@st.cache_resource(show_spinner=False, max_entries=256)
def _model(path: str, stamp: str) -> Model:
    return comparisons.read(Path(path))


# ---- The picture


@st.fragment
def _story(models: list[Model], unit: str, kind: str) -> None:
    st.subheader("What a code costs, and what can be read from it")
    st.caption(STORY)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = st.selectbox("Across", comparisons.KEPT, key="across", format_func=KEPT.get, help=KEPT_HELP, bind="query-params", width=330)
        probe = st.selectbox("Upwards", comparisons.PROBES, key="upwards", format_func=PROBES.get, bind="query-params", width=330,
                             help="How often a simple reader names the digit, from the code alone.")  # fmt: skip
    points, missing = _points(models, kept, probe, unit)
    if points:
        x_title = f"{KEPT[kept]}, {unit} an image"
        chart = compare_figures.story_chart(points, x_title, f"{PROBES[probe]}, % right", PALETTE, log=kept == "rise")
        draw(chart, "story",
             figures.config(f"models-{kept}-{probe}", kind), alt=_story_text(points, x_title, PROBES[probe]))  # fmt: skip
    if missing:
        st.caption("Not in the picture, for want of such a figure: " + ", ".join(plain(name) for name in missing) + ".")
    _duels(models, unit)
    with st.expander("How to read this, and the formulas"):
        st.markdown(READ_STORY)
        st.latex(STORY_FORMULAS[kept])


def _duels(models: list[Model], unit: str) -> None:
    """What the local prior alone changes, where two models differ in nothing else."""
    lines = []
    for a, b in comparisons.duels(models):
        cost, other = (comparisons.in_unit(m.total[m.best], unit) for m in (a, b))
        error = comparisons.in_unit(max(a.error.get(a.best, 0.0), b.error.get(b.best, 0.0)), unit)
        probes = [m.probe.get("linear_sampled") for m in (a, b)]
        read = "" if None in probes else DUEL_READ.format(probe=probes[0], other_probe=probes[1])
        lines.append(DUEL.format(local=plain(a.title), other=plain(b.title), difference=abs(cost - other), unit=unit, read=read,
                                 more="less" if cost < other else "more", cost=cost, other_cost=other, error=error,
                                 passes=a.passes, other_passes=b.passes))  # fmt: skip
    if lines:
        st.markdown("\n".join([DUELS, "", *lines]))


def _points(models: list[Model], kept: str, probe: str, unit: str) -> tuple[list[tuple], list[str]]:
    points, missing = [], []
    for m in models:
        nats = _kept(m, kept)
        if nats is None or probe not in m.probe or (kept == "rise" and nats <= 0):
            missing.append(m.title)
        else:
            points.append((m.title, comparisons.in_unit(nats, unit), m.probe[probe], naming.PRIORS[m.prior], m.decoder))
    return points, missing


def _kept(m: Model, kept: str) -> float | None:
    if kept == "price":
        return m.latent[m.best]
    if kept == "rise":
        return m.rise
    try:
        side = state.load("left", m.name)
    except UserError as error:
        st.error(plain(str(error)))
        return None
    with st.spinner(f"Reading the codes of {plain(m.title)}"):
        return _information(side.key, side.bundle)


@st.cache_resource(show_spinner=False, max_entries=256)
def _information(key: str, _bundle: bundles.Bundle) -> float:
    ids = np.random.default_rng(_bundle.seed).permutation(state.shown_ids(_bundle.images, "test"))
    return comparisons.information(_bundle.codes[ids], _bundle.sampled(ids))


def _story_text(points: list[tuple], x_title: str, probe: str) -> str:
    each = "; ".join(f"{name}: {x:.1f} and {y:.1f} %" for name, x, y, *_ in sorted(points, key=lambda p: p[1]))
    return f"Models by {x_title}, and by {probe}: {each}"


# ---- The table


@st.fragment
def _table(models: list[Model], unit: str) -> None:
    st.subheader("Every model, every price")
    st.caption(READ_TABLE.format(order=_orders(models, unit)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control("Costs shown", compare_columns.PARTS, default="total", key="part", required=True,
                                    format_func=PARTS.get, bind="query-params")  # fmt: skip
        keys = list(BY_KEY)
        sort = st.selectbox("Sort by", keys, index=keys.index("set"), key="sort", format_func=_title, bind="query-params", width=260)
        falling = st.toggle("Largest first", key="falling", bind="query-params")
        st.download_button("Table as CSV", compare_columns.csv_text(compare_columns.sorted_models(models, sort, falling, part), unit),
                           f"models-{unit}.csv", "text/csv", on_click="ignore")  # fmt: skip
    rows = compare_columns.sorted_models(models, sort, falling, part)
    best = {column.key: compare_columns.winners(models, column, part) for column in COLUMNS}
    models_table(_groups(), [_head(column) for column in (BY_KEY["name"], *COLUMNS)],
                 [_row(m, part, unit, best) for m in rows], sort, falling,
                 f"{len(rows)} models; {PARTS[part]} in {unit} an image", "models", _sort_by)  # fmt: skip
    st.caption(_measured(models))
    st.markdown(COMPARE_LINK)
    with st.expander("What each column means"):
        for column in COLUMNS:
            st.markdown(f"**{column.label}** ({column.group}). {column.help}")


def _title(key: str) -> str:
    return BY_KEY[key].label + (" (incomplete)" if key in INCOMPLETE else "")


def _sort_by(key: str) -> None:
    """A header that is pressed again turns the order round."""
    if key in BY_KEY:
        st.session_state["falling"] = st.session_state["sort"] == key and not st.session_state["falling"]
        st.session_state["sort"] = key


def _orders(models: list[Model], unit: str) -> str:
    return " or ".join(f"{comparisons.in_unit(order, unit):.2f} {unit} (of {n:,})" for n, order in sorted({(m.n, m.order) for m in models}))


def _groups() -> list[dict]:
    groups = dict.fromkeys(column.group for column in COLUMNS)
    spans = [{"text": g, "span": sum(c.group == g for c in COLUMNS), "classes": "first" + _hatch(g)} for g in groups]
    return [{"text": "", "span": 1, "classes": ""}, *spans]


def _head(column: Column) -> dict:
    return {"key": column.key, "label": column.label, "help": column.help, "classes": (_edge(column) + _hatch(column.group)).strip()}


def _hatch(group: str) -> str:
    return " incomplete" if group == compare_columns.NOT else ""


def _edge(column: Column) -> str:
    """The first column of each group has a line before it."""
    return "first" if column == next((c for c in COLUMNS if c.group == column.group), None) else ""


def _row(m: Model, part: str, unit: str, best: dict[str, set[str]]) -> list[dict]:
    return [{"text": m.title, "under": m.name, "hint": m.protocol_data, "classes": ""},
            *(_cell(m, column, part, unit, m.name in best[column.key]) for column in COLUMNS)]  # fmt: skip


def _cell(m: Model, column: Column, part: str, unit: str, best: bool) -> dict:
    text, classes = compare_columns.text(m, column, part, unit), _edge(column) + _hatch(column.group) + (" best" if best else "")
    under = ""
    if column.key in m.error and part == "total":
        under = f"± {comparisons.in_unit(m.error[column.key], unit):.2f}"
    if column.key in INCOMPLETE and text != "–":
        text = f"({text})"
    return {"text": text, "under": under, "hint": column.label + (": not a complete code" if _hatch(column.group) else ""),
            "classes": classes.strip()}  # fmt: skip


def _measured(models: list[Model]) -> str:
    said = sorted({f"{m.n:,} {m.split} images of {plain(m.protocol_data)}" for m in models})
    return f"Measured on {'; '.join(said)}; z sampled; ± one standard error. Bold: the best of a column of complete codes or probes."


# ---- The training


@st.fragment
def _curves(models: list[Model], unit: str, kind: str) -> None:
    st.subheader("How they got there")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.selectbox("Curve", comparisons.CURVES, key="curve", format_func=CURVES.get, bind="query-params", width=330)
        axis = st.segmented_control("Against", AXES, default="passes", key="against", required=True, bind="query-params")
    titles = [m.title for m in models]
    cheapest = min(models, key=lambda m: m.total[m.best])  # another decoder's costs lie so far off that all curves would be one
    alike = [m.title for m in models if m.decoder == cheapest.decoder]
    chosen = st.multiselect("Models drawn", titles, default=alike, key="drawn", bind="query-params", placeholder="none")
    st.caption(f"{CURVE_NOTES[what]} {CURVE_START}")
    series, bare = [], []
    for m in (m for m in models if m.title in chosen):
        passes, minutes, costs = comparisons.curve(m, what)
        if costs:
            series.append((m.title, passes if axis == "passes" else minutes, [comparisons.in_unit(c, unit) for c in costs]))
        else:
            bare.append(m.title)
    if series:
        ends = "; ".join(f"{name} ends at {ys[-1]:.1f}" for name, _, ys in series)
        draw(compare_figures.curves_chart(series, AXES[axis], f"{CURVES[what]}, {unit}", PALETTE), "curves",
             figures.config(f"training-{what.replace(' ', '-')}", kind), alt=f"{CURVES[what]} in {unit} against {AXES[axis]}: {ends}")  # fmt: skip
    if bare:
        st.caption("No such curve in the log of: " + ", ".join(plain(name) for name in bare) + ".")
