"""The linked pair of maps on the page: what they are given, and what a visitor's hand on them does."""

from urllib.parse import parse_qsl

import numpy as np
import streamlit as st

from explorer import answers, colourings, shared, state
from explorer import sheets as sheets_of
from explorer.component import linked_maps, look_keeper
from explorer.sheets import Sheets
from explorer.state import Selection, Side
from explorer.views import controls, set_words, words
from explorer.views.panels import plain
from lpvae.errors import UserError

KEY = "maps"


def render(sides: tuple[Side, Side], given, selection: Selection) -> Sheets | None:
    """Show the maps; None where what they show cannot be written."""
    try:
        sheets = sheets_of.sprites(sides[0].bundle.images.sha256, sides[0].bundle.seed, sides[0].bundle)
        shown = {side.name: _map(side, selection.what) for side in sides}
        paths = [shared.path_on_maps(side, answer, selection.walk) for side, answer in zip(sides, given)]
        marks = {side.name: _marks(side, *known, selection.what) for side, *known in zip(sides, given, paths)}
        dreams = selection.walk == "dream" and all(path is not answer.path for path, answer in zip(paths, given))
        with st.container(key="map-room"):  # keeps the maps' place while they load: see `explore.STYLE`
            linked_maps(
                **shown, common=_common(sides, selection, sheets) | {"path_name": words.PATHS["dream" if dreams else "there"]},
                selected=given[0].subject.id, second=selection.second, marks=marks, look=selection.look(), look_version=st.session_state.get("look version", 0), key=KEY,
                on_event=_happened, on_drawn=_drawn,
            )  # fmt: skip
        _keep_look()
    except UserError as error:  # what the maps show cannot be written; the panels need no files
        st.error(plain(str(error)))
        return None
    for error in sheets.error:
        st.warning(plain(error))
    return sheets


def _common(sides, selection: Selection, sheets: Sheets) -> dict:
    images = sides[0].bundle.images
    return {
        "labels_url": state.labels_url(images.sha256, images),
        "label_names": [str(label) for label in range(int(images.labels.max()) + 1)],
        "ranges": state.ranges(state.shown_ids(images, selection.show)),
        "splits": [{"name": name, "ranges": state.ranges(np.asarray(ids))} for name, ids in images.splits.items()],
        "colourings": colourings.offered(*sides, selection, set_words.COLOURS),
        "sprite_urls": list(sheets.urls), "sprite_side": images.side, "sprite_rows_per_sheet": sheets_of.SHEET,
    }  # fmt: skip


def _map(side: Side, what: str) -> dict:
    points, values = state.points_urls(side.key, what, side.bundle)
    title = f"{side.title} · {words.WHATS[what]}"
    return {"title": title, "model": side.title, "points_url": points, "values_url": values, "values_name": "bits"}


def _marks(side: Side, answer: answers.Answer, path, what: str) -> dict:
    return answers.marks(answer, state.map_table(side.key, what, side.bundle), side.bundle.maps[what], path)


def _happened(event: dict) -> None:
    """A click, Escape, an outline, or a kept view that was opened."""
    if event["kind"] == "open":
        query = dict(parse_qsl(str(event.get("query", ""))[:4000]))
        for message in state.take(query, state.names()):
            controls.notice(message)
        st.session_state["reopened"] = True  # the models' widgets stand outside the fragment that runs next
        return
    state.looked(event.get("look") or {})
    if event["kind"] == "select" and event["id"] is not None:
        controls.select(int(event["id"]))
    elif event["kind"] in ("second", "clear"):
        st.session_state["second"] = event["id"] if event["kind"] == "second" else None


def _drawn() -> None:
    st.session_state["maps drawn"] = True


@st.fragment
def _keep_look() -> None:
    """A pan or a zoom runs this alone."""
    look_keeper(of=KEY, on_look=state.looked)
    state.write_address(state.current())


@st.fragment(run_every="6s")
def await_drawn() -> None:
    """The charts follow the maps, and come without them where no map ever says that it is drawn."""
    if st.session_state.get("maps drawn"):
        return
    st.caption(words.CHARTS_FOLLOW)
    if st.session_state.setdefault("awaits maps", 0) > 0:
        _drawn()
        st.rerun()
    st.session_state["awaits maps"] += 1


def await_rest(sides, selection: Selection, sheets: Sheets | None) -> None:
    """Look again in a while where thumbnails or colours are still being worked out."""
    agreed = colourings.agreement(*sides)
    if agreed.error:
        st.warning(plain(agreed.error))
    if (sheets and not sheets.ready) or agreed.awaited(selection.show):
        _poll(sides, selection, sheets)


@st.fragment(run_every="1s")
def _poll(sides, selection: Selection, sheets: Sheets | None) -> None:
    waits = colourings.agreement(*sides).awaited(selection.show)
    if waits:
        st.caption(set_words.AGREEMENT_FOLLOWS)
    if not waits and (sheets is None or sheets.ready):
        st.rerun()
