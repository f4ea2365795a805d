"""The linked pair of maps: arrays in, the visitor's clicks out.

The points, their labels and the thumbnails are files under the app's static folder, named by a hash of their content; the
browser fetches each once, and what a click sends in either direction is a few hundred bytes.
"""

import hashlib
import io
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from lpvae.errors import UserError

HERE = Path(__file__).resolve().parent
MODULES = (
    "files.js", "points.js", "cloud.js", "colours.js", "contours.js", "pen.js", "look.js", "plane_map.js", "pointer.js",
    "controls.js", "exports.js", "keepsakes.js", "painting.js", "linked_maps.js",
)  # fmt: skip

# Streamlit sends a component's code with each new data: so this is all of it, and it fetches the rest once. By way of a blob,
# since the static folder's files come as plain text, which no browser runs.
LOADER = """
const modules = (window.lpvaeModules ??= new Map());
const load = async (url) => {
  const text = await (await fetch(new URL(url, document.baseURI))).text();
  return import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
};
export default function (component) {
  const url = component.data.module_url;
  if (!modules.has(url)) modules.set(url, load(url));
  const { parentElement } = component, latest = (parentElement.lpvaeTurn = (parentElement.lpvaeTurn ?? 0) + 1);
  let end = () => {}, ended = false;
  modules.get(url).then((module) => {
    if (!ended && parentElement.lpvaeTurn === latest) end = module.default(component);
  }, () => {
    modules.delete(url);
    parentElement.textContent = "This could not be fetched. Reload the page to try again.";
  });
  return () => { ended = true; end(); };
}
"""

# Ten colours that keep apart in both themes and, by lightness too, for colour-blind eyes: after Paul Tol's "muted" scheme,
# its darkest four made lighter, and a grey. The maps also write each label's name, so that no meaning hangs on colour alone.
PALETTE = (
    "#6473d6", "#88ccee", "#44aa99", "#1f8f45", "#999933", "#ddcc77", "#cc6677", "#9c2f66", "#b45cad", "#888888",
)  # fmt: skip


def static_folder() -> Path:
    """The folder that Streamlit serves as app/static/: beside the main script, or where LPVAE_STATIC says."""
    return Path(os.environ.get("LPVAE_STATIC") or HERE.parent / "static")


def publish(data: bytes, suffix: str) -> str:
    """Put `data` where the browser can fetch it and return its address, which names its content.

    Raises UserError when the static folder can't be written.
    """
    return _publish([data], suffix, lambda: data)


def publish_points(xy: np.ndarray) -> str:
    """Publish positions (N, 2) as float32, row i being image i; the address."""
    return publish(np.ascontiguousarray(_shaped(xy, "xy", (None, 2)), dtype="<f4").tobytes(), ".bin")


def publish_labels(labels: np.ndarray) -> str:
    """Publish labels (N,) as int16, -1 where an image has none; the address."""
    return publish(np.ascontiguousarray(_shaped(labels, "labels", (None,)), dtype="<i2").tobytes(), ".bin")


def publish_values(values: np.ndarray) -> str:
    """Publish one number an image (N,) as float32, NaN where there is none; the address."""
    return publish(np.ascontiguousarray(_shaped(values, "values", (None,)), dtype="<f4").tobytes(), ".bin")


def publish_sprites(images: np.ndarray) -> str:
    """Publish images (n, S, S), uint8 of 0/1 or of grey, as one PNG of ceil(sqrt(n)) columns; the address.

    Row k of the sheet holds the next ceil(sqrt(n)) images from left to right. The address comes from the images, so a
    sheet that is there already is not made again.
    """
    images = np.ascontiguousarray(_shaped(images, "images", (None, None, None)), dtype=np.uint8)
    return _publish([repr(images.shape).encode(), images], ".png", lambda: _sheet(images))


