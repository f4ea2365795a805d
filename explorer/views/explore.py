"""The one page: two linked maps, and what two models say of the selected image."""

import numpy as np
import streamlit as st

from explorer import answers, state
from explorer.component import linked_maps
from explorer.state import Selection, Side
from explorer.views import panels, words
from explorer.views.panels import plain
from lpvae.errors import UserError


def render() -> None:
    """The page, from the top down."""
    st.html("<style>[data-testid=stMainBlockContainer] { padding-top: 3rem; }</style>")  # room for the maps on a projector
    st.header(words.TITLE)
    st.markdown(words.LEAD)
    names = state.names()
    if not names:
        st.info(words.NO_BUNDLES.format(folder=state.models_folder()))
        return
    for message in state.start(names):
        st.warning(plain(message))
    sides = _sides(names)
    if sides:
        _pickers(names)
        _explore(*sides)


def _sides(names: list[str]) -> tuple[Side, Side] | None:
    """The two chosen bundles; instead of one that cannot be read, another that can, and the reason."""
    left = _first_that_loads("left", names)
    right = left and _first_that_loads("right", names)
    if right and right.bundle.images.sha256 != left.bundle.images.sha256:
        st.warning(
            f"{plain(right.bundle.name)} was made from other images than {plain(left.bundle.name)}, so the two maps cannot"
            f" be linked: {plain(left.bundle.name)} is shown on both."
        )
        right = Side("right", left.bundle, left.key)
        st.session_state["right"] = left.bundle.name
    return (left, right) if right else None


def _first_that_loads(side: str, names: list[str]) -> Side | None:
    asked = st.session_state[side]
    other = st.session_state["right" if side == "left" else "left"]
    for name in sorted(names, key=lambda n: (n != asked, n == other)):
        try:
            loaded = state.load(side, name)
        except UserError as error:
            if name == asked:
                st.error(plain(str(error)))
            continue
        st.session_state[side] = name
        return loaded
    st.error("None of the models can be read, so there is nothing to show.")
    return None


def _pickers(names: list[str]) -> None:
    for column, side in zip(st.columns(2), ("left", "right")):
        column.selectbox(f"Model on the {side}", names, key=side)


@st.fragment
def _explore(left: Side, right: Side) -> None:
    """All that a click changes: a click runs this alone."""
    images, table = left.bundle.images, left.bundle.table
    selection, messages = state.current().fitted(images, len(table))
    state.store(selection)
    _controls(selection, images, len(table))
    for message in [*messages, *st.session_state.pop("notices", [])]:
        st.warning(plain(message))
    sides = left, right
    given = [answers.answer(s.bundle, selection.id, selection.k, selection.neighbour, selection.second) for s in sides]
    sheets = _maps(sides, given, selection)
    state.write_address(selection)
    drawn = [state.pictures(side, answer) for side, answer in zip(sides, given)]
    panels.reconstructions(sides, drawn, selection)
    panels.neighbours(sides, given, selection)
    panels.strips(sides, given, drawn, selection)
    if st.session_state.get("maps drawn") or sheets is None:
        panels.priors(sides, given, drawn)
        panels.bill(sides, selection)
    else:  # the charts bring a plotly of their own, whose loading would hold up the first map by a second and more
        _await_maps()
    if sheets and not sheets.ready:
        _await_sheets(sheets)


