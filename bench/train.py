# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Lets an instrumented gateway do a bit of everything, so that the compiler learns which way its branches go.

usage: train.py GATEWAY
"""
import argparse

import candidates

SECONDS = "1"
# options of the load generator; the large list has a server of its own
WORK = [("plain", ["--kind", kind, "--connections", "16", "--any-type", *era]) for kind in ("call", "deny", "stream", "large") for era in ([], ["--modern"])]
WORK.append(("big", ["--kind", "list", "--hidden", "write_"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway")
    candidates.GATEWAY = parser.parse_args().gateway
    upstream, big = candidates.Upstream("train-upstream"), candidates.Upstream("train-big", "--big-list")
    gateway = candidates.Gateway(upstream.port, big.port, name="train")
    try:
        for url, options in WORK:
            candidates.load(gateway.urls[url], gateway, [*options, "--seconds", SECONDS])
    finally:
        for program in (gateway, upstream, big):
            program.stop()


if __name__ == "__main__":
    main()
