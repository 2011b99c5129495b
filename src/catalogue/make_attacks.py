# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns the attack patterns of data/attacks into one C header.

The files are checked while they are read: a member that is unknown, missing, of another type or twice, an unknown category, signal
or outcome, an example that stops nothing end the build with file and line. docs/attacks.md describes the format.

usage: make_attacks.py SLUG.json... OUT.h
"""
import json
import os
import re
import sys
import textwrap

CATEGORIES = ["Read", "Write", "Execute", "Destructive", "Financial"]
# In the order of enum catalogue_signal.
SIGNALS = ["takes-url", "takes-path", "takes-sql", "takes-code", "takes-markup", "takes-credential", "takes-free-text", "many-arguments",
           "no-schema", "acts-in-bulk", "administers", "instructs-the-model", "hidden-text", "names-other-tool", "look-alike",
           "brings-untrusted-text", "reads-private-data", "way-out"]
WHO = ["agent", "attacker", "person", "server"]
OUTCOMES = ["allowed", "changed", "denied", "hidden", "refused", "not-stopped"]
STOPPED = {"changed", "denied", "hidden", "refused"}


class Mistake(Exception):
    pass


class Object(dict):
    """An object that knows where it stands."""


class Reader:
    """JSON whose objects know their place; a name twice in one object is a mistake."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding="utf-8") as file:
                self.text = file.read()
        except UnicodeDecodeError as error:
            raise Mistake(f"{path}:1: no UTF-8: {error.reason}") from None
        decoder = json.JSONDecoder(parse_constant=self.refuse_constant)
        decoder.parse_object = self.parse_object
        decoder.scan_once = json.scanner.py_make_scanner(decoder)
        try:
            self.root = decoder.decode(self.text)
        except json.JSONDecodeError as error:
            raise Mistake(f"{path}:{error.lineno}: {error.msg}") from None

    def parse_object(self, place, strict, scan_once, _hook, _pairs, memo=None):
        start = place[1]
        pairs, end = json.decoder.JSONObject(place, strict, scan_once, None, lambda pairs: pairs, memo)
        made = Object(pairs)
        made.start, made.end = start - 1, end
        for name in made:
            if sum(other == name for other, _ in pairs) > 1:
                self.fail(made, f"'{name}' stands twice", name)
        return made, end

    def refuse_constant(self, word):
        raise Mistake(f"{self.path}:{self.text[:self.text.index(word)].count(chr(10)) + 1}: {word} is no JSON")

    def fail(self, where, words, name=None):
        """Ends the build; `where` is the object that it is about, `name` one of its members."""
        at = where.start
        if name is not None:
            match = re.compile(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:").search(self.text, at, where.end)
            at = match.start() if match else at
        line = self.text.count("\n", 0, at) + 1
        raise Mistake(f"{self.path}:{line}: {words}")

    def source(self, value):
        """The value's own text, as its author laid it out, without the indentation of the place."""
        lines = self.text[value.start:value.end].split("\n")
        return lines[0] + ("\n" + textwrap.dedent("\n".join(lines[1:])) if len(lines) > 1 else "")


def check_members(reader, value, shape):
    """`shape`: name -> checker; a name with '?' behind it may be missing."""
    known = {name.rstrip("?"): checker for name, checker in shape.items()}
    for name in value:
        if name not in known:
            reader.fail(value, f"unknown member '{name}'", name)
    for name in shape:
        if not name.endswith("?") and name not in value:
            reader.fail(value, f"no member '{name}'")
    for name, member in value.items():
        complaint = known[name](reader, member)
        if complaint:
            reader.fail(value, f"'{name}': {complaint}", name)


def sentence(_reader, value):
    return None if isinstance(value, str) and value.strip() == value and value else "want a text"


def sentences(_reader, value):
    fine = isinstance(value, list) and value and all(sentence(None, item) is None for item in value)
    return None if fine else "want a list of texts"


def anything(_reader, value):
    return None if isinstance(value, Object) else "want an object"


def one_of(words):
    return lambda _reader, value: None if value in words else f"want one of {', '.join(words)}"


def some_of(words):
    def check(_reader, value):
        fine = isinstance(value, list) and all(isinstance(item, str) and item in words for item in value) and len(set(value)) == len(value)
        return None if fine else f"want a list of some of {', '.join(words)}"
    return check


def whole(_reader, value):
    return None if type(value) is int and value > 0 else "want a whole number above 0"


def record(shape):
    def check(reader, value):
        if not isinstance(value, Object):
            return "want an object"
        check_members(reader, value, shape)
        return None
    return check


def list_of(shape):
    def check(reader, value):
        if not isinstance(value, list) or not value:
            return "want a list that is not empty"
        return next(filter(None, (record(shape)(reader, item) for item in value)), None)
    return check


def by_name(reader, value):
    fine = isinstance(value, Object) and value and all(isinstance(member, Object) for member in value.values())
    return None if fine else "want an object of objects"


def address(_reader, value):
    return None if isinstance(value, str) and re.fullmatch(r"https://[!-~]+", value) else "want an address that starts with https://"


def slug(reader, value):
    fine = isinstance(value, str) and re.fullmatch(r"[a-z-]+", value) and value + ".json" == os.path.basename(reader.path)
    return None if fine else "want the name of the file, of small letters and dashes"


PROTECTED = {"outcome": one_of(OUTCOMES), "says": sentence, "rule?": sentence, "answer?": anything, "allowed?": whole}
STEP = {"who": one_of(WHO), "says": sentence, "grant?": sentence, "server?": sentence, "request?": anything, "answer?": anything, "presents?": sentence, "times?": whole,
        "protected?": record(PROTECTED)}
SHAPE = {
    "slug": slug, "name": sentence, "summary": sentence, "meaning": sentences, "how": sentences,
    "example": record({"story": sentences, "steps": list_of(STEP)}),
    "notice": sentences,
    "defence": record({"policies": by_name, "settings?": anything, "stops": sentences, "lets_through": sentences, "elsewhere?": sentences}),
    "categories": some_of(CATEGORIES), "signals": some_of(SIGNALS),
    "fits": list_of({"categories": some_of(CATEGORIES), "signals": some_of(SIGNALS), "why": sentence}),
    "references": list_of({"title": sentence, "url": address}),
}


def check(reader):
    root = reader.root
    complaint = record(SHAPE)(reader, root)
    if complaint:
        raise Mistake(f"{reader.path}:1: {complaint}")
    stopped = False
    for step in root["example"]["steps"]:
        check_step(reader, root, step)
        stopped = stopped or step.get("protected", {}).get("outcome") in STOPPED
    if not stopped:
        reader.fail(root["example"], "no step is stopped", "steps")
    for fit in root["fits"]:
        check_fit(reader, root, fit)


def check_step(reader, root, step):
    asks = "request" in step
    for name in ("answer", "protected", "server"):
        if asks and name not in step:
            reader.fail(step, f"a step with a request needs '{name}'")
    if not asks and ("protected" in step or "answer" in step):
        reader.fail(step, "a step without a request has no answer and nothing to stop")
    outcome = step.get("protected", {})
    if asks and step["server"] not in root["defence"]["policies"] and outcome["outcome"] != "refused":
        reader.fail(step, f"no policy for the server '{step['server']}', and yet it is not 'refused'", "server")
    if outcome.get("outcome") == "denied" and "rule" not in outcome:
        reader.fail(outcome, "what is denied needs its 'rule'")
    if (outcome.get("outcome") == "changed") != ("answer" in outcome):
        reader.fail(outcome, "'changed', and nothing else, needs the 'answer' that is left")


def check_fit(reader, root, fit):
    for name in ("categories", "signals"):
        for item in fit[name]:
            if item not in root[name]:
                reader.fail(fit, f"'{item}' is not among the pattern's own {name}", name)
    if not fit["categories"] and not fit["signals"]:
        reader.fail(fit, "fits every tool")
    if "{tool}" not in fit["why"]:
        reader.fail(fit, "does not name the {tool}", "why")
    if "{words}" in fit["why"] and not fit["signals"]:
        reader.fail(fit, "no signal whose {words} could be quoted", "why")
    if re.search(r"\{(?!tool\}|words\})", fit["why"]):
        reader.fail(fit, "want no other place than {tool} and {words}", "why")


def c_text(text):
    """A C string literal of any bytes, cut into lines."""
    pieces, line = [], ""
    for byte in text.encode("utf-8"):
        char = chr(byte)
        line += "\\" + char if char in '"\\' else "\\n" if char == "\n" else char if 32 <= byte < 127 else f"\\{byte:03o}"
        if len(line) >= 110:
            pieces.append(line)
            line = ""
    return "\n        ".join(f'"{piece}"' for piece in pieces + [line] if piece) or '""'


def write_texts(out, name, texts):
    out.write(f"static const char *const {name}[] = {{\n")
    out.write("".join(f"    {c_text(text)},\n" for text in texts))
    out.write("    NULL,\n};\n\n")


def write_rows(out, kind, name, rows):
    """Rows of texts and numbers; the numbers come as they are."""
    out.write(f"static const struct {kind} {name}[] = {{\n")
    for row in rows:
        out.write("    {" + ", ".join(str(field) if isinstance(field, int) else c_text(field) for field in row) + "},\n")
    out.write("};\n\n")


def bits(names, among):
    return sum(1 << among.index(name) for name in names)


def step_row(reader, step):
    json_of = lambda value, name: reader.source(value[name]) if name in value else ""
    protected = step.get("protected", {})
    return (step["who"], step.get("grant", ""), step["says"], step.get("server", ""), json_of(step, "request"), json_of(step, "answer"), step.get("times", 1 if "request" in step else 0),
            protected.get("outcome", ""), protected.get("rule", ""), json_of(protected, "answer"), protected.get("says", ""))


def write_parts(out, reader, p):
    root, example, defence = reader.root, reader.root["example"], reader.root["defence"]
    texts = {"meaning": root["meaning"], "how": root["how"], "story": example["story"], "notice": root["notice"], "stops": defence["stops"],
             "lets_through": defence["lets_through"], "elsewhere": defence.get("elsewhere", [])}
    for name, value in texts.items():
        write_texts(out, f"{p}_{name}", value)
    rows = {"step": [step_row(reader, step) for step in example["steps"]],
            "policy": [(name, reader.source(document)) for name, document in defence["policies"].items()],
            "reference": [(reference["title"], reference["url"]) for reference in root["references"]],
            "fit": [(bits(fit["categories"], CATEGORIES), bits(fit["signals"], SIGNALS), fit["why"]) for fit in root["fits"]]}
    for name, value in rows.items():
        write_rows(out, f"catalogue_attack_{name}", f"{p}_{name}", value)
    out.write(f"static const char {p}_document[] =\n        {c_text(json.dumps(root, ensure_ascii=False, separators=(',', ':')))};\n\n")


def write_attack(out, reader, p):
    root, defence = reader.root, reader.root["defence"]
    settings = c_text(reader.source(defence["settings"])) if "settings" in defence else '""'
    out.write(f"    {{\n        {c_text(root['slug'])}, {c_text(root['name'])},\n        {c_text(root['summary'])},\n")
    out.write(f"        {p}_meaning, {p}_how, {p}_story, {p}_notice,\n")
    for name in ("step", "policy"):
        out.write(f"        {p}_{name}, sizeof {p}_{name} / sizeof {p}_{name}[0],\n")
    out.write(f"        {settings},\n        {p}_stops, {p}_lets_through, {p}_elsewhere,\n")
    for name in ("reference", "fit"):
        out.write(f"        {p}_{name}, sizeof {p}_{name} / sizeof {p}_{name}[0],\n")
    out.write(f"        {bits(root['categories'], CATEGORIES)}, {bits(root['signals'], SIGNALS)},\n        {p}_document, sizeof {p}_document - 1,\n    }},\n")


def main(arguments):
    *paths, target = arguments
    readers = [Reader(path) for path in paths]
    for reader in readers:
        check(reader)
    with open(target, "w", encoding="ascii") as out:
        out.write("// Made from data/attacks by make_attacks.py.\n#pragma once\n\n")
        for index, reader in enumerate(readers):
            write_parts(out, reader, f"attack{index}")
        out.write("static const struct catalogue_attack attacks[] = {\n")
        for index, reader in enumerate(readers):
            write_attack(out, reader, f"attack{index}")
        out.write("};\n")


try:
    main(sys.argv[1:])
except Mistake as mistake:
    sys.exit(f"make_attacks.py: {mistake}")
