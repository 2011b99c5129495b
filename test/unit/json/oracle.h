// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Our scanner against jansson and simdjson, for the differential tests and the fuzz target:
// verdicts must agree but for the listed kinds, and where both accept, the values must agree too.
// Their headers share names with ours, so each side lives in a file of its own and writes values in
// one flat form.
#pragma once

#include "base/buffer.h"

enum oracle_result {
    ORACLE_BOTH_ACCEPT,
    ORACLE_BOTH_REFUSE,
    ORACLE_WE_ALLOW_BIG_NUMBERS, // the others have 64-bit integers and double only
    ORACLE_WE_LIMIT_DEPTH,       // 64 against jansson's 2048 and simdjson's 1024
    ORACLE_WE_LIMIT_NUMBERS,     // length and exponent; to others 1e-99999 is 0
    ORACLE_WE_SEE_NUL,           // jansson overlooks a NUL byte behind a number or literal
    ORACLE_WE_REFUSE_DUPLICATES, // simdjson keeps both members
    ORACLE_WE_REFUSE_NUL_KEYS,   // simdjson takes "\u0000" in a name
    ORACLE_DISAGREE,
    ORACLE_COUNT,
};

struct oracle {
    struct buffer ours;
    struct buffer theirs;
    struct json_doc *doc;
};

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);
enum oracle_result oracle_compare(struct oracle *oracle, struct slice text);
// The same against simdjson; in oracle_second.c.
enum oracle_result oracle_compare_simdjson(struct oracle *oracle, struct slice text);
const char *oracle_name(enum oracle_result result);

// ---- The other side

enum jansson_verdict {
    JANSSON_ACCEPTS,
    JANSSON_REFUSES,
    JANSSON_REFUSES_NUMBER,
    JANSSON_REFUSES_DUPLICATE,
};

// On acceptance `flat` holds the value.
enum jansson_verdict oracle_jansson(struct slice text, struct buffer *flat);

// The flat form: a letter for the type, eight bytes of number or count, the bytes of strings.
void oracle_flat(struct buffer *flat, char type, const void *eight_bytes);
void oracle_flat_bytes(struct buffer *flat, const char *data, size_t length);
// Our own value, of oracle->doc, to oracle->ours.
void oracle_flatten_ours(struct oracle *oracle);

// 0 accepts (then `flat` holds the value), 1 refuses, 2 refuses a number.
int oracle_simdjson(const char *text, size_t length, struct buffer *flat);
