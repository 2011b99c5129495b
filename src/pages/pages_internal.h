// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the templates of the catalogue show. All of it lives in the arena of a struct pages_maker.
#pragma once

#include "pages/html_internal.h"

#define PAGES_LIST(name)                                                                           \
    struct name##s {                                                                               \
        struct name *items;                                                                        \
        size_t count;                                                                              \
    }

enum pages_section {
    PAGES_PLAIN,
    PAGES_HOME,
    PAGES_TOOL,
    PAGES_RISK,
    PAGES_ATTACKS,
    PAGES_STACK,
    PAGES_APPROVALS
};

struct pages_crumb {
    struct html_url url;
    struct slice text;
};
PAGES_LIST(pages_crumb);
struct pages_head {
    const struct pages_site *site;
    struct slice title, description;
    struct html_url canonical, twin; // twin: the same as JSON
    enum pages_section section;
    bool unlisted; // not for search engines
    struct pages_crumbs crumbs;
};
// What a category or severity looks like.
struct pages_grade {
    const char *css, *severity, *category;
};
PAGES_LIST(pages_grade);
// Text with code in it.
struct pages_piece {
    struct slice text;
    bool code;
};
struct pages_line {
    struct pages_piece *items;
    size_t count;
};
PAGES_LIST(pages_line);
struct pages_code {
    struct slice label, text;
};
struct pages_share {
    const char *css, *grade, *name;
    struct html_url url;
    uint64_t count;
    unsigned permille, start, width; // of 1000
};
PAGES_LIST(pages_share);
struct pages_pager {
    struct html_url first, next;
};
struct pages_row {
    const struct inventory_row *row;
    struct html_url url, server_url;
    struct pages_grade grade;
};
struct pages_rows {
    struct pages_row *items;
    size_t count;
    const char *caption;
    bool servers; // with a column for them
};
struct pages_message {
    struct pages_head head;
    const char *text, *link_text;
    struct html_url link;
};

// ---- Lists
struct pages_option {
    const char *value, *text;
    bool chosen;
};
PAGES_LIST(pages_option);
struct pages_server_row {
    const struct inventory_server *server;
    struct html_url url;
    struct pages_shares shares;
    struct pages_grade grade;
};
struct pages_servers {
    struct pages_server_row *items;
    size_t count;
};
struct pages_tab {
    struct pages_grade grade;
    struct html_url url;
    uint64_t count;
    bool chosen;
};
PAGES_LIST(pages_tab);
struct pages_rule {
    const char *name, *meaning;
    struct slice advice;
};
PAGES_LIST(pages_rule);
struct pages_home {
    struct pages_head head;
    const struct inventory_counts *counts;
    struct slice text, server;
    struct pages_options categories, severities;
    struct pages_shares shares;
    bool asked, more;
    uint64_t total;
    struct pages_rows rows;
    struct pages_servers servers, found_servers;
    struct pages_pager pager;
    struct pages_tabs tabs;
    struct pages_rules rules;
    const char *lead;
};

// ---- A tool
struct pages_quote {
    struct slice text;
    const char *says; // NULL: nothing is said of it
};
PAGES_LIST(pages_quote);
struct pages_argument {
    struct slice name, type, text, choices, fallback;
    bool required;
    const char *marked;
};
PAGES_LIST(pages_argument);
struct pages_witness {
    struct slice words;
    const char *source, *says, *category;
    unsigned weight;
    bool against;
};
struct pages_witnesses {
    struct pages_witness *items;
    size_t count;
};
struct pages_signal {
    struct pages_grade grade;
    const char *title, *says, *source;
    struct slice words;
};
PAGES_LIST(pages_signal);
struct pages_threat {
    const struct catalogue_attack *attack;
    struct html_url url;
    struct slice why;
};
PAGES_LIST(pages_threat);
struct pages_policy {
    struct slice says;
    struct pages_code code;
};
struct pages_question {
    struct slice question;
    struct pages_lines lines;
    struct pages_code code;
    bool open;
};
PAGES_LIST(pages_question);
struct pages_event {
    int64_t at_ms;
    struct slice name, what;
    struct html_url url;
    struct pages_code diff;
};
PAGES_LIST(pages_event);
struct pages_tool {
    struct pages_head head;
    const struct inventory_server *server;
    const struct inventory_tool *tool;
    struct slice name, title;
    struct pages_grade grade;
    struct html_url category_url, server_url, attacks_url;
    struct pages_quotes description;
    bool marked, cut;
    const char *silent, *no_arguments;
    struct pages_arguments arguments;
    size_t more_arguments; // of how many; 0: these are all
    struct pages_lines uses, why;
    struct pages_witnesses witnesses;
    struct pages_signals signals;
    struct pages_threats attacks;
    struct pages_policy policy;
    struct pages_questions questions;
    struct pages_rows related;
    struct pages_events past;
    struct pages_code definition;
    bool definition_cut, overridden;
    const char *by_definition;
    unsigned confidence;
    struct slice advice, fingerprint;
};

// ---- A server
struct pages_server {
    struct pages_head head;
    const struct inventory_server *server;
    struct pages_grade grade;
    struct slice lead;
    struct pages_shares shares;
    struct pages_rows rows;
    struct pages_events past;
    uint64_t past_more;
    struct pages_policy policy;
    size_t policy_lines;
};

