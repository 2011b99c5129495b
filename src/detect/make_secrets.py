# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns data/secrets/forms.txt into one C header: the forms in the order of their first two bytes, and a few bits that tell most other words.

Anything unknown or ambiguous ends the build with file and line. The format is described in the file itself.

usage: make_secrets.py FORMS OUT.h
"""
import re
import sys

WORD = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
ALNUM = WORD - set("_-")
CLASSES = {"A": ALNUM, "L": set("abcdefghijklmnopqrstuvwxyz0123456789"), "X": set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), "D": set("0123456789"),
           "H": set("0123456789abcdefABCDEF"), "h": set("0123456789abcdef"), "W": WORD, "B": ALNUM | set("+/="), "T": WORD | set("./+=~")}
LONGEST, PARTS, OPEN = 40, 5, 0xFFFF
MULTIPLIER = 0x9E3779B1  # of secrets.c
OTHERS = ["eyJ", "Bearer ", "bearer ", "Basic ", "basic "]  # what secrets.c knows besides


class Mistake(Exception):
    pass


def read_parts(form, where):
    """The literal in front, and the parts: (class, least, most, literal behind)."""
    pieces = re.split(r"\{([A-Za-z])(\d+)(\+|-\d+)?\}", form)
    parts = []
    for kind, least, more, behind in zip(pieces[1::4], pieces[2::4], pieces[3::4], pieces[4::4]):
        if kind not in CLASSES:
            raise Mistake(f"{where}: no class is called '{kind}'")
        most = int(least) if not more else OPEN if more == "+" else int(more[1:])
        if not 0 < int(least) <= most:
            raise Mistake(f"{where}: '{least}{more}' counts nothing")
        if behind and more and behind[0] in CLASSES[kind]:
            raise Mistake(f"{where}: '{behind[0]}' is of the class that may go on before it")
        parts.append((kind, int(least), most, behind))
    return pieces[0], parts


def read_line(line, where):
    columns = [column.strip() for column in line.split("|")]
    if len(columns) != 3 or not all(columns):
        raise Mistake(f"{where}: expected issuer | form | near misses")
    form, _, flag = columns[1].partition(" ")
    prefix, parts = read_parts(form, where)
    if prefix[0].isupper() and not prefix[1].isupper():
        raise Mistake(f"{where}: behind a capital another must come, else find_words of sieve.c passes it over")
    if flag not in ("", "digit"):
        raise Mistake(f"{where}: '{flag}' is not known")
    if not re.match(r"[A-Za-z][A-Za-z0-9]", prefix) or len(prefix) > LONGEST or re.search(r"[{}\"\\ ]", form.replace("{", "", form.count("}")).replace("}", "")):
        raise Mistake(f"{where}: '{form}' does not begin with a letter and another or a digit, or holds what no form does")
    if prefix.isalpha() and prefix.islower() and not (flag or CLASSES[parts[0][0]] > CLASSES["L"] or parts[0][3]):
        raise Mistake(f"{where}: this could be small letters alone, which find_words of sieve.c passes over")
    if not 0 < len(parts) <= PARTS:
        raise Mistake(f"{where}: a form has one to {PARTS} classes in braces")
    return prefix, parts, flag == "digit", columns[0]


def read_forms(path):
    forms = []
    with open(path, encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                forms.append(read_line(line, f"{path}:{number}"))
    # Where one prefix begins another, the longer comes first.
    forms.sort(key=lambda form: (form[0][:2], -len(form[0]), form[0]))
    return forms


def starts_of(forms):
    """A bit for the hash of each form's first three bytes, as secrets.c computes it."""
    bits = [0] * (1 << 8)
    starts = [prefix + c for prefix, parts, *_ in forms for c in (CLASSES[parts[0][0]] if len(prefix) == 2 else "-")]
    for prefix in starts + OTHERS:
        start = int.from_bytes(prefix[:3].encode(), "little")
        place = (start * MULTIPLIER & 0xFFFFFFFF) >> 18
        bits[place >> 6] |= 1 << (place & 63)
    return bits


def write(forms, out):
    out.write("// Made by make_secrets.py from data/secrets/forms.txt.\n#pragma once\n\n")
    out.write(f"enum {{ SECRET_FORMS = {len(forms)} }};\n\nstatic const struct secret_form secret_forms[SECRET_FORMS] = {{\n")
    for prefix, parts, digit, issuer in forms:
        rows = ", ".join(f'{{CLASS_{"SMALL_HEX" if kind == "h" else kind}, {least}, {most}, "{behind}"}}' for kind, least, most, behind in parts)
        out.write(f'    {{"{prefix}", {len(prefix)}, \'{prefix[1]}\', {"true" if digit else "false"}, {len(parts)}, {{{rows}}}}}, // {issuer}\n')
    out.write("};\n\n// By first byte: where its forms begin; the next one's beginning is their end.\nstatic const unsigned char secret_first[257] = {\n    ")
    firsts = [sum(1 for form in forms if ord(form[0][0]) < byte) for byte in range(257)]
    out.write(", ".join(map(str, firsts)))
    out.write("};\n\nstatic const uint64_t secret_starts[256] = {\n    ")
    out.write(", ".join(f"{word:#x}u" for word in starts_of(forms)))
    out.write("};\n")


def main():
    try:
        forms = read_forms(sys.argv[1])
        if len(forms) > 255:
            raise Mistake(f"{sys.argv[1]}: more than 255 forms")
    except Mistake as mistake:
        sys.exit(str(mistake))
    with open(sys.argv[2], "w", encoding="ascii") as out:
        write(forms, out)


main()
