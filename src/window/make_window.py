# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns the built dashboard into a C header with its files, each plain and packed by gzip.

usage: make_window.py LIST|- OUT.h

LIST stands in the folder of the built dashboard (scripts/dev/dashboard.sh writes it) and names its files as sha256sum does, so
that it changes with each of them; "-": there is no dashboard.
"""
import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
         ".woff2": "font/woff2", ".png": "image/png", ".json": "application/json", ".txt": "text/plain; charset=utf-8"}
PAGE = "index.html"
NONCE = b'<meta name="style-nonce" content="'
HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")
WIDTH = 96


def literal(data):
    """A C string literal over several lines. An octal escape has three digits, so that no digit behind it joins in."""
    lines = []
    for start in range(0, len(data), WIDTH):
        lines.append('    "' + "".join(escape(byte) for byte in data[start:start + WIDTH]) + '"')
    return "\n".join(lines) if lines else '    ""'


def escape(byte):
    char = chr(byte)
    if char in '"\\?' or not 0x20 <= byte < 0x7F:
        return f"\\{byte:03o}"
    return char


def array(out, name, data):
    out.append(f"static const char {name}[] =\n{literal(data)};")


def entry(out, number, path, data):
    if path.suffix not in TYPES:
        raise SystemExit(f"make_window.py: {path}: what type has a file with this ending?")
    packed = gzip.compress(data, 9, mtime=0)
    array(out, f"plain_{number}", data)
    if len(packed) < len(data):
        array(out, f"packed_{number}", packed)
        shorter = f"{{packed_{number}, {len(packed)}}}"
    else:
        shorter = "{NULL, 0}"
    etag = hashlib.sha256(data).hexdigest()[:20]
    lasting = "true" if HASHED.search(path.name) else "false"
    return (f'    {{.path = "/{path.as_posix()}", .type = "{TYPES[path.suffix]}", .etag = "\\"{etag}\\"", '
            f".bytes = {{plain_{number}, {len(data)}}}, .packed = {shorter}, .lasting = {lasting}}},")


def page(out, data):
    if data.count(NONCE) != 1:
        raise SystemExit(f"make_window.py: {PAGE} has no place for the number of styles: {NONCE.decode()}...")
    cut = data.index(NONCE) + len(NONCE)
    array(out, "front_before", data[:cut])
    array(out, "front_after", data[cut:])
    return f"static const struct window_page front = {{{{front_before, {cut}}}, {{front_after, {len(data) - cut}}}}};"


def main(listed, target):
    out = ["// Made from the built dashboard by make_window.py.", "#pragma once", ""]
    entries, front = [], "static const struct window_page front = {{NULL, 0}, {NULL, 0}};"
    if listed != "-":
        folder = pathlib.Path(listed).parent
        for number, line in enumerate(pathlib.Path(listed).read_text(encoding="utf-8").splitlines()):
            digest, _, name = line.partition("  ")
            data = (folder / name).read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise SystemExit(f"make_window.py: {name} is not what {listed} says; build the dashboard again")
            if name == PAGE:
                front = page(out, data)
            else:
                entries.append(entry(out, number, pathlib.PurePosixPath(name), data))
    out += ["static const struct window_file window_files[] = {", *(entries or ["    {.path = NULL},"]), "};", front, ""]
    pathlib.Path(target).write_text("\n".join(out), encoding="ascii")


main(*sys.argv[1:])
