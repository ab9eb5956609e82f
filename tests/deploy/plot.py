"""Draws what the dashboard's main panels showed when observe.py last looked: the picture in docs/operations.md.

    OBSERVE_SECONDS=240 cargo xtask test -- --package tests -- --ignored observed::
    python3 -m venv target/deploy/plot && target/deploy/plot/bin/pip install matplotlib==3.10.7
    target/deploy/plot/bin/python tests/deploy/plot.py target/deploy/observed.json docs/dashboard.png
"""

import io
import json
import sys

import matplotlib
from PIL import Image

matplotlib.use("Agg")
from matplotlib import pyplot

PANELS = [
    "Events settled, by outcome", "Age of events at their commit", "The queues",
    "Events in one transaction", "Time of one transaction", "Messages dead-lettered, by reason",
    "Requests, by status", "Time of a request", "From commit to shown",
    "Event streams", "Resident memory", "CPU",
]
# Grafana's units: what a value is divided by, and what is written then.
UNITS = {"s": (0.001, "ms"), "bytes": (2**20, "MiB"), "reqps": (1, "1/s"), "eps": (1, "1/s"), "short": (1, "")}


def draw(axes, panel, start):
    divisor, unit = UNITS[panel["unit"]]
    for series in panel["series"]:
        points = [(float(at) - start, float(value) / divisor) for at, value in series["values"] if value != "NaN"]
        if points and max(value for _, value in points) > 0:
            label = series["legend"].split(" 127.0.0.1")[0]
            axes.plot(*zip(*points), linewidth=1, label=None if label.startswith("127.0.0.1") else label)
    axes.set_title(panel["title"] + (f", {unit}" if unit else ""), fontsize=9, loc="left")
    axes.tick_params(labelsize=7)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.2)
    axes.grid(alpha=0.25, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6.5, frameon=False, loc="best")


def main(observed, picture):
    shown = {panel["title"]: panel for panel in json.load(open(observed))}
    start = min(float(series["values"][0][0]) for panel in shown.values() for series in panel["series"])
    figure, grid = pyplot.subplots(4, 3, figsize=(12, 10), layout="constrained", sharex=True)
    for axes, title in zip(grid.flat, PANELS):
        draw(axes, shown[title], start)
    for axes in grid[-1]:
        axes.set_xlabel("seconds", fontsize=7)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=80)
    # A palette makes a third of it.
    Image.open(drawn).convert("RGB").quantize(48).save(picture, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
