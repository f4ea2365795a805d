"""Page set-up and navigation. Run by `streamlit run explorer/app.py`."""

import sys
from importlib import import_module
from pathlib import Path

import streamlit as st

# Streamlit puts this file's own folder on the path, not the project's.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

st.set_page_config(page_title="lpvae explorer", layout="wide")

# Address and title of each page; its module in `explorer.views` is imported when it is first opened.
PAGES = {
    "explore": "Explore",
    "compare": "Compare",
    "lesson": "The Morse lesson",
    "transmission": "Transmission",
}


def _page(name: str, title: str) -> st.Page:
    def render() -> None:
        import_module(f"explorer.views.{name}").render()

    default = name == "explore"
    return st.Page(render, title=title, url_path="home" if default else name, default=default)


def _explore() -> None:
    """The first page has the bare address; a link to /explore?… leads there, and loses nothing."""
    st.switch_page(pages[0], query_params=st.query_params.to_dict())


pages = [_page(name, title) for name, title in PAGES.items()]
pages.append(st.Page(_explore, title=PAGES["explore"], url_path="explore", visibility="hidden"))
st.navigation(pages, position="top").run()
