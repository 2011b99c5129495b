# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns data/classifier/signals.txt into one C header: the words in a hash table, each with the sets it is in, and the phrases as rows of sets.

Anything unknown or out of range ends the build with file and line. docs/signals.md describes the format.

usage: make_signals.py SIGNALS OUT.h
"""
import re
import sys

SIGNALS = {"takes-url": "URL", "takes-path": "PATH", "takes-sql": "SQL", "takes-code": "CODE", "takes-markup": "MARKUP", "takes-credential": "CREDENTIAL",
           "takes-free-text": "FREE_TEXT", "acts-in-bulk": "BULK", "administers": "ADMIN", "instructs-the-model": "INSTRUCTIONS",
           "names-other-tool": "NAMES_OTHER_TOOL"}
SEVERITIES = ["low", "medium", "high", "critical"]
HASH_SIZE = 1 << 13
PARTS, WINDOW, LONGEST, LANES = 7, 32, 32, 4


class Mistake(Exception):
    pass


class Lists:
    def __init__(self):
        self.arguments = [("-", "low", "")]
        self.classes, self.phrases = [], []
        self.words = {}  # text -> {argument, suffix, sets}
        self.sets = {}
        self.named = []

    def word(self, text, where):
        if len(text.encode()) > LONGEST or not text:
            raise Mistake(f"{where}: '{text}' is empty or longer than {LONGEST} bytes")
        return self.words.setdefault(text, {"argument": 0, "suffix": False, "sets": set()})

    def set_of(self, part, where):
        if part not in self.sets:
            self.sets[part] = len(self.sets)
            for text in part.split("|"):
                listed = [entry for entry in self.words.values() if text in self.named and self.sets[text] in entry["sets"]]
                for entry in listed or [self.word(text, where)]:
                    entry["sets"].add(self.sets[part])
        return self.sets[part]

    def add_argument(self, text, number, where):
        entry = self.word(text.lstrip("~").replace("_", " "), where)
        if entry["argument"]:
            raise Mistake(f"{where}: '{text}' is an argument of another kind already")
        entry.update(argument=number, suffix=text.startswith("~"))

    def add_phrase(self, line, number, where):
        parts, gaps, gap = [], [], 0
        for part in line.split():
            if part.startswith(".."):
                gap = int(part[2:])
                continue
            parts.append(self.set_of(part, where))
            gaps.append(gap)
            gap = 0
        if not 0 < len(parts) <= PARTS or gap or gaps[0] or sum(gaps) + len(parts) > WINDOW:
            raise Mistake(f"{where}: a phrase has 1 to {PARTS} parts and spans {WINDOW} words")
        self.phrases.append((number, parts, gaps))


def severity_of(signal, severity, where, nothing=False):
    if severity not in SEVERITIES or (signal not in SIGNALS and not nothing):
        raise Mistake(f"{where}: unknown signal or severity")


def start_section(lists, line, where):
    """The function that takes the lines of the section."""
    head = re.fullmatch(r"\[(argument|phrase) (\S+)(?: (\w+))?\]\s*(.*)|\[argument -\].*|\[words (\w+)\]", line)
    if head is None:
        raise Mistake(f"{where}: want [argument SIGNAL SEVERITY] text, [phrase ...] or [words NAME]")
    kind, signal, severity, text, name = head.groups()
    if name:
        lists.sets[name] = len(lists.sets)
        lists.named.append(name)
        return lambda line, where: [lists.word(w, where)["sets"].add(lists.sets[name]) for w in line.split()]
    if signal in (None, "-"):
        lists.arguments.append(("-", "low", ""))
        severity, signal, kind = "low", "-", "argument"
    severity_of(signal, severity, where, signal == "-")
    if kind == "phrase":
        lists.classes.append((signal, severity, text))
        return lambda line, where: lists.add_phrase(line, len(lists.classes) - 1, where)
    if signal != "-":
        lists.arguments.append((signal, severity, text))
    number = len(lists.arguments) - 1
    return lambda line, where: [lists.add_argument(w, number, where) for w in line.split()]


def read(path):
    lists, take = Lists(), None
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            where, line = f"{path}:{number}", line.strip()
            if not line or line.startswith("#"):
                continue
            if re.match(r"\[(argument|phrase|words) ", line):
                take = start_section(lists, line, where)
            elif take is None:
                raise Mistake(f"{where}: a line before the first section")
            else:
                take(line, where)
    return lists


def hash_of(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value ^ value >> 15


def c_signal(signal):
    return "CATALOGUE_SIGNAL_" + SIGNALS.get(signal, "COUNT")


def write_kinds(out, name, kinds):
    out.write(f"static const struct signal_kind {name}[] = {{\n")
    for signal, severity, says in kinds:
        out.write(f'    {{{c_signal(signal)}, CATALOGUE_{severity.upper()}, "{says}"}},\n')
    out.write("};\n\n")


def write_words(out, lists):
    pool, slots, rows = "", [0] * HASH_SIZE, []
    if len(lists.words) > HASH_SIZE // 2:
        raise Mistake("too many words for the hash table")
    for text, entry in sorted(lists.words.items()):
        bits = sum(1 << number for number in entry["sets"])
        sets = ", ".join(f"UINT64_C({bits >> 64 * lane & (1 << 64) - 1:#x})" for lane in range(LANES))
        rows.append(f"{{{len(pool)}, {len(text)}, {entry['argument']}, {str(entry['suffix']).lower()}, {{{sets}}}}}")
        pool += text
        slot = hash_of(text) % HASH_SIZE
        while slots[slot]:
            slot = (slot + 1) % HASH_SIZE
        slots[slot] = len(rows)
    out.write(f"enum {{ SIGNAL_SLOTS = {HASH_SIZE} }};\n\nstatic const char signal_pool[] =\n")
    for start in range(0, len(pool), 96):
        out.write(f'    "{pool[start:start + 96]}"\n')
    out.write("    ;\n\nstatic const struct signal_word signal_rows[] = {\n" + "".join(f"    {row},\n" for row in rows))
    out.write("};\n\n// 0: free; else the row's number and one.\nstatic const uint16_t signal_slots[SIGNAL_SLOTS] = {\n")
    for start in range(0, HASH_SIZE, 16):
        out.write("    " + ", ".join(map(str, slots[start:start + 16])) + ",\n")
    out.write("};\n\n")


def write_phrases(out, lists):
    out.write("static const struct signal_phrase signal_phrases[] = {\n")
    ends = 0
    for kind, parts, gaps in lists.phrases:
        ends |= 1 << parts[-1]
        out.write(f"    {{{kind}, {len(parts)}, {{{', '.join(map(str, parts))}}}, {{{', '.join(map(str, gaps))}}}}},\n")
    out.write("};\n\n// The sets that some phrase ends in.\nstatic const uint64_t signal_ends[SIGNAL_LANES] = {")
    out.write(", ".join(f"UINT64_C({ends >> 64 * lane & (1 << 64) - 1:#x})" for lane in range(LANES)) + "};\n")


def main(path, target):
    lists = read(path)
    if len(lists.sets) > LANES * 64:
        raise Mistake(f"{path}: more than {LANES * 64} different parts of phrases")
    with open(target, "w", encoding="ascii") as out:
        out.write("// Made from data/classifier/signals.txt by make_signals.py.\n#pragma once\n\n#include <stdint.h>\n\n")
        names = [f"SET_{name.upper()} = {lists.sets[name]}" for name in lists.named]
        out.write("enum signal_set { " + ", ".join(names) + f", SIGNAL_SETS = {len(lists.sets)} }};\n")
        out.write("\n")
        out.write("#ifdef CATALOGUE_SIGNAL_TABLES\n")
        write_kinds(out, "signal_arguments", lists.arguments)
        write_kinds(out, "signal_phrase_kinds", lists.classes)
        write_words(out, lists)
        write_phrases(out, lists)
        out.write("#endif\n")


try:
    main(*sys.argv[1:])
except Mistake as mistake:
    sys.exit(f"make_signals.py: {mistake}")
