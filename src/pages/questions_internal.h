// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the templates of questions to people show; the end of pages_internal.h, which alone includes
// it.
#pragma once

struct pages_warning {
    const char *says;
};
PAGES_LIST(pages_warning);
// One value of the arguments.
struct pages_value {
    struct slice path, text, before; // as they are shown; before: of the last call like it
    const char *type;
    size_t long_bytes; // not 0: text is long, and `start` is its beginning
    struct slice start;
    bool known; // there is a call to compare with
    bool changed, added, gone;
    struct pages_warnings warnings;
};
PAGES_LIST(pages_value);
struct pages_pair {
    struct slice name, text;
};
PAGES_LIST(pages_pair);
struct pages_stand { // of a limit
    struct slice name, window, then, now, amount;
    bool full;
};
PAGES_LIST(pages_stand);
struct pages_reply { // a vote
    struct slice label, note;
    int64_t at_ms;
    bool yes;
};
struct pages_replies {
    struct pages_reply *items;
    size_t count;
};
struct pages_like { // a call like it
    struct html_url url;
    int64_t at_ms;
    const char *css;
    struct slice state, what, note;
};
PAGES_LIST(pages_like);
struct pages_done { // a decision
    int64_t at_ms;
    struct slice outcome, server, subject, rule;
};
struct pages_dones {
    struct pages_done *items;
    size_t count;
};
struct pages_count {
    struct slice name;
    uint64_t count;
};
PAGES_LIST(pages_count);
struct pages_pass { // an exception
    struct slice author, used;
    int64_t until_ms;
    bool same;
};
struct pages_passes {
    struct pages_pass *items;
    size_t count;
};
struct pages_question_row {
    struct html_url url;
    struct pages_grade grade;
    struct slice id, tool, server, agent, client, reason, state_word, left;
    const char *state_css;
    int64_t asked_ms, expires_ms;
    bool waits;
};
PAGES_LIST(pages_question_row);
struct pages_choice {
    const char *value, *text;
    bool chosen;
};
struct pages_choices {
    const struct pages_choice *items;
    size_t count;
};
struct pages_question_page {
    struct pages_head head;
    struct pages_question_row row;
    struct slice version;
    struct slice csrf, policy, policy_version, rule, note, why, exception;
    struct html_url action, tool_url;
    const char *outcome;  // what became of it; NULL: it waits
    const char *evidence; // NULL: the catalogue knows nothing of the tool
    uint64_t approvers, yes;
    bool may_approve, may_deny, may_except, values_hidden, values_cut, overridden;
    int64_t decided_ms, ran_ms;
    struct pages_values values;
    struct pages_pairs names, tags;
    struct pages_stands stands;
    struct pages_witnesses witnesses;
    struct pages_witnesses signals;
    struct pages_replies replies;
    struct pages_passes passes;
    struct pages_likes likes;
    struct slice compared; // with which call
    struct html_url compared_url;
    uint64_t more_differences;
    bool recent;
    struct pages_counts outcomes, tools;
    struct pages_dones dones;
    struct pages_choices minutes, uses;
};
struct pages_questions_page {
    struct pages_head head;
    struct pages_question_rows rows;
    struct html_url next;
    bool all;
};
void pages_write_question_page(struct buffer *out, const struct pages_question_page *page);
void pages_write_questions_page(struct buffer *out, const struct pages_questions_page *page);

// ---- question_values.c: arguments for people
void pages_list_values(struct pages_maker *maker, struct pages_question_page *page,
                       const struct json_doc *doc, uint32_t arguments, uint32_t similar);
// Line breaks and control characters as marks, so that no text looks like several.
struct slice pages_mark_text(struct pages_maker *maker, struct slice text);

// ---- question.c
struct pages_reader { // of an answer of the API
    struct pages_maker *maker;
    const struct json_doc *doc;
    int64_t now_ms;
};
struct slice pages_text_of(struct pages_reader *reader, uint32_t object, const char *name);
int64_t pages_number_of(struct pages_reader *reader, uint32_t object, const char *name);
int64_t pages_time_of(struct pages_reader *reader, uint32_t object, const char *name);
bool pages_flag_of(struct pages_reader *reader, uint32_t object, const char *name);
uint32_t pages_list_of(struct pages_reader *reader, uint32_t object, const char *name,
                       size_t *ret_count);
// Over the elements of a list, with room for what is made of them in `items`.
#define PAGES_EACH(reader, list, name, object, item)                                               \
    size_t count = 0;                                                                              \
    uint32_t array = pages_list_of(reader, object, name, &count);                                  \
    (list).items = pages_take((reader)->maker, count, sizeof *(list).items);                       \
    for (uint32_t item = (list).items == NULL ? JSON_NONE                                          \
                                              : json_first_element((reader)->doc, array);          \
         item != JSON_NONE; item = json_next_element((reader)->doc, array, item))
struct pages_question_row pages_row_of(struct pages_reader *reader, uint32_t object);
void pages_tell_state(struct slice state, struct slice *ret_word, const char **ret_css);
struct html_url pages_question_url(struct pages_maker *maker, struct slice id);

// ---- question_lists.c
void pages_list_names(struct pages_reader *reader, struct pages_question_page *page);
void pages_list_context(struct pages_reader *reader, struct pages_question_page *page);
