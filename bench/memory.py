# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Memory of the gateway (and of nginx beside it): at start, with idle connections, with idle sessions, with open streams.
Raw rows to bench/results/memory.tsv. Every figure is of a fresh process that has answered some calls before, so that
buffers made once do not count as the price of a connection.

usage: memory.py [--sessions N]
"""
import argparse
import os
import subprocess

import candidates
from candidates import ROOT, SECOND, tool

STREAMS = 1000


class Held:
    """Connections that the load generator holds open until they are to be used once each."""

    def __init__(self, url, count, options):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SECOND), tool("load"), "--url", url, "--token-env", "BENCH_TOKEN", "--connections", str(count), "--hold", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "BENCH_TOKEN": candidates.token()})
        line = self.process.stdout.readline()
        if line.strip() != f"holding={count}":
            raise SystemExit(f"bench: {url}: {count} connections were not opened: {line}")

    def end(self):
        """Calls once over each (not over streams): how many were right."""
        out, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise SystemExit(f"bench: a connection that was held did not work: {out}")
        return int(candidates.figures(out)["calls"]) if out else 0


def measure(rows, label, make, what, count, options):
    program = make()
    try:
        candidates.load(program.urls["plain"], program, ["--connections", "64", "--seconds", "2"])
        before = program.memory()
        held = Held(program.urls["plain"], count, options)
        after = program.memory()
        works = held.end()
        each = {key: (after[key] - before[key]) / count for key in before}
        rows.append([label, what, count, before["Rss"], after["Rss"], f"{each['Rss']:.3f}", f"{each['Anonymous']:.3f}", works])
        print(f"{label:10} {what:24} {count:6}: {before['Rss']} -> {after['Rss']} KB, {each['Rss']:.2f} KB each, {works} answered afterwards", flush=True)
    finally:
        program.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=min(10000, candidates.open_files() - 2000))
    sessions = parser.parse_args().sessions
    rows = []
    candidates.make_certificates()
    upstream = candidates.Upstream()
    big = candidates.Upstream("big", "--big-list")
    try:
        gateway, nginx = (lambda: candidates.Gateway(upstream.port, big.port)), (lambda: candidates.Nginx(upstream.port, big.port))
        for label, make in (("sallyport", gateway), ("nginx", nginx)):
            program = make()
            memory = program.memory()
            program.stop()
            rows.append([label, "at start", 0, memory["Rss"], memory["Rss"], "", "", ""])
            print(f"{label:10} at start: {memory['Rss']} KB resident, {memory['Pss']} KB its own share", flush=True)
            measure(rows, label, make, "idle connections", sessions, ["--modern"])
            measure(rows, label, make, "idle sessions", sessions, [])
            measure(rows, label, make, "open streams", STREAMS, ["--listen"])
    finally:
        upstream.stop()
        big.stop()
    path = os.path.join(ROOT, "bench", "results", "memory.tsv")
    with open(path, "w", encoding="utf-8") as file:
        for row in [["path", "what", "count", "before_kb", "after_kb", "each_kb", "each_anonymous_kb", "answered"]] + rows:
            file.write("\t".join(str(cell) for cell in row) + "\n")


main()
