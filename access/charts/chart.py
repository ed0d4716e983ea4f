"""What every chart has: one visual language, a title that says the finding, words for all."""

from __future__ import annotations

import io
import math
import struct
import textwrap
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import RenderMode
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedFormatter
from numpy.typing import NDArray

from access.errors import OutputError
from access.escape import chart_text
from access.files import write_file

# One visual language for every map, chart, page and document.
#
# Categorical colours are the Government Analysis Function's accessible palette (guidance on
# colours in charts, 2023). Sequential and diverging ramps go light to dark of one hue a side and
# never set red against green.

#: Analysis Function categorical palette: use at most four together, in this order.
CATEGORICAL = ("#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1")
INK = "#0b0c0c"
PAPER = "#ffffff"
_FOCUS = "#ffdd00"
QUIET = "#b1b4b6"

#: Added minutes: a pale neutral for no change, then six steps of orange to brown, light to dark.
ADDED_EDGES = (0.0, 0.5, 5.0, 10.0, 15.0, 20.0, 30.0)
ADDED_COLOURS = ("#eeeeea", "#fdd9b0", "#fbb46b", "#f0872d", "#c9590c", "#923a05", "#5a2302")
#: Minutes saved: three steps of blue.
SAVED_COLOURS = ("#cfe1f2", "#6aaed6", "#12436D")
#: A change either way: saved in blue, about as far in a pale neutral, added in orange.
CHANGE_EDGES = (-100_000.0, -10.0, -5.0, -1.0, 1.0, 5.0, 10.0)
CHANGE_COLOURS = (*SAVED_COLOURS[::-1], ADDED_COLOURS[0], *ADDED_COLOURS[1:6:2])
#: Minutes to the nearest centre, light to dark blue.
MINUTES_EDGES = (0.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
MINUTES_COLOURS = ("#eff5fa", "#cfe1f2", "#a3c8e3", "#6aaed6", "#3b85b8", "#12436D", "#08233c")
#: Deprivation fifths, most deprived first, dark to light purple.
FIFTH_COLOURS = ("#49214f", "#7a3f85", "#a671b0", "#cfabd5", "#efe3f1")

NO_DATA = "#ffffff"
NO_DATA_HATCH = "////"
UNREACHABLE_HATCH = "xxxx"

#: Matplotlib marker and word per kind of site; never colour alone.
MARKERS = {
    "childrens_centre": ("o", CATEGORICAL[0]),
    "youth_centre": ("s", CATEGORICAL[1]),
    "hub": ("*", CATEGORICAL[2]),
    "closing": ("X", CATEGORICAL[3]),
    "candidate": ("D", CATEGORICAL[4]),
}


# ------------------------------------------------------------------------------
# What every chart has: a title that says the finding, a caption, words for those who cannot see.
#
# Charts are drawn without pyplot, so that they need no screen and leave no state; the same chart
# gives the same bytes.

# the package's own font: the same chart has the same bytes on every machine
for _font in sorted(Path(__file__).with_name("fonts").glob("*.ttf")):
    fontManager.addfont(_font)

#: Settings of every chart; text is kept as text in SVG, and ids in it are the same each time.
_SETTINGS: dict[Any, Any] = {
    # by name: of a generic family matplotlib tries the first font alone, and draws boxes for the
    # letters that it lacks
    "font.family": ["Open Sans", "DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "path",
    "svg.hashsalt": "access",
    "text.parse_math": False,  # a name may hold dollars
}
_AS_PNG: dict[str, Any] = {"format": "opaque", "dpi": 150}
_AS_SVG: dict[str, Any] = {"format": "svg", "metadata": {"Date": None, "Creator": None}}
_PRESSED = 3  # of 9: the last level of zlib that takes the first match it finds
_TITLE_CHARACTERS = 72
_CAPTION_CHARACTERS = 116
_LONGEST_LINE = 120
_TITLE_LINE, _CAPTION_LINE = 0.23, 0.16
"""Inches that a line of the title and of the caption add to the picture's height."""
_Size = tuple[float, float, float]
_Glyph = tuple[Any, float, int, float, float, float, float]
"""A font, its size in points, a letter's number there, slant, extent, its place in the words."""
_Heights = tuple[float, float, float] | tuple[None, None, None]


@dataclass(frozen=True, eq=False)
class Chart:
    r"""A chart, with its words.

    Parameters
    ----------
    title : str
        Says the finding.
    alt : str
        What the picture shows, in words with numbers.
    caption : str
        Measure, population, place, date and source.
    draw : callable
        Draws on the axes of a figure.
    size : pair of float
        Inches, without title and caption.

    Examples
    --------
    >>> chart = Chart("One is more than none", "A single bar.", "", lambda f, a: a.bar([0], [1]))
    >>> chart.png()[:4], chart.png() == chart.png()
    (b'\x89PNG', True)
    """

    title: str
    alt: str
    caption: str
    draw: Callable[[Figure, Axes], object] = field(repr=False)
    size: tuple[float, float] = (6.8, 3.6)

    def figure(self, *, titled: bool = True) -> Figure:
        """Draw the chart anew.

        Parameters
        ----------
        titled : bool
            With title and caption inside the picture; without, where a document prints them.

        Returns
        -------
        matplotlib.figure.Figure
        """
        title = (
            textwrap.wrap(self.title, _TITLE_CHARACTERS, break_on_hyphens=False) if titled else []
        )
        caption = (
            textwrap.wrap(self.caption, _CAPTION_CHARACTERS, break_on_hyphens=False)
            if titled
            else []
        )
        height = self.size[1] + _TITLE_LINE * len(title) + _CAPTION_LINE * len(caption)
        with mpl.rc_context(_SETTINGS):
            figure = _Laid((self.size[0], height), facecolor=PAPER, layout="constrained")
            _Canvas(figure)
            axes = figure.add_subplot()
            _quiet_axes(axes)
            self.draw(figure, axes)
            left = {"x": 0.01, "ha": "left"}
            if title:
                figure.suptitle("\n".join(title), fontsize=13, fontweight="bold", **left)
            if caption:
                figure.supxlabel("\n".join(caption), fontsize=9, **left)
            _as_written(figure)
        return figure

    def png(self, *, dpi: int = 150, titled: bool = True) -> bytes:
        """Give the chart as PNG, the same bytes each time.

        Parameters
        ----------
        dpi : int
        titled : bool
            As in `figure`.

        Returns
        -------
        bytes
        """
        return self._files({"png": _AS_PNG | {"dpi": dpi}}, titled)[0]

    def svg(self, *, titled: bool = True) -> bytes:
        """Give the chart as SVG, the same bytes each time.

        Parameters
        ----------
        titled : bool
            As in `figure`.

        Returns
        -------
        bytes
        """
        return self._files({"svg": _AS_SVG}, titled)[0]

    def pictures(self, *, titled: bool = True) -> tuple[bytes, bytes]:
        """Give the chart as PNG and as SVG, drawn once: the bytes of `png` and of `svg`.

        Parameters
        ----------
        titled : bool
            As in `figure`.

        Returns
        -------
        tuple of bytes
        """
        png, svg = self._files({"png": _AS_PNG, "svg": _AS_SVG}, titled)
        return png, svg

    def _files(self, kinds: Mapping[str, Mapping[str, Any]], titled: bool) -> list[bytes]:
        files = []
        with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
            # a name in letters that no font here has, or too long for its picture, is no fault
            warnings.filterwarnings("ignore", "Glyph|constrained_layout not applied")
            figure = self.figure(titled=titled)
            for options in kinds.values():
                for axes in figure.axes:  # each file is laid out anew, not from where the last was
                    if (place := axes.get_subplotspec()) is not None:
                        axes.set_subplotspec(place)
                out = io.BytesIO()
                figure.savefig(out, bbox_inches="tight", pad_inches=0.12, **options)
                files.append(out.getvalue())
        return files

    def save(self, path: str | Path, *, titled: bool = True) -> Path:
        """Write the chart; the ending of the name says whether as PNG or SVG.

        Parameters
        ----------
        path : str or Path
        titled : bool
            As in `figure`.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the ending is another, or the file cannot be written.
        """
        path = Path(path)
        makers = {".png": self.png, ".svg": self.svg}
        if path.suffix.lower() not in makers:
            raise OutputError(f"{path} is neither .png nor .svg; expected one of them")
        if not path.parent.is_dir():  # before a picture is drawn
            raise OutputError(f"{path} cannot be written: there is no folder {path.parent}")
        write_file(path, makers[path.suffix.lower()](titled=titled))
        return path

    def _repr_png_(self) -> bytes:
        return self.png(dpi=110)


class _Laid(Figure):
    """A figure that is laid out before it is saved, and not drawn as well to no effect.

    matplotlib saves a figure with a layout by drawing it twice: first without a mark on the
    paper, only to lay it out; then without a layout, for the file.
    """

    def _get_renderer(self) -> RendererBase:
        """Give what the layout measures words with."""
        renderer: RendererBase = super()._get_renderer()  # type: ignore[misc]
        _measure_once(renderer, self)
        return renderer

    def draw(self, renderer: RendererBase) -> None:
        _measure_once(renderer, self)
        layout = self.get_layout_engine()
        if self.canvas.is_saving() and isinstance(layout, ConstrainedLayoutEngine):
            layout.execute(self)
        else:
            super().draw(renderer)


class _Canvas(FigureCanvasAgg):
    """A canvas that draws only to be saved."""

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing: geopandas asks for the whole picture after each layer."""

    def print_opaque(self, out: IO[bytes], **options: Any) -> None:
        """Write a PNG for `savefig`: of dots that are all opaque, as the paper is."""
        FigureCanvasAgg.draw(self)  # type: ignore[no-untyped-call]
        dots = np.asarray(self.buffer_rgba())  # type: ignore[no-untyped-call]
        out.write(_png(dots[..., :3], self.figure.dpi))


def _png(dots: NDArray[np.uint8], dpi: float) -> bytes:
    """Write a PNG of dots, (height, width, 3), each line as it is: that suits flat colours.

    An eighth smaller than what matplotlib writes, in less than half the time, dot for dot the
    same.
    """
    height, width, _ = dots.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = dots.reshape(height, -1)
    per_metre = int(dpi / 0.0254 + 0.5)
    blocks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"pHYs": struct.pack(">IIB", per_metre, per_metre, 1),
        b"IDAT": zlib.compress(lines.data, _PRESSED),
        b"IEND": b"",
    }
    told = [
        struct.pack(">I", len(content)) + name + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in blocks.items()
    ]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def _measure_once(renderer: Any, figure: Figure) -> None:
    """Let a renderer measure words and fonts as it does, but each once for all pictures.

    matplotlib keeps measures of words for one renderer, and has several for a picture; of fonts
    it keeps none, and reads their tables anew for every word.
    """
    dpi = renderer.dpi if isinstance(renderer, RendererAgg) else None
    renderer.get_text_width_height_descent = partial(_measured, dpi)
    if dpi is not None and mpl.__version_info__[:2] == _DRAWN_AS:
        renderer._draw_text_glyphs_and_boxes = partial(_draw_letters, renderer)
    if not hasattr(renderer, "_get_font_height_metrics"):  # some know it of fonts of their own
        renderer._get_font_height_metrics = partial(_heights_in, figure)


def _measured(dpi: float | None, words: str, font: FontProperties, ismath: Any) -> _Size:
    """Give width, height and descent of words in pixels, or in points without a number of dots."""
    family = tuple(mpl.rcParams["font.family"])  # what a font's name stands for
    return _size(words, font.copy(), ismath, dpi, family)  # a copy: its hash is of its contents


@lru_cache(4096)
def _size(
    words: str, font: FontProperties, ismath: Any, dpi: float | None, family: tuple[str, ...]
) -> _Size:
    ruler: Any = text_to_path if dpi is None else _ruler(dpi)
    size: _Size = ruler.get_text_width_height_descent(words, font, ismath)
    return size


def _heights_in(figure: Figure, font: FontProperties) -> _Heights:
    """Give how far every line goes up and down at least, and the gap between two, in dots."""
    return _heights(font.copy(), figure.dpi, tuple(mpl.rcParams["font.family"]))


@lru_cache(1024)
def _heights(font: FontProperties, dpi: float, family: tuple[str, ...]) -> _Heights:
    """Read them from the font's tables, as matplotlib does; nothing where they do not say."""
    drawn = get_font(fontManager.findfont(font))
    told, head = drawn.get_sfnt_table("OS/2"), drawn.get_sfnt_table("head")
    if told is None or head is None:
        return None, None, None  # matplotlib measures two letters
    dots = 1 / head["unitsPerEm"] * font.get_size_in_points() * dpi / 72
    up, down, gap = told["sTypoAscender"], told["sTypoDescender"], told["sTypoLineGap"]
    return up * dots, -down * dots, gap * dots


#: The version of matplotlib whose way to draw letters is followed here; others draw their own.
_DRAWN_AS = (3, 11)


def _draw_letters(
    renderer: Any, gc: GraphicsContextBase, x: float, y: float, angle: float,
    glyphs: Iterable[_Glyph], boxes: Sequence[Any],
) -> None:  # fmt: skip
    """Draw letters as matplotlib does, each from where it was drawn once; x and y count dots."""
    if boxes or not gc.get_antialiased():
        type(renderer)._draw_text_glyphs_and_boxes(renderer, gc, x, y, angle, glyphs, boxes)
        return
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    height, put = renderer.height, renderer._renderer.draw_text_image
    fitted = get_hinting_flag()  # type: ignore[no-untyped-call]
    for font, size, index, slant, extend, dx, dy in glyphs:
        right = round(64 * (x + dx * cos - dy * sin))  # in 64ths of a dot
        up = round(64 * (height - y + dx * sin + dy * cos))
        shape = size, renderer.dpi, angle, slant, extend
        dots, left, top = _letter(font, index, shape, fitted, right & 63, up & 63)
        put(dots, (right >> 6) + left, int(height) - (up >> 6) - top + len(dots), 0, gc)


@lru_cache(20_000)
def _letter(
    font: Any,
    index: int,
    shape: tuple[float, float, float, float, float],
    fitted: Any,
    right: int,
    up: int,
) -> tuple[NDArray[np.uint8], int, int]:
    """Draw a letter so many 64ths of a dot off a dot's corner: its dots, and where they stand."""
    size, dpi, angle, slant, extend = shape
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turned = 0x10000 * np.array([[cos, -sin], [sin, cos]]) @ [[extend, extend * slant], [0, 1]]
    font.set_size(size, dpi)
    font._set_transform(turned.round().astype(int), [right, up])
    drawn = font._render_glyph(index, fitted, RenderMode.NORMAL)
    return np.array(drawn.buffer), drawn.left, drawn.top


@lru_cache(8)
def _ruler(dpi: float) -> RendererAgg:
    return RendererAgg(1, 1, dpi)  # type: ignore[no-untyped-call]


def _as_written(figure: Figure) -> None:
    """Show every text as it is written: no maths between dollars, no marks without a letter."""
    for axes in figure.axes:
        if not axes.axison:  # a map: its marks would be made, and not drawn
            axes.set(xticks=[], yticks=[])
        for axis in (axes.xaxis, axes.yaxis):
            ticks = axis.get_major_formatter()
            if isinstance(ticks, FixedFormatter):
                ticks.seq = [_fitted(words) for words in ticks.seq]
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(_fitted(text.get_text()))


def _fitted(words: str) -> str:
    """Break a line that is wider than a picture, and end with dots what fills several."""
    lines = []
    for line in chart_text(words).split("\n"):
        if len(line) <= _LONGEST_LINE:
            lines.append(line)
        else:
            lines += textwrap.wrap(line, _LONGEST_LINE // 2, max_lines=4, placeholder=" …")
    return "\n".join(lines)


def _quiet_axes(axes: Axes) -> None:
    """Take away what says nothing: frame, ticks."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(length=0, labelsize=10)
    axes.set_axisbelow(True)


def label_bars(
    axes: Axes,
    lengths: Sequence[float],
    words: Sequence[str],
    places: Iterable[float] | None = None,
) -> None:
    """Write each bar's figure beside its end, and make room for it."""
    low, high = min([0.0, *lengths]), max([0.0, *lengths])
    span = (high - low) or 1.0
    stand = range(len(lengths)) if places is None else places
    for place, length, text in zip(stand, lengths, words, strict=True):
        left = length < 0
        axes.annotate(
            text,
            (length, place),
            xytext=(-5 if left else 5, 0),
            textcoords="offset points",
            annotation_clip=False,  # a bar ends inside the picture
            va="center",
            ha="right" if left else "left",
            fontsize=10,
            zorder=5,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
        )
    axes.set_xlim(low - (0.18 * span if low < 0 else 0), high + 0.18 * span)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8)
