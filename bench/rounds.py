# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Interleaved rounds of every scenario; raw rows to bench/results/rounds.tsv, machine to bench/results/machine.tsv.

usage: rounds.py [--quick] [--rounds N] [--seconds S] [SCENARIO...]

Each candidate has the first core alone, load and upstream share the second. In one round every path of a scenario runs once,
the order turning by one from round to round, so that a slow moment of the machine hits all of them alike.
"""
import argparse
import os
import subprocess
import time

import candidates
from candidates import FIRST, GATEWAY, ROOT, SECOND, tool

RESULTS = os.path.join(ROOT, "bench", "results")
COLUMNS = ["calls", "seconds", "calls_per_s", "bytes_per_s", "mean_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "wrong",
           "cpu_us_per_call", "cpu_share", "load_cpu_share"]

# name, connections, options of the load generator, paths: (label, program, which of its URLs, more options)
DIRECT, NGINX, HAPROXY, GATEWAY_PATH = (("direct", "upstream", "plain", []), ("nginx", "nginx", "plain", []),
                                        ("haproxy", "haproxy", "plain", []), ("sallyport", "sallyport", "plain", []))
UNGUIDED_PATH = ("unguided", "unguided", "plain", [])
DATA_PATH = ("database", "database", "plain", [])  # with `serve --data`
SCENARIOS = {
    # Legacy era, a session per user, JSON answers.
    "call-64": (64, [], [DIRECT, NGINX, HAPROXY, GATEWAY_PATH, DATA_PATH, UNGUIDED_PATH]),
    "call-1": (1, [], [DIRECT, NGINX, HAPROXY, GATEWAY_PATH, DATA_PATH]),
    # Calls are due at 70 % of what nginx managed in this run; latency from the moment a call was due.
    "rate-70": (64, ["--rate", "70%"], [NGINX, HAPROXY, GATEWAY_PATH]),
    "modern-64": (64, ["--modern"], [NGINX, HAPROXY, GATEWAY_PATH, DATA_PATH, UNGUIDED_PATH]),
    # The same client before a server that has sessions: nginx passes it on to one that understands it.
    "bridged-64": (64, ["--modern"], [NGINX, ("sallyport", "sallyport", "legacy", [])]),
    "stream-64": (64, ["--kind", "stream"], [NGINX, HAPROXY, GATEWAY_PATH, ("unbuffered", "nginx", "unbuffered", [])]),
    # What the gateway denies by itself, beside what nginx proxies.
    "deny-64": (64, [], [NGINX, ("sallyport", "sallyport", "plain", ["--kind", "deny"]), ("unguided", "unguided", "plain", ["--kind", "deny"])]),
    "list-1": (1, ["--kind", "list"], [("direct", "big", "plain", []), ("nginx", "nginx", "big", []), ("haproxy", "haproxy", "big", []),
                                       ("sallyport", "sallyport", "big", ["--hidden", "write_"])]),
    "large-16": (16, ["--kind", "large"], [NGINX, HAPROXY, GATEWAY_PATH, ("unbuffered", "nginx", "unbuffered", [])]),
    "tls-64": (64, [], [("nginx", "nginx", "tls", []), ("haproxy", "haproxy", "tls", []), ("sallyport", "tls", "tls", [])]),
}
PIPES = {"pipe-1": 1, "pipe-16": 16}


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.programs = {}
        self.nginx_rates = []

    def start(self):
        candidates.make_certificates()
        p = self.programs
        p["upstream"] = candidates.Upstream()
        p["big"] = candidates.Upstream("big", "--big-list")
        ports = p["upstream"].port, p["big"].port
        p["nginx"] = candidates.Nginx(*ports)
        p["haproxy"] = candidates.Haproxy(*ports)
        p["sallyport"] = candidates.Gateway(*ports)
        p["database"] = candidates.DataGateway(ports[0])
        p["unguided"] = candidates.Gateway(*ports, name="sallyport-unguided", binary=candidates.UNGUIDED)
        p["tls"] = candidates.Gateway(*ports, tls=True, name="sallyport-tls")

    def stop(self):
        for program in self.programs.values():
            program.stop()

    def rate(self):
        """70 % of nginx's median rate at 64 connections, measured here when call-64 was not."""
        if not self.nginx_rates:
            nginx = self.programs["nginx"]
            self.nginx_rates = [candidates.load(nginx.urls["plain"], nginx, ["--connections", "64", "--seconds", "2"])["calls_per_s"]]
        return 0.7 * sorted(self.nginx_rates)[len(self.nginx_rates) // 2]

    def note(self, scenario, round_number, path, connections, got):
        self.rows.append([scenario, round_number, path, connections] + [f"{got[key]:g}" if key != "calls" else int(got[key]) for key in COLUMNS])
        print(f"{scenario:10} {round_number} {path:10} {got['calls_per_s']:9.0f}/s p50 {got['p50_us']:8.1f} p99 {got['p99_us']:8.1f} us "
              f"CPU {got['cpu_us_per_call']:7.2f} us/call, share {got['cpu_share']:.2f}", flush=True)

    def one(self, scenario, round_number, path):
        connections, options, _ = SCENARIOS[scenario]
        label, name, url, more = path
        program = self.programs[name]
        if isinstance(program, (candidates.Gateway, candidates.DataGateway)):
            program.empty_log()
        options = [str(round(self.rate())) if word == "70%" else word for word in options]
        got = candidates.load(program.urls[url], program, ["--connections", str(connections), "--seconds", str(self.options.seconds), *options, *more])
        if scenario == "call-64" and label == "nginx":
            self.nginx_rates.append(got["calls_per_s"])
        self.note(scenario, round_number, label, connections, got)

    def one_pipe(self, scenario, round_number, label):
        child = ["taskset", "-c", str(SECOND), tool("child")]
        command = {
            "direct": ["taskset", "-c", str(FIRST), tool("child")],
            "relay": ["taskset", "-c", str(FIRST), tool("relay"), *child],
            "sallyport": ["taskset", "-c", str(FIRST), GATEWAY, "run", "--policy", candidates.policy(), "--decision-log", tool("pipe.jsonl"),
                          "--limits-file", tool("pipe.db"), "--", *child],
        }[label]
        for file in (tool("pipe.jsonl"), *(tool(f"pipe.db{end}") for end in ("", "-wal", "-shm", ".charges"))):
            if os.path.exists(file):
                os.unlink(file)
        done = subprocess.run(["taskset", "-c", str(SECOND), tool("pipes"), "--inflight", str(PIPES[scenario]), "--seconds",
                               str(self.options.seconds), "--", *command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {scenario} {label}: {done.stdout}{done.stderr}")
        self.note(scenario, round_number, label, PIPES[scenario], candidates.figures(done.stdout))

    def run(self):
        for scenario in self.options.scenarios:
            pipes = scenario in PIPES
            paths = ["direct", "relay", "sallyport"] if pipes else SCENARIOS[scenario][2]
            for round_number in range(1, self.options.rounds + 1):
                turn = round_number % len(paths)
                for path in paths[turn:] + paths[:turn]:
                    (self.one_pipe if pipes else self.one)(scenario, round_number, path)

    def write(self):
        """Rows of scenarios that did not run this time are kept."""
        path = os.path.join(RESULTS, "rounds.tsv")
        kept = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                kept = [line.rstrip("\n").split("\t") for line in list(file)[1:]]
        kept = [row for row in kept if row[0] not in self.options.scenarios]
        order = list(SCENARIOS) + list(PIPES)
        rows = sorted(kept + [[str(cell) for cell in row] for row in self.rows], key=lambda row: order.index(row[0]))
        with open(path, "w", encoding="utf-8") as file:
            for row in [["scenario", "round", "path", "connections"] + COLUMNS] + rows:
                file.write("\t".join(row) + "\n")


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": candidates.PATH})
        return (done.stdout + done.stderr).strip().split("\n")[0]
    except OSError:
        return "not there"


def write_machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    facts = {
        "date": time.strftime("%Y-%m-%d"), "cpu": model, "cores": len(candidates.CORES), "kernel": os.uname().release,
        "compiler": first_line("cc", "--version"), "nginx": first_line("nginx", "-v"), "haproxy": first_line("haproxy", "-v"),
        "openssl": first_line("openssl", "version"), "commit": first_line("git", "-C", ROOT, "rev-parse", "--short", "HEAD"),
        "load average": "%.2f" % os.getloadavg()[0],
    }
    with open(os.path.join(RESULTS, "machine.tsv"), "w", encoding="utf-8") as file:
        file.writelines(f"{key}\t{value}\n" for key, value in facts.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two rounds of a second: is everything right? writes nothing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("scenarios", nargs="*", help=", ".join(list(SCENARIOS) + list(PIPES)))
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 1
    unknown = [name for name in options.scenarios if name not in SCENARIOS and name not in PIPES]
    if unknown:
        raise SystemExit(f"bench: no scenario is named {' '.join(unknown)} (there are {' '.join(list(SCENARIOS) + list(PIPES))})")
    options.scenarios = options.scenarios or list(SCENARIOS) + list(PIPES)
    os.makedirs(RESULTS, exist_ok=True)
    write_machine() if not options.quick else None
    bench = Bench(options)
    try:
        bench.start()
        bench.run()
    finally:
        bench.stop()
    if not options.quick:
        bench.write()


main()
