#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Writes many servers with many tools as JSON lines, for measuring the catalogue.

Real definitions (JSON lines with server, tool, description, input_schema...; also compressed with zstd) are taken when
a file with them is given, and made up else. Servers and tools are renamed and some words are exchanged, so that no two
servers are the same; sizes are spread like those of real servers: most have a few tools, some have hundreds.

usage: catalogue_lines.py [--servers 43000] [--tools 730000] [--from FILE.jsonl[.zst]] [--shuffle] >LINES.jsonl
"""
import argparse
import json
import random
import subprocess
import sys

VERBS = ["get", "list", "search", "create", "update", "delete", "send", "run", "export", "import", "find", "set",
         "add", "remove", "sync", "check", "describe", "download", "upload", "cancel", "approve", "merge", "query"]
NOUNS = ["user", "issue", "repository", "payment", "order", "file", "folder", "message", "channel", "invoice", "page",
         "database", "table", "event", "calendar", "ticket", "customer", "report", "deployment", "secret", "image"]
MAKERS = ["acme", "northwind", "blue-river", "quarry", "lantern", "harbour", "mosaic", "summit", "orchard", "cobalt"]


def made_up(count):
    """Definitions of about the size of real ones."""
    for number in range(count):
        verb, noun, other = VERBS[number % len(VERBS)], NOUNS[number // 7 % len(NOUNS)], NOUNS[number // 3 % len(NOUNS)]
        properties = {}
        for field in range(number % 9 + 1):
            name = f"{NOUNS[(number + field) % len(NOUNS)]}_{field}"
            properties[name] = {"type": "string", "description": f"The {noun} to {verb}, number {field}; it may be left "
                                f"out where the {other} says it already."}
        yield {"tool": f"{verb}_{noun}_{other}", "description": f"{verb.title()}s a {noun} of the {other}. " + " ".join(
            f"It looks at {NOUNS[(number * k) % len(NOUNS)]}s first." for k in range(1, number % 12 + 2)),
            "input_schema": {"type": "object", "properties": properties, "required": sorted(properties)[:2]}}


def real(path):
    """The tools of a file, each with what a server lists of it."""
    text = subprocess.run(["zstd", "-dc", path] if path.endswith(".zst") else ["cat", path], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    for line in text.splitlines():
        tool = json.loads(line)
        yield {key: tool[key] for key in ("tool", "title", "description", "input_schema", "annotations")
               if tool.get(key) is not None}


def sizes(servers, tools, chance):
    """So many numbers of tools, together `tools`, at least 1 each."""
    weights = [chance.paretovariate(1.3) for _ in range(servers)]
    spare, total = tools - servers, sum(weights)
    counts = [1 + min(int(spare * weight / total), 2000) for weight in weights]
    while sum(counts) < tools:
        missing = tools - sum(counts)
        for place in chance.sample(range(servers), min(missing, servers)):
            counts[place] += 1
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", type=int, default=43000)
    parser.add_argument("--tools", type=int, default=730000)
    parser.add_argument("--from", dest="source")
    parser.add_argument("--shuffle", action="store_true", help="lines of one server are not together")
    given = parser.parse_args()
    chance = random.Random(1)
    tools = list(real(given.source)) if given.source else list(made_up(5000))
    lines, place = [], 0
    for number, count in enumerate(sizes(given.servers, given.tools, chance)):
        maker = MAKERS[number % len(MAKERS)]
        server = (f"@{maker}/{NOUNS[number // 10 % len(NOUNS)]}-{number}" if number % 3 else
                  f"io.github.{maker}/{NOUNS[number // 10 % len(NOUNS)]}-server-{number}")
        for _ in range(count):
            tool = dict(tools[place % len(tools)])
            # From the second turn on nothing is as it was the first time.
            turn = place // len(tools)
            place += 1
            if turn:
                words = tool["tool"].split("_")
                words.insert(place % (len(words) + 1), NOUNS[(turn + place) % len(NOUNS)] if turn % 2 else str(turn))
                tool["tool"] = "_".join(words)
                tool["description"] = tool.get("description", "") + f" Part {number} of {maker}, {turn}."
            line = json.dumps({"server": server, **tool}, ensure_ascii=False) + "\n"
            if given.shuffle:
                lines.append(line)
            else:
                sys.stdout.write(line)
    chance.shuffle(lines)
    sys.stdout.writelines(lines)


main()
