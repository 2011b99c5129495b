// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What helps to answer a question, as lists: limits, votes, exceptions, calls like it, what the
// grant did lately, what the catalogue knows.
#include "pages/pages_internal.h"

static void list_replies(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->replies, "votes", 0, item)
    page->replies.items[page->replies.count++] =
        (struct pages_reply){.label = pages_text_of(reader, item, "label"),
                             .note = pages_text_of(reader, item, "note"),
                             .at_ms = pages_time_of(reader, item, "at"),
                             .yes = pages_flag_of(reader, item, "yes")};
}

static void list_passes(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->passes, "exceptions", 0, item)
    {
        struct buffer used;
        int64_t most = pages_number_of(reader, item, "most_uses");
        buffer_init(&used, 0);
        buffer_append_format(&used, "used %lld", (long long)pages_number_of(reader, item, "uses"));
        if (most > 0)
            buffer_append_format(&used, " of %lld", (long long)most);
        buffer_append_string(&used, " times");
        page->passes.items[page->passes.count++] =
            (struct pages_pass){.author = pages_text_of(reader, item, "author"),
                                .until_ms = pages_time_of(reader, item, "expires_at"),
                                .same = pages_flag_of(reader, item, "same"),
                                .used = pages_keep(reader->maker, &used)};
    }
}

static struct slice say_difference(struct pages_reader *reader, uint32_t item)
{
    struct buffer text;
    size_t count = 0;
    uint32_t list = pages_list_of(reader, item, "differences", &count);
    count += (size_t)pages_number_of(reader, item, "more_differences");
    buffer_init(&text, 0);
    if (pages_flag_of(reader, item, "same"))
        buffer_append_string(&text, "the same arguments");
    else if (list == JSON_NONE)
        buffer_append_string(&text, "other arguments");
    else
        buffer_append_format(&text, "%zu %s differ%s", count, count == 1 ? "value" : "values",
                             count == 1 ? "s" : "");
    return pages_keep(reader->maker, &text);
}

static void list_likes(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->likes, "similar", 0, item)
    {
        struct pages_like like = {
            .url = pages_question_url(reader->maker, pages_text_of(reader, item, "id")),
            .at_ms = pages_time_of(reader, item, "at"),
            .what = say_difference(reader, item),
            .note = pages_text_of(reader, item, "note")};
        pages_tell_state(pages_text_of(reader, item, "state"), &like.state, &like.css);
        page->likes.items[page->likes.count++] = like;
    }
    if (page->likes.count == 0 ||
        json_type(reader->doc, json_get(reader->doc, json_first_element(reader->doc, array),
                                        "differences")) != JSON_ARRAY)
        return;
    uint32_t first = json_first_element(reader->doc, array);
    page->compared = page->likes.items[0].state;
    page->compared_url = page->likes.items[0].url;
    page->more_differences = (uint64_t)pages_number_of(reader, first, "more_differences");
}

static void list_counts(struct pages_reader *reader, struct pages_counts *counts, uint32_t recent,
                        const char *name)
{
    PAGES_EACH(reader, *counts, name, recent, item)
    {
        struct slice text = pages_text_of(reader, item, "name");
        counts->items[counts->count++] =
            (struct pages_count){text.length > 0 ? text : SLICE_LITERAL("others"),
                                 (uint64_t)pages_number_of(reader, item, "count")};
    }
}

static void list_dones(struct pages_reader *reader, struct pages_question_page *page,
                       uint32_t recent)
{
    PAGES_EACH(reader, page->dones, "decisions", recent, item)
    page->dones.items[page->dones.count++] =
        (struct pages_done){.at_ms = pages_time_of(reader, item, "time"),
                            .outcome = pages_text_of(reader, item, "outcome"),
                            .server = pages_text_of(reader, item, "server"),
                            .subject = pages_text_of(reader, item, "subject"),
                            .rule = pages_text_of(reader, item, "rule")};
}

// With a NUL behind it.
static const char *string_of(struct pages_reader *reader, uint32_t object, const char *name)
{
    struct slice text = arena_copy(reader->maker->arena, pages_text_of(reader, object, name));
    reader->maker->failed = reader->maker->failed || text.data == NULL;
    return text.data == NULL ? "" : text.data;
}

