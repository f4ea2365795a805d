"""`python -m explorer [options of streamlit run]`: serve the explorer, and read the models before the first visitor comes."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

APP = Path(__file__).with_name("app.py")


def main() -> None:
    """Hand over to Streamlit; a thread beside it does ahead what the first page would wait for."""
    import torch  # noqa: F401  its seconds are better spent before the server answers than while a visitor waits
    from streamlit.web import cli

    from explorer.component import static_folder

    if not (static_folder() / "generated").exists():  # the very first start
        print("Drawing the thumbnails, this once.", file=sys.stderr, flush=True)
        from explorer import state

        _try(state.publish)
    threading.Thread(target=_prepare, daemon=True).start()
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    sys.exit(cli.main())


def _prepare() -> None:
    from streamlit import runtime

    while not runtime.exists():  # Streamlit's settings are read by then
        time.sleep(0.02)
    from explorer import state

    _try(state.prepare)
    from explorer.views import transmission

    _try(transmission.prepare)


def _try(prepare: Callable[[], None]) -> None:
    from lpvae.errors import UserError

    try:
        prepare()
    except UserError:
        pass  # the page says what is wrong, to whoever opens it


if __name__ == "__main__":
    main()
