"""Arrays → figures: plotly charts, and rows of small images as HTML. No streamlit, no torch."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

GREY, BLUE, ORANGE = "#8a8f98", "#4c78d6", "#e07b39"  # readable on white and on black, and apart by lightness too


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


def codebook_chart(code: np.ndarray, mean: np.ndarray, deviation: np.ndarray, kl_bits: np.ndarray, name: str):
    """Posterior N(code, 1), prior and N(0, 1) of each dimension, all arguments (D,), the costliest on top; its bits beside."""
    from plotly.subplots import make_subplots  # on first use: plotly takes a second that the maps need not wait for

    order = np.argsort(kl_bits)
    rows, zero, one = np.arange(len(order)), np.zeros(len(order)), np.ones(len(order))
    names = [f"z{d + 1}" for d in order]
    figure = make_subplots(1, 2, shared_yaxes=True, column_widths=[0.68, 0.32], horizontal_spacing=0.03)
    for loc, scale, label, colour, symbol, width, lane in (
        (zero, one, "N(0, 1)", GREY, "line-ns", 12, 0),
        (mean[order], deviation[order], name, BLUE, "diamond", 3, 0.2),
        (code[order], one, "posterior N(c, 1)", ORANGE, "circle", 3, -0.2),
    ):
        figure.add_scatter(
            x=loc.round(3), y=rows + lane, name=label, mode="markers", row=1, col=1, customdata=names,
            marker=dict(color=colour, symbol=symbol, size=7, line=dict(width=1, color=colour)),
            opacity=0.45 if lane == 0 else 1,
            error_x=dict(type="data", array=scale.round(3), thickness=width, width=0, color=colour),
            hovertemplate="%{customdata}: %{x:.2f} ± %{error_x.array:.2f}<extra>" + label + "</extra>",
        )  # fmt: skip
    figure.add_bar(x=kl_bits[order].round(4), y=rows, orientation="h", row=1, col=2, showlegend=False, customdata=names,
                   marker_color=GREY, hovertemplate="%{customdata}: %{x:.3f} bits<extra>KL</extra>")  # fmt: skip
    figure.update_yaxes(tickvals=rows, ticktext=names, range=[-0.7, len(order) - 0.3], showgrid=False, zeroline=False)
    figure.update_xaxes(title_text="mean ± 1 standard deviation", row=1, col=1)
    figure.update_xaxes(title_text="bits", row=1, col=2)
    return _tidy(figure, 130 + 20 * len(order))


def bill_chart(rows: list[tuple[str, float, float, bool]]):
    """Stacked bars of (name, pixel bits, latent bits, complete code or not), from the top down."""
    import plotly.graph_objects as go

    rows = rows[::-1]
    y = [row[0] for row in rows]
    faint = [1.0 if complete else 0.45 for *_, complete in rows]
    hatch = ["" if complete else "/" for *_, complete in rows]
    figure = go.Figure()
    for label, column, colour in (("pixels", 1, GREY), ("latent", 2, BLUE)):
        figure.add_bar(
            x=[round(row[column], 2) for row in rows], y=y, name=label, orientation="h",
            marker=dict(color=colour, opacity=faint, pattern_shape=hatch),
            hovertemplate="%{x:.1f} bits<extra>" + label + "</extra>",
        )  # fmt: skip
    for name, pixels, latent, _ in rows:
        text = f"{pixels + latent:.1f}"
        figure.add_annotation(x=pixels + latent, y=name, text=text, showarrow=False, xanchor="left", xshift=4)
    widest = max((pixels + latent for _, pixels, latent, _ in rows), default=1.0)
    figure.update_layout(barmode="stack", bargap=0.25)
    figure.update_xaxes(title_text="bits", range=[0, widest * 1.2])
    return _tidy(figure, 110 + 36 * len(rows))


def _tidy(figure, height: int):
    figure.update_layout(
        height=height, margin=dict(l=4, r=4, t=36, b=40), dragmode=False, font=dict(size=13),
        legend=dict(orientation="h", yanchor="bottom", y=1.0, x=0, traceorder="normal"),
    )  # fmt: skip
    figure.update_yaxes(automargin=True, fixedrange=True)
    figure.update_xaxes(fixedrange=True)
    return figure


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
