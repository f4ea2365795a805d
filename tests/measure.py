"""The explorer's figures, measured in headless Chromium with all 70,000 points on both maps: `python tests/measure.py`.

Nothing else should run meanwhile. Prints each figure beside what it should be; exits 1 where one is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from conftest import CHROMIUM_ARGUMENTS, ROOT, chromium_path, free_port, wait_until_healthy
from playwright.sync_api import sync_playwright

PATIENCE = 120_000  # milliseconds
LOOK = {"width": 1440, "height": 1000}
ALL_IN_SIGHT = {"width": 1440, "height": 5000}  # the whole page, with every chart: far from sight none is drawn
SCRIPT = """
window.measured = {};
const maps = () => document.querySelector('.lpvae-maps').__lpvae;
const point = (kind, side, x, y) => maps().maps[side].over.dispatchEvent(new PointerEvent(kind, {
  bubbles: true, pointerId: 1, pointerType: 'mouse', button: 0, clientX: x, clientY: y }));
const frame = () => new Promise(requestAnimationFrame);
// Waiting frame by frame would have every page painted sixty times a second, and ten of them measure little else.
const until = (test) => test() ? performance.now() : new Promise((resolve) => {
  const look = () => { if (test()) { observer.disconnect(); document.removeEventListener('load', look, true); resolve(performance.now()); } };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  document.addEventListener('load', look, true); // of an image
});
const inSight = (chart) => { const { top, bottom } = chart.getBoundingClientRect(); return bottom > 0 && top < innerHeight; };
async function scrolledTo(n) { // milliseconds from a leap to the n-th chart to the frame that shows it drawn
  const chart = document.querySelectorAll('.lpvae-chart-root')[n], start = performance.now();
  chart.scrollIntoView({ behavior: 'instant', block: 'center' });
  await until(() => chart.dataset.waits === 'false');
  await frame();
  return performance.now() - start;
}
function watchCharts() {
  for (const chart of document.querySelectorAll('.js-plotly-plot')) {
    if (chart.watched) continue;
    chart.watched = true;
    chart.on('plotly_afterplot', () => { window.plotted = performance.now(); });
  }
}
async function clicked(side, id) { // milliseconds from the click to all panels, and to the sampled images
  watchCharts();
  const { x, y } = maps().screen(side, id), start = performance.now();
  point('pointerdown', side, x, y);
  point('pointerup', side, x, y);
  const now = maps().selected, sign = (what) => document.querySelector(`.lpvae-sign[data-${what}="${now}"]`);
  await until(() => sign('answered'));
  const answered = await frame().then(() => performance.now()), drawn = await until(() => sign('drawn'));
  const images = () => [...document.images].every((image) => image.complete);
  const shown = Math.max(drawn, await until(images));
  await until(() => ![...document.querySelectorAll('[data-waits=true]')].some(inSight));
  await new Promise((resolve) => setTimeout(resolve, 300)); // a chart may follow
  const charts = window.plotted > start ? window.plotted : 0;
  return { id: now, answered: Math.max(answered, Math.min(charts, shown)) - start, charts: charts - start, drawn: shown - start };
}
async function hovered(side, id) { // from the pointer's move to the frame that shows the thumbnail
  const { x, y } = maps().screen(side, id), start = performance.now();
  point('pointermove', side, x, y);
  const canvas = document.querySelector('.lpvae-tip canvas');
  await until(() => canvas.dataset.id === String(maps().hovered) && maps().hovered !== null);
  await frame();
  return performance.now() - start;
}
async function frames(step, count) { // frames a second while the hand moves
  const start = performance.now();
  for (let i = 0; i < count; i++) { step(i); await frame(); }
  return 1000 * count / (performance.now() - start);
}
const middle = () => { const { left, top, width, height } = maps().maps.left.over.getBoundingClientRect();
  return [left + width / 2, top + height / 2]; };
async function pan() {
  const [x, y] = middle();
  point('pointerdown', 'left', x, y);
  const rate = await frames((i) => point('pointermove', 'left', x + 60 * Math.sin(i / 6), y + 40 * Math.sin(i / 9)), 60);
  point('pointerup', 'left', x + 9, y);
  return rate;
}
const zoom = () => { const [clientX, clientY] = middle();
  return frames((i) => maps().maps.left.over.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true,
    clientX, clientY, deltaY: i % 30 < 15 ? -60 : 60 })), 60); };
