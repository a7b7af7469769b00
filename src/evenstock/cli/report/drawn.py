"""Small pictures of the monthly page, as SVG text: no library, no colour that a printer loses."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, DIM, LINE = "#111111", "#555555", "#bbbbbb"
SHADES = ("#1f4e79", "#6f9bc8", "#b5523b", "#d9a441", "#9aa3ae", "#e1e4e8")
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def shares_of(rows: Sequence[tuple[str, Sequence[int]]], names: Sequence[str]) -> str:
    """One bar a row, parted by count; a key below."""
    left, width, high = 150, 470, 22
    out = []
    for n, (label, parts) in enumerate(rows):
        whole, at, y = sum(parts), float(left), 6 + n * high
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end" fill="{INK}">{escape(label)}</text>')
        for k, part in enumerate(parts):
            if part:
                wide = width * part / whole
                out.append(f'<rect x="{at:.1f}" y="{y}" width="{wide:.1f}" height="16" fill="{SHADES[k]}"/>')
                if wide > 26:
                    ink = "#ffffff" if k in (0, 2) else INK
                    out.append(f'<text x="{at + 4:.1f}" y="{y + 12}" fill="{ink}">{part:,}</text>')
                at += wide
    y, x = 6 + len(rows) * high + 6, left
    for k, name in enumerate(names):
        out.append(f'<rect x="{x}" y="{y}" width="11" height="11" fill="{SHADES[k]}"/>')
        out.append(f'<text x="{x + 15}" y="{y + 10}" fill="{INK}">{escape(name)}</text>')
        x += 24 + 7 * len(name)
    return _svg(left + width + 10, y + 20, out)


def bars(rows: Sequence[tuple[str, float, float | None, float | None, str]]) -> str:
    """Bars from zero with an interval where there is one: label, value, low, high, the value in words."""
    left, width, right, high = 150, 360, 130, 22
    values = [v for _, value, low, high_, _ in rows for v in (value, low, high_) if v is not None]
    least, most = min([0.0, *values]), max([0.0, *values])
    scale = width / ((most - least) or 1.0)

    def x(value: float) -> float:
        return left + (value - least) * scale

    out = []
    for n, (label, value, low, high_, words) in enumerate(rows):
        y = 6 + n * high
        begin, end = sorted((x(0.0), x(value)))
        shade = SHADES[0] if value >= 0 else SHADES[2]
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end" fill="{INK}">{escape(label)}</text>')
        out.append(
            f'<rect x="{begin:.1f}" y="{y + 2}" width="{max(end - begin, 0.5):.1f}" height="13" fill="{shade}"/>'
        )
        if low is not None and high_ is not None:
            out.append(
                f'<path d="M{x(low):.1f} {y + 8.5}H{x(high_):.1f}M{x(low):.1f} {y + 4}v9M{x(high_):.1f} {y + 4}v9" stroke="{INK}" fill="none"/>'
            )
        edge = max(end, x(high_) if high_ is not None else end)
        out.append(f'<text x="{edge + 6:.1f}" y="{y + 13}" fill="{INK}">{escape(words)}</text>')
    bottom = 6 + len(rows) * high
    out.append(f'<path d="M{x(0.0):.1f} 2V{bottom}" stroke="{DIM}"/>')
    return _svg(left + width + right, bottom + 6, out)


def calibrated(points: Sequence[tuple[float, float, float, float, int]]) -> str:
    """Foretold against seen with intervals: foretold, seen, low, high, cases. On the line the two agree."""
    size, pad = 300, 40
    least = min([0.5, *(min(p[0], p[2]) for p in points)])
    least = max(0.0, int(least * 10) / 10)
    scale = (size - pad - 12) / (1.0 - least)

    def x(value: float) -> float:
        return pad + (value - least) * scale

    def y(value: float) -> float:
        return size - pad - (value - least) * scale

    out = [
        f'<path d="M{pad} {y(1.0):.1f}V{size - pad}H{x(1.0):.1f}" stroke="{LINE}" fill="none"/>',
        f'<path d="M{x(least):.1f} {y(least):.1f}L{x(1.0):.1f} {y(1.0):.1f}" stroke="{DIM}" stroke-dasharray="4 3"/>',
    ]
    for value in (least, (1.0 + least) / 2, 1.0):
        out.append(
            f'<text x="{x(value):.1f}" y="{size - pad + 16}" text-anchor="middle" fill="{DIM}">{value:.0%}</text>'
        )
        out.append(f'<text x="{pad - 5}" y="{y(value) + 4:.1f}" text-anchor="end" fill="{DIM}">{value:.0%}</text>')
    most = max([1, *(p[4] for p in points)])
    for foretold, seen, low, high, n in points:
        out.append(f'<path d="M{x(foretold):.1f} {y(low):.1f}V{y(high):.1f}" stroke="{SHADES[0]}"/>')
        radius = 2.5 + 4.5 * (n / most) ** 0.5
        out.append(f'<circle cx="{x(foretold):.1f}" cy="{y(seen):.1f}" r="{radius:.1f}" fill="{SHADES[0]}"/>')
    out.append(f'<text x="{(pad + x(1.0)) / 2:.1f}" y="{size - 6}" text-anchor="middle" fill="{INK}">foretold</text>')
    out.append(
        f'<text transform="translate(10 {size / 2 - 10:.1f}) rotate(-90)" text-anchor="middle" fill="{INK}">came on time</text>'
    )
    return _svg(size + 6, size, out)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" {_FONT}>{"".join(parts)}</svg>'
