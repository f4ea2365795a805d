"""The Transmission page's chart: one image's transaction. No streamlit, no torch."""

from explorer.compare_figures import tidy
from explorer.figures import BLUE, GREY, ORANGE


def transaction_chart(before: float, steps: list[tuple[str, float, float]]):
    """Steps (what, change, length after) as a stair of bits, from the length before on: popped goes down, pushed goes up."""
    import plotly.graph_objects as go

    names = ["before", *(what for what, *_ in steps), "after"]
    after = steps[-1][2] if steps else before
    figure = go.Figure(go.Waterfall(
        x=names, y=[before, *(change for _, change, _ in steps), after], measure=["absolute", *["relative"] * len(steps), "total"],
        text=[f"{before:.0f}", *(f"{change:+.1f}" for _, change, _ in steps), f"{after:.0f}"], textposition="outside",
        increasing={"marker": {"color": BLUE}}, decreasing={"marker": {"color": ORANGE}}, totals={"marker": {"color": GREY}},
        connector={"line": {"color": GREY, "width": 1}}, hovertemplate="%{x}: %{text} bits<extra></extra>", cliponaxis=False,
    ))  # fmt: skip
    lengths = [before, after, *(length for *_, length in steps)]
    spread = max(lengths) - min(lengths) or 1.0
    figure.update_yaxes(title_text="message, bits", range=[max(0.0, min(lengths) - 0.35 * spread), max(lengths) + 0.2 * spread])
    return tidy(figure, 380).update_layout(showlegend=False)
