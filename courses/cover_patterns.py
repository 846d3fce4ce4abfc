"""Generated cover pictures for courses without a picture: geometric shapes in one of twelve palettes."""

import hashlib
import uuid
from collections import defaultdict

COLUMNS, ROWS, CELL = 8, 5, 40
PALETTES = (
    ("#f3ece0", "#d98f5c", "#27406b", "#9db7d9", "#16233b"),
    ("#f7f2e3", "#bf6f32", "#5b5237", "#cbbf94", "#2b2719"),
    ("#f4e9d8", "#e0a458", "#0e6450", "#8fc1a9", "#123c36"),
    ("#f2ecf5", "#e6a57e", "#4a4063", "#b5a6d0", "#241d33"),
    ("#f6e7d7", "#e3b23c", "#7a3b2e", "#d99a7c", "#3b1f1a"),
    ("#eef1ea", "#c98b70", "#3d5a4c", "#a9c0ae", "#1d2b25"),
    ("#eaf2f4", "#e8a33d", "#1f6f80", "#8fc3cc", "#123840"),
    ("#fbeee9", "#d9603b", "#8c2f39", "#e7a794", "#3d1820"),
    ("#f0f0e4", "#d8b648", "#55652d", "#b3bf86", "#262d14"),
    ("#f7eaf0", "#c46a8d", "#57305b", "#d8a9c1", "#2a1730"),
    ("#ecf0f7", "#f0b15e", "#3a4fa0", "#a4b4e2", "#1a2350"),
    ("#f5f0ea", "#c7a27a", "#6a4f3a", "#d7c3ab", "#2f231a"),
)
# Indexes of the shapes that may be combined: all; arcs; triangles and squares; discs; arcs and dots.
FAMILIES = ((0, 1, 2, 3, 4, 5, 6, 7), (0, 1, 2, 3), (4, 4, 8, 7), (5, 6, 9, 6), (0, 1, 2, 3, 6))


def render_svg(course_id: uuid.UUID) -> str:
    """Return the pattern of a course as an SVG document of about 3 kB. It depends on the id only."""
    digest = hashlib.shake_256(course_id.bytes).digest(COLUMNS * ROWS * 3 + 2)
    palette = PALETTES[digest[0] % len(PALETTES)]
    family = FAMILIES[digest[-1] % len(FAMILIES)]
    shapes: dict[str, list[str]] = defaultdict(list)
    backgrounds: dict[str, list[str]] = defaultdict(list)
    for index in range(COLUMNS * ROWS):
        background, offset, shape = digest[1 + index * 3 : 4 + index * 3]
        background_color = palette[background % 5]
        shape_color = palette[(background % 5 + 1 + offset % 4) % 5]
        x, y = index % COLUMNS * CELL, index // COLUMNS * CELL
        backgrounds[background_color].append(f"M{x} {y}h{CELL}v{CELL}h-{CELL}z")
        shapes[shape_color].append(_shape_path(family[shape % len(family)], x, y))
    # One path for all backgrounds of a color and one for all its shapes: 10 elements instead of 80.
    paths = [f'<path fill="{color}" d="{"".join(parts)}"/>' for color, parts in sorted(backgrounds.items())]
    paths += [f'<path fill="{color}" d="{"".join(parts)}"/>' for color, parts in sorted(shapes.items())]
    box = f'viewBox="0 0 {COLUMNS * CELL} {ROWS * CELL - 20}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} preserveAspectRatio="xMidYMid slice">{"".join(paths)}</svg>'


def _shape_path(index: int, x: int, y: int) -> str:
    """Return the path data of one cell: a quarter circle, a triangle, a half disc, a dot, or an empty string."""
    c, half = CELL, CELL // 2
    paths = (
        f"M{x} {y}a{c} {c} 0 0 1 {c} {c}h-{c}z",
        f"M{x + c} {y}a{c} {c} 0 0 0 -{c} {c}h{c}z",
        f"M{x} {y + c}a{c} {c} 0 0 0 {c} -{c}h-{c}z",
        f"M{x + c} {y + c}a{c} {c} 0 0 1 -{c} -{c}h{c}z",
        f"M{x} {y}h{c}l-{c} {c}z",
        f"M{x} {y + half}a{half} {half} 0 0 1 {c} 0z",
        f"M{x + 7} {y + half}a13 13 0 1 1 26 0a13 13 0 1 1 -26 0z",
        "",
        f"M{x + c} {y + c}h-{c}l{c} -{c}z",
        f"M{x} {y + half}a{half} {half} 0 0 0 {c} 0z",
    )
    return paths[index]
