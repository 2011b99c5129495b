# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Bar charts as SVG that can be read on light and on dark pages: the colours follow the reader's scheme, the fonts are the reader's own."""
import statistics
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP, GROUP = 760, 150, 130, 18, 5, 34
STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .group { font-weight: 600 }
  .other { fill: #8c959f } .ours { fill: #0969da } .range { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .other { fill: #6e7681 } .ours { fill: #4493f8 } .range { stroke: #e6edf3 }
  }
</style>"""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def bars(title, groups):
    """groups: [(title, [(name, values of the rounds)])]; a bar is the median, the line over it goes from the least to the most."""
    most = max((max(values) for _, members in groups for _, values in members), default=1)
    scale = (WIDTH - LEFT - RIGHT) / most
    body, y = [f'<text class="title" x="0" y="18">{escape(title)}</text>'], 30
    for name, members in groups:
        y += 20
        body.append(f'<text class="group" x="0" y="{y}">{escape(name)}</text>')
        y += 8
        for label, values in members:
            middle = statistics.median(values)
            kind = "ours" if label.startswith("sallyport") else "other"
            centre = y + BAR / 2
            body.append(f'<text x="{LEFT - 8}" y="{centre + 4:.1f}" text-anchor="end">{escape(label)}</text>')
            body.append(f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{middle * scale:.1f}" height="{BAR}" rx="2"/>')
            body.append(f'<line class="range" x1="{LEFT + min(values) * scale:.1f}" x2="{LEFT + max(values) * scale:.1f}" y1="{centre}" y2="{centre}"/>')
            body.append(f'<text x="{LEFT + max(values) * scale + 8:.1f}" y="{centre + 4:.1f}">{number(middle)}</text>')
            y += BAR + GAP
        y += GROUP - BAR
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, "<!-- SPDX-FileCopyrightText: 2026 The Sallyport authors -->", "<!-- SPDX-License-Identifier: Apache-2.0 -->",
                      STYLE, *body, "</svg>"]) + "\n"
