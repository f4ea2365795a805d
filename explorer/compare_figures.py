"""The Compare page's charts: numbers → plotly figures. No streamlit, no torch.

plotly is imported on first use: it takes a second that the table need not wait for.
"""

import math

import numpy as np

from explorer.figures import BLUE, GREY, ORANGE

PAIR = (BLUE, ORANGE)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "triangle-down")
DASHES = ("solid", "dash", "dot", "dashdot")
USUAL = "autoregressive"
STORY_HEIGHT, STORY_MARGIN = 520, (56, 60)  # pixels; above and below the plot


def story_chart(points: list[tuple[str, float, float, str, str]], x_title: str, y_title: str, palette, log: bool = False):
    """Models as points (name, x, y, kind of prior, kind of decoder), each with its name: colour by prior, shape by decoder.

    Names stand on the side where there is room, pushed apart up and down. Returns a figure; points may be empty.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    kinds = list(dict.fromkeys((prior, decoder) for *_, prior, decoder in points))
    priors, decoders = (list(dict.fromkeys(kind[i] for kind in kinds)) for i in (0, 1))
    for prior, decoder in kinds:
        mine = [p for p in points if p[3:] == (prior, decoder)]
        figure.add_scatter(
            x=[p[1] for p in mine], y=[p[2] for p in mine], mode="markers", name=f"{prior}, {decoder}",
            text=[p[0] for p in mine], hovertemplate="%{text}<br>%{x:.2f}, %{y:.1f} %<extra></extra>",
            marker={"size": 12, "color": palette[priors.index(prior) % len(palette)], "line": {"width": 1, "color": GREY},
                        "symbol": SYMBOLS[decoders.index(decoder) % len(SYMBOLS)]},
        )  # fmt: skip
    x_range, y_range = _padded([math.log10(p[1]) if log else p[1] for p in points], 0.06), _padded([p[2] for p in points], 0.1)
    _name_points(figure, points, x_range, y_range, log)
    figure.update_xaxes(title_text=x_title.replace(", ", ",<br>", 1), range=x_range, type="log" if log else "linear")
    figure.update_yaxes(title_text=y_title, range=y_range)
    if log:
        figure.update_xaxes(dtick="D2" if x_range[1] - x_range[0] < 1.5 else 1)
    return tidy(figure, STORY_HEIGHT)


def _padded(values: list[float], share: float) -> list[float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = share * (high - low) or 1.0
    return [low - pad, high + pad]


def _name_points(figure, points, x_range, y_range, log: bool) -> None:
    room = STORY_HEIGHT - sum(STORY_MARGIN)
    scale = room / (y_range[1] - y_range[0])
    heights = [(p[2] - y_range[0]) * scale for p in points]
    placed = labels_apart(heights, 17.0, 8.0, room - 8.0)
    for (name, x, y, _, decoder), height, at in zip(points, heights, placed):
        if decoder == USUAL:  # the legend says it, by shape; the longest names have no room for it on a phone
            name = name.replace(f", {decoder}", "", 1)
        place = math.log10(x) if log else x
        right = place < (x_range[0] + x_range[1]) / 2  # the name goes inward
        figure.add_annotation(
            x=place, y=y, text=escaped(name), showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=GREY, standoff=6,
            ax=26 if right else -26, ay=height - at, xanchor="left" if right else "right", font={"size": 12},
        )  # fmt: skip


def labels_apart(heights: list[float], gap: float, low: float, high: float) -> list[float]:
    """Heights for names beside points, near the points', at least `gap` apart where there is room, within [low, high]."""
    if not heights:
        return []
    order = np.argsort(heights, kind="stable")
    gap = min(gap, (high - low) / max(1, len(heights) - 1))
    placed = np.clip(np.asarray(heights, float)[order], low, high)
    for i in range(1, len(placed)):  # push up from below, then down from the top
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed[-1] = min(placed[-1], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    out = np.empty(len(placed))
    out[order] = placed
    return out.tolist()


def curves_chart(series: list[tuple[str, list[float], list[float]]], x_title: str, y_title: str, palette):
    """Lines (name, xs, ys); no two of up to 40 share colour and dash. The first tenth of a run may lie outside the chart."""
    import plotly.graph_objects as go

    settled = [y for _, _, ys in series for y in ys[len(ys) // 10 :]]
    margin = 0.05 * (max(settled) - min(settled)) or 1.0
    figure = go.Figure()
    for i, (name, xs, ys) in enumerate(series):
        look = {"color": palette[i % len(palette)], "dash": DASHES[i // len(palette) % len(DASHES)], "width": 2}
        figure.add_scatter(
            x=xs, y=ys, name=escaped(name), line=look, mode="lines+markers", marker={"size": 6, "symbol": SYMBOLS[i % len(SYMBOLS)]},
            hovertemplate="%{y:.2f} after %{x:.4~g}<extra>" + escaped(name) + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=x_title, rangemode="tozero")
    figure.update_yaxes(title_text=y_title, range=[min(settled) - margin, max(settled) + margin])
    figure = tidy(figure, 400 + 22 * len(series))
    # below the plot, one under another where the page is narrow
    return figure.update_layout(legend={"yanchor": "top", "y": -0.18, "orientation": "h"}, showlegend=True)


def bins(columns: list[np.ndarray], count: int = 60) -> np.ndarray:
    """Edges of equal bins that hold all but a thousandth of the costs at either end, the same for every column."""
    known = np.concatenate([c[np.isfinite(c)] for c in columns])
    if not len(known):
        return np.array([0.0, 1.0])
    low, high = np.quantile(known, [0.001, 0.999])
    return np.linspace(low, high if high > low else low + 1.0, count + 1)


def histogram(costs: np.ndarray, edges: np.ndarray, title: str, colour: str, highest: int, complete: bool):
    """One model's costs in given bins, up to `highest` images a bin; what lies outside is in the outermost bins.

    A line marks the mean. Hatched where the protocol is no complete code.
    """
    import plotly.graph_objects as go

    counts = counted(costs, edges)
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(go.Bar(
        x=centres.round(3), y=counts, width=np.diff(edges), name="images", showlegend=False,
        marker={"color": colour, "line_width": 0, "pattern": {"shape": "" if complete else "/", "fillmode": "overlay"}},
        hovertemplate="about %{x:.1f}: %{y} images<extra></extra>",
    ))  # fmt: skip
    mean = float(np.nanmean(costs))
    figure.add_vline(x=mean, line={"width": 2, "dash": "dash", "color": GREY})
    figure.add_annotation(x=mean, y=1.0, yref="paper", text=f"mean {mean:.1f}", showarrow=False, xanchor="center", yanchor="bottom")
    figure.update_xaxes(title_text=title, range=[edges[0], edges[-1]])
    figure.update_yaxes(title_text="images", range=[0, highest * 1.08])
    return tidy(figure, 300).update_layout(bargap=0)


def counted(costs: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Images in each bin, those outside in the outermost ones."""
    return np.histogram(np.clip(costs[np.isfinite(costs)], edges[0], edges[-1]), edges)[0]


def classes_chart(series: list[tuple[str, list[tuple[int, int, float, float]]]], title: str, complete: bool):
    """Mean cost of each label, a bar a model, with its standard error: series of (name, rows of comparisons.by_class)."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for (name, rows), colour, shape in zip(series, PAIR, ("", ".")):
        figure.add_bar(
            x=[str(label) for label, *_ in rows], y=[mean for *_, mean, _ in rows], name=escaped(name), customdata=[n for _, n, *_ in rows],
            marker={"color": colour, "pattern": {"shape": shape if complete else "/", "fillmode": "overlay", "solidity": 0.2}},
            error_y={"type": "data", "array": [error for *_, error in rows], "color": GREY, "thickness": 1.5},
            hovertemplate="label %{x}: %{y:.2f} ± %{error_y.array:.2f}, %{customdata} images<extra>" + escaped(name) + "</extra>",
        )  # fmt: skip
    lowest = min((mean for _, rows in series for *_, mean, _ in rows), default=0.0)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_xaxes(title_text="label", type="category")
    figure.update_yaxes(title_text=title, rangemode="tozero" if lowest >= 0 else "normal")
    return tidy(figure, 360)


def escaped(text: str) -> str:
    """A name that is not ours, for plotly, which reads a little HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tidy(figure, height: int):
    """Our margins and fonts; charts do not catch the finger or the wheel that scrolls the page."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": STORY_MARGIN[0], "b": STORY_MARGIN[1]}, dragmode=False, font={"size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}, hoverlabel={"namelength": -1},
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure
