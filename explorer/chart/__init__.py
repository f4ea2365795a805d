"""A plotly chart on the page, drawn by plotly's own library, once for each change.

Streamlit's chart draws every change twice and more, and a click changes four charts. The library that draws comes from the
Python package of plotly and is published like the points of the maps: a browser fetches it once.
"""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.component import LOADER, publish
from lpvae.errors import UserError

CSS = """
.lpvae-chart-root { width: 100%; color: var(--st-text-color); font-family: var(--st-font); transition: color 1ms; }
.lpvae-chart-root > div { transform-origin: 0 0; }
.lpvae-chart-root[data-waits="true"] > div { visibility: hidden; }
"""


def draw(figure, key: str, config: dict, alt: str) -> None:
    """Show a plotly figure, or the dictionary of one with arrays in it, `layout.height` pixels high.

    config: plotly's; alt: the chart in words, for those who do not see it, and for all where no file can be published.
    """
    figure = as_dict(figure)
    try:
        data = {"module_url": _module_url(), "plotly_url": _plotly_url()}
    except UserError as error:
        st.text(f"{alt} ({error})")
        return
    data |= {"figure": _text(figure), "config": json.dumps(config), "height": figure["layout"]["height"], "alt": alt}
    _component()(key=key, data=data)


def as_dict(figure) -> dict:
    """The figure as {"data", "layout"}, without what plotly's Python package would add to it."""
    if isinstance(figure, dict):
        return figure
    figure = json.loads(figure.to_json())
    figure["layout"].pop("template", None)
    return figure


def _text(figure: dict) -> str:
    return json.dumps(figure, separators=(",", ":"), allow_nan=False, default=lambda array: np.asarray(array).tolist())


@cache
def _component():
    return st.components.v2.component("lpvae_chart", html='<div class="lpvae-chart-root"></div>', css=CSS, js=LOADER, isolate_styles=False)


@cache
def _module_url() -> str:
    return publish(Path(__file__).with_name("chart.js").read_bytes(), ".js")


@cache
def _plotly_url() -> str:
    return publish(files("plotly").joinpath("package_data", "plotly.min.js").read_bytes(), ".js")
