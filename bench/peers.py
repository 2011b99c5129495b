# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Other MCP proxies beside the gateway, in interleaved rounds; raw rows to bench/results/peers.tsv.

usage: peers.py [--rounds N] [--seconds S]

Measured where they are found under .dev/bench/peers: the npm packages mcp-proxy and @civic/passthrough-mcp-server
(npm install --prefix .dev/bench/peers ...), the crate mcp-proxy (cargo install --root .dev/bench/peers mcp-proxy). Only what they have
in common is measured: tools/call of one legacy session per connection, over HTTP, to an HTTP server or to a program.
"""
import argparse
import json
import os

import candidates
from candidates import FIRST, ROOT, tool

PEERS = os.path.realpath(tool("peers"))
COLUMNS = ["calls_per_s", "p50_us", "p99_us", "cpu_us_per_call", "wrong", "rss_kb"]


def module(*parts):
    return os.path.join(PEERS, "node_modules", *parts)


def version(*parts):
    with open(module(*parts, "package.json"), encoding="utf-8") as file:
        return json.load(file)["version"]


# Its tools are named backend, separator, tool; this way "read" stays "read".
CRATE_CONFIG = """[proxy]
name = "bench"
version = "1"
separator = "e"
[proxy.listen]
host = "127.0.0.1"
port = %d
[[backends]]
name = "r"
transport = "stdio"
command = "%s"
args = []
[observability]
log_level = "error"
"""


def crate_command(crate, port):
    with open(tool("crate.toml"), "w", encoding="utf-8") as file:
        file.write(CRATE_CONFIG % (port, tool("child")))
    return [crate, "--config", tool("crate.toml")]


class Peer(candidates.Program):
    def __init__(self, name, make_command, path, environment=None):
        port = candidates.free_port()
        super().__init__(name, make_command(port), FIRST, {key: value.replace("@PORT@", str(port)) for key, value in (environment or {}).items()})
        self.port_open(port)
        self.urls = {"plain": f"http://127.0.0.1:{port}{path}"}


def find(upstream):
    """[(label, to what, version, program, url)]"""
    node = os.environ.get("NODE", "node")
    found = []
    civic, npm, crate = module("@civic", "passthrough-mcp-server"), module("mcp-proxy"), os.path.join(PEERS, "bin", "mcp-proxy")
    if os.path.isdir(civic):
        peer = Peer("civic", lambda port: [node, os.path.join(civic, "dist", "cli.js")], "/mcp",
                    {"PORT": "@PORT@", "TARGET_SERVER_URL": f"http://127.0.0.1:{upstream}", "TARGET_SERVER_MCP_PATH": "/mcp",
                     "NODE_ENV": "production"})
        found.append(("@civic/passthrough-mcp-server", "http", version("@civic", "passthrough-mcp-server"), peer, "plain"))
    if os.path.isdir(npm):
        peer = Peer("npm-mcp-proxy", lambda port: [node, module(".bin", "mcp-proxy"), "--port", str(port), "--host", "127.0.0.1", "--server", "stream",
                                                   "--no-eventStore", "--", tool("child")], "/mcp")
        found.append(("mcp-proxy (npm)", "program", version("mcp-proxy"), peer, "plain"))
    if os.path.exists(crate):
        peer = Peer("crate-mcp-proxy", lambda port: crate_command(crate, port), "/")
        found.append(("mcp-proxy (Rust)", "program", "0.4.3", peer, "plain"))
    return found


def one(row, connections, seconds):
    label, kind, _, program, url = row
    if isinstance(program, candidates.Gateway):
        program.empty_log()
    got = candidates.load(program.urls[url], program, ["--any-type", "--connections", str(connections), "--seconds", str(seconds)])
    got["rss_kb"] = program.memory()["Rss"]
    print(f"{label:32} {kind:8} {connections:3} {got['calls_per_s']:9.0f}/s p50 {got['p50_us']:9.1f} p99 {got['p99_us']:9.1f} us "
          f"CPU {got['cpu_us_per_call']:8.2f} us/call, {got['rss_kb']} KB", flush=True)
    return got


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    upstream = candidates.Upstream()
    big = candidates.Upstream("big", "--big-list")
    rows, programs = [], []
    try:
        programs = find(upstream.port)
        gateway = candidates.Gateway(upstream.port, big.port, command=[tool("child")])
        programs += [("sallyport", "http", "", gateway, "plain"), ("sallyport", "program", "", gateway, "child")]
        for connections in (1, 16):
            for round_number in range(1, options.rounds + 1):
                turn = round_number % len(programs)
                for row in programs[turn:] + programs[:turn]:
                    try:
                        got = one(row, connections, options.seconds)
                    except SystemExit as failure:  # a peer that gives wrong answers is a finding, not the end
                        print(failure)
                        continue
                    rows.append([row[0], row[1], row[2], connections, round_number] + [f"{got[key]:g}" for key in COLUMNS])
    finally:
        for program in {row[3] for row in programs} | {upstream, big}:
            program.stop()
    with open(os.path.join(ROOT, "bench", "results", "peers.tsv"), "w", encoding="utf-8") as file:
        for row in [["peer", "to", "version", "connections", "round"] + COLUMNS] + rows:
            file.write("\t".join(str(cell) for cell in row) + "\n")


if __name__ == "__main__":
    main()
