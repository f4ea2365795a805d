"""A transmission as a player in the browser: sender, message, receiver, map and meters. Arrays in; no trip a frame."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.component import PALETTE
from explorer.figures import data_uri

HERE = Path(__file__).resolve().parent
CONTROLS = HERE.parent / "players"


def transmission(*, sent: np.ndarray, received: np.ndarray, names: list[str], groups: list[int], lengths: list[float],
                 meters: list[dict], place: dict | None, whose: dict[str, str], key: str) -> None:  # fmt: skip
    """Play how images go on a message, the last one first, and come off it again.

    sent, received (n, S, S) of 0/1, names and groups (whole numbers, for their colours), all in the receiver's order; lengths:
    bits of the message before the sender starts and after each of its n steps; meters: name, help, and totals, n + 1 bits;
    place: points_url, ranges (of ids that are shown), path (n, 2) and about (in words); whose: texts for "sender", "message"
    and "receiver".
    """
    place = place and {**place, "path": np.asarray(place["path"], float).round(4).tolist()}
    data = {
        "sent": data_uri(_row(sent)), "received": data_uri(_row(received)), "side": sent.shape[1], "names": names,
        "colours": [PALETTE[group % len(PALETTE)] for group in groups], "lengths": [round(float(b), 2) for b in lengths],
        "meters": [{**meter, "totals": [round(float(b), 1) for b in meter["totals"]]} for meter in meters],
        "place": place, "whose": whose,
    }  # fmt: skip
    _component()(key=key, data=data)


def _row(images: np.ndarray) -> np.ndarray:
    return np.concatenate(list(images), axis=1)


@cache
def _component():
    text = "\n".join(path.read_text("utf-8") for path in (CONTROLS / "controls.js", HERE / "transmission.js"))
    script = re.sub(r"^import .*\n|^export (?!default)", "", text, flags=re.MULTILINE)
    css = "\n".join(path.read_text("utf-8") for path in (CONTROLS / "players.css", HERE / "transmission.css"))
    return st.components.v2.component("lpvae_transmission", css=css, js=script)