def linked_maps(
    *,
    left: dict,
    right: dict,
    common: dict,
    selected: int | None = None,
    second: int | None = None,
    marks: dict | None = None,
    look: dict | None = None,
    look_version: int = 0,
    key: str,
    on_event: Callable[[dict], None] | None = None,
    on_drawn: Callable[[], None] | None = None,
) -> dict | None:
    """Show two maps of the same images and return what the visitor has just done, or None.

    `left`, `right`: title; points_url; values_url (or None) and values_name, its unit in the tooltip; model (optional), whose
    values they are, where the title says more.
    `common`: labels_url; label_names; palette (optional); sprite_urls (None where a sheet is not made yet), sprite_side
    (pixels) and sprite_rows_per_sheet (images a sheet); ranges, a list of [start, stop) of the ids that are shown;
    splits, a list of {name, ranges}; colourings, a list of {name, title, url (None: not there yet), late (True where it
    will be made when it is asked for), kind ("sequential", "diverging", or "categories" of int16), unit, help}; path_name
    (optional), what the path of the marks is.
    `marks`: for "left" and for "right" any of neighbours (ids, shown or not), chosen (the one among them that is
    emphasised), samples, path and prior (lists of [x, y]), origin ([x, y], where the lines to the neighbours start when it
    is not the selected image), walk (a list of [x, y], joined by a line) with walk_at (the index of the step that is
    emphasised), and places (a list of {at: [x, y], name}).
    `look`: what the visitor made of the maps (`explorer.look`); they keep their own but for another `look_version`.

    The event is {"kind", "id", "look", "nonce"}, in the one run that it causes; kind is "select" or "second" (an id),
    "clear", "look" (a set was picked or dropped) or "open" (a kept view: its "query"). `on_event` gets it before that run,
    when widgets may still be set; use it or the returned value, not both. `on_drawn` is called once, before a run of its
    own, when the maps stand or have failed. See also `look_keeper`.
    """
    data = {
        "module_url": module_url(),
        "left": left,
        "right": right,
        "common": {"palette": PALETTE, "label_names": [], **common},
        "selected": _plain(selected),
        "second": _plain(second),
        "marks": _plain(marks or {}),
        "look": look or {},
        "look_version": look_version,
        "keeper": key,
        "asks_when_drawn": on_drawn is not None,
        "nonce": st.session_state.get(f"{key} nonce"),  # of the last event that this answers
    }

    def happened():
        event = (st.session_state.get(key) or {}).get("event")
        if event is None:  # of maps that have left the page meanwhile: an error would lose whatever else was clicked
            return
        st.session_state[f"{key} nonce"] = event["nonce"]
        if event["kind"] == "drawn":
            on_drawn()
        elif on_event:
            on_event(event)

    return _component()(key=key, data=data, on_event_change=happened).event


def look_keeper(*, of: str, on_look: Callable[[dict], None]) -> None:
    """An invisible part through which the maps with the key `of` tell of a new look that changes nothing but the address.

    Call it in a fragment of its own: then a pan or a zoom makes the server run that fragment, not the page.
    """
    key = f"{of} look"

    def happened():
        if look := (st.session_state.get(key) or {}).get("look"):
            on_look(look)

    _keeper()(key=key, data={"of": of}, on_look_change=happened)


@cache
def _keeper() -> Callable:
    js = """export default function ({ data, setTriggerValue }) {
      (window.lpvaeKeepers ??= {})[data.of] = (look) => setTriggerValue("look", look);
    }"""
    return st.components.v2.component("lpvae_look_keeper", html="<i hidden></i>", js=js)


@cache
def _component() -> Callable:
    return st.components.v2.component(
        "lpvae_linked_maps",
        css=(HERE / "linked_maps.css").read_text("utf-8"),
        js=LOADER,
        isolate_styles=False,  # the page's fonts and focus rings are the maps' too
    )


@cache
def module_url() -> str:
    """The address of the maps' JavaScript."""
    return publish(_module().encode(), ".js")


def _module() -> str:
    """The JavaScript files as one module: in order, without their imports and exports."""
    text = "\n".join((HERE / name).read_text("utf-8") for name in MODULES)
    return re.sub(r"^import .*\n|^export (?!default)", "", text, flags=re.MULTILINE)


def _publish(named_by: Iterable[bytes], suffix: str, make: Callable[[], bytes]) -> str:
    digest = hashlib.sha256()
    for part in named_by:
        digest.update(part)
    name = digest.hexdigest()[:16] + suffix
    path = static_folder() / "generated" / name
    if not path.exists():
        _write(path, make())
    return f"app/static/generated/{name}"


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)  # complete or absent, whoever else writes it at the same time
            except OSError:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise UserError(f"{path.parent}: cannot write what the maps show ({error.strerror}); make it writable.") from None


def _sheet(images: np.ndarray) -> bytes:
    n, side, width = images.shape
    columns = max(1, math.isqrt(n - 1) + 1 if n else 1)
    rows = max(1, -(-n // columns))
    cells = np.zeros((rows * columns, side, width), np.uint8)
    cells[:n] = images
    pixels = cells.reshape(rows, columns, side, width).swapaxes(1, 2).reshape(rows * side, columns * width)
    binary = not n or images.max() <= 1
    picture = Image.fromarray(pixels * 255).convert("1", dither=Image.Dither.NONE) if binary else Image.fromarray(pixels)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _shaped(array: np.ndarray, name: str, shape: tuple) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} has shape {array.shape}; it needs {len(shape)} axes, of sizes {shape}")
    return array


def _plain(value):
    """NumPy numbers and arrays, and dictionaries and sequences of them, as what JSON knows."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