def _controls(selection: Selection, images, table_size: int) -> None:
    counts = {"test": len(state.shown_ids(images, "test")), "all": len(images.pixels)}
    ids = state.shown_ids(images, selection.show)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Show", state.SHOWS, key="show", required=True, format_func=lambda s: words.SHOWS[s].format(**counts)
        )
        st.segmented_control(
            "Maps of", state.WHATS, key="what", required=True, format_func=words.WHATS.get, help=words.WHAT_HELP
        )
        last = len(images.pixels) - 1
        st.number_input(f"Image (row 0 to {last:,})", key="id", step=1, on_change=_keep_in_range,
                        args=("id", selection.id, last), width=190)  # fmt: skip
        labels = [int(label) for label in np.unique(images.labels) if label >= 0]
        if labels:
            st.selectbox("Random of label", labels, index=None, placeholder="any", key="label", width=150,
                         on_change=_choose_random, args=(ids, images.labels))  # fmt: skip
        st.button("Random", on_click=_choose_random, args=(ids, images.labels), help="A random image of those shown.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = state.max_k(table_size)
        if most > 1:
            st.slider("Neighbours, K", 1, most, key="k", help=words.K_HELP, width=330)
        st.number_input(f"Neighbour (1 to {selection.k})", key="neighbour", step=1, on_change=_keep_in_range,
                        args=("neighbour", selection.neighbour, selection.k, 1), help=words.NEIGHBOUR_HELP, width=190)  # fmt: skip
        st.number_input("Second image (row, or empty)", value=None, key="second", step=1, on_change=_keep_in_range,
                        args=("second", selection.second, last), help=words.SECOND_HELP, width=230,
                        placeholder="none")  # fmt: skip


def _keep_in_range(key: str, before: int | None, last: int, first: int = 0) -> None:
    """A number outside its range is put back, and the page says so."""
    value = st.session_state[key]
    if value is None and key == "second":
        return
    if value is None or not first <= value <= last:
        what = "neighbour" if key == "neighbour" else "image"
        asked = f"There is no {what} {value:,}: " if value is not None else ""
        _notice(f"{asked}choose a number from {first} to {last:,}.")
        st.session_state[key] = before
    elif key == "id":
        st.session_state["neighbour"] = 1


def _notice(text: str) -> None:
    st.session_state.setdefault("notices", []).append(text)


def _choose_random(ids: np.ndarray, labels: np.ndarray) -> None:
    label = st.session_state.get("label")
    if label is not None and (labels[ids] == label).any():
        ids = ids[labels[ids] == label]
    _select(int(np.random.default_rng().choice(ids)))


def _select(image: int) -> None:
    st.session_state["id"], st.session_state["neighbour"] = image, 1


def _clicked(event: dict | None) -> None:
    """A click on the maps: a new image, a second one, or Escape."""
    if not event:
        return
    if event["kind"] == "select" and event["id"] is not None:
        _select(int(event["id"]))
    else:
        st.session_state["second"] = event["id"] if event["kind"] == "second" else None


def _maps(sides, given, selection: Selection) -> state.Sheets | None:
    """The linked pair. The first map waits for no thumbnails: a thread draws them."""
    images, first = sides[0].bundle.images, sides[0].bundle
    try:
        sheets = state.sprites(images.sha256, first.seed, first)
        common = {
            "labels_url": state.labels_url(images.sha256, images),
            "label_names": [str(label) for label in range(int(images.labels.max()) + 1)],
            "ranges": state.ranges(state.shown_ids(images, selection.show)),
            "sprite_urls": list(sheets.urls), "sprite_side": images.side, "sprite_rows_per_sheet": state.SHEET,
        }  # fmt: skip
        shown = {side.name: _map(side, selection.what) for side in sides}
        marks = {side.name: _marks(side, answer, selection.what) for side, answer in zip(sides, given)}
        linked_maps(**shown, common=common, selected=selection.id, second=selection.second, marks=marks, key="maps",
                    on_event=_clicked, on_drawn=_maps_drawn)  # fmt: skip
    except UserError as error:  # what the maps show cannot be written; the panels need no files
        st.error(plain(str(error)))
        return None
    for error in sheets.error:
        st.warning(plain(error))
    return sheets


def _map(side: Side, what: str) -> dict:
    points, values = state.points_urls(side.key, what, side.bundle)
    title = f"{side.bundle.name} · {words.WHATS[what]}"
    return {"title": title, "points_url": points, "values_url": values, "values_name": "bits"}


def _marks(side: Side, answer: answers.Answer, what: str) -> dict:
    return answers.marks(answer, state.map_table(side.key, what, side.bundle), side.bundle.maps[what])


def _maps_drawn() -> None:
    st.session_state["maps drawn"] = True


@st.fragment(run_every="6s")
def _await_maps() -> None:
    """The charts follow the maps, and come without them where no map ever says that it is drawn."""
    st.caption(words.CHARTS_FOLLOW)
    if st.session_state.setdefault("awaits maps", 0) > 0:
        _maps_drawn()
        st.rerun()
    st.session_state["awaits maps"] += 1


@st.fragment(run_every="1s")
def _await_sheets(sheets: state.Sheets) -> None:
    if sheets.ready:
        st.rerun()