// ---- Attack patterns
struct pages_attack_row {
    const struct catalogue_attack *attack;
    struct html_url url;
    struct pages_grades grades;
};
struct pages_attacks {
    struct pages_head head;
    struct {
        struct pages_attack_row *items;
        size_t count;
    } attacks;
};
struct pages_step {
    const struct catalogue_attack_step *step;
    struct pages_code request, answer, left;
    const char *outcome;
};
PAGES_LIST(pages_step);
struct pages_attack_policy {
    const char *server;
    struct pages_code code;
};
struct pages_attack_policies {
    struct pages_attack_policy *items;
    size_t count;
};
struct pages_reference {
    const char *title;
    struct html_url url;
};
PAGES_LIST(pages_reference);
struct pages_attack {
    struct pages_head head;
    const struct catalogue_attack *attack;
    struct pages_grades grades;
    struct pages_lines meaning, how, story, notice, does, lets_through, elsewhere;
    struct pages_steps steps;
    struct pages_attack_policies policies;
    struct pages_code settings;
    struct pages_references references;
};

// ---- Several servers together
struct pages_name {
    struct slice text;
};
PAGES_LIST(pages_name);
struct pages_stack_server {
    struct slice name;
    struct html_url url, without; // without: the page of the others
    size_t tools;
};
PAGES_LIST(pages_stack_server);
struct pages_worst {
    const char *name;
    struct slice now, then;
};
struct pages_worst_rows {
    struct pages_worst *items;
    size_t count;
};
struct pages_leg_tool {
    struct slice name, server;
};
PAGES_LIST(pages_leg_tool);
struct pages_leg {
    const char *what;
    size_t count, more;
    struct pages_leg_tools tools;
};
PAGES_LIST(pages_leg);
struct pages_combination {
    const struct stack_combination *combo;
    const char *now, *then;
    struct slice fix;
    struct pages_legs legs;
    struct pages_crumbs links;
};
PAGES_LIST(pages_combination);
struct pages_stack {
    struct pages_head head;
    struct pages_names missing;
    struct pages_stack_servers servers;
    struct pages_shares shares;
    struct pages_worst_rows worst;
    struct pages_combinations combinations;
};

struct pages_contact {
    struct pages_head head;
    struct slice name, email, text, trouble;
    bool sent;
};

// ---- The templates
void pages_write_contact_page(struct buffer *out, const struct pages_contact *page);
void pages_write_stack_page(struct buffer *out, const struct pages_stack *page);
void pages_write_message(struct buffer *out, const struct pages_message *page);
void pages_write_home(struct buffer *out, const struct pages_home *page);
void pages_write_results(struct buffer *out, const struct pages_home *page);
void pages_write_risk(struct buffer *out, const struct pages_home *page);
void pages_write_tool_page(struct buffer *out, const struct pages_tool *page);
void pages_write_server_page(struct buffer *out, const struct pages_server *page);
void pages_write_attacks_page(struct buffer *out, const struct pages_attacks *page);
void pages_write_attack_page(struct buffer *out, const struct pages_attack *page);

// ---- make.c: pieces of pages
struct pages_maker {
    struct arena *arena;
    const struct pages_site *site;
    bool failed; // too little memory
};
void *pages_take(struct pages_maker *maker, size_t count, size_t size);  // NULL: failed
struct slice pages_keep(struct pages_maker *maker, struct buffer *text); // and empties it
// ROOT/catalogue/PART/PART and the suffix; each part may be empty: it is left out then.
struct html_url pages_link(struct pages_maker *maker, struct slice first, struct slice second);
// The same with a base in front; empty where the site has none.
struct html_url pages_canonical(struct pages_maker *maker, struct slice first, struct slice second);
struct html_url pages_twin(struct pages_maker *maker, struct slice server, struct slice tool);
struct pages_head pages_make_head(struct pages_maker *maker, enum pages_section section,
                                  struct slice title, struct slice first, struct slice second);
void pages_add_crumb(struct pages_maker *maker, struct pages_head *head, struct html_url url,
                     struct slice text);
struct pages_grade pages_grade_of(enum catalogue_category category);
struct pages_grade pages_grade_severity(enum catalogue_severity severity);
// `counts` by enum catalogue_category, the gravest first.
struct pages_shares pages_make_shares(struct pages_maker *maker, const uint64_t *counts,
                                      bool links);
struct pages_rows pages_make_rows(struct pages_maker *maker, const struct inventory_row *rows,
                                  size_t count, bool servers, const char *caption);

// ---- say.c: sentences
enum { PAGES_LINES_MAX = 16 };
// Adds a line. %s a string, %t a slice, %n a name of somebody's (code), %q a quotation (cut), %u an
// unsigned number. Backticks of the format and of strings stand around code.
void pages_say(struct pages_maker *maker, struct pages_lines *lines, const char *format, ...);
struct pages_lines pages_say_all(struct pages_maker *maker, const char *const *texts);
struct slice pages_cut(struct slice text, size_t most); // at a character's end

// ---- json.c
// JSON laid out for people, appended; characters that nobody sees are escaped. What is no JSON is
// left out.
void pages_lay_out(struct buffer *out, struct slice json);
struct pages_code pages_make_code(struct pages_maker *maker, const char *label, struct slice json);

// ---- tool_definition.c, tool_words.c, tool_questions.c: parts of a tool's page
void pages_tool_describe(struct pages_maker *maker, struct pages_tool *page);
void pages_tool_explain(struct pages_maker *maker, struct pages_tool *page);
void pages_tool_warn(struct pages_maker *maker, struct pages_tool *page,
                     const struct catalogue_finding *findings, size_t count);
void pages_tool_answer(struct pages_maker *maker, struct pages_tool *page,
                       const struct catalogue_entry *entry);

#include "pages/questions_internal.h"
