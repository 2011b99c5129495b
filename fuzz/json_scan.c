// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes: our verdict and value against jansson's (test/unit/json/oracle.h), and whatever was
// accepted must survive both writers. Build with test/unit/json/oracle.c and oracle_jansson.c.
#include "unit/json/oracle.h"

#include "json/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_fault(struct json_doc *doc, struct slice text)
{
    struct error error = {0};
    size_t offset = SIZE_MAX;
    int code = json_scan(doc, text, NULL, &error, &offset);
    if (code == 0)
        return;
    require(error.code == code && offset <= text.length);
    for (const char *c = error.text; *c != '\0'; c++)
        require(*c >= ' ' && *c <= '~');
}

// `written` scans to the value of `doc`; returns whether it scans. The canonical form of a number
// just within the limits may be just beyond them.
static bool check_same_value(const struct json_doc *doc, const struct buffer *written,
                             bool canonical)
{
    struct json_doc again;
    json_doc_init(&again);
    require(!written->failed);
    int code = json_scan(&again, buffer_slice(written), NULL, NULL, NULL);
    require(code == 0 || (canonical && code == ERROR_TOO_LARGE));
    require(code != 0 || json_equal(doc, 0, &again, 0));
    json_doc_release(&again);
    return code == 0;
}

// Two texts of one value have one canonical form.
static void check_one_form(const struct json_doc *doc)
{
    struct json_doc again;
    struct buffer first, second;
    json_doc_init(&again);
    buffer_init(&first, 0);
    buffer_init(&second, 0);
    require(json_write_canonical(&first, doc, 0) == 0);
    require(json_scan(&again, buffer_slice(&first), NULL, NULL, NULL) == 0);
    require(json_write_canonical(&second, &again, 0) == 0);
    require(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    json_doc_release(&again);
    buffer_release(&first);
    buffer_release(&second);
}

static void check_writers(const struct json_doc *doc)
{
    struct buffer out;
    buffer_init(&out, 0);
    json_write_compact(&out, doc, 0);
    require(out.length <= doc->text.length);
    check_same_value(doc, &out, false);
    buffer_clear(&out);
    require(json_write_canonical(&out, doc, 0) == 0);
    if (check_same_value(doc, &out, true))
        check_one_form(doc);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct oracle *oracle = oracle_new();
    require(oracle_compare(oracle, text) != ORACLE_DISAGREE);
    check_fault(oracle->doc, text);
    if (oracle->doc->count > 0)
        check_writers(oracle->doc);
    oracle_free(oracle);
    return 0;
}
