// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages of questions to people, out of what the API says of them: one truth for programs and
// for eyes.
#include "pages/pages_internal.h"

#include "base/clock.h"

// ---- Reading the answer

struct slice pages_text_of(struct pages_reader *reader, uint32_t object, const char *name)
{
    uint32_t node = json_get(reader->doc, object, name);
    if (node == JSON_NONE || json_type(reader->doc, node) != JSON_STRING)
        return (struct slice){"", 0};
    struct slice text = json_string(reader->doc, node, reader->maker->arena);
    reader->maker->failed = reader->maker->failed || text.data == NULL;
    return text.data == NULL ? (struct slice){"", 0} : text;
}

int64_t pages_number_of(struct pages_reader *reader, uint32_t object, const char *name)
{
    uint32_t node = json_get(reader->doc, object, name);
    int64_t number = 0;
    return node != JSON_NONE && json_integer(reader->doc, node, &number) == 0 ? number : 0;
}

int64_t pages_time_of(struct pages_reader *reader, uint32_t object, const char *name)
{
    int64_t ms = 0;
    return clock_parse(pages_text_of(reader, object, name), &ms) ? ms : 0;
}

bool pages_flag_of(struct pages_reader *reader, uint32_t object, const char *name)
{
    uint32_t node = json_get(reader->doc, object, name);
    return node != JSON_NONE && json_type(reader->doc, node) == JSON_TRUE;
}

uint32_t pages_list_of(struct pages_reader *reader, uint32_t object, const char *name,
                       size_t *ret_count)
{
    uint32_t node = json_get(reader->doc, object, name);
    bool list = node != JSON_NONE && json_type(reader->doc, node) == JSON_ARRAY;
    *ret_count = list ? json_at(reader->doc, node)->count : 0;
    return list ? node : JSON_NONE;
}

// ---- What both pages show of one

static struct pages_grade grade_of(struct slice severity, struct slice category)
{
    struct pages_grade grade = pages_grade_of(CATALOGUE_UNKNOWN);
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++)
        if (slice_equal_ignoring_case(
                severity, slice_from_string(catalogue_severity_name((enum catalogue_severity)i))))
            grade = pages_grade_severity((enum catalogue_severity)i);
    grade.category = catalogue_category_name(CATALOGUE_UNKNOWN);
    for (int i = 0; i <= CATALOGUE_UNKNOWN; i++)
        if (slice_equal_string(category, catalogue_category_name((enum catalogue_category)i)))
            grade.category = catalogue_category_name((enum catalogue_category)i);
    return grade;
}

static const struct {
    const char *state, *word, *css;
} states[] = {
    {"asked", "waiting", "waits"},      {"approved", "approved", "yes"},
    {"rejected", "denied", "no"},       {"ran", "approved and run", "yes"},
    {"expired", "expired", "over"},     {"withdrawn", "withdrawn", "over"},
    {"overtaken", "overtaken", "over"},
};
enum { STATES = sizeof states / sizeof *states };

void pages_tell_state(struct slice state, struct slice *ret_word, const char **ret_css)
{
    *ret_word = state;
    *ret_css = "over";
    for (size_t i = 0; i < STATES; i++)
        if (slice_equal_string(state, states[i].state)) {
            *ret_word = slice_from_string(states[i].word);
            *ret_css = states[i].css;
        }
}

struct html_url pages_question_url(struct pages_maker *maker, struct slice id)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append(&text, maker->site->root.text);
    buffer_append_string(&text, "/approvals");
    if (id.length > 0)
        buffer_append_string(&text, "/");
    html_part_slice(&text, id);
    return (struct html_url){pages_keep(maker, &text)};
}

// "28 minutes"
static struct slice span_of(struct pages_maker *maker, int64_t ms)
{
    struct buffer text;
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    int64_t number = seconds < 120 ? seconds : seconds < 7200 ? seconds / 60 : seconds / 3600;
    const char *unit = seconds < 120 ? "second" : seconds < 7200 ? "minute" : "hour";
    buffer_init(&text, 0);
    buffer_append_format(&text, "%lld %s%s", (long long)number, unit, number == 1 ? "" : "s");
    return pages_keep(maker, &text);
}

struct pages_question_row pages_row_of(struct pages_reader *reader, uint32_t object)
{
    struct pages_question_row row = {
        .id = pages_text_of(reader, object, "id"),
        .tool = pages_text_of(reader, object, "tool"),
        .server = pages_text_of(reader, object, "server_name"),
        .agent = pages_text_of(reader, object, "grant_label"),
        .client = pages_text_of(reader, object, "client"),
        .reason = pages_text_of(reader, object, "reason"),
        .asked_ms = pages_time_of(reader, object, "created_at"),
        .expires_ms = pages_time_of(reader, object, "expires_at"),
        .grade = grade_of(pages_text_of(reader, object, "severity"),
                          pages_text_of(reader, object, "category")),
    };
    struct slice state = pages_text_of(reader, object, "state");
    row.url = pages_question_url(reader->maker, row.id);
    row.waits = slice_equal_string(state, "asked");
    row.left = span_of(reader->maker, row.expires_ms - reader->now_ms);
    pages_tell_state(state, &row.state_word, &row.state_css);
    return row;
}

// ---- Forms

