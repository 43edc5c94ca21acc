"""A matplotlib figure as a PNG file."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def encode_png(figure: Figure, *, dpi: float) -> bytes:
    """The file's content; the same figure gives the same bytes under one version of matplotlib."""
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    return content.getvalue()
