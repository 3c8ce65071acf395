"""Plots as small SVG files that are the same wherever they are drawn from the same figures."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Sequence

import matplotlib

from .report import FOUND, PLOTS

OURS, OTHERS = "#c7000b", "#8d96a0"

matplotlib.use("svg")
matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "benchmarks",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "figure.facecolor": "white",
        "path.simplify_threshold": 1.0,
    }
)


@contextlib.contextmanager
def saved(name: str, columns: int = 1, width: float = 4.5, height: float = 2.8) -> Iterator[Sequence[Any]]:
    """Yield the axes of a figure, side by side, and write it when they are drawn."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, figsize=(width * columns, height), squeeze=False, layout="constrained")
    yield list(axes[0])
    for folder in (PLOTS, FOUND):
        folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None, "Creator": None})
    # For who wants to look at it without a browser.
    figure.savefig(FOUND / f"{name}.png", dpi=80)
    pyplot.close(figure)


def bars(axis: Any, title: str, values: dict[str, float], ours: Sequence[str], unit: str) -> None:
    """Draw one bar for each name, the first on top."""
    names = [*values][::-1]
    heights = [values[name] for name in names]
    drawn = axis.barh(names, heights, color=[OURS if name in ours else OTHERS for name in names], height=0.65)
    axis.bar_label(drawn, [f" {height:.3g}" for height in heights], fontsize=8)
    axis.set_xlim(0, max(heights) * 1.2 or 1)
    axis.set_title(title)
    axis.set_xlabel(unit)


def line(axis: Any, title: str, across: str, up: str, points: dict[float, float], logarithmic: bool = True) -> None:
    """Draw values over what they grow with, from zero."""
    axis.plot([*points], [*points.values()], color=OURS, marker="o", markersize=3, linewidth=1.2)
    if logarithmic:
        axis.set_xscale("log")
        axis.set_xticks([*points], [f"{each:g}" for each in points])
        axis.minorticks_off()
    axis.set_ylim(0, max(points.values()) * 1.3 or 1)
    axis.set_title(title)
    axis.set_xlabel(across)
    axis.set_ylabel(up)
