"""`python -m explorer [options of streamlit run]`: serve the explorer, and read the models before the first visitor comes."""

import sys
import threading
import time
from pathlib import Path

APP = Path(__file__).with_name("app.py")


def main() -> None:
    """Hand over to Streamlit; a thread beside it does ahead what the first page would wait for."""
    import torch  # noqa: F401  its seconds are better spent before the server answers than while a visitor waits
    from streamlit.web import cli

    threading.Thread(target=_prepare, daemon=True).start()
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    sys.exit(cli.main())


def _prepare() -> None:
    from streamlit import runtime

    while not runtime.exists():  # Streamlit's settings are read by then
        time.sleep(0.02)
    from explorer import state
    from lpvae.errors import UserError

    try:
        state.prepare()
    except UserError:
        pass  # the page says what is wrong, to whoever opens it


if __name__ == "__main__":
    main()