Object.assign(window, { clicked, hovered, pan, zoom, scrolledTo });
"""


class Report:
    """Prints each figure beside its bound, and remembers whether one was missed."""

    missed = False

    def say(self, what: str, value: float, unit: str, most: float | None = None, least: float | None = None) -> None:
        bound = f"at most {most:g}" if most is not None else f"at least {least:g}" if least is not None else ""
        good = (most is None or value <= most) and (least is None or value >= least)
        self.missed |= not good
        verdict = "" if not bound else "good" if good else "MISSED"
        print(f"{what:66} {value:10.1f} {unit:6} {bound:14} {verdict}", flush=True)


class Visitor:
    """A page of its own context, and what moves between it and the server."""

    def __init__(self, browser, url: str, look: dict[str, int] = LOOK):
        self.context = browser.new_context(viewport=look)
        self.context.add_init_script("localStorage.setItem('lpvae hints seen', 'true')")
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.moved, self.files = [], []
        self.page.on("websocket", self._listen)
        self.page.on("request", lambda request: self.files.append(request.url) if "/generated/" in request.url else None)
        start = time.perf_counter()
        self.page.goto(url)
        self.page.wait_for_selector(".lpvae-maps[data-state=ready]")
        self.opened = time.perf_counter() - start

    def _listen(self, socket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda frame: self.moved.append(len(frame)))

    def settle(self) -> None:
        self.page.wait_for_selector(".lpvae-sign[data-drawn]", state="attached")
        self.page.wait_for_function("window.Plotly")
        self.page.wait_for_timeout(3000)
        self.page.evaluate(SCRIPT)
        self.page.locator(".lpvae-maps").scroll_into_view_if_needed()
        self.page.wait_for_timeout(500)

    def traffic(self) -> int:
        total, self.moved[:] = sum(self.moved), []
        return total

    def close(self) -> None:
        self.context.close()


@contextmanager
def served(url: str | None):
    """(address, process) of the given server or of one of our own, of the shipped models; warm when it answers."""
    if url:
        yield url, None
        return
    port, log = free_port(), Path(tempfile.mkstemp(suffix=".log")[1])
    command = [sys.executable, "-m", "explorer", "--server.address=127.0.0.1", f"--server.port={port}"]
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=file, stderr=file)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.kill()
        server.wait()
        log.unlink()


def memory_gb(server) -> float:
    """The most memory that the server's process has held, in GB (Linux)."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e9


