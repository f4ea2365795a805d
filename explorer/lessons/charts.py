"""The lesson's charts that nobody drags: numbers → plotly figures. No streamlit, no torch."""

import numpy as np

from explorer.component import PALETTE
from explorer.figures import BLUE, GREY, ORANGE
from explorer.lessons import words


def _tidy(figure, height: int, left: int = 4):
    figure.update_layout(height=height, margin=dict(l=left, r=8, t=36, b=36), dragmode=False, bargap=0.2,
                         legend=dict(orientation="h", yanchor="bottom", y=1.0, x=0, traceorder="normal"))  # fmt: skip
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure


def morse_table(letters: list[str], shares: list[float], units: list[int], could: list[int]):
    """Letters in the given order: their shares above, their units below, as the table is and as it could be."""
    from plotly.subplots import make_subplots

    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.4, 0.6])
    text = words.TABLE_CHART
    figure.add_bar(x=letters, y=[round(100 * share, 3) for share in shares], marker_color=GREY, row=1, col=1, showlegend=False,
                   hovertemplate="%{x}: %{y} %<extra></extra>")  # fmt: skip
    hover = "%{x}: %{y}<extra></extra>"
    figure.add_bar(x=letters, y=units, name=text["is"], marker_color=BLUE, row=2, col=1, hovertemplate=hover)
    figure.add_scatter(x=letters, y=could, name=text["could"], mode="lines", row=2, col=1, hovertemplate=hover,
                       line=dict(color=ORANGE, width=4, shape="hvh"))  # fmt: skip
    figure.update_yaxes(title_text="%", row=1, col=1)
    figure.update_yaxes(title_text=text["units"], row=2, col=1)
    figure.update_xaxes(type="category", tickangle=0, tickmode="array", tickvals=letters, tickfont=dict(size=11))
    return _tidy(figure, 380)


def areas(letters: list[str], shares: list[float], own: list[float], book: list[float], book_name: str):
    """Bars as wide as letters are frequent and as high as their words are long: by the book, and by their own (the line)."""
    import plotly.graph_objects as go

    widths = np.array(shares) * 100
    edges = np.concatenate([[0], np.cumsum(widths)])
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middles.round(3), y=np.round(book, 3), width=widths.round(3), customdata=letters,
        name=words.AREA_CHART["book"].format(book=book_name),
        marker=dict(color=BLUE, opacity=0.65, line=dict(width=0.5, color=BLUE)),
        text=[letter if width > 1.4 else "" for letter, width in zip(letters, widths)], textposition="inside",
        insidetextanchor="start", textangle=0, textfont=dict(color="white"),
        hovertemplate="%{customdata}: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(x=np.repeat(edges, 2)[1:-1].round(3), y=np.repeat(np.round(own, 3), 2), mode="lines", hoverinfo="skip",
                       name=words.AREA_CHART["own"], line=dict(color=ORANGE, width=3))  # fmt: skip
    figure.update_layout(uniformtext=dict(minsize=9, mode="hide"))  # a letter that does not fit its bar is left out
    figure.update_xaxes(title_text=words.AREA_CHART["x"], range=[0, 100])
    figure.update_yaxes(title_text=words.AREA_CHART["y"])
    return _tidy(figure, 340)


def budget(rows: list[tuple[str, float, float]]):
    """Stacked bars of (name, code bits, pixel bits), from the top down: the code comes first, as it is sent first."""
    import plotly.graph_objects as go

    names = [name for name, *_ in rows][::-1]
    figure = go.Figure()
    for label, column, colour, shape in ((words.CODE, 1, BLUE, "/"), (words.PIXELS, 2, GREY, "")):
        pattern = dict(shape=shape, fillmode="overlay", fgcolor="white", fgopacity=0.7, size=7)
        values = [round(row[column], 2) for row in rows][::-1]
        figure.add_bar(x=values, y=names, orientation="h", name=label, marker=dict(color=colour, pattern=pattern),
                       hovertemplate="%{x:.1f} bits<extra>" + label + "</extra>")  # fmt: skip
    for name, code, pixels in rows:
        text = f"{code:.1f} + {pixels:.1f}"
        figure.add_annotation(x=code + pixels, y=name, text=text, showarrow=False, xanchor="left", xshift=4)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="bits", range=[0, 1.45 * max(code + pixels for _, code, pixels in rows)])
    return _tidy(figure, 110 + 44 * len(rows))


def map_of(places: np.ndarray, labels: np.ndarray, title: str):
    """Points (n, 2) coloured by label (n,)."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for label in np.unique(labels):
        of = places[labels == label].round(4)
        name = str(label) if label >= 0 else "none"
        figure.add_scatter(x=of[:, 0], y=of[:, 1], mode="markers", name=name, hovertemplate=f"{name}<extra></extra>",
                           marker=dict(size=4, color=PALETTE[label % len(PALETTE)] if label >= 0 else GREY))  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(title=dict(text=title, font=dict(size=15)))
    figure = _tidy(figure, 400)
    figure.update_layout(margin=dict(t=30, b=70), legend=dict(y=-0.02, yanchor="top", itemsizing="constant"))
    return figure


KINDS = {"alone": (BLUE, "circle"), "ordered": (ORANGE, "diamond"), "set": (GREY, "square")}


def accounts(rows: list[tuple[str, str, float]]):
    """One mark for each (name, kind, nats), from the top down, coloured and shaped by kind."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for kind, (colour, symbol) in KINDS.items():
        of = [(name, nats) for name, its, nats in rows if its == kind]
        figure.add_scatter(
            x=[round(nats, 3) for _, nats in of], y=[name for name, _ in of], mode="markers+text", name=words.ACCOUNT_KINDS[kind],
            text=[f" {nats:.2f}" for _, nats in of], textposition="middle right", cliponaxis=False,
            marker=dict(color=colour, symbol=symbol, size=14), hovertemplate="%{y}: %{x:.2f} nats<extra></extra>",
        )  # fmt: skip
    values = [nats for *_, nats in rows]
    figure.update_yaxes(categoryorder="array", categoryarray=[name for name, *_ in rows][::-1], showgrid=True)
    figure.update_xaxes(title_text="nats an image", range=[min(values) - 1, max(values) + 2.5])
    return _tidy(figure, 130 + 34 * len(rows))
