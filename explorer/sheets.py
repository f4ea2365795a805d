"""The thumbnails of all images as sprite sheets, which a background thread draws once for all visitors."""

import threading
from dataclasses import dataclass

import numpy as np
import streamlit as st

from explorer.component import publish_sprites
from explorer.selection import shown_ids
from lpvae.bundle import Bundle
from lpvae.errors import UserError

SHEET = 2_500  # thumbnails a sprite sheet: unpacking one in the browser takes some milliseconds


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
    sheets = _none_yet(_bundle)
    threading.Thread(target=_draw, args=(sheets, _bundle), daemon=True).start()
    return sheets


def drawn(bundle: Bundle) -> Sheets:
    """The same, drawn while the caller waits, and without a cache."""
    sheets = _none_yet(bundle)
    _draw(sheets, bundle)
    return sheets


def _none_yet(bundle: Bundle) -> Sheets:
    return Sheets([None] * -(-len(bundle.codes) // SHEET), [])


def _draw(sheets: Sheets, bundle: Bundle) -> None:
    first = int(shown_ids(bundle.images, "test")[0]) // SHEET  # the test images are on screen first
    count = len(sheets.urls)
    try:
        for sheet in [*range(first, count), *range(first)]:
            ids = np.arange(sheet * SHEET, min((sheet + 1) * SHEET, len(bundle.codes)))
            sheets.urls[sheet] = publish_sprites(bundle.bits(ids))
    except UserError as error:
        sheets.error.append(str(error))
