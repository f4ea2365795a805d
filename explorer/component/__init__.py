"""The linked pair of maps: arrays in, the visitor's clicks out.

The points, their labels and the thumbnails are files under the app's static folder, named by a hash of their content; the
browser fetches each once, and what a click sends in either direction is a few hundred bytes.
"""

import gzip
import hashlib
import importlib.util
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
MODULES = ("points.js", "plane_map.js", "pointer.js", "linked_maps.js")

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
    key: str,
    on_event: Callable[[dict], None] | None = None,
    on_drawn: Callable[[], None] | None = None,
) -> dict | None:
    """Show two maps of the same images and return what the visitor has just done, or None.

    `left`, `right`: title; points_url; values_url (or None) and values_name, its unit in the tooltip.
    `common`: labels_url; label_names; palette (optional); sprite_urls (None where a sheet is not made yet), sprite_side
    (pixels) and sprite_rows_per_sheet (images a sheet); ranges, a list of [start, stop) of the ids that are shown.
    `marks`: for "left" and for "right" any of neighbours (ids, shown or not), chosen (the one among them that is
    emphasised), samples, path and prior (lists of [x, y]) and origin ([x, y], where the lines to the neighbours start
    when it is not the selected image).

    The event is {"kind": "select" | "second" | "clear", "id": int or None, "nonce": int}, in the one run that it causes.
    `on_event` gets it before that run, when widgets may still be set; use it or the returned value, not both.
    `on_drawn` is called once, before a run of its own, when the maps stand or have failed.
    """
    data = {
        "plotly_url": plotly_url(),
        "left": left,
        "right": right,
        "common": {"palette": PALETTE, "label_names": [], **common},
        "selected": _plain(selected),
        "second": _plain(second),
        "marks": _plain(marks or {}),
        "asks_when_drawn": on_drawn is not None,
        "nonce": st.session_state.get(f"{key} nonce"),  # of the last event that this answers
    }

    def happened():
        event = st.session_state[key]["event"]
        st.session_state[f"{key} nonce"] = event["nonce"]
        if event["kind"] == "drawn":
            on_drawn()
        elif on_event:
            on_event(event)

    return _component()(key=key, data=data, on_event_change=happened).event


@cache
def plotly_url() -> str:
    """The address of plotly.js as it ships with the plotly package; compressed, or each visit would compress it anew."""
    package = importlib.util.find_spec("plotly")  # found, not imported: that alone takes a second
    script = Path(package.submodule_search_locations[0], "package_data", "plotly.min.js").read_bytes()
    return _publish([script], ".js.gz", lambda: gzip.compress(script, mtime=0))


@cache
def _component() -> Callable:
    return st.components.v2.component(
        "lpvae_linked_maps",
        css=(HERE / "linked_maps.css").read_text("utf-8"),
        js=_module(),
        isolate_styles=False,  # plotly's own style sheet lives in the document's head and would not reach a shadow root
    )


def _module() -> str:
    """The JavaScript files as the one module that a component may be: in order, without their imports and exports."""
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
