"""What the page shows and where it comes from: the selection ↔ the address bar, and what all visitors share.

Bundles lie in assets/models; the environment variable LPVAE_MODELS names another folder, such as a researcher's own.
Everything cached here is shared by all visitors and is never changed.
"""

import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import streamlit as st
import torch

from explorer import answers, colourings, look, naming, shared, sheets
from explorer.component import publish_labels, publish_points
from explorer.selection import MAX_K, SHOWS, WALKS, WHATS, Selection, is_whole, max_k, shown_ids  # noqa: F401  others' too
from lpvae import bundle as bundles
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.errors import UserError

# Two models answer a click in one process, and a step of the cached decoder is too small to share between cores.
torch.set_num_threads(1)


def models_folder() -> Path:
    """Where the bundles lie."""
    return Path(os.environ.get("LPVAE_MODELS") or bundles.MODELS)


def ranges(ids: np.ndarray) -> list[list[int]]:
    """Sorted ids as [start, stop) runs."""
    breaks = np.flatnonzero(np.diff(ids) > 1) + 1
    return [[int(run[0]), int(run[-1]) + 1] for run in np.split(ids, breaks) if len(run)]


# The session: widgets hold the state, the address bar follows; an address that the visitor changed goes before.


def start(names: list[str]) -> list[str]:
    """Take a new address into the session's widgets, or back what another page made Streamlit forget; messages earned."""
    address, session = st.query_params.to_dict(), st.session_state
    kept = session.get("kept")
    if kept is not None and not (address and _is_new(address)):
        for key, value in asdict(kept).items():
            session.setdefault(_kept_as(key), value)
        for side in ("left", "right"):  # a bundle may have gone since
            if session[side] not in names:
                session[side] = getattr(Selection.default(names), side)
        return []
    base = replace(kept, view="", lasso="") if kept and not is_whole(address) else None
    selection, messages = Selection.from_query(address, names, base)
    store(selection)
    session["address"] = address
    return messages


def take(query: dict[str, str], names: list[str]) -> list[str]:
    """Select what an address asks for, as `start` does, where no address bar says it; the messages that it earns."""
    selection, messages = Selection.from_query(query, names)
    store(selection)
    return messages


def current() -> Selection:
    """What the widgets and the maps say."""
    session = st.session_state
    return Selection(**{field.name: session[_kept_as(field.name)] for field in fields(Selection)})


def store(selection: Selection) -> None:
    """Set the widgets and the maps' look, before they are drawn."""
    session = st.session_state
    if any(session.get(_kept_as(part)) != text for part, text in selection.look().items()):
        session["look version"] = session.get("look version", 0) + 1  # the maps take over what we say, not we what they say
    for name, value in asdict(selection).items():
        if (key := _kept_as(name)) not in session or session[key] != value:
            session[key] = value


def _kept_as(name: str) -> str:
    """The session's key: the widget's, or one of our own for what the maps say."""
    return f"maps {name}" if name in look.PARTS else name


def looked(texts: dict[str, str]) -> None:
    """The maps tell how they are looked at now."""
    for part in look.PARTS:
        if isinstance(text := texts.get(part), str) and look.fits(part, text):
            st.session_state[_kept_as(part)] = text


def forget_outline(*sides: str) -> None:
    """Drop a set that was outlined on one of these maps: its points lie elsewhere now."""
    selection = current()
    if selection.lasso.partition("_")[0] in sides:
        store(replace(selection, lasso=""))


def write_address(selection: Selection) -> None:
    """Let the address bar say what is on the page."""
    query, session = selection.to_query(), st.session_state
    session["kept"] = selection
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    if session.get("address") != query:
        session["replaced"] = session.get("address"), time.monotonic()
        session["address"] = query


def _is_new(address: dict[str, str]) -> bool:
    """Whether the visitor changed the address; not so where the browser had only not yet heard of our own change."""
    replaced, when = st.session_state.get("replaced", (None, 0.0))
    late = address == replaced and time.monotonic() - when < 3
    return address != st.session_state.get("address") and not late


