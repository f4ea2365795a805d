"""The panels that move: the way to another image, the daydream, and how an image is drawn. Only the open one is worked out."""

import numpy as np
import streamlit as st

from explorer import answers, paths, players, shared
from explorer.pictures import gif
from explorer.selection import WALKS, Selection, shown_ids
from explorer.state import map_table, points_urls, ranges
from explorer.views import words
from explorer.views.parts import columns, heading, name, note, title
from lpvae.errors import UserError


def controls(selection: Selection) -> None:
    """The heading and the switches."""
    heading(words.WALKS_TITLE, {"there": words.STRIP, "dream": words.DREAM, "draw": words.DRAW}[selection.walk])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Show", WALKS, key="walk", required=True, format_func=words.WALKS.get, label_visibility="collapsed")
        st.segmented_control("Line", paths.LINES, key="line", required=True, format_func=words.LINES.get, help=words.LINE_HELP,
                             disabled=selection.walk != "there")  # fmt: skip


def strips(sides, given, drawn, selection: Selection) -> None:
    """The pictures along the way from the image to the neighbour or the second image."""
    ends = [_ends(side, answer, selection) for side, answer in zip(sides, given)]
    for column, side, answer, pictures in zip(columns(sides, ends), sides, given, drawn):
        with column:
            frames = _frames(side, answer, pictures.strip)
            place = _place(side, answer.path, selection, "the way between the two images")
            players.film(frames, f"strip-{side.name}", per_second=3, loops=True, place=place)
            note(_route(side, answer, selection))
            st.download_button("As a GIF, there and back", lambda strip=pictures.strip: gif(strip), _gif_name(side, answer),
                               "image/gif", key=f"gif-{side.name}", on_click="ignore")  # fmt: skip

def _ends(side, answer, selection: Selection) -> str:
    towards = f"neighbour {selection.neighbour}" if selection.second is None else "the second image"
    return f"From {title(answer.subject)} to {towards}, image {answer.target} ({name(side.bundle.images.labels[answer.target])})."


def _frames(side, answer, strip: np.ndarray) -> list[dict]:
    labels, real = side.bundle.images.labels, answers.real_ones(side.bundle, answer.path)
    steps, bits = np.linspace(0, 100, len(strip)), side.bundle.bits(real)
    captions = ["start", *[f"{step:.0f} %" for step in steps[1:-1]], "end"]
    frames = []
    for image, caption, step, i, nearest in zip(strip, captions, steps, real, bits):
        below = players.frame(nearest, name(labels[i]), f"Nearest real image {i}, {name(labels[i])}")
        text = f"{caption}; the nearest real image is {i}, {name(labels[i])}."
        frames.append(players.frame(image, caption, f"Interpolation, {step:.1f} percent of the way", text, below))
    return frames


def _route(side, answer, selection: Selection) -> str:
    if answer.line != selection.line:
        return words.NO_GRAPH_YET
    centre = side.bundle.table.codes.mean(0)
    start, end = (float(np.linalg.norm(code - centre)) for code in answer.path[[0, -1]])
    if answer.line == "graph" and not len(answer.through):
        return words.NEAR_ENDS
    through = 0 if answer.through is None else len(answer.through)
    count = "one real image" if through == 1 else f"{through} real images"
    return words.ROUTES[answer.line].format(start=start, end=end, count=count)


def _gif_name(side, answer) -> str:
    return f"{side.bundle.name}-{title(answer.subject).replace(' ', '-')}-to-{answer.target}-{answer.line}.gif"


def await_graphs(sides, given, selection: Selection) -> None:
    """Look again in a while where the way by neighbours is asked for and their graph is still being worked out."""
    waiting = [side for side, answer in zip(sides, given) if answer.line != selection.line]
    if waiting and selection.walk == "there":
        _await_graphs(waiting)


@st.fragment(run_every="1s")
def _await_graphs(sides) -> None:
    if all(shared.graph_of(side) for side in sides):
        st.rerun()


def _place(side, codes: np.ndarray, selection: Selection, about: str) -> dict | None:
    """Where codes (n, D) lie on the side's map; None where its points cannot be published."""
    xy, table = side.bundle.maps[selection.what], map_table(side.key, selection.what, side.bundle)
    try:
        url = points_urls(side.key, selection.what, side.bundle)[0]
    except UserError:
        return None  # the maps above have said so
    shown = ranges(shown_ids(side.bundle.images, selection.show))
    return {"points_url": url, "ranges": shown, "path": answers.place(table, xy, codes), "about": f"A small map with {about}"}


def daydream(sides, given, selection: Selection) -> None:
    """Encode → prior → decode, again and again, as a film, its steps on the map."""
    fresh = not all(shared.has_dreamt(side, answer.subject) for side, answer in zip(sides, given))
    for column, side, answer in zip(columns(sides), sides, given):
        with column:
            dream = shared.dream_of(side, answer.subject)
            place = _place(side, dream.codes, selection, "the codes of the daydream")
            players.film(_dreamt(side, dream), f"dream-{side.name}", per_second=1, plays=True, place=place)
    if fresh:  # the big maps were drawn before the way was known
        st.rerun()


def _dreamt(side, dream) -> list[dict]:
    labels, real = side.bundle.images.labels, answers.real_ones(side.bundle, dream.codes)
    frames = []
    for n, (image, i, nearest) in enumerate(zip(dream.images, real, side.bundle.bits(real))):
        below = players.frame(nearest, name(labels[i]), f"Nearest real image {i}, {name(labels[i])}")
        frames.append(players.frame(image, str(n) if n else "start", f"Daydream, step {n}", _told(dream, n), below))
    return frames


def _told(dream, n: int) -> str:
    """What happened in step n of a daydream."""
    if not n:
        return words.DREAM_START
    z, before, after = dream.z[n - 1], *dream.codes[n - 1 : n + 1]
    return words.DREAM_STEP.format(n=n, before=n - 1, leap=np.linalg.norm(z - before), miss=np.linalg.norm(after - z))


@st.fragment
def drawings(sides, given) -> None:
    """How each model sends the image's own bits, or a fresh image from its z, and what surprises it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.segmented_control("What is drawn", ("image", "fresh"), default="image", key="draws", required=True,
                                    format_func=words.DRAWS.get, help=words.DRAW_HELP, label_visibility="collapsed")  # fmt: skip
        st.button("Draw another", on_click=_another, disabled=what != "fresh")
    attempt = st.session_state.get("attempt", 1) if what == "fresh" else 0
    drawn = [shared.drawing_of(side, answer.subject, attempt) for side, answer in zip(sides, given)]
    most = max(drawing.surprise_bits.max() for drawing in drawn)
    for column, side, answer, drawing in zip(columns(sides), sides, given, drawn):
        with column:
            about = f"{title(answer.subject)}" if not attempt else "a fresh drawing"
            players.drawing(drawing, most, f"drawing-{side.name}", f"{about}, as {side.bundle.name} sends it", plays=True)
            note(words.DRAW_AT_ONCE if drawing.block == 1 else words.DRAW_IN_ORDER)


def _another() -> None:
    st.session_state["attempt"] = st.session_state.get("attempt", 1) + 1