def processor_ms(server) -> float:
    """The processor time that the server's process has taken, in milliseconds (Linux)."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def rest(server) -> None:
    """Wait until the server has done what it does ahead: it is warm then."""
    while server:
        before = processor_ms(server)
        time.sleep(1)
        if processor_ms(server) - before < 50:
            return


def single(browser, url: str, report: Report, clicks: int, server=None) -> None:
    """One visitor: opening, clicks, hovers, pan and zoom."""
    for _ in range(2):  # the first warms the server
        visitor = Visitor(browser, url + "/?show=all")
        visitor.settle()
        points = [file for file in visitor.files if file.endswith(".bin")]
        opened = visitor.opened
        if _ == 0:
            visitor.close()
            rest(server)
    report.say("opening, warm server, to the first map", opened, "s", most=3)
    report.say("files of points fetched more than once", len(points) - len(set(points)), "", most=0)
    draw = np.random.default_rng(0)
    ids = [int(i) for i in draw.permutation(70_000)[: 2 * clicks + 60]]
    visitor.traffic()
    asked = len(visitor.files)
    moved, before = [], processor_ms(server) if server else 0.0
    answer_times(visitor, report, ids[:clicks], moved)
    if server:  # a figure that hardly depends on what else the machine does
        report.say("the server's processor time a click, mean", (processor_ms(server) - before) / clicks, "ms")
    report.say("websocket a click, median", np.median(moved) / 1e3, "kB")
    report.say("websocket a click, greatest", max(moved) / 1e3, "kB", most=150)
    report.say("files of points fetched by the clicks", sum(f.endswith(".bin") for f in visitor.files[asked:]), "", most=0)
    hovers = [visitor.page.evaluate("([side, id]) => hovered(side, id)", [("left", "right")[n % 2], image])
              for n, image in enumerate(ids[clicks:-clicks])]  # fmt: skip
    report.say("hover to thumbnail, median", np.median(hovers), "ms", most=50)
    report.say("websocket of 60 hovers", visitor.traffic(), "bytes", most=0)
    report.say("pan, both maps", visitor.page.evaluate("pan()"), "fps", least=20)
    report.say("zoom, both maps", visitor.page.evaluate("zoom()"), "fps", least=20)
    visitor.page.wait_for_timeout(1500)
    report.say("websocket of a pan and a zoom", visitor.traffic() / 1e3, "kB", most=20)
    leaps = [visitor.page.evaluate("n => scrolledTo(n)", n) for n in range(visitor.page.locator(".lpvae-chart-root").count())]
    report.say("leap to a chart that was far from sight, greatest", max(leaps), "ms")
    visitor.close()
    visitor = Visitor(browser, url + "/?show=all", ALL_IN_SIGHT)
    visitor.settle()
    answer_times(visitor, report, ids[-clicks:], [], ", whole page in sight")
    visitor.close()


def answer_times(visitor: Visitor, report: Report, ids: list[int], moved: list[int], how: str = "") -> None:
    """Click each image on one of the maps; the bytes that each click moved go into `moved`."""
    times = []
    for n, image in enumerate(ids):
        times.append(visitor.page.evaluate("([side, id]) => clicked(side, id)", [("left", "right")[n % 2], image]))
        visitor.page.wait_for_timeout(700)
        moved.append(visitor.traffic())
    answered, drawn = ([one[key] for one in times] for key in ("answered", "drawn"))
    report.say(f"click to all panels, median{how}", np.median(answered), "ms", most=300)
    report.say(f"click to all panels, 95th percentile{how}", np.quantile(answered, 0.95), "ms", most=700)
    report.say(f"click to sampled images, median{how}", np.median(drawn), "ms", most=1000)
    report.say(f"click to sampled images, 95th percentile{how}", np.quantile(drawn, 0.95), "ms")


def crowd(browser, url: str, report: Report, count: int = 10, rounds: int = 3) -> None:
    """Many visitors at once: each sees its own selection."""
    visitors = [Visitor(browser, url + "/?show=all") for _ in range(count)]
    for visitor in visitors:
        visitor.settle()
    draw, times, strangers = np.random.default_rng(1), [], 0
    for _ in range(rounds):
        for visitor, image in zip(visitors, draw.permutation(70_000)):
            visitor.page.evaluate("id => { window.done = null; clicked('left', id).then((one) => { done = one; }); }", int(image))
        for visitor in visitors:
            one = visitor.page.wait_for_function("window.done").json_value()
            times.append(one["answered"])
            about = f"Image {one['id']},"
            seen = visitor.page.evaluate("""about => [...document.images].map((image) => image.alt)
                .filter((alt) => /^Image \\d+,/.test(alt) && !alt.startsWith(about)).length""", about)
            own = visitor.page.get_attribute(".lpvae-maps", "data-selected") == str(one["id"])
            strangers += bool(seen) or not own or f"id={one['id']}" not in visitor.page.url
    report.say(f"{count} visitors at once, click, median", np.median(times), "ms", most=2000)
    report.say("visitors who saw another's selection", strangers, "", most=0)
    for visitor in visitors:
        visitor.close()


def main() -> int:
    """Measure, print, and say by the exit status whether all figures are good."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--url", help="an explorer that runs already (its memory is then not measured)")
    options.add_argument("--clicks", type=int, default=40)
    options.add_argument("--alone", action="store_true", help="leave out the ten visitors")
    given, report = options.parse_args(), Report()
    with served(given.url) as (url, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        single(browser, url, report, given.clicks, server)
        if not given.alone:
            crowd(browser, url, report)
        if server:
            report.say("memory of the server, at most", memory_gb(server), "GB", most=2)
        browser.close()
    return int(report.missed)


if __name__ == "__main__":
    sys.exit(main())
