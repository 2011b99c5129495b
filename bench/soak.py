# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Half load for long: does the gateway grow? One row a minute to bench/results/soak.tsv.

usage: soak.py [--minutes N] [--share F]

First each kind of load is measured alone; then all kinds run together, at rates that add up to the share F (0.5) of what one core
can do. Every minute new connections and sessions come and the old ones are left behind (they end by being idle), and in the
middle of it, under load, the decision log is rotated and the policy read anew. Every answer is checked; a wrong one, or a
gateway that holds more at the end than after its first fifth, fails.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import candidates
from candidates import ROOT, tool

RESULTS = os.path.join(ROOT, "bench", "results", "soak.tsv")
COLUMNS = ["minute", "calls", "calls_per_s", "p99_us", "rss_kb", "anonymous_kb", "descriptors", "children", "sessions", "in_flight"]
CONNECTIONS = 16
# name: share of the load, which URL, options of the load generator
KINDS = {
    "call": (0.35, "plain", []),
    "modern": (0.20, "plain", ["--modern"]),
    "stream": (0.15, "plain", ["--kind", "stream"]),
    "deny": (0.10, "plain", ["--kind", "deny"]),
    "list": (0.10, "big", ["--kind", "list", "--hidden", "write_"]),
    "large": (0.05, "plain", ["--kind", "large"]),
    "pipe": (0.05, "child", ["--any-type"]),
}
GROWTH_KB = 1024  # that is no growth: an allocator's own pages come and go
GROWTH = 0.02


def one_load(gateway, kind, seconds, rate=None):
    _, url, options = KINDS[kind]
    extra = ["--connections", str(CONNECTIONS), "--seconds", str(seconds), *options]
    return candidates.load(gateway.urls[url], None, extra + (["--rate", str(max(1, round(rate)))] if rate else []), pids=[])


class Minute(threading.Thread):
    """One kind of load for most of a minute."""

    def __init__(self, gateway, kind, seconds, rate):
        super().__init__()
        self.work = (gateway, kind, seconds, rate)
        self.got = self.failure = None
        self.start()

    def run(self):
        try:
            self.got = one_load(*self.work)
        except SystemExit as failure:
            self.failure = failure


def rotate(gateway):
    os.rename(gateway.decisions, gateway.decisions + ".old")
    os.utime(tool("policy.json"))
    os.kill(gateway.pid, signal.SIGHUP)
    os.unlink(gateway.decisions + ".old")


def gauge(text, name):
    return int(re.search(rf"^{name} (\d+)$", text, re.M)[1])


def sample(gateway):
    with open(f"/proc/{gateway.pid}/smaps_rollup", encoding="utf-8") as rollup:
        memory = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.split()[-1] == "kB"}
    port = re.search(r":(\d+)/", gateway.urls["plain"])[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        metrics = answer.read().decode()
    return [memory["Rss"], memory["Anonymous"], len(os.listdir(f"/proc/{gateway.pid}/fd")), len(gateway.pids()) - 1,
            gauge(metrics, "sallyport_sessions"), gauge(metrics, "sallyport_in_flight")]


def one_minute(gateway, rates, number):
    began = time.monotonic()
    loads = [Minute(gateway, kind, 52, rate) for kind, rate in rates.items()]
    time.sleep(25)
    rotate(gateway)
    for load in loads:
        load.join()
        if load.failure:
            raise load.failure
    time.sleep(max(0.0, 58 - (time.monotonic() - began)))
    calls = sum(load.got["calls"] for load in loads)
    row = [number, int(calls), round(calls / 52), round(max(load.got["p99_us"] for load in loads)), *sample(gateway)]
    time.sleep(max(0.0, 60 - (time.monotonic() - began)))
    return row


def write(rows):
    with open(RESULTS, "w", encoding="utf-8") as file:
        for row in [COLUMNS] + rows:
            file.write("\t".join(str(cell) for cell in row) + "\n")


def median(rows, column):
    values = sorted(row[COLUMNS.index(column)] for row in rows)
    return values[len(values) // 2]


def verdict(rows):
    """The last fifth beside the second one; in the first, caches fill and sessions begin to end."""
    fifth = max(1, len(rows) // 5)
    bad = []
    for column in ("rss_kb", "anonymous_kb", "descriptors", "children", "sessions"):
        early, late = median(rows[fifth:2 * fifth] or rows, column), median(rows[-fifth:], column)
        room = max(GROWTH_KB, early * GROWTH) if column.endswith("_kb") else max(2, early * GROWTH)
        print(f"soak: {column}: {early} early, {late} late")
        if late > early + room:
            bad.append(column)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--share", type=float, default=0.5)
    options = parser.parse_args()
    candidates.make_certificates()
    upstream, rows = candidates.Upstream(), []
    big = candidates.Upstream("big", "--big-list")
    gateway = candidates.Gateway(upstream.port, big.port, name="soak", command=[tool("child")], limits={"session_idle": "1m"})
    try:
        rates = {kind: options.share * KINDS[kind][0] * one_load(gateway, kind, 2)["calls_per_s"] for kind in KINDS}
        print("soak: calls per second: " + ", ".join(f"{kind} {rate:.0f}" for kind, rate in rates.items()), flush=True)
        for number in range(1, options.minutes + 1):
            rows.append(one_minute(gateway, rates, number))
            print("  ".join(f"{name} {cell}" for name, cell in zip(COLUMNS, rows[-1])), flush=True)
            write(rows)
    finally:
        for program in (gateway, upstream, big):
            program.stop()
    if gateway.process.returncode != 0:
        raise SystemExit(f"soak: the gateway ended with {gateway.process.returncode}")
    bad = verdict(rows)
    if bad:
        raise SystemExit("soak: grew: " + ", ".join(bad))


if __name__ == "__main__":
    sys.exit(main())
