"""What the page shows and where it comes from: the selection ↔ the address bar, and what all visitors share.

Bundles lie in assets/models; the environment variable LPVAE_MODELS names another folder, such as a researcher's own.
Everything cached here is shared by all visitors and is never changed.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import streamlit as st
import torch

from explorer import answers
from explorer.component import plotly_url, publish_labels, publish_points, publish_sprites, publish_values
from lpvae import bundle as bundles
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.codes import CodeTable
from lpvae.errors import UserError

MAX_K = 50
SHOWS = ("test", "all")
WHATS = ("code", "sampled")
DEFAULTS = {"left": "global-autoregressive", "right": "local-autoregressive"}
SHEET = 10_000  # thumbnails a sprite sheet

# Two models answer a click in one process, and a step of the cached decoder is too small to share between cores.
torch.set_num_threads(1)


def models_folder() -> Path:
    """Where the bundles lie."""
    return Path(os.environ.get("LPVAE_MODELS") or bundles.MODELS)


@dataclass(frozen=True)
class Selection:
    """All that the address bar holds, and so all that a link restores.

    left, right: names of bundles; show: "test" or "all" images; what: maps of "code" or "sampled" z; id, second: row ids
    (None: the first test image; no second image); k: neighbours; neighbour: rank of the chosen one, from 1.
    """

    left: str
    right: str
    show: str = "test"
    what: str = "code"
    id: int | None = None
    k: int = 5
    neighbour: int = 1
    second: int | None = None

    @classmethod
    def default(cls, names: list[str]) -> "Selection":
        """The global and the local autoregressive model where they are there, else the first two. names: not empty."""
        left = DEFAULTS["left"] if DEFAULTS["left"] in names else names[0]
        others = [name for name in names if name != left] or names
        return cls(left, DEFAULTS["right"] if DEFAULTS["right"] in others else others[0])

    @classmethod
    def from_query(cls, query: Mapping[str, str], names: list[str]) -> tuple["Selection", list[str]]:
        """The selection that an address asks for; what it asks wrongly keeps its default and earns a message."""
        selection, messages = cls.default(names), []
        for key, text in query.items():
            value, message = _parsed(key, str(text), names)
            if message:
                messages.append(message)
            else:
                selection = replace(selection, **{key: value})
        return selection, messages

    def to_query(self) -> dict[str, str]:
        """The inverse of `from_query`."""
        return {key: str(value) for key, value in asdict(self).items() if value is not None}

    def fitted(self, images: data.Images, table_size: int) -> tuple["Selection", list[str]]:
        """This selection with row ids and ranks that the data has, and a message for each that it has not."""
        first = int(shown_ids(images, "test")[0])
        fit, messages = replace(self, id=first) if self.id is None else self, []
        for key, instead, text in (("id", first, f"image {first} is shown"), ("second", None, "there is no second image")):
            if (value := getattr(fit, key)) is not None and not 0 <= value < len(images.pixels):
                messages.append(f"There is no image {value:,}: row numbers go from 0 to {len(images.pixels) - 1:,}; {text}.")
                fit = replace(fit, **{key: instead})
        k = min(fit.k, max_k(table_size))
        return replace(fit, k=k, neighbour=min(fit.neighbour, k)), messages


def max_k(table_size: int) -> int:
    """The most neighbours that can be asked of a table, the image itself left out."""
    return max(1, min(MAX_K, table_size - 1))


def _parsed(key: str, text: str, names: list[str]) -> tuple[object, str]:
    """The value of one part of an address, and a message where it makes no sense."""
    shown = repr(text[:40])
    if key in ("left", "right"):
        return text, "" if text in names else f"There is no bundle {shown}: there are {', '.join(names)}."
    choices = {"show": SHOWS, "what": WHATS}.get(key)
    if choices:
        return text, "" if text in choices else f"The address asks for {key} {shown}; it can be {' or '.join(choices)}."
    if key not in {field.name for field in fields(Selection)}:
        return None, f"The address has {repr(key[:40])}, which means nothing here."
    # more digits than any row number has; and int() would take '１' or '1_0'
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, f"The address asks for {key} {shown}, which is not a whole number."
    if key == "k" and not 1 <= int(text) <= MAX_K or key == "neighbour" and not 1 <= int(text) <= MAX_K:
        return None, f"The address asks for {key} {int(text)}; it goes from 1 to {MAX_K}."
    return int(text), ""


def shown_ids(images: data.Images, show: str) -> np.ndarray:
    """Ids of the images whose points a map shows; data without a test split shows all of it."""
    ids = images.splits.get("test", ())
    return np.asarray(ids) if show == "test" and len(ids) else np.arange(len(images.pixels))


def ranges(ids: np.ndarray) -> list[list[int]]:
    """Sorted ids as [start, stop) runs."""
    breaks = np.flatnonzero(np.diff(ids) > 1) + 1
    return [[int(run[0]), int(run[-1]) + 1] for run in np.split(ids, breaks)]


# The session: widgets hold the state, the address bar follows; an address that the visitor changed goes before.


def start(names: list[str]) -> list[str]:
    """Take a new address into the session's widgets; the messages that it earns."""
    address, session = st.query_params.to_dict(), st.session_state
    if "left" in session and not _is_new(address):
        for side in ("left", "right"):  # a bundle may have gone since
            if session[side] not in names:
                session[side] = getattr(Selection.default(names), side)
        return []
    selection, messages = Selection.from_query(address, names)
    store(selection)
    session["address"] = address
    return messages


