# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""What the template compiler refuses, and where it says so; and which function writes a value where.

usage: test_make_pages.py make_pages.py
"""
import importlib.util
import re
import sys
import unittest

SPEC = importlib.util.spec_from_file_location("make_pages", sys.argv.pop(1))
MAKE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MAKE)


def made(body, more=""):
    text = more + "{{define write(const struct thing *x)}}\n" + body + "\n{{end}}\n"
    return MAKE.compile_all([("a.html", text)], "h.h")


class Refused(unittest.TestCase):
    CASES = [  # the body (it begins in line 2), the line, what is said
        ("{{y.name}}", 2, "'y' is not known here"),
        ("<p>\n{{x.name | }}</p>", 3, "filter"),
        ("<p {{x.name}}>a</p>", 2, "outside of a quoted attribute"),
        ("<p class={{x.name}}>a</p>", 2, "not in quotes"),
        ("<p class=a>a</p>", 2, "not in quotes"),
        ("<p {{x.name}}=\"a\">a</p>", 2, "outside of a quoted attribute"),
        ("<script>\n{{x.name}}</script>", 3, "a value in <script>"),
        ("<style>{{x.name}}</style>", 2, "a value in <style>"),
        ("<!-- {{x.name}} -->", 2, "a comment without an end"),
        ("<p onclick=\"{{x.name}}\">a</p>", 2, "onclick is not allowed"),
        ("<p style=\"color:{{x.name}}\">a</p>", 2, "style is not allowed"),
        ("<iframe srcdoc=\"{{x.name}}\"></iframe>", 2, "srcdoc is not allowed"),
        ("<a href=\"javascript:{{x.name}}\">a</a>", 2, "cannot begin with 'javascript:'"),
        ("<a href=\"x{{x.name}}\">a</a>", 2, "must begin with"),
        ("<a href=\"//{{x.name}}\">a</a>", 2, "must begin with"),
        ("<a href=\"/{{x.name}}\">a</a>", 2, "must begin with"),
        ("<a href=\"https://{{x.name}}\">a</a>", 2, "must begin with"),
        ("<a href=\"{{#if x.a}}j{{/if}}{{x.name}}\">a</a>", 2, "cannot begin with a block"),
        ("<a href=\"/a/{{x.name | cut(9)}}\">a</a>", 2, "a filter in an address"),
        ("<p>{{#if x.a}}<b>{{/if}}a</p>", 2, "another place"),
        ("<p>{{#if x.a}}<b>{{#else}}<i>{{/if}}a</p>", 2, "different places"),
        ("<p>{{#each y in x.all}}<b>{{/each}}a</p>", 2, "another place"),
        ("<p class=\"{{#if x.a}}\">{{/if}}a</p>", 2, "another place"),
        ("<p>\n<b>a</p>", 3, "</p> closes nothing"),
        ("<p>a", 3, "ends inside of <p>"),
        ("<p class=\"a\n>b</p>", 3, "a quote is missing"),
        ("a < b", 2, "begins no tag"),
        ("{{#if x.a}}b", 2, "without an end"),
        ("{{/if}}", 2, "closes nothing"),
        ("{{#else}}", 2, "there is no {{#if}}"),
        ("{{#if x.a}}{{#else}}{{#else}}{{/if}}", 2, "there is no {{#if}}"),
        ("{{#if x.a; abort()}}b{{/if}}", 2, "cannot be read"),
        ("{{#if y.a}}b{{/if}}", 2, "'y' is not known"),
        ("{{#each x in x.all}}b{{/each}}", 2, "taken"),
        ("{{#unless x.a}}", 2, "not known"),
        ("{{> nothing x}}", 2, "no template 'nothing'"),
        ("<p title=\"{{> write x}}\">a</p>", 2, "between tags"),
        ("{{#in nothing x}}{{/in}}", 2, "no frame"),
        ("{{x.name", 2, "without the other"),
        ("{{abort()}}", 2, "is no member"),
        ("{{x.name | cut(abort())}}", 2, "cannot be read"),
        ("{{define inner(const struct thing *x)}}", 2, "has no {{end}}"),
    ]

    def test_each(self):
        for body, line, words in self.CASES:
            with self.subTest(body), self.assertRaises(MAKE.Fault) as caught:
                made(body)
            self.assertTrue(str(caught.exception).startswith(f"a.html:{line}: "), str(caught.exception))
            self.assertIn(words, str(caught.exception))

    def test_around(self):
        for text, words in (("a", "no template"), ("{{x.a}}", "no template"), ("{{define a(const struct t *x)}}", "no {{end}}"),
                            ("{{define a(const struct t *x)}}{{end}}{{define a(const struct t *x)}}{{end}}", "already")):
            with self.subTest(text), self.assertRaises(MAKE.Fault) as caught:
                MAKE.compile_all([("a.html", text)], "h.h")
            self.assertIn(words, str(caught.exception))


class Places(unittest.TestCase):
    def test_each(self):
        for body, call in (
                ("{{x.name}}", "HTML_TEXT(out, x->name)"),
                ("<title>{{x.name}}</title>", "HTML_TEXT(out, x->name)"),
                ("<p title='{{x.in.name}}'>a</p>", "HTML_ATTRIBUTE(out, x->in.name)"),
                ("<a href=\"{{x.url}}\">a</a>", "html_whole(out, x->url)"),
                ("<a href=\"{{x.url}}/b/{{x.name}}\">a</a>", "HTML_PART(out, x->name)"),
                ("<a href=\"?a={{x.name}}\">a</a>", "HTML_PART(out, x->name)"),
                ("<a href=\"#{{x.name}}\">a</a>", "HTML_PART(out, x->name)"),
                ("<form action=\"/b?{{x.name}}\"></form>", "HTML_PART(out, x->name)"),
                ("{{x.n | plural(\"a\", \"b\")}}", "html_plural(out, x->n, \"a\", \"b\")"),
                ("{{#if not x.a and (x.n == 3 or x.b)}}c{{/if}}", "if (! HTML_IS(x->a) && ( x->n == 3 || HTML_IS(x->b) ))"),
                ("{{#each y, i in x.all}}{{y.b}}{{i}}{{/each}}", "HTML_TEXT(out, y->b)")):
            with self.subTest(body):
                self.assertIn(call, made(body))

    def test_text(self):
        def text(body, more=""):
            source = made(body, more)
            source = source[source.index("void write("):]
            return re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), "".join(re.findall(r'"((?:[^"\\]|\\.)*)", \d+}', source)))
        self.assertEqual(text("<p>a\n   b</p>\n\n  <p>c</p>"), "\n<p>a\nb</p>\n<p>c</p>\n".replace("a\nb", "a\nb"))
        self.assertEqual(text("<pre>a\n   b</pre>"), "\n<pre>a\n   b</pre>\n")
        self.assertEqual(text("a<!-- gone\n {x} -->b").replace("\n", ""), "ab")
        framed = made("{{#in frame x}}<p>b</p>{{/in}}", "{{partial frame(const struct thing *x)}}<main>{{body}}</main>{{end}}")
        self.assertLess(framed.index("part_frame(out, x)"), framed.index("part_frame_end(out, x)"))

    def test_places_are_told(self):
        source = made("<p>\n\n{{x.name}}</p>")
        self.assertIn('#line 4 "a.html"\n    HTML_TEXT(out, x->name);', source)


unittest.main()
