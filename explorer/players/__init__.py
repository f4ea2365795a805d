"""Small players in the browser: a film of images, an image being drawn, a board to draw on. Arrays in; no trip a frame."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.figures import data_uri
from explorer.pictures import Drawing

HERE = Path(__file__).resolve().parent


def frame(image: np.ndarray, caption: str, alt: str, text: str = "", real: dict | None = None) -> dict:
    """One image (S, S) of 0/1 of a film: its caption in the strip, and the text below it when it is the one shown.

    real: another such frame that stands under it.
    """
    return {"src": data_uri(image), "caption": caption, "alt": alt, "text": text or caption, "real": real}


def film(frames: list[dict], key: str, per_second: float, loops: bool = False, plays: bool = False,
         place: dict | None = None) -> None:  # fmt: skip
    """Show the frames as a film with a strip of them below. loops: there and back; plays: at once, where motion is welcome.

    place: points_url, ranges (of ids that are shown), path (the frames' positions) and about (in words): a small map.
    """
    place = place and {**place, "path": np.asarray(place["path"], float).round(4).tolist()}
    data = {"frames": frames, "per_second": per_second, "loops": loops, "plays": plays, "place": place, "size": 168, "small": 56}
    _component("film")(key=key, data=data)


def drawing(given: Drawing, most_bits: float, key: str, about: str, plays: bool = False) -> None:
    """Show how an image is sent, block by block, and each block's surprise, on a scale of colours from 0 to most_bits."""
    at_once = given.block == 1  # the factorised decoder's pixels do not wait for each other
    surprise = given.surprise_bits.round(4).tolist()
    data = {
        "bits": "".join("1" if bit else "0" for bit in given.image.ravel()), "side": len(given.image), "block": given.block,
        "surprise": surprise, "total": sum(surprise),
        "most": max(float(most_bits), 1e-3), "at_once": at_once, "what": "pixel" if at_once else "block", "about": about,
        "plays": plays,
    }  # fmt: skip
    _component("drawing")(key=key, data=data)


def sketch(key: str, on_drawn: Callable[[str], None], clears: int = 0) -> None:
    """A board to draw on. `on_drawn` gets the picture as a PNG in a data address, or "" once all is wiped away.

    clears: raise it to wipe the board.
    """

    def changed() -> None:
        # the state of a board that has left the page meanwhile is gone: an error would lose whatever else was clicked
        if (picture := (st.session_state.get(key) or {}).get("drawn")) is not None:
            on_drawn(str(picture))

    _component("sketch")(key=key, data={"clears": clears}, on_drawn_change=changed)


@cache
def _component(name: str) -> Callable:
    """The player of that name; its JavaScript and the controls' as the one module that a component may be."""
    text = "\n".join((HERE / f"{part}.js").read_text("utf-8") for part in ("controls", name))
    script = re.sub(r"^import .*\n|^export (?!default)", "", text, flags=re.MULTILINE)
    css = (HERE / "players.css").read_text("utf-8")
    return st.components.v2.component(f"lpvae_{name}", css=css, js=script)
