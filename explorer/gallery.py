"""A row of small images of which one can be chosen: a click, or Enter on the keyboard, calls back with its rank."""

from collections.abc import Callable
from functools import cache

import numpy as np
import streamlit as st

from explorer.figures import data_uri

CSS = """
.row { display: flex; flex-wrap: wrap; gap: 4px; font: 0.8rem/1.3 var(--st-font, sans-serif); color: var(--st-text-color); }
button { font: inherit; color: inherit; background: none; text-align: left; padding: 2px; cursor: pointer; white-space: pre;
         border: 3px solid transparent; border-radius: 6px; }
button:hover, button:focus-visible { border-color: var(--st-border-color, #999); outline: none; }
button[aria-pressed="true"] { border-color: #e07b39; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 8px; padding: 0 5px; font-size: 0.7rem; }
.badge[data-kind="shared"] { background: var(--st-text-color, #333); color: var(--st-background-color, #fff); }
.badge:empty { display: none; }
img { display: block; image-rendering: pixelated; border-radius: 2px; }
"""

# Text goes in by textContent alone. The focus stays where it was, for those who walk the row by keyboard.
JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const row = parentElement.querySelector(".row");
  const focused = [...row.children].indexOf(row.getRootNode().activeElement);
  row.replaceChildren(...data.cells.map(([source, caption, alt, badge], i) => {
    const button = document.createElement("button"), image = new Image(data.size, data.size);
    image.src = source;
    image.alt = alt;
    button.append(image, document.createElement("span"), document.createElement("br"), document.createElement("span"));
    button.children[1].textContent = caption;
    button.lastChild.textContent = button.lastChild.dataset.kind = badge;
    button.lastChild.className = "badge";
    button.setAttribute("aria-pressed", i + 1 === data.chosen);
    button.onclick = () => setTriggerValue("chosen", i + 1);
    return button;
  }));
  row.children[focused]?.focus();
}
"""


def choosable(images: np.ndarray, captions: list[str], alts: list[str], chosen: int, key: str,
              on_choice: Callable[[int], None], zoom: int = 2, badges: list[str] | None = None) -> None:  # fmt: skip
    """Show images (n, S, S) of 0/1, each with a caption, an alternative text and perhaps a badge of a word or two under it.

    `chosen` and what is called back go from 1.
    """
    parts = zip(images, captions, alts, badges or [""] * len(images), strict=True)
    cells = [[data_uri(image), caption, alt, badge] for image, caption, alt, badge in parts]
    data = {"cells": cells, "chosen": chosen, "size": images.shape[1] * zoom}

    def changed() -> None:
        # the state of a row that has left the page meanwhile is gone: an error would lose whatever else was clicked
        if (rank := (st.session_state.get(key) or {}).get("chosen")) is not None:
            on_choice(int(rank))

    _component()(key=key, data=data, on_chosen_change=changed)


@cache
def _component() -> Callable:
    return st.components.v2.component("lpvae_gallery", html='<div class="row"></div>', css=CSS, js=JS)
