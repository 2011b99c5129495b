// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages for people, out of plain structures. The functions that write them are made of the
// templates in templates/ (make_pages.py): every value is escaped for the place where it stands,
// whoever wrote it. Pure; any thread. Failure is the buffer's: look at `failed` at the end.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "inventory/inventory.h"
#include "stack/stack.h"

// An address that is trusted as a whole: of ours, or from the configuration; never of a peer.
struct html_url {
    struct slice text;
};

// A text as a part of an address: percent-encoded, appended.
void pages_encode(struct buffer *out, struct slice text);

// ---- The catalogue
struct pages_site {
    struct html_url root; // in front of every link: "" on the gateway; nothing behind a '/'
    struct html_url base; // "https://host" where pages are known by that address; "" where not
    const char *suffix;   // ".html" of exported pages, else ""
    bool exported;        // files: nothing that needs a server
    bool open;            // anybody may see it: search engines, too
    bool contact;         // there is a contact form, at /contact
    struct slice account; // who is signed in; "" for nobody
};

struct pages_tool_known {
    const struct inventory_server *server;
    const struct inventory_tool *tool;
    struct inventory_rows siblings; // all tools of the server, or none
    struct inventory_pasts past;    // of the tool
};
struct pages_server_known {
    const struct inventory_server *server;
    struct inventory_rows rows; // all of its tools
    struct slice tools;         // their definitions, a JSON array
    struct inventory_pasts past;
};
// Of /catalogue and of a severity's page.
struct pages_list_known {
    const struct inventory_counts *counts;
    const struct inventory_filter *filter; // what was asked for
    struct inventory_servers servers;      // where nothing was asked for, or of the text's name
    struct inventory_found found;          // where something was
    bool asked;
    int category, severity; // of the form; -1: any
    size_t number;          // of an exported list's page, from 1; 0: pages go by cursors
};

// Of several servers together; `stack` NULL: none was asked for.
struct pages_stack_known {
    const struct stack *stack;
    const struct stack_report *report;
    const struct slice *missing; // names that are not known
    size_t missing_count;
};

// What each writes it also needs memory for: an arena that is all right to give back afterwards.
// When it has too little, or the buffer, the buffer has failed.
void pages_write_tool(struct buffer *out, struct arena *arena, const struct pages_site *site,
                      const struct pages_tool_known *known);
void pages_write_server(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const struct pages_server_known *known);
void pages_write_list(struct buffer *out, struct arena *arena, const struct pages_site *site,
                      const struct pages_list_known *known);
// The part of the same that changes while somebody types.
void pages_write_list_part(struct buffer *out, struct arena *arena, const struct pages_site *site,
                           const struct pages_list_known *known);
void pages_write_severity(struct buffer *out, struct arena *arena, const struct pages_site *site,
                          enum catalogue_severity severity, const struct pages_list_known *known);
void pages_write_attacks(struct buffer *out, struct arena *arena, const struct pages_site *site);
void pages_write_attack(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const struct catalogue_attack *attack);
void pages_write_stack(struct buffer *out, struct arena *arena, const struct pages_site *site,
                       const struct pages_stack_known *known);
// That there is nothing at this address, or what went wrong: a title, a sentence, where to go.
void pages_write_notice(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const char *title, const char *text, const char *path,
                        const char *path_text);

// ---- site.c: what programs read of the whole
void pages_write_robots(struct buffer *out, const struct pages_site *site);
void pages_write_llms(struct buffer *out, const struct pages_site *site,
                      const struct inventory_counts *counts);
// A sitemap of pages, or of sitemaps; those need the site's base. At most PAGES_SITEMAP_MAX pages.
enum { PAGES_SITEMAP_MAX = 50000 };
void pages_begin_sitemap(struct buffer *out, bool index);
void pages_end_sitemap(struct buffer *out, bool index);
void pages_add_sitemap(struct buffer *out, const struct pages_site *site, struct slice path);
void pages_add_to_sitemap(struct buffer *out, const struct pages_site *site, struct slice first,
                          struct slice second, int64_t changed_ms); // 0: not known

// ---- Questions to people, out of what the API answers (docs/openapi.json)
struct pages_asked {
    struct slice json;
    struct slice csrf; // for the form; of a question alone
    int64_t now_ms;
    bool all; // of a list: in any state, not only those that wait
};
void pages_write_question(struct buffer *out, struct arena *arena, const struct pages_site *site,
                          const struct pages_asked *asked);
void pages_write_questions(struct buffer *out, struct arena *arena, const struct pages_site *site,
                           const struct pages_asked *asked);

