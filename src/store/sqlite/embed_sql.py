# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns a file of schema steps ("-- step N" starts one) into a C header with an array of strings.

usage: embed_sql.py FILE.sql ARRAY OUT.h
"""
import json
import re
import sys


def steps(text):
    parts = re.split(r"^-- step (\d+)\n", text, flags=re.MULTILINE)[1:]
    numbers = [int(n) for n in parts[0::2]]
    if numbers != list(range(1, len(numbers) + 1)):
        sys.exit(f"the steps are numbered {numbers}")
    return parts[1::2]


def main(source, array, target):
    with open(source, encoding="ascii") as f:
        found = steps(f.read())
    with open(target, "w", encoding="ascii") as out:
        out.write(f"// Made from {source.rsplit('/', 1)[-1]} by embed_sql.py.\n#pragma once\n\n")
        out.write(f"static const char *const {array}[] = {{\n")
        for step in found:
            lines = [json.dumps(line + "\n") for line in step.strip().splitlines()]
            out.write("    " + "\n    ".join(lines) + ",\n")
        out.write("};\n")


main(*sys.argv[1:])