def current() -> Selection:
    """What the widgets say."""
    return Selection(**{field.name: st.session_state[field.name] for field in fields(Selection)})


def store(selection: Selection) -> None:
    """Set the widgets, before they are drawn."""
    for key, value in asdict(selection).items():
        if key not in st.session_state or st.session_state[key] != value:
            st.session_state[key] = value


def write_address(selection: Selection) -> None:
    """Let the address bar say what is on the page."""
    query, session = selection.to_query(), st.session_state
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


@dataclass(frozen=True)
class Side:
    """One half of the page: "left" or "right", its bundle, and a key that changes when the bundle's files do."""

    name: str
    bundle: Bundle
    key: str


def load(side: str, name: str) -> Side:
    """A bundle, read once for all visitors and again when its files change. Raises UserError where it is damaged."""
    path = models_folder() / name
    stamp = " ".join(str(_changed(path / part)) for part in (bundles.META, bundles.WEIGHTS, bundles.ARRAYS))
    return Side(side, _load(str(path), stamp), f"{path} {stamp}")


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=16)
def _load(path: str, stamp: str) -> Bundle:
    try:
        loaded = bundles.load(Path(path), _mnist())
        loaded.table  # built here, once, rather than by two visitors at a time
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
    return publish_points(_bundle.maps[what]), publish_values(answers.total_bits(_bundle))


@st.cache_resource(show_spinner=False, max_entries=16)
def labels_url(sha256: str, _images: data.Images) -> str:
    """The address of the labels."""
    return publish_labels(_images.labels)


@st.cache_resource(show_spinner=False, max_entries=32)
def map_table(key: str, what: str, _bundle: Bundle) -> CodeTable:
    """The codes that place new ones on a map."""
    return answers.map_table(_bundle, what)


@st.cache_resource(show_spinner=False, max_entries=128)
def _pictures(key: str, asked: tuple, _bundle: Bundle, _answer: answers.Answer) -> answers.Pictures:
    return answers.pictures(_bundle, _answer)


def pictures(side: Side, answer: answers.Answer) -> answers.Pictures:
    """All that is decoded for a click; a click on what was seen before costs nothing."""
    return _pictures(side.key, (answer.image, answer.chosen, answer.target), side.bundle, answer)


def publish() -> None:
    """Write the files that every browser fetches: plotly.js and the thumbnails. Raises UserError where that fails."""
    plotly_url()
    if there := names():
        bundle = load("left", Selection.default(there).left).bundle
        sheets = Sheets([None] * -(-len(bundle.codes) // SHEET), [])
        _draw_sheets(sheets, bundle)
        for error in sheets.error:
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
        first = int(shown_ids(images, chosen.show)[0])
        pictures(side, answers.answer(side.bundle, first, min(chosen.k, max_k(len(side.bundle.table))), 1, None))
    sprites(sides[0].bundle.images.sha256, sides[0].bundle.seed, sides[0].bundle)


@dataclass(frozen=True)
class Sheets:
    """Addresses of the sprite sheets, None until a background thread has made each; `error`, when it could not."""

    urls: list
    error: list

    @property
    def ready(self) -> bool:
        return bool(self.error) or None not in self.urls


@st.cache_resource(show_spinner=False, max_entries=8)
def sprites(sha256: str, seed: int, _bundle: Bundle) -> Sheets:
    """Thumbnails of all images, of their fixed bits; the first visitor starts the thread that draws them."""
    sheets = Sheets([None] * -(-len(_bundle.codes) // SHEET), [])
    threading.Thread(target=_draw_sheets, args=(sheets, _bundle), daemon=True).start()
    return sheets


def _draw_sheets(sheets: Sheets, bundle: Bundle) -> None:
    first = int(shown_ids(bundle.images, "test")[0]) // SHEET  # the test images are on screen first
    count = len(sheets.urls)
    try:
        for sheet in [*range(first, count), *range(first)]:
            ids = np.arange(sheet * SHEET, min((sheet + 1) * SHEET, len(bundle.codes)))
            sheets.urls[sheet] = publish_sprites(bundle.bits(ids))
    except UserError as error:
        sheets.error.append(str(error))