static void list_witnesses(struct pages_reader *reader, struct pages_witnesses *witnesses,
                           uint32_t known, const char *name)
{
    PAGES_EACH(reader, *witnesses, name, known, item)
    witnesses->items[witnesses->count++] =
        (struct pages_witness){.words = pages_text_of(reader, item, "words"),
                               .source = string_of(reader, item, "source"),
                               .says = string_of(reader, item, "says"),
                               .against = pages_flag_of(reader, item, "against")};
}

void pages_list_names(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->names, "argument_names", 0, item)
    {
        struct slice name = json_string(reader->doc, item, reader->maker->arena);
        page->names.items[page->names.count++].name = pages_mark_text(reader->maker, name);
    }
}

// ---- Limits

// "5 of 10"
static struct slice say_stand(struct pages_reader *reader, uint32_t object)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append(&text, pages_text_of(reader, object, "used"));
    buffer_append_string(&text, " of ");
    buffer_append(&text, pages_text_of(reader, object, "max"));
    struct slice whole = pages_keep(reader->maker, &text);
    return pages_mark_text(reader->maker, whole);
}

// "in 2 hours"
static struct slice say_window(struct pages_reader *reader, uint32_t item)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t seconds = pages_number_of(reader, item, "window_seconds");
    struct buffer text;
    size_t i = 0;
    if (seconds <= 0)
        return SLICE_LITERAL("in a calendar month");
    while (seconds % units[i].seconds != 0)
        i++;
    int64_t count = seconds / units[i].seconds;
    buffer_init(&text, 0);
    buffer_append_format(&text, "in %lld %s%s", (long long)count, units[i].name,
                         count == 1 ? "" : "s");
    return pages_keep(reader->maker, &text);
}

static bool is_object(const struct pages_reader *reader, uint32_t node)
{
    return node != JSON_NONE && json_type(reader->doc, node) == JSON_OBJECT;
}

static void list_stands(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->stands, "limits", 0, item)
    {
        uint32_t then = json_get(reader->doc, item, "then"),
                 now = json_get(reader->doc, item, "now");
        struct slice name = pages_text_of(reader, item, "counter");
        struct pages_stand stand = {.window = say_window(reader, item)};
        if (name.length == 0)
            name = pages_text_of(reader, item, "rule");
        stand.name = pages_mark_text(reader->maker, name);
        stand.then = is_object(reader, then) ? say_stand(reader, then) : SLICE_LITERAL("no limit");
        stand.now = is_object(reader, now) ? say_stand(reader, now) : SLICE_LITERAL("not known");
        stand.full = is_object(reader, now) && !pages_flag_of(reader, now, "fits");
        stand.amount = pages_mark_text(
            reader->maker, pages_text_of(reader, is_object(reader, now) ? now : then, "amount"));
        page->stands.items[page->stands.count++] = stand;
    }
}

static void list_tags(struct pages_reader *reader, struct pages_question_page *page)
{
    PAGES_EACH(reader, page->tags, "grant_tags", 0, item)
    {
        struct slice tag = json_string(reader->doc, item, reader->maker->arena);
        page->tags.items[page->tags.count++].name = pages_mark_text(reader->maker, tag);
    }
}

// ---- All of them

static void fill_known(struct pages_reader *reader, struct pages_question_page *page)
{
    uint32_t known = json_get(reader->doc, 0, "known");
    uint32_t recent = json_get(reader->doc, 0, "recent");
    if (known != JSON_NONE && json_type(reader->doc, known) == JSON_OBJECT) {
        page->evidence = "known";
        page->overridden = pages_flag_of(reader, known, "overridden");
        page->tool_url.text = pages_text_of(reader, known, "page"); // of ours: made of slugs
        list_witnesses(reader, &page->witnesses, known, "evidence");
        list_witnesses(reader, &page->signals, known, "signals");
    }
    page->recent = recent != JSON_NONE && json_type(reader->doc, recent) == JSON_OBJECT;
    if (!page->recent)
        return;
    list_counts(reader, &page->outcomes, recent, "outcomes");
    list_counts(reader, &page->tools, recent, "tools");
    list_dones(reader, page, recent);
}

void pages_list_context(struct pages_reader *reader, struct pages_question_page *page)
{
    list_stands(reader, page);
    list_tags(reader, page);
    list_replies(reader, page);
    list_passes(reader, page);
    list_likes(reader, page);
    fill_known(reader, page);
}
