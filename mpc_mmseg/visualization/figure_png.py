"""The look that all plots of a report share, and their way into a PNG file."""

from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

AUTHENTIC_COLOUR, FORGED_COLOUR = '#3b6fb6', '#d1495b'
LINE_COLOURS = ('#1f2a44', '#3b6fb6', '#2a9d8f', '#e09f3e', '#d1495b', '#7a5195')


def figure_png(figure: Figure, dpi: int = 130) -> bytes:
    """Renders a figure without a display or pyplot's global state.

    Args:
        figure: Drawn on by this function: its axes lose two spines.
        dpi: Pixels per inch of the figure's size.

    Returns:
        A PNG file.
    """
    for axes in figure.axes:
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(True, alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
    file = BytesIO()
    figure.set_dpi(dpi)
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()
