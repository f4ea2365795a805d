"""Arrays → plotly figures of a set. No streamlit, no torch."""

GREY, BLUE = "#8a8f98", "#4c78d6"


def labels_chart(counts: list[tuple[str, int, int]]):
    """Bars of (label, images of the set that have it, images shown that have it): how many, and beside it what share."""
    import plotly.graph_objects as go  # on first use: plotly takes a second that the maps need not wait for

    names, inside, shown = zip(*counts, strict=True)
    shares = [100 * n / max(1, of) for n, of in zip(inside, shown)]
    figure = go.Figure(layout={"template": None})
    figure.add_bar(
        x=names, y=inside, marker_color=BLUE, text=inside, textposition="outside", cliponaxis=False, customdata=shares,
        hovertemplate="label %{x}: %{y} images, %{customdata:.1f} % of those shown<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(type="category", title_text="label", fixedrange=True)
    figure.update_yaxes(title_text="images", rangemode="tozero", fixedrange=True, gridcolor="rgba(128,128,128,0.25)")
    figure.update_layout(height=240, margin={"l": 50, "r": 8, "t": 24, "b": 44}, dragmode=False, showlegend=False)
    return figure
