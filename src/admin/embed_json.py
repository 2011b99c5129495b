# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns a JSON document into a C header with an array of its bytes, without the white space.

usage: embed_json.py FILE.json ARRAY OUT.h
"""
import json
import sys


def main(source, array, target):
    with open(source, encoding="utf-8") as file:
        text = json.dumps(json.load(file), separators=(",", ":"))
    with open(target, "w", encoding="ascii") as out:
        out.write(f"// Made from {source.rsplit('/', 1)[-1]} by embed_json.py.\n#pragma once\n\n")
        out.write(f"static const char {array}[] = {{\n")
        for start in range(0, len(text), 20):
            out.write("    " + " ".join(f"{byte}," for byte in text[start:start + 20].encode()) + "\n")
        out.write("};\n")


main(*sys.argv[1:])
