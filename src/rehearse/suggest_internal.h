// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was seen of one grant at one server (suggest.c), of the arguments of a tool
// (suggest_values.c), and the policy that comes of it (suggest_write.c).
#pragma once

#include "rehearse/rehearse_internal.h"

enum {
    SUGGEST_NAMES_MAX = 5000,
    SUGGEST_ARGUMENTS_MAX = 64, // of a tool
    SUGGEST_VALUES_MAX = 10,    // that a list would name
    SUGGEST_VALUE_BYTES = 128,  // of one of them
};

// How often, at most, in windows of one length: counted in parts, so never less than it was.
enum { SUGGEST_PARTS = 60 };
struct suggest_rate {
    int64_t part_ms;
    int64_t newest; // number of the newest part
    uint32_t counts[SUGGEST_PARTS + 1];
    uint64_t sum, most;
};
void suggest_rate_add(struct suggest_rate *rate, int64_t at_ms);

struct suggest_texts { // distinct ones
    struct slice items[SUGGEST_VALUES_MAX];
    size_t count;
    bool more;
};
struct suggest_argument {
    struct slice name;
    uint64_t seen; // calls that had it
    uint64_t numbers, strings, booleans, nulls, others;
    bool unknown; // some value is not in the log
    struct decimal least, most;
    struct suggest_texts texts, hosts; // as JSON strings; lower-case names
    struct slice folder;               // that all were below; data NULL: there is none
    bool yes, no;                      // booleans
    bool odd_path, odd_url;
};
struct suggest_name {
    struct slice name; // of a tool, prompt or resource; of a method
    enum policy_subject subject;
    uint64_t calls, approved;
    int64_t last_ms;
    struct suggest_rate minute, day;
    struct suggest_argument *arguments; // in the arena
    size_t argument_count;
    bool more_arguments; // or calls of which the log has no values
    bool asks;           // a person is to be asked
    const char *category;
    bool by_name; // it was read off the name alone
};
struct suggestion {
    struct suggestion_options options;
    struct rehearse_lines lines;
    struct rehearse_minute minute;
    struct arena arena, scratch;
    struct json_doc doc, text;
    struct table names; // by subject and name
    struct suggest_name **items;
    struct slice server, organisation; // of the first call, unless they were asked for
    struct suggestion_counts counts;
    int64_t margin; // limits are this many times the highest rate seen
    int64_t first_ms, last_ms;
};
// Notes the values of one call.
int suggest_note_arguments(struct suggestion *s, struct suggest_name *name,
                           const struct rehearse_row *row) MUST_CHECK;
// A number that is easy to read and not below; of a negative one, not above where `down`.
struct decimal suggest_round_up(struct decimal number);
