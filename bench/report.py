# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Tables of docs/benchmarks.md (between its "<!-- table: NAME -->" and "<!-- end -->") and docs/charts/*.svg, from bench/results.

usage: report.py
"""
import csv
import os
import re
import statistics

import charts

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULTS = os.path.join(ROOT, "bench", "results")
SCENARIOS = {"call-64": "call, 64 connections", "modern-64": "call of 2026-07-28, 64",
             "bridged-64": "the same before a legacy server, 64", "stream-64": "call answered as a stream, 64",
             "tls-64": "call over TLS 1.3, 64", "deny-64": "denied here / proxied by nginx, 64", "call-1": "call, 1 connection",
             "rate-70": "call at a fixed rate, 64", "list-1": "list of 1 MB, pruned here, 1", "large-16": "result of 1 MB, 16",
             "pipe-1": "program on pipes, 1 in flight", "pipe-16": "program on pipes, 16 in flight"}
NAMES = {"unguided": "sallyport, unguided", "database": "sallyport, database", "unbuffered": "nginx, unbuffered"}


def read(name):
    path = os.path.join(RESULTS, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    """Median (least-most)."""
    return f"{number(statistics.median(values))} ({number(min(values))}-{number(max(values))})"


class Rounds:
    def __init__(self, rows):
        self.rows = rows

    def paths(self, scenario):
        found = []
        for row in self.rows:
            if row["scenario"] == scenario and row["path"] not in found:
                found.append(row["path"])
        order = ["direct", "relay", "nginx", "unbuffered", "haproxy", "sallyport", "database", "unguided"]
        return sorted(found, key=order.index)

    def values(self, scenario, path, column):
        return [float(row[column]) for row in self.rows if row["scenario"] == scenario and row["path"] == path]

    def ratios(self, scenario, path, column):
        """To nginx (to the relay on pipes) in the same round."""
        base = self.values(scenario, "relay" if scenario.startswith("pipe") else "nginx", column)
        return [value / other for value, other in zip(self.values(scenario, path, column), base)]


def rounds_table(rounds):
    yield "| what | path | calls/s | p50 us | p99 us | p99.9 us | CPU us a call | x nginx, same round: calls/s | CPU |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for scenario, title in SCENARIOS.items():
        for path in rounds.paths(scenario):
            cells = [spread(rounds.values(scenario, path, "calls_per_s"))]
            cells += [number(statistics.median(rounds.values(scenario, path, column))) for column in ("p50_us", "p99_us", "p999_us")]
            cells.append(spread(rounds.values(scenario, path, "cpu_us_per_call")))
            for column in ("calls_per_s", "cpu_us_per_call"):
                ratios = rounds.ratios(scenario, path, column) if path != "direct" else []
                cells.append(spread(ratios) if ratios else "")
            yield f"| {title} | {NAMES.get(path, path)} | " + " | ".join(cells) + " |"


def memory_table(rows):
    yield "| path | what | before KB | after KB | KB each | used afterwards |"
    yield "|---|---|---:|---:|---:|---:|"
    for row in rows:
        count = int(row["count"])
        what = f"{count:,} {row['what']}" if count else row["what"]
        yield f"| {row['path']} | {what} | {int(row['before_kb']):,} | {int(row['after_kb']):,} | {row['each_kb']} | {row['answered']} |"


def peers_table(rows):
    yield "| proxy | before | connections | calls/s | p50 us | p99 us | CPU us a call | resident MB |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    seen = []
    for row in rows:
        key = (row["peer"], row["to"], row["connections"])
        if key not in seen:
            seen.append(key)
    for peer, to, connections in sorted(seen, key=lambda key: (int(key[2]), key[1], key[0] == "sallyport", key[0])):
        mine = [row for row in rows if (row["peer"], row["to"], row["connections"]) == (peer, to, connections)]
        values = {column: [float(row[column]) for row in mine] for column in ("calls_per_s", "p50_us", "p99_us", "cpu_us_per_call", "rss_kb")}
        cells = [spread(values["calls_per_s"])] + [number(statistics.median(values[c])) for c in ("p50_us", "p99_us")]
        cells += [spread(values["cpu_us_per_call"]), number(max(values["rss_kb"]) / 1024)]
        name = f"{peer} {mine[0]['version']}".strip()
        yield f"| {name} | {to} | {connections} | " + " | ".join(cells) + " |"


def fill(tables):
    path = os.path.join(ROOT, "docs", "benchmarks.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, lines in tables.items():
        block = f"<!-- table: {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"
        text, count = re.subn(rf"<!-- table: {name} -->.*?<!-- end -->", lambda _: block, text, flags=re.S)
        if count != 1:
            raise SystemExit(f"report: docs/benchmarks.md has {count} places for the table '{name}'")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def chart(rounds, name, title, column, scenarios):
    groups = []
    for scenario in scenarios:
        bars = [(NAMES.get(path, path), rounds.values(scenario, path, column)) for path in rounds.paths(scenario)
                if path not in ("direct", "unbuffered", "unguided")]
        groups.append((SCENARIOS[scenario], bars))
    folder = os.path.join(ROOT, "docs", "charts")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(charts.bars(title, groups))


def main():
    rounds = Rounds(read("rounds.tsv"))
    fill({"rounds": rounds_table(rounds), "memory": memory_table(read("memory.tsv")), "peers": peers_table(read("peers.tsv")),
          "machine": [f"- {key}: {value}" for key, value in (row for row in csv.reader(open(os.path.join(RESULTS, "machine.tsv"), encoding="utf-8"), delimiter="\t"))]})
    shown = [scenario for scenario in ("call-64", "stream-64", "tls-64", "deny-64") if rounds.paths(scenario)]
    chart(rounds, "calls.svg", "Calls a second on one core (more is better)", "calls_per_s", shown)
    chart(rounds, "cpu.svg", "Processor time a call, microseconds (less is better)", "cpu_us_per_call", shown)


if __name__ == "__main__":
    main()