// The policies that a tool's page shows, as JSON without white space: the recommended one, one with
// a limit of 10 calls a minute, and one that hides the tool. Each lets everything else through.
// Nothing where no policy can name the tool. For tests.
enum pages_policy_kind { PAGES_RECOMMENDED, PAGES_LIMITED, PAGES_BLOCKED };
void pages_write_tool_policy(struct buffer *out, enum pages_policy_kind kind,
                             const struct catalogue_entry *entry);

// What pages need besides: their style and their script, by the last part of their path. NULL type:
// there is no such file. `tag` tells versions apart.
struct pages_file {
    const char *type;
    struct slice bytes;
};
struct pages_file pages_find_file(struct slice name);

// ---- Joining: the pages behind the links of the first start and of invitations
struct pages_field {
    const char *name, *label, *type, *complete, *hint; // hint NULL: none
    struct slice value, fault;                         // fault empty: none
    bool focus, code;
};
struct pages_fields {
    const struct pages_field *items;
    size_t count;
};
struct pages_join {
    const char *title;
    struct html_url action; // where the form goes
    bool setup, wide, admin, used, wants_key, secure;
    bool start; // there is a dashboard that leads on
    struct slice organisation, name, email, invited, code, host, key, trouble;
    struct slice to;      // where to go on after signing in
    const char *as, *may; // "an admin", and what such a member may do
    size_t faults;
    uint64_t left;      // time until the link expires
    unsigned left_unit; // 0 minutes, 1 hours, 2 days
    struct pages_fields fields;
};
void pages_write_join_asks(struct buffer *out, const struct pages_join *join);
void pages_write_join_welcome(struct buffer *out, const struct pages_join *join);
void pages_write_join_done(struct buffer *out, const struct pages_join *join);
void pages_write_join_over(struct buffer *out, const struct pages_join *join);
void pages_write_join_unknown(struct buffer *out, const struct pages_join *join);
void pages_write_join_trouble(struct buffer *out, const struct pages_join *join);
void pages_write_sign_in(struct buffer *out, const struct pages_join *join);

// ---- The contact form, with what was typed and why it was not taken; or that it was.
struct pages_contact_form {
    struct slice name, email, text, trouble;
    bool sent;
};
void pages_write_contact(struct buffer *out, const struct pages_site *site,
                         const struct pages_contact_form *form);

// ---- The report of a scan (`sallyport scan --html`)
struct pages_scan_mark {
    const char *severity; // "low" ... "critical"
};
struct pages_scan_signal {
    struct pages_scan_mark mark;
    const char *name, *says;
    struct slice words;
};
struct pages_scan_signals {
    const struct pages_scan_signal *items;
    size_t count;
};
struct pages_scan_tool {
    struct pages_scan_mark mark;
    const char *category;
    struct slice name, why;
    struct pages_scan_signals signals;
    uint32_t tokens;
};
struct pages_scan_tools {
    const struct pages_scan_tool *items;
    size_t count;
};
struct pages_scan_server {
    struct slice name, client, file;
    const char *state, *detail, *advice, *version, *told; // `told`: what it calls itself
    uint64_t tokens;
    uint32_t line, odd; // 0: not known; none
    bool good, more;
    struct pages_scan_tools tools; // in the order in which they are shown
};
struct pages_scan_servers {
    const struct pages_scan_server *items;
    size_t count;
};
struct pages_scan_danger {
    const char *title, *says, *starter; // what starter policies make of it
    struct slice fix;
};
struct pages_scan_dangers {
    const struct pages_scan_danger *items;
    size_t count;
};
struct pages_scan_agent { // what one agent can do with several servers together
    struct slice who;     // "files", "the 2 servers of cursor"
    struct pages_scan_dangers dangers;
    bool too_large; // was not looked at
};
struct pages_scan_agents {
    const struct pages_scan_agent *items;
    size_t count;
};
struct pages_scan_sum {
    struct pages_scan_mark mark;
    uint32_t count;
};
struct pages_scan_sums {
    const struct pages_scan_sum *items;
    size_t count;
};
struct pages_scan {
    int64_t now_ms;
    const char *product; // version
    size_t tools, good, bad, skipped;
    struct pages_scan_sums sums;
    struct pages_scan_servers servers;
    struct pages_scan_agents agents;
};
void pages_write_scan(struct buffer *out, const struct pages_scan *scan);

// ---- A mail about something that waits for people, as HTML without styles.
struct pages_letter_line {
    const char *name;
    struct slice value;
};
struct pages_letter_lines {
    const struct pages_letter_line *items;
    size_t count;
};
struct pages_letter {
    const char *heading;
    struct pages_letter_lines lines;
    struct slice arguments; // JSON; empty: none are shown
    struct html_url url;    // where to decide; empty: nowhere
    struct slice organisation, channel;
};
void pages_write_letter(struct buffer *out, const struct pages_letter *letter);
