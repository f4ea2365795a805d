"""What the tests in a real browser share: Chromium, and a Streamlit server for a script."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# No sandbox: tests also run as root in containers. Software WebGL: the maps must draw without a graphics card.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync "
    "--use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist "
    # the page itself is drawn without the simulated GPU, which would take several times as long
    "--disable-gpu-compositing --disable-gpu-rasterization"
).split()


def chromium_path() -> str:
    """The browser named by CHROMIUM, or the first known one on PATH; the test fails where there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    for name in "chromium", "chromium-browser", "google-chrome":
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium was found; install one or name it in the environment variable CHROMIUM")


@pytest.fixture(scope="session")
def browser():
    """Playwright's handle on one headless Chromium; open a context or a page of your own in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """serve(script, env={}) -> address of a Streamlit server for it, with this project's settings; stopped at the end.

    Without a script: the explorer itself, started as ./run.sh starts it.
    """
    servers = []

    def start(script: Path | None = None, env: dict[str, str] | None = None) -> str:
        port = free_port()
        log = tmp_path_factory.mktemp("server") / "log"
        command = [sys.executable, "-m", *(["streamlit", "run", str(script)] if script else ["explorer"])]
        command += ["--server.address=127.0.0.1", f"--server.port={port}"]
        with log.open("w") as file:
            environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        servers.append(server)
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, server, log)
        return url

    yield start
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def show_charts(page) -> None:
    """Scroll to each chart in turn, as a reader does: one far from sight is drawn when it comes near."""
    from playwright.sync_api import expect

    page.locator(".lpvae-chart-root").nth(3).wait_for()
    for chart in page.locator(".lpvae-chart-root").all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-waits", "false")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_healthy(url: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the machine is set to use
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with direct.open(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            if server.poll() is not None:
                pytest.fail(f"the server ended with status {server.returncode}:\n{log.read_text()}")
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within {seconds:.0f} s:\n{log.read_text()}")
