"""The results as an SVG picture for the README: one panel a measure, one bar a variant, no library."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from evaluation.bench.figures import Values, ratio
from evaluation.bench.measured import Row, rows
from evaluation.bench.table import BASE
from evaluation.bench.words import word

PANELS = ("start_seconds", "rss_server_loaded", "faq_p95", "account_p95", "rate_8", "turn_300")
COLUMNS = 2
WIDTH, PANEL_HEIGHT_BASE, BAR, LABELS, FIGURES, MARGIN = 940, 40, 20, 150, 110, 20
COLOURS = {"stock": "#b0b7c3", "floor": "#d9dde4"}
OURS = "#2463b4"
INK, FAINT = "#1f2733", "#5b6675"
FONT = "system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"


def picture(values: Mapping[str, Values], caption: str) -> str:
    """The SVG text. Panels without any value are left out."""
    known = {row.key: row for row in rows()}
    panels = [known[key] for key in PANELS if any(key in held for held in values.values())]
    panel_width = (WIDTH - MARGIN * (COLUMNS + 1)) // COLUMNS
    panel_height = PANEL_HEIGHT_BASE + BAR * len(values) + MARGIN
    height = MARGIN + panel_height * -(-len(panels) // COLUMNS) + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="{FONT}" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, row in enumerate(panels):
        x = MARGIN + (panel_width + MARGIN) * (number % COLUMNS)
        y = MARGIN + panel_height * (number // COLUMNS)
        parts += _panel(row, values, x, y, panel_width)
    parts.append(f'<text x="{MARGIN}" y="{height - MARGIN}" fill="{FAINT}" font-size="11">{escape(caption)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(row: Row, values: Mapping[str, Values], x: int, y: int, width: int) -> list[str]:
    base = values.get(BASE, {}).get(row.key)
    most = max(held[row.key] for held in values.values() if row.key in held) or 1.0
    parts = [f'<text x="{x}" y="{y + 18}" font-weight="600" font-size="13">{escape(_title(row))}</text>']
    for number, (name, held) in enumerate(values.items()):
        top = y + PANEL_HEIGHT_BASE - 10 + BAR * number
        parts.append(f'<text x="{x + LABELS - 8}" y="{top + 12}" text-anchor="end" fill="{FAINT}">{escape(name)}</text>')
        value = held.get(row.key)
        length = 0.0 if value is None else (width - LABELS - FIGURES) * value / most
        if value is not None:
            colour = COLOURS.get(name, OURS)
            parts.append(f'<rect x="{x + LABELS}" y="{top}" width="{max(1.0, length):.1f}" height="{BAR - 6}" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + LABELS + length + 6:.1f}" y="{top + 12}">{escape(_figure(row, name, value, base))}</text>')
    return parts


def _figure(row: Row, name: str, value: float | None, base: float | None) -> str:
    if value is None:
        return "-"
    times = None if name == BASE else ratio(value, base)
    return row.shown(value) + (f"  ×{times:.2g}" if times is not None else "")


def _title(row: Row) -> str:
    kind, _, number = row.key.rpartition("_")
    name = word(f"picture.{kind}", number=number) if number.isdecimal() else word(f"picture.{row.key}")
    return f"{name} ({row.unit})"
