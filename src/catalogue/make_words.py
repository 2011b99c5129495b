# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns the classifier's word lists into one C header: every form of every word in a hash table, the rules in a matrix.

The lists are checked while they are read: a word in two classes, an unknown class, category or a weight out of range ends the
build with file and line. docs/classifier.md describes the format.

usage: make_words.py VERBS NOUNS MARKS DOMAINS RULES SCHEMA OUT.h
"""
import re
import sys

CATEGORIES = ["Read", "Write", "Execute", "Destructive", "Financial"]
BASE, S, ED, ING = 1, 2, 3, 4
WEAK, STARTS_PHRASE, IN_PHRASE = 1, 2, 4
VOWELS = "aeiou"
HASH_SIZE = 1 << 15
PHRASE_WORDS = 4
# Two syllables and more, yet the last one is stressed: the final letter doubles.
DOUBLING = {"commit", "submit", "permit", "admit", "refer", "transfer", "prefer", "occur", "infer", "emit", "rebut", "abet", "equip"}


class Mistake(Exception):
    pass


def sections(path):
    """(line number, class, gloss, word) of each word of a list."""
    current, gloss = None, ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.split("#", 1)[0].strip()
            head = re.fullmatch(r"\[(\w+)\]\s*(.*)", line)
            if head:
                current, gloss = head.groups()
                yield number, current, gloss, None
            elif line and current is None:
                raise Mistake(f"{path}:{number}: a word before the first [class]")
            else:
                for word in line.split():
                    yield number, current, gloss, word


def third_person(word):
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if word.endswith("o") and len(word) > 2 and word[-2] not in VOWELS:
        return word + "es"
    return word + "s"


def doubles(word):
    if not re.search(r"[^aeiou][aeiou][bdgklmnprtvz]$", word) or word.endswith(("er", "en", "on", "it", "et", "or", "el", "in")) and len(word) > 4:
        return word in DOUBLING
    return len(re.findall(r"[aeiouy]+", word)) == 1 or word in DOUBLING


def past(word):
    if word.endswith("e"):
        return word + "d"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ied"
    return word + word[-1] + "ed" if doubles(word) else word + "ed"


def continuous(word):
    if word.endswith("ie"):
        return word[:-2] + "ying"
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        return word[:-1] + "ing"
    return word + word[-1] + "ing" if doubles(word) else word + "ing"


def plural(word):
    return third_person(word) if not word.endswith(("ics", "info", "news", "s")) else word


class Table:
    def __init__(self):
        self.entries = {}  # text -> {verb, form, weak, noun, mark, domain, phrase}

    def at(self, text):
        return self.entries.setdefault(text, {})

    def set(self, text, role, value, where, soft=False):
        entry = self.at(text)
        if role in entry and entry[role] != value:
            if soft:
                return
            raise Mistake(f"{where}: '{text}' is {role} {entry[role]} already, not {value}")
        entry[role] = value

    def phrase(self, parts):
        if len(parts) > PHRASE_WORDS:
            raise Mistake(f"'{' '.join(parts)}' has more than {PHRASE_WORDS} words")
        for count in range(1, len(parts)):
            self.at(" ".join(parts[:count]))["phrase"] = True
            self.at(parts[count])["inside"] = True


def add_forms(table, parts, text_forms, roles, where):
    """One spelling of a word or phrase: apart and, for a phrase, joined as well."""
    for text, values in text_forms:
        words = text.split(" ")
        table.phrase(words)
        soft = values.get("form", BASE) != BASE or len(parts) > 1
        for spelling in {text, "".join(words)}:
            known = table.entries.get(spelling, {})
            if spelling != text and ("verb" in known or "noun" in known or "mark" in known):
                continue
            if "verb" in roles and "verb" in known and soft:
                continue
            for role, value in {**roles, **values}.items():
                table.set(spelling, role, value, where, soft)


def add_verb(table, word, kind, where):
    weak = "*" in word
    given = word.replace("*", "").split("/")
    parts = given[0].split("_")
    head, rest = parts[0], parts[1:]
    join = lambda first: " ".join([first] + rest)
    made = [(join(head), BASE), (join(third_person(head)), S)]
    made.append((join(given[1].split("_")[0]) if len(given) > 1 else join(past(head)), ED))
    made.append((join(given[2].split("_")[0]) if len(given) > 2 else join(continuous(head)), ING))
    seen = set()
    forms = []
    for text, form in made:
        if text not in seen:
            forms.append((text, {"form": form}))
            seen.add(text)
    add_forms(table, parts, forms, {"verb": kind, "weak": weak}, where)


def add_noun(table, word, kind, where):
    given = word.split("/")
    parts = given[0].split("_")
    many = given[1].split("_") if len(given) > 1 else parts[:-1] + [plural(parts[-1])]
    add_forms(table, parts, [(" ".join(parts), {}), (" ".join(many), {})], {"noun": kind}, where)


def read_list(table, path, add):
    classes = []
    pending = []
    for number, kind, gloss, word in sections(path):
        where = f"{path}:{number}"
        if word is None:
            classes.append((kind, gloss))
        elif not re.fullmatch(r"[a-z0-9_*/'&]+", word):
            raise Mistake(f"{where}: '{word}' is no word of this format")
        else:
            pending.append((word, kind, where))
    # Base forms first, so that no inflection takes the place of a word that was written down.
    for word, kind, where in sorted(pending, key=lambda p: "_" in p[0]):
        add(table, word, kind, where)
    return classes


def read_rules(path, verbs, nouns):
    rules = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fields = line.split("#", 1)[0].split()
            if not fields:
                continue
            where = f"{path}:{number}"
            if len(fields) != 4 or fields[2] not in CATEGORIES or not 0 < int(fields[3]) <= 100:
                raise Mistake(f"{where}: want VERB NOUN[,NOUN] CATEGORY 1-100")
            verb, objects, category, weight = fields
            for noun in objects.split(","):
                if (verb != "-" and verb not in verbs) or (noun not in ("*", "-") and noun not in nouns):
                    raise Mistake(f"{where}: unknown class in '{verb} {noun}'")
                if (verb, noun) in rules:
                    raise Mistake(f"{where}: '{verb} {noun}' has a rule already")
                rules[verb, noun] = (CATEGORIES.index(category), int(weight))
    for verb in verbs:
        if (verb, "*") not in rules:
            raise Mistake(f"{path}: no line '{verb} *'")
    return rules


def resolve(rules, verb, noun):
    return rules.get((verb, noun)) or rules.get((verb, "*")) or (0, 0)


def load(part):
    """At most eight bytes as words.c loads them."""
    if len(part) < 4:
        part = bytes([part[0], part[len(part) // 2], part[-1]])
    elif len(part) < 8:
        part = part[:4] + part[-4:]
    return int.from_bytes(part, "little") | 0x2020202020202020


def mix(value, part):
    value = ((value ^ part) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 32


def hash_of(text):
    data = text.encode()
    value = len(data)
    start = 0
    while start + 8 < len(data):
        value = mix(value, load(data[start:start + 8]))
        start += 8
    return mix(value, load(data if len(data) <= 8 else data[-8:])) & 0xFFFFFFFF


def write_enum(out, name, prefix, classes):
    out.write(f"enum {name} {{\n    {prefix}_NONE,\n")
    for kind, _ in classes:
        out.write(f"    {prefix}_{kind.upper()},\n")
    out.write(f"    {prefix}_COUNT,\n}};\n\n")


def write_words(out, table, indices):
    pool, rows = "", [None] * HASH_SIZE
    if len(table.entries) > HASH_SIZE * 2 // 3:
        raise Mistake("too many words for the hash table")
    for text, entry in sorted(table.entries.items()):
        flags = (WEAK if entry.get("weak") else 0) | (STARTS_PHRASE if entry.get("phrase") else 0) | (IN_PHRASE if entry.get("inside") else 0)
        numbers = [indices[role].get(entry.get(role), 0) for role in ("verb", "noun", "mark", "domain", "schema")]
        form = entry.get("form", 0) if "verb" in entry else 0
        slot = hash_of(text) % HASH_SIZE
        while rows[slot]:
            slot = (slot + 1) % HASH_SIZE
        key = load(text.encode()[:8])
        rows[slot] = f"{{UINT64_C({key:#x}), {len(pool)}, {len(text.encode())}, {', '.join(map(str, numbers))}, {form}, {flags}}}"
        pool += text
    out.write(f"enum {{ WORD_SLOTS = {HASH_SIZE} }};\n\n")
    out.write("static const char word_pool[] =\n")
    for start in range(0, len(pool), 96):
        out.write(f'    "{pool[start:start + 96]}"\n')
    out.write("    ;\n\n// Where their hashes say, or behind; length 0: free.\nstatic const struct word word_rows[WORD_SLOTS] = {\n")
    out.write("".join(f"    [{slot}] = {row},\n" for slot, row in enumerate(rows) if row))
    out.write("};\n\n")


def write_rules(out, rules, verbs, nouns):
    out.write("static const struct rule rule_rows[VERB_COUNT][NOUN_COUNT] = {\n")
    for verb in ["-"] + [kind for kind, _ in verbs]:
        cells = [resolve(rules, verb, noun) for noun in ["-"] + [kind for kind, _ in nouns]]
        out.write("    {" + ", ".join(f"{{{category}, {weight}}}" for category, weight in cells) + "},\n")
    out.write("};\n\n")


def write_glosses(out, name, classes):
    out.write(f"static const char *const {name}[] = {{\n    \"\",\n")
    for _, gloss in classes:
        out.write(f'    "{gloss}",\n')
    out.write("};\n\n")


def main(verb_path, noun_path, mark_path, domain_path, rule_path, schema_path, target):
    table = Table()
    plain = lambda role: lambda t, word, kind, where: (t.phrase(word.split("_")), t.set(word.replace("_", " "), role, kind, where))
    verbs = read_list(table, verb_path, add_verb)
    nouns = read_list(table, noun_path, add_noun)
    marks = read_list(table, mark_path, plain("mark"))
    domains = read_list(table, domain_path, plain("domain"))
    schema = read_list(table, schema_path, plain("schema"))
    rules = read_rules(rule_path, [v for v, _ in verbs], [n for n, _ in nouns])
    lists = {"verb": verbs, "noun": nouns, "mark": marks, "domain": domains, "schema": schema}
    indices = {role: {kind: i for i, (kind, _) in enumerate(classes, 1)} for role, classes in lists.items()}
    with open(target, "w", encoding="ascii") as out:
        out.write("// Made from data/classifier by make_words.py.\n#pragma once\n\n#include <stdint.h>\n\n")
        for role, classes in lists.items():
            write_enum(out, f"{role}_class", role.upper(), classes)
        longest = max(len(text.encode()) for text in table.entries)
        out.write(f"enum {{ WORD_LONGEST = {longest} }};\n\n")
        out.write("#ifdef CATALOGUE_WORD_TABLES\n")
        write_words(out, table, indices)
        write_rules(out, rules, verbs, nouns)
        write_glosses(out, "verb_glosses", verbs)
        write_glosses(out, "schema_glosses", schema)
        out.write("#endif\n")


try:
    main(*sys.argv[1:])
except Mistake as mistake:
    sys.exit(f"make_words.py: {mistake}")
