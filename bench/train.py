# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Lets an instrumented gateway do a bit of everything, so that the compiler learns which way its branches go: calls of both eras that
pass and that do not, streams, large results, lists, TLS, a program on pipes, under a policy with all kinds of conditions. It is not
what the bench measures (another policy, other numbers of connections, a mix), though of the same kind.

usage: train.py GATEWAY
"""
import argparse
import json
import subprocess

import candidates
from candidates import tool

SECONDS = "0.5"
KINDS = ("call", "deny", "stream", "large")
POLICY = {
    "version": "1", "default": "deny", "hide": ["write_*", "drop_table"],
    "all_tools": {"deny_if": [{"conditions": [{"path": "args.path", "op": "contains", "value": "/.ssh/"}]}],
                  "limits": [{"counter": "all", "window": "hour", "max": 1000000000}]},
    "tools": {
        "read": {"require": [{"conditions": [{"path": "args.path", "op": "starts_with", "value": "/srv/"},
                                             {"path": "args.path", "op": "not_regex", "value": "\\.\\."}]}],
                 "deny_if": [{"conditions": [{"path": "args.limit", "op": "gte", "value": 101, "as": "number"}]}],
                 "rate_limit": {"max": 1000000, "window": 1}},
        "stream": {"require": [{"conditions": [{"path": "args.path", "op": "within_path", "value": ["/srv", "/var"]}]}]},
        "lar?e": {"limits": [{"counter": "bytes", "window": "day", "max": 1e15, "increment_from": "args.limit"}]},
    },
}


def policy():
    with open(tool("train-policy.json"), "w", encoding="utf-8") as file:
        json.dump(POLICY, file)
    return tool("train-policy.json")


def train_http(gateway, tls):
    for era in ([], ["--modern"]):
        for kind in KINDS:
            candidates.load(gateway.urls["plain"], gateway, ["--kind", kind, "--connections", "12", "--any-type", *era, "--seconds", SECONDS])
        candidates.load(tls.urls["tls"], tls, ["--connections", "5", *era, "--seconds", SECONDS])
    candidates.load(gateway.urls["legacy"], gateway, ["--connections", "5", "--modern", "--seconds", SECONDS])
    candidates.load(gateway.urls["big"], gateway, ["--kind", "list", "--hidden", "write_", "--seconds", SECONDS])


def train_pipes():
    subprocess.run([tool("pipes"), "--inflight", "5", "--seconds", SECONDS, "--", candidates.GATEWAY, "run", "--policy", policy(),
                    "--decision-log", tool("train.jsonl"), "--limits-file", tool("train-pipes.db"), "--", tool("child")], check=True, capture_output=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway")
    candidates.GATEWAY = parser.parse_args().gateway
    candidates.make_certificates()
    upstream, big = candidates.Upstream("train-upstream"), candidates.Upstream("train-big", "--big-list")
    gateway = candidates.Gateway(upstream.port, big.port, name="train", policy_file=policy())
    tls = candidates.Gateway(upstream.port, big.port, tls=True, name="train-tls", policy_file=policy())
    try:
        train_http(gateway, tls)
    finally:
        for program in (gateway, tls, upstream, big):
            program.stop()
    train_pipes()


if __name__ == "__main__":
    main()