static void list_choices(struct pages_question_page *page)
{
    static const struct pages_choice minutes[] = {{"5", "5 minutes", false},
                                                  {"15", "15 minutes", true},
                                                  {"60", "1 hour", false},
                                                  {"480", "8 hours", false},
                                                  {"1440", "24 hours", false}};
    static const struct pages_choice uses[] = {{"", "any number", true},
                                               {"2", "at most 2 times", false},
                                               {"5", "at most 5 times", false},
                                               {"10", "at most 10 times", false},
                                               {"100", "at most 100 times", false}};
    page->minutes = (struct pages_choices){minutes, sizeof minutes / sizeof *minutes};
    page->uses = (struct pages_choices){uses, sizeof uses / sizeof *uses};
}

static const char *outcome_of(struct slice state)
{
    static const char *const outcomes[][2] = {
        {"approved", "It may run once, when the agent calls again or still waits."},
        {"rejected", "The agent was told that it was not approved."},
        {"ran", "The call was sent to the server."},
        {"expired", "Nobody answered in time. When the agent calls again, it is asked anew."},
        {"withdrawn", "The agent does not want it any more."},
        {"overtaken", "The policy has changed since, and decides by itself now."},
    };
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (slice_equal_string(state, outcomes[i][0]))
            return outcomes[i][1];
    return NULL;
}

// ---- Pages

static struct pages_head head_of(struct pages_maker *maker, struct slice title)
{
    struct pages_head head = {.site = maker->site, .title = title, .section = PAGES_APPROVALS};
    head.unlisted = true;
    return head;
}

static void fill_arguments(struct pages_reader *reader, struct pages_question_page *page)
{
    uint32_t arguments = json_get(reader->doc, 0, "arguments");
    page->values_hidden = arguments == JSON_NONE || json_type(reader->doc, arguments) == JSON_NULL;
    if (page->values_hidden)
        pages_list_names(reader, page);
    else
        pages_list_values(reader->maker, page, reader->doc, arguments,
                          json_get(reader->doc, 0, "similar"));
}

static void fill_question(struct pages_reader *reader, struct pages_question_page *page)
{
    uint32_t may = json_get(reader->doc, 0, "may");
    page->row = pages_row_of(reader, 0);
    page->version = json_raw(reader->doc, json_get(reader->doc, 0, "version"));
    page->action = page->row.url;
    page->policy = pages_text_of(reader, 0, "policy");
    page->policy_version = pages_text_of(reader, 0, "policy_version");
    page->rule = pages_text_of(reader, 0, "rule");
    page->note = pages_text_of(reader, 0, "note");
    page->approvers = (uint64_t)pages_number_of(reader, 0, "approvers");
    page->yes = (uint64_t)pages_number_of(reader, 0, "yes");
    page->decided_ms = pages_time_of(reader, 0, "decided_at");
    page->ran_ms = pages_time_of(reader, 0, "ran_at");
    page->may_approve = pages_flag_of(reader, may, "approve");
    page->may_deny = pages_flag_of(reader, may, "deny");
    page->may_except = page->may_approve && page->approvers <= 1;
    page->why = pages_text_of(reader, may, "why");
    page->outcome = outcome_of(pages_text_of(reader, 0, "state"));
    list_choices(page);
    fill_arguments(reader, page);
    pages_list_context(reader, page);
}

static bool scan(struct json_doc *doc, struct slice json, struct buffer *out)
{
    json_doc_init(doc);
    if (json_scan(doc, json, NULL, NULL, NULL) == 0 && json_type(doc, 0) == JSON_OBJECT)
        return true;
    out->failed = true;
    return false;
}

void pages_write_question(struct buffer *out, struct arena *arena, const struct pages_site *site,
                          const struct pages_asked *asked)
{
    struct pages_maker maker = {.arena = arena, .site = site};
    struct pages_question_page page = {.csrf = asked->csrf};
    struct json_doc doc;
    struct pages_reader reader = {&maker, &doc, asked->now_ms};
    if (scan(&doc, asked->json, out)) {
        page.head = head_of(&maker, pages_text_of(&reader, 0, "tool"));
        fill_question(&reader, &page);
        if (maker.failed)
            out->failed = true;
        else
            pages_write_question_page(out, &page);
    }
    json_doc_release(&doc);
}

void pages_write_questions(struct buffer *out, struct arena *arena, const struct pages_site *site,
                           const struct pages_asked *asked)
{
    struct pages_maker maker = {.arena = arena, .site = site};
    struct pages_questions_page page = {.all = asked->all};
    struct json_doc doc;
    struct pages_reader reader = {&maker, &doc, asked->now_ms};
    if (scan(&doc, asked->json, out)) {
        PAGES_EACH(&reader, page.rows, "items", 0, item)
        page.rows.items[page.rows.count++] = pages_row_of(&reader, item);
        struct slice next = pages_text_of(&reader, 0, "next");
        page.head = head_of(&maker, SLICE_LITERAL("Approvals"));
        if (next.length > 0)
            page.next.text = arena_format(arena, "/approvals?%safter=%.*s",
                                          asked->all ? "state=all&" : "", SLICE_PRINT(next));
        if (maker.failed)
            out->failed = true;
        else
            pages_write_questions_page(out, &page);
    }
    json_doc_release(&doc);
}
