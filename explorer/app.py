"""Page set-up and navigation. Run by `streamlit run explorer/app.py`."""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts this file's own folder on the path, not the project's.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

st.set_page_config(page_title="lpvae explorer", layout="wide")

from explorer.views import explore  # noqa: E402  after the path and the page are set

explore.render()