# Shared by all visitors.


def names() -> list[str]:
    """Names of the bundles that are there."""
    return bundles.available(models_folder())


def namings() -> dict[str, naming.Naming]:
    """The title and the line of every bundle that is there, by its folder's name; no two titles are the same."""
    paths = {name: models_folder() / name for name in names()}
    return naming.distinct({name: _naming(str(path), _changed(path / bundles.META)) for name, path in paths.items()})


@st.cache_resource(show_spinner=False, max_entries=256)
def _naming(path: str, changed: int) -> naming.Naming:
    return naming.read(Path(path))


def title(name: str) -> str:
    """The words for the bundle of that name."""
    found = namings().get(name)
    return found.title if found else name


@dataclass(frozen=True)
class Side:
    """One half of the page: "left" or "right", its bundle, a key that changes when the bundle's files do, its model in words."""

    name: str
    bundle: Bundle
    key: str
    title: str = ""


def load(side: str, name: str) -> Side:
    """A bundle, read once for all visitors and again when its files change. Raises UserError where it is damaged."""
    path = models_folder() / name
    stamp = " ".join(str(_changed(path / part)) for part in (bundles.META, bundles.WEIGHTS, bundles.ARRAYS))
    return Side(side, _load(str(path), stamp), f"{path} {stamp}", title(name))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=16)
def _load(path: str, stamp: str) -> Bundle:
    try:
        loaded = bundles.load(Path(path), _mnist())
        _ = loaded.table  # built here, once, rather than by two visitors at a time
        return loaded
    except UserError:
        raise
    except Exception as error:  # a file that passes its checks and yet makes no model: say so, and go on with the others
        raise UserError(f"the bundle {path} cannot be read ({type(error).__name__}): build it again.") from error


@st.cache_resource(show_spinner=False)
def _mnist() -> data.Images | None:
    try:
        return data.load("mnist")
    except UserError:
        return None  # only bundles of MNIST need it, and loading one of them says what is wrong


@st.cache_resource(show_spinner=False, max_entries=32)
def points_urls(key: str, what: str, _bundle: Bundle) -> tuple[str, str]:
    """Addresses of a map's points and of the cost of each, in bits."""
    return publish_points(_bundle.maps[what]), colourings.costs_url(key, _bundle)


@st.cache_resource(show_spinner=False, max_entries=16)
def labels_url(sha256: str, _images: data.Images) -> str:
    """The address of the labels."""
    return publish_labels(_images.labels)


@st.cache_resource(show_spinner=False, max_entries=32)
def map_table(key: str, what: str, _bundle: Bundle) -> CodeTable:
    """The codes that place new ones on a map."""
    return answers.map_table(_bundle, what)


def publish() -> None:
    """Write the thumbnails, which every browser fetches. Raises UserError where that fails."""
    if there := names():
        bundle = load("left", Selection.default(there).left).bundle
        for error in sheets.drawn(bundle).error:
            raise UserError(error)


def prepare() -> None:
    """Do ahead all that a first visit with no address needs: read its two models, publish their points, decode once.

    Raises UserError where a model cannot be read.
    """
    import plotly.graph_objects  # noqa: F401  a second that the first chart would wait for

    there = names()
    if not there:
        return
    chosen = Selection.default(there)
    sides = [load("left", chosen.left), load("right", chosen.right)]
    for side in sides:
        images = side.bundle.images
        points_urls(side.key, chosen.what, side.bundle)
        labels_url(images.sha256, images)
        map_table(side.key, chosen.what, side.bundle)
        fitted, _ = chosen.fitted(images, len(side.bundle.table))
        shared.pictures_of(side, shared.answer(side, fitted))
    sheets.sprites(sides[0].bundle.images.sha256, sides[0].bundle.seed, sides[0].bundle)
    for side in sides:
        shared.graph_of(side)
