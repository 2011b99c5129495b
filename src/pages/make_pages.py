# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Turns HTML templates into C functions that write into a buffer.

usage: make_pages.py OUT.c INCLUDE TEMPLATE.html...

A template file holds functions; what stands outside of them must be blank or a comment:

    {{define NAME(const struct TYPE *PARAMETER)}} ... {{end}}      declared in a header of ours
    {{partial NAME(const struct TYPE *PARAMETER)}} ... {{end}}     only for other templates

Inside, an expression is a member of a parameter or of a loop's variable ("page.head.title"):

    {{expression}}                       its value, escaped for the place where it stands
    {{expression | filter("argument")}}  through html_FILTER of html.h
    {{#if c}} {{#elif c}} {{#else}} {{/if}}     c: expressions, numbers, CONSTANTS with and, or, not, ==, !=, <, >, <=, >=, ( )
    {{#each item in list}} {{/each}}     a struct with `items` and `count`; "#each item, i in list" counts from 0
    {{> NAME expression}}                a template of any file, given the expression's address; NAME* gives the pointer
    {{#in FRAME expression}} {{/in}}     between what a partial with {{body}} in it writes before and behind
    {{! a comment }}

There is no way to write a value unescaped. The place is found by reading the HTML: text, a quoted attribute, or an
address in one. Values cannot stand in tags, names, unquoted attributes, comments, scripts, styles and attributes that
hold either; an address begins with letters of the template or is a `struct html_url`. White space that has a line break
becomes one, but for <pre> and <textarea>.

What is wrong ends the build with FILE:LINE; unknown members and wrong types do so in the C compiler, by #line.
"""
import os
import re
import sys

ADDRESSES = {"href", "src", "action", "formaction", "poster", "cite", "data", "xlink:href", "manifest", "ping"}
FORBIDDEN = {"style", "srcdoc", "srcset"}  # and on*
RAW = {"script", "style", "iframe", "noscript", "template", "plaintext", "xmp", "noembed", "noframes"}
PRESERVED = {"pre", "textarea"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
NAME = r"[A-Za-z_]\w*"
WORDS = {"and": "&&", "or": "||", "not": "!"}


class Fault(Exception):
    def __init__(self, where, text):
        super().__init__(f"{where[0]}:{where[1]}: {text}")


class Html:
    """Where in HTML the next character stands. Fed with literal text, asked before each value."""

    def __init__(self):
        self.state = "text"  # text, tag, name, attribute names and so on
        self.tag = self.attribute = self.value = self.quote = ""
        self.closing = False
        self.open = []  # elements
        self.raw = None  # inside <script> or the like

    def copy(self):
        other = Html()
        other.__dict__.update({k: list(v) if isinstance(v, list) else v for k, v in self.__dict__.items()})
        return other

    def place(self):
        at = () if self.state == "text" else (self.tag, self.closing) if self.state == "tag" else (self.tag, self.attribute, self.quote)
        return (self.state, at, self.raw, tuple(self.open))

    def feed(self, text, where):
        line = where[1]
        i = 0
        while i < len(text):
            here = (where[0], line)
            i += getattr(self, "in_" + self.state)(text, i, here)
            line = where[1] + text.count("\n", 0, i)

    def in_text(self, text, i, where):
        if self.raw:
            end = text.lower().find("</" + self.raw, i)
            if end < 0:
                return len(text) - i
            self.raw = None
            return max(end - i, 0) if end > i else self.begin_tag(text, i, where)
        if text.startswith("<!--", i):
            raise Fault(where, "a comment without an end (a value cannot stand in one)")
        if text[i] == "<":
            return self.begin_tag(text, i, where)
        return 1

    def begin_tag(self, text, i, where):
        match = re.compile(r"<(/?)([A-Za-z][\w:-]*)|<!doctype[^>]*>", re.I).match(text, i)
        if not match:
            raise Fault(where, "'<' that begins no tag: write &lt;")
        if match[2] is None:
            return len(match[0])
        self.closing, self.tag = match[1] == "/", match[2].lower()
        self.state = "tag"
        return len(match[0])

    def in_tag(self, text, i, where):
        if text[i] == ">":
            self.end_tag(text[i - 1] == "/" if i else False, where)
            return 1
        if text[i] in " \t\n/":
            return 1
        match = re.compile(r"[^\s=>\"'/<]+").match(text, i)
        if not match:
            raise Fault(where, f"unexpected {text[i]!r} in <{self.tag}>")
        self.attribute = match[0].lower()
        rest = i + len(match[0])
        if text[rest:rest + 1] != "=":
            return len(match[0])
        if text[rest + 1:rest + 2] not in ("'", '"'):
            raise Fault(where, f"the value of {self.attribute} is not in quotes")
        if self.attribute.startswith("on") or self.attribute in FORBIDDEN:
            raise Fault(where, f"the attribute {self.attribute} is not allowed here")
        self.quote, self.value, self.state = text[rest + 1], "", "attribute"
        return rest + 2 - i

    def in_attribute(self, text, i, where):
        end = text.find(self.quote, i)
        stop = len(text) if end < 0 else end
        self.value += text[i:stop]
        if "<" in text[i:stop]:
            raise Fault(where, f"'<' in the value of {self.attribute}: a quote is missing")
        if self.attribute in ADDRESSES and re.match(r"\s*(javascript|data|vbscript|blob):", self.value, re.I) and self.value[:15] != "data:image/svg+":
            raise Fault(where, f"an address cannot begin with '{self.value.split(':')[0]}:'")
        if end < 0:
            return len(text) - i
        self.state, self.attribute = "tag", ""
        return stop + 1 - i

    def end_tag(self, empty, where):
        self.state = "text"
        if self.closing:
            if not self.open or self.open[-1] != self.tag:
                raise Fault(where, f"</{self.tag}> closes nothing; open: {' '.join(self.open) or 'nothing'}")
            self.open.pop()
        elif not empty and self.tag not in VOID:
            self.open.append(self.tag)
            self.raw = self.tag if self.tag in RAW else None

    def context(self, where):
        """Which kind of value may stand here."""
        if self.state == "tag":
            raise Fault(where, f"a value in the tag <{self.tag}>, outside of a quoted attribute")
        if self.state == "text":
            if self.raw:
                raise Fault(where, f"a value in <{self.raw}>")
            return "text"
        if self.attribute not in ADDRESSES:
            return "attribute"
        if self.value == "":
            return "whole"
        if not re.match(r"/\w|[?#]|https?://[\w.-]+/|\0", self.value):
            raise Fault(where, "an address that a value ends must begin with '/name', '?', '#' or http(s)://host/")
        return "part"

    def take(self, context):
        if self.state == "attribute":
            self.value += "\0" if context == "whole" else "x"


class Compiler:
    def __init__(self):
        self.templates = {}  # name -> its head
        self.frames = {}  # name -> elements that are open around the body
        self.out = []

    def emit(self, text):
        self.out.append(text)

    def line(self, where):
        self.emit(f'#line {where[1]} "{where[0]}"')


def literal(path, text, line):
    """It may hold single braces."""
    for wrong in ("{{", "}}"):
        if wrong in text:
            raise Fault((path, line + text.count("\n", 0, text.index(wrong))), f"'{wrong}' without the other two braces")
    return "literal", text, (path, line)


def tokens(path, text):
    """(kind, content, where): literals and what stands in braces."""
    at, line = 0, 1
    for match in TOKEN.finditer(text):
        if match.start() > at:
            yield literal(path, text[at:match.start()], line)
        line += text.count("\n", at, match.start())
        yield "code", match[1].strip(), (path, line)
        line += match[0].count("\n")
        at = match.end()
    if text[at:]:
        yield literal(path, text[at:], line)


def define(content):
    return re.fullmatch(rf"(define|partial)\s+({NAME})\(\s*(const struct {NAME} \*)\s*({NAME})\s*\)", content)


def function_of(head):
    """A partial's own name would be in the way of variables."""
    return head[2] if head[1] == "define" else "part_" + head[2]


class Function:
    def __init__(self, compiler, head, where):
        self.compiler, self.where = compiler, where
        self.kind, self.name, self.type, parameter = head.groups()
        self.function = function_of(head)
        self.html = Html()
        self.scopes = [{parameter: "pointer"}]
        self.blocks = []  # (kind, place before, place that all branches end at, where)
        self.pending, self.pending_where = "", where
        static = "static " if self.kind == "partial" else ""
        compiler.emit(f"\n{static}void {self.function}(struct buffer *out, {self.type}{parameter})\n{{")
        compiler.emit(f"    (void){parameter};")

    # ---- literals
    def literal(self, text, where):
        kept = []
        text = re.sub(r"<!--.*?-->", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.S)
        for piece in re.split(r"(\s*\n\s*)", text):
            if piece and not piece.strip() and "\n" in piece and not PRESERVED & set(self.html.open):
                shown = "\n"
            else:
                shown = piece
            self.html.feed(piece, where)
            where = (where[0], where[1] + piece.count("\n"))
            kept.append(shown)
        self.pending += "".join(kept)

    def flush(self):
        if not self.pending:
            return
        data = self.pending.encode()
        quoted = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in data)
        pieces = re.findall(r"(?:\\\d{3}|.){1,400}", quoted)
        self.compiler.emit("    buffer_append(out, (struct slice){" + "\n        ".join(f'"{p}"' for p in pieces) + f", {len(data)}}});")
        self.pending = ""

    # ---- expressions
    def path(self, text, where):
        match = re.fullmatch(rf"({NAME})((?:(?:\.|->){NAME})*)", text)
        if not match:
            raise Fault(where, f"'{text}' is no member")
        for scope in reversed(self.scopes):
            if match[1] in scope:
                rest = match[2]
                if scope[match[1]] == "pointer" and rest.startswith("."):
                    rest = "->" + rest[1:]
                return match[1] + rest
        raise Fault(where, f"'{match[1]}' is not known here; there are {', '.join(sorted(k for s in self.scopes for k in s))}")

    def condition(self, text, where):
        out, at = [], 0
        for match in re.finditer(rf"\s*(?:(?P<path>[a-z_]\w*(?:(?:\.|->){NAME})*)|(?P<constant>[A-Z][A-Z0-9_]*)|(?P<number>\d+)|(?P<sign>==|!=|<=|>=|<|>|\(|\)))\s*", text):
            if match.start() != at:
                break
            at = match.end()
            previous = out[-1] if out else ""
            if match["path"] in WORDS:
                out.append(WORDS[match["path"]])
            elif match["path"]:
                path = self.path(match["path"], where)
                compared = previous in ("==", "!=", "<", ">", "<=", ">=") or re.match(r"\s*(==|!=|<|>)", text[match.end("path"):])
                out.append(path if compared else f"HTML_IS({path})")
            else:
                out.append(match["constant"] or match["number"] or match["sign"])
        if at != len(text) or not out:
            raise Fault(where, f"the condition '{text}' cannot be read at '{text[at:]}'")
        return " ".join(out)

    def value(self, content, where):
        parts = re.split(r"\s*\|\s*", content, maxsplit=1)
        context = self.html.context(where)
        path = self.path(parts[0], where)
        self.flush()
        self.compiler.line(where)
        if len(parts) == 1:
            macro = {"text": "HTML_TEXT", "attribute": "HTML_ATTRIBUTE", "part": "HTML_PART", "whole": "html_whole"}[context]
            self.compiler.emit(f"    {macro}(out, {path});")
        else:
            call = re.fullmatch(rf"({NAME})(?:\((.*)\))?", parts[1])
            if not call or not re.fullmatch(r'|(?:"[^"\\<>&\']*"|\d+)(?:\s*,\s*(?:"[^"\\<>&\']*"|\d+))*', call[2] or ""):
                raise Fault(where, f"the filter '{parts[1]}' cannot be read")
            if context not in ("text", "attribute"):
                raise Fault(where, "a filter in an address")
            self.compiler.emit(f"    html_{call[1]}(out, {path}{', ' + call[2] if call[2] else ''});")
        self.html.take(context)

    # ---- blocks
    def begin(self, kind, where):
        if self.html.state == "attribute" and self.html.attribute in ADDRESSES and self.html.value == "":
            raise Fault(where, "an address cannot begin with a block")
        self.blocks.append([kind, self.html.copy(), None, where])
        self.scopes.append({})

    def branch_ends(self, where):
        block = self.blocks[-1]
        if block[2] is not None and block[2].place() != self.html.place():
            raise Fault(where, "the branches end in different places of the HTML")
        block[2] = self.html

    def if_(self, content, where):
        self.flush()
        self.begin("if", where)
        self.compiler.line(where)
        self.compiler.emit(f"    if ({self.condition(content, where)}) {{")

    def elif_(self, content, where):
        if not self.blocks or self.blocks[-1][0] != "if":
            raise Fault(where, "there is no {{#if}} here")
        self.flush()
        self.branch_ends(where)
        self.html = self.blocks[-1][1].copy()
        self.compiler.line(where)
        self.compiler.emit(f"    }} else if ({self.condition(content, where)}) {{" if content else "    } else {")
        if not content:
            self.blocks[-1][0] = "else"

    def each(self, content, where):
        match = re.fullmatch(rf"({NAME})(?:\s*,\s*({NAME}))?\s+in\s+(\S+)", content)
        if not match:
            raise Fault(where, "write {{#each item in list}}")
        self.flush()
        path = self.path(match[3], where)
        path = f"(*{path})" if any(s.get(path) == "pointer" for s in self.scopes) else path
        self.begin("each", where)
        index = match[2] or f"at_{len(self.scopes)}"
        if any(n in s for s in self.scopes for n in (match[1], index)):
            raise Fault(where, f"the name '{match[1]}' or '{index}' is taken")
        self.scopes[-1].update({match[1]: "pointer", index: "value"})
        self.compiler.line(where)
        self.compiler.emit(f"    for (size_t {index} = 0; {index} < {path}.count; {index}++) {{")
        self.compiler.line(where)
        self.compiler.emit(f"    const __typeof__(*{path}.items) *{match[1]} = &{path}.items[{index}];\n    (void){match[1]};")

    def close(self, kind, where):
        if not self.blocks or (self.blocks[-1][0] != kind and not (kind == "if" and self.blocks[-1][0] == "else")):
            raise Fault(where, f"{{{{/{kind}}}}} closes nothing")
        self.flush()
        was = self.blocks[-1][0]
        self.branch_ends(where)
        block = self.blocks.pop()
        self.scopes.pop()
        if was != "else" and block[1].place() != self.html.place():
            raise Fault(where, f"what stands in {{{{#{kind}}}}} leaves the HTML in another place than it began")
        # A value that may be absent is no beginning of an address.
        if self.html.state == "attribute" and was != "else":
            self.html.value = block[1].value
        self.compiler.emit("    }")

    def call(self, content, where, known=False):
        match = re.fullmatch(rf"({NAME})(\*?)\s+(\S+)", content)
        if not match:
            raise Fault(where, "write {{> NAME member}}")
        if not known and match[1] not in self.compiler.templates:
            raise Fault(where, f"there is no template '{match[1]}'")
        if self.html.context(where) != "text":
            raise Fault(where, "a template can only be used between tags")
        self.flush()
        path = self.path(match[3], where)
        pointer = match[2] or any(s.get(match[3]) == "pointer" for s in self.scopes)
        self.compiler.line(where)
        function = f"part_{match[1]}" if known else function_of(self.compiler.templates[match[1]])
        self.compiler.emit(f"    {function}(out, {'' if pointer else '&'}{path});")

    def body(self, where):
        """The rest is a function of its own, for what comes behind the body."""
        if self.kind != "partial" or self.blocks or self.html.state != "text" or self.html.raw:
            raise Fault(where, "{{body}} stands between the tags of a partial, outside of blocks")
        self.flush()
        self.compiler.frames[self.name] = list(self.html.open)
        parameter = next(iter(self.scopes[0]))
        self.compiler.emit(f"}}\nstatic void {self.function}_end(struct buffer *out, {self.type}{parameter})\n{{\n    (void){parameter};")

    def in_frame(self, content, where):
        name, _, member = content.partition(" ")
        if name not in self.compiler.frames:
            raise Fault(where, f"there is no frame '{name}' in this file or one before it")
        self.call(content, where)
        self.blocks.append(["in", self.html.copy(), None, where, (name, member.strip())])
        self.scopes.append({})
        self.html.open += self.compiler.frames[name]

    def end_frame(self, where):
        if not self.blocks or self.blocks[-1][0] != "in":
            raise Fault(where, "{{/in}} closes nothing")
        block = self.blocks.pop()
        self.scopes.pop()
        name, member = block[4]
        if self.html.state != "text" or self.html.open != block[1].open + self.compiler.frames[name]:
            raise Fault(where, f"what stands in {{{{#in}}}} leaves elements open: {' '.join(self.html.open)}")
        self.html = block[1]
        self.call(f"{name}_end {member}", where, known=True)

    def end(self, where):
        if self.blocks:
            raise Fault(self.blocks[-1][3], f"{{{{#{self.blocks[-1][0]}}}}} without an end")
        if self.html.state != "text" or self.html.raw or self.html.open:
            raise Fault(where, f"the template '{self.name}' ends inside of <{self.html.tag if self.html.state != 'text' else self.html.open[-1]}>")
        self.flush()
        self.compiler.emit("}")

    def code(self, content, where):
        word, _, rest = content.partition(" ")
        rest = rest.strip()
        if content.startswith("!"):
            return
        if word == "#if":
            self.if_(rest, where)
        elif word == "#elif":
            self.elif_(rest, where)
        elif word == "#else":
            self.elif_("", where)
        elif word == "#each":
            self.each(rest, where)
        elif word == "#in":
            self.in_frame(rest, where)
        elif content == "/in":
            self.end_frame(where)
        elif content == "body":
            self.body(where)
        elif word in ("/if", "/each"):
            self.close(word[1:], where)
        elif content.startswith(">"):
            self.call(content[1:].strip(), where)
        elif content[:1] in "#/":
            raise Fault(where, f"'{{{{{word}}}}}' is not known")
        else:
            self.value(content, where)


def compile_file(compiler, path, text):
    function = None
    for kind, content, where in tokens(path, text):
        head = define(content) if kind == "code" else None
        if head:
            if function:
                raise Fault(where, f"'{function.name}' has no {{{{end}}}}")
            function = Function(compiler, head, where)
        elif function and kind == "code" and content == "end":
            function.end(where)
            function = None
        elif function:
            (function.code if kind == "code" else function.literal)(content, where)
        elif kind == "code" and not content.startswith("!"):
            raise Fault(where, "this stands in no template")
        elif kind == "literal" and re.sub(r"<!--.*?-->", "", content, flags=re.S).strip():
            raise Fault(where, "this text stands in no template")
    if function:
        raise Fault(function.where, f"'{function.name}' has no {{{{end}}}}")


def compile_all(files, include):
    """`files`: [(path, text)]. The C source."""
    compiler = Compiler()
    for path, text in files:
        for kind, content, where in tokens(path, text):
            head = define(content) if kind == "code" else None
            if head and head[2] in compiler.templates:
                raise Fault(where, f"'{head[2]}' is there already")
            if head:
                compiler.templates[head[2]] = head
    compiler.emit(f'// Made of templates by make_pages.py.\n#include "{include}"\n')
    for head in compiler.templates.values():
        if head[1] == "partial":
            compiler.emit(f"static void {function_of(head)}(struct buffer *out, {head[3]}{head[4]});")
    for path, text in files:
        compile_file(compiler, path, text)
    return "\n".join(compiler.out) + "\n"


def main(out, include, *paths):
    try:
        files = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                files.append((os.path.relpath(path), file.read()))
        text = compile_all(files, include)
    except Fault as fault:
        sys.exit(str(fault))
    with open(out, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
