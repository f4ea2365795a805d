"""Arrays → figures: plotly charts, and rows of small images as HTML. No streamlit, no torch."""

import base64
import io
import math
from html import escape

import numpy as np
from PIL import Image

GREY, BLUE, ORANGE = "#8a8f98", "#4c78d6", "#e07b39"  # readable on white and on black, and apart by lightness too
SHOWN = 16  # dimensions of a code in a chart, unless more are asked for


def data_uri(image: np.ndarray) -> str:
    """An image (S, S) of 0/1 as a PNG in an address."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image, np.uint8) * 255).convert("1", dither=Image.Dither.NONE).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def gallery(images: np.ndarray, captions: list[str], alts: list[str], zoom: int = 2) -> str:
    """A row of images (n, S, S) of 0/1 that wraps, each enlarged a whole number of times, with a caption under it.

    captions and alts are plain text; a caption's lines are divided by newlines.
    """
    cells = (_cell(*parts, zoom) for parts in zip(images, captions, alts, strict=True))
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px;align-items:flex-start">{"".join(cells)}</div>'


def _cell(image: np.ndarray, caption: str, alt: str, zoom: int) -> str:
    size = image.shape[0] * zoom
    lines = "<br>".join(escape(line) for line in caption.split("\n"))
    return (
        f'<figure style="margin:0;max-width:{max(size, 56)}px"><img src="{data_uri(image)}" alt="{escape(alt)}"'
        f' width="{size}" height="{size}" style="display:block;image-rendering:pixelated;'
        f'border-radius:2px"><figcaption style="font-size:0.8rem;line-height:1.3">{lines}</figcaption></figure>'
    )


def config(name: str, kind: str) -> dict:
    """The bar above a chart holds one button: download as "png" or "svg", under this name."""
    return {
        "displaylogo": False, "displayModeBar": True, "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": kind, "filename": name, "scale": 2 if kind == "png" else 1},
    }  # fmt: skip


def dimensions(kl_bits: np.ndarray | None, count: int, most: int = SHOWN) -> np.ndarray:
    """The dimensions that a chart shows, (≤ most,): the costliest first; in their own order where the KL does not split."""
    return np.arange(count)[:most] if kl_bits is None else np.argsort(-kl_bits, kind="stable")[:most]


def codebook_chart(code: np.ndarray, mean: np.ndarray, deviation: np.ndarray, kl_bits: np.ndarray | None, name: str,
                   others: np.ndarray | None = None, most: int = SHOWN):  # fmt: skip
    """Posterior N(code, 1), prior and N(0, 1) of each dimension, all arguments (D,), the costliest on top; its bits beside.

    kl_bits: None where they don't split by dimension, and then no bars. others (K, D): means of other neighbours' priors.
    """
    order = dimensions(kl_bits, len(code), most)[::-1]
    rows, names = np.arange(len(order)), [f"z{d + 1}" for d in order]
    above, below = rows + 0.2, rows - 0.2
    traces = []
    if others is not None and len(others):
        traces.append(_ticks(others[:, order], above))
    traces += _spread(mean[order], deviation[order], above, names, name, BLUE, "diamond")
    traces += _spread(code[order], np.ones(len(order)), below, names, "posterior N(c, 1)", ORANGE, "circle")
    layout = {
        "xaxis": {"domain": [0, 0.66 if kl_bits is not None else 1], "title": {"text": "mean ± 1 standard deviation"}},
        "yaxis": {"range": [-0.7, len(order) - 0.3], "showgrid": False, "showticklabels": False, "automargin": False},
        "shapes": [UNIT_BAND, UNIT_MEAN], "annotations": [_names(names)], "margin": MARGIN | {"l": 36, "r": 14},
    }  # fmt: skip
    if kl_bits is not None:
        traces.append({
            "type": "bar", "orientation": "h", "x": kl_bits[order].round(4), "y": rows, "customdata": names, "xaxis": "x2",
            "marker": {"color": GREY}, "hovertemplate": "%{customdata}: %{x:.3f} bits<extra>KL</extra>",
        })  # fmt: skip
        layout["xaxis2"] = {"domain": [0.69, 1], "title": {"text": "bits"}, "rangemode": "tozero"}
    return _tidy(traces, layout, MARGIN["t"] + MARGIN["b"] + round(ROW * (len(order) + 0.4)), [(GREY, "▒", "N(0, 1)")])


# N(0, 1) is the same in every dimension: one band from -1 to 1, and its mean.
UNIT_BAND = {"type": "rect", "x0": -1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "fillcolor": GREY, "opacity": 0.22,
             "line": {"width": 0}, "layer": "below"}  # fmt: skip
UNIT_MEAN = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "opacity": 0.6, "layer": "below",
             "line": {"width": 1, "color": GREY}}  # fmt: skip
FONT, ROW = 13, 1.3 * 13  # pixels; plotly sets a text's lines 1.3 of its size apart


def _names(names: list[str]) -> dict:
    """The rows' names, from the top, as one text of as many lines: texts one by one take a third of the chart's time."""
    middle = (len(names) - 1) / 2
    return {"text": "<br>".join(names[::-1]), "xref": "paper", "x": 0, "xanchor": "right", "xshift": -4, "y": middle,
            "yanchor": "middle", "align": "right", "showarrow": False, "font": {"size": FONT}}  # fmt: skip


def _spread(loc, scale, rows, names, label: str, colour: str, symbol: str) -> list[dict]:
    """loc ± scale in each row: all lines are one path, and so quicker to draw than error bars."""
    loc, scale = loc.round(3), scale.round(3)
    return [
        {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"color": colour, "width": 3, "simplify": False},
         "x": _pieces(loc - scale, loc + scale), "y": _pieces(rows, rows)},
        {"type": "scatter", "mode": "markers", "x": loc, "y": rows, "name": label, "customdata": list(zip(names, scale.tolist())),
         "marker": {"color": colour, "symbol": symbol, "size": 8},
         "hovertemplate": "%{customdata[0]}: %{x:.2f} ± %{customdata[1]:.2f}<extra>" + label + "</extra>"},
    ]  # fmt: skip


def _ticks(means: np.ndarray, rows: np.ndarray) -> dict:
    rows = np.tile(rows, len(means))
    return {
        "type": "scatter", "mode": "lines", "hoverinfo": "skip", "opacity": 0.5, "name": "other neighbours' priors",
        "x": _pieces(means.ravel().round(3), means.ravel().round(3)), "y": _pieces(rows - 0.2, rows + 0.2),
        "line": {"color": BLUE, "width": 1, "simplify": False}, "marker": {"color": BLUE, "symbol": "line-ns"},
    }  # fmt: skip


def _pieces(starts: np.ndarray, ends: np.ndarray) -> list:
    """From each start to its end, with a gap after each: a path in one coordinate."""
    return [value for start, end in zip(starts.tolist(), ends.tolist()) for value in (round(start, 3), round(end, 3), None)]


def neighbours_chart(total_bits: np.ndarray, ids: np.ndarray, chosen: int):
    """What z would cost with the prior of each neighbour, (K,) bits, nearest first; the chosen one orange, the mean a line."""
    ranks, mean = np.arange(1, len(ids) + 1), float(np.mean(total_bits))
    bars = {
        "type": "bar", "x": ranks, "y": total_bits.round(3), "customdata": ids,
        "marker": {"color": [ORANGE if i == chosen else BLUE for i in ids]},
        "hovertemplate": "neighbour %{x}, image %{customdata}: %{y:.2f} bits<extra></extra>",
    }  # fmt: skip
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": mean, "y1": mean, "line": {"dash": "dash", "color": GREY}}
    note = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "showarrow": False,
            "text": f"dashed: the mean, {mean:.2f} bits"}  # fmt: skip
    every = 1 if len(ids) <= 15 else 5
    named = [rank for rank, i in zip(ranks, ids) if i == chosen or rank % every == 0]
    layout = {
        "xaxis": {"title": {"text": "neighbour"}, "showgrid": False, "tickvals": named,
                  "ticktext": [f"<b>{rank} chosen</b>" if ids[rank - 1] == chosen else str(rank) for rank in named]},
        "yaxis": {"title": {"text": "bits"}, "rangemode": "tozero", "automargin": False}, "shapes": [line],
        "annotations": [note], "bargap": 0.3, "margin": MARGIN | {"l": 56},
    }  # fmt: skip
    return _tidy([bars], layout, 190)


def bill_chart(rows: list[tuple[str, float, float, bool]]):
    """Stacked bars of (name, pixel bits, latent bits, complete code or not), from the top down; nan latents are not drawn."""
    rows = rows[::-1]
    known = [not math.isnan(latent) for _, _, latent, _ in rows]
    faint = [1.0 if complete else 0.45 for *_, complete in rows]
    hatch = ["" if complete else "/" for *_, complete in rows]
    traces = [
        {
            "type": "bar", "x": [round(row[column], 2) if k else 0 for row, k in zip(rows, known)], "y": [row[0] for row in rows],
            "name": label, "orientation": "h", "hovertemplate": "%{x:.1f} bits<extra>" + label + "</extra>",
            "marker": {"color": colour, "opacity": faint, "pattern": {"shape": hatch}},
        }
        for label, column, colour in (("pixels", 1, GREY), ("latent", 2, BLUE))
    ]  # fmt: skip
    notes = [
        {"x": pixels + latent if k else 0, "y": name, "text": f"{pixels + latent:.1f}" if k else "not measured",
         "showarrow": False, "xanchor": "left", "xshift": 4}
        for (name, pixels, latent, _), k in zip(rows, known)
    ]  # fmt: skip
    widest = max((pixels + latent for (_, pixels, latent, _), k in zip(rows, known) if k), default=1.0)
    layout = {"barmode": "stack", "bargap": 0.25, "annotations": notes,
              "xaxis": {"title": {"text": "bits"}, "range": [0, widest * 1.2]}}  # fmt: skip
    return _tidy(traces, layout, 110 + 36 * len(rows))


MARGIN = {"l": 4, "r": 4, "t": 44, "b": 40}
SIGNS = {"circle": "●", "diamond": "◆", "line-ns": "│"}
# Measuring the labels to find room for them lays the page out again and again: it would be the half of what a click takes.
PLAIN_AXIS = {"fixedrange": True, "ticklabeloverflow": "allow"}


def _tidy(traces: list[dict], layout: dict, height: int, signs: list[tuple[str, str, str]] = ()) -> dict:
    """A figure; `signs` are (colour, sign, name) of what its key tells beside the traces."""
    layout = {
        "height": height, "margin": MARGIN, "dragmode": False, "showlegend": False, **layout,
        "annotations": [*layout.get("annotations", []), *_key(traces, signs)],
    }  # fmt: skip
    for axis in [name for name in ("xaxis", "xaxis2", "yaxis") if name in layout or name != "xaxis2"]:
        layout[axis] = {**PLAIN_AXIS, **({"automargin": True} if axis == "yaxis" else {}), **layout.get(axis, {})}
    return {"data": traces, "layout": layout}


def _key(traces: list[dict], more) -> list[dict]:
    """What the signs mean, in at most two lines: one text is laid out several times faster than plotly's legend."""
    named = [(trace["marker"]["color"], SIGNS.get(trace["marker"].get("symbol"), "■"), trace["name"])
             for trace in traces if trace.get("name")]  # fmt: skip
    signs = [f'<span style="color:{colour}">{sign}</span> {name}' for colour, sign, name in [*more, *named]]
    lines = ["&nbsp; ".join(signs[i : i + 2]) for i in range(0, len(signs), 2)]
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom"}
    return [{"text": "<br>".join(lines), "align": "left", "showarrow": False, **place}] if lines else []


def bill_table(header: list[str], rows: list[tuple[str, str, list[str]]]) -> str:
    """A table of (name, explanation on hover, cells); all plain text."""
    head = "".join(f'<th scope="col" style="text-align:right;padding:4px 8px">{escape(text)}</th>' for text in header)
    body = "".join(_row(*row) for row in rows)
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:0.9rem;width:100%">'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(name: str, explanation: str, cells: list[str]) -> str:
    line = "border-top:1px solid rgb(128 128 128 / 0.35)"
    values = "".join(f'<td style="text-align:right;padding:4px 8px;white-space:nowrap;{line}">{escape(c)}</td>' for c in cells)
    return (
        f'<tr><th scope="row" style="text-align:left;padding:4px 8px;font-weight:500;{line}">'
        f'<abbr title="{escape(explanation)}" tabindex="0">{escape(name)}</abbr></th>{values}</tr>'
    )
