"""The lesson's pictures that a visitor can touch: the Morse tree, the lengths, the Gaussians, the queue of images.

They draw and are dragged in the browser; every number they show comes from the page. `moved` is called with what the visitor
did (plain JSON from a browser: to be checked by whoever takes it), before the run that it causes.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent


def tree(nodes: list[dict], message: list[dict], words: dict[str, str], key: str) -> None:
    """The tree of signs and a message. nodes: sign, letter; message: letter, sign, alt, word (its number)."""
    _mount("tree", key, {"nodes": nodes, "message": message, "words": words}, None)


def bars(letters: list[dict], most: int, kraft: float, hint: bool, words: dict[str, str], key: str, moved: Callable) -> None:
    """Lengths to be dragged. letters: letter, share, percent (text), length, ideal; `moved` gets {"lengths": letter → bits}."""
    data = {"letters": letters, "most": most, "kraft": kraft, "within": kraft <= 1, "hint": hint, "words": words}
    _mount("bars", key, data, moved)


def gaussians(c: float, m: float, s: float, window: tuple[float, float], widths: tuple[float, float],
              words: dict[str, str], key: str, moved: Callable) -> None:  # fmt: skip
    """N(c, 1) and N(m, s²) to be dragged over a window of z; `moved` gets {"c", "m", "s"}."""
    data = {"c": c, "m": m, "s": s, "low": window[0], "high": window[1], "narrowest": widths[0], "widest": widths[1]}
    _mount("gaussians", key, data | {"words": words}, moved)


def order(cells: list[list[str]], places: list[int], step_bits: list[float], marks: list[dict], scale: float,
          words: dict[str, str], key: str, moved: Callable) -> None:  # fmt: skip
    """Images to be put in order. cells: address, name, alt; places: which image is sent when; `moved` gets {"order"}.

    marks: at (bits), name; scale: bits at the meter's end.
    """
    data = {"cells": cells, "order": places, "bits": step_bits, "prices": [f"{value:.1f}" for value in step_bits],
            "marks": marks, "scale": scale, "words": words}  # fmt: skip
    _mount("order", key, data, moved)


def _mount(name: str, key: str, data: dict, moved: Callable | None) -> None:
    heard = f"{key} nonce"  # of the last change that the page has answered

    def happened() -> None:
        # Of a picture that has left the page meanwhile, Streamlit knows the event but not the state, and an error here would
        # end the run and with it whatever else the visitor has just clicked.
        take((st.session_state.get(key) or {}).get("moved"))

    def take(event: dict | None) -> bool:
        fresh = bool(event) and event["nonce"] != st.session_state.get(heard)
        if fresh:
            st.session_state[heard] = event["nonce"]
            moved(event)
        return fresh

    shown = data | {"nonce": st.session_state.get(heard)}
    if take(_component(name)(key=key, data=shown, on_moved_change=happened).moved):  # it came back before its state did
        st.rerun()


@cache
def _component(name: str) -> Callable:
    return st.components.v2.component(
        f"lpvae_lesson_{name}", html='<div class="lesson"></div>', css=(HERE / "lesson.css").read_text("utf-8"), js=_module(name)
    )


def _module(name: str) -> str:
    """The common part and the picture's own as the one module that a component may be, without imports and exports."""
    text = "\n".join((HERE / file).read_text("utf-8") for file in ("common.js", f"{name}.js"))
    return re.sub(r"^import .*\n|^export (?!default)", "", text, flags=re.MULTILINE)
