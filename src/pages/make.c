// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pieces that pages have in common: links, badges, bars, rows.
#include "pages/pages_internal.h"

void *pages_take(struct pages_maker *maker, size_t count, size_t size)
{
    void *made = count == 0 ? NULL : arena_take_zeroed(maker->arena, count * size);
    maker->failed = maker->failed || (made == NULL && count > 0);
    return made;
}

struct slice pages_keep(struct pages_maker *maker, struct buffer *text)
{
    struct slice kept = arena_copy(maker->arena, buffer_slice(text));
    maker->failed = maker->failed || kept.data == NULL || text->failed;
    buffer_release(text);
    return kept.data == NULL ? (struct slice){"", 0} : kept;
}

// ---- Links

static struct html_url link_of(struct pages_maker *maker, struct html_url front, struct slice first,
                               struct slice second)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append(&text, front.text);
    buffer_append_string(&text, "/catalogue");
    for (int i = 0; i < 2; i++) {
        struct slice part = i == 0 ? first : second;
        if (part.length > 0)
            buffer_append_string(&text, "/");
        html_part_slice(&text, part);
    }
    buffer_append_string(&text, maker->site->suffix);
    return (struct html_url){pages_keep(maker, &text)};
}

struct html_url pages_link(struct pages_maker *maker, struct slice first, struct slice second)
{
    return link_of(maker, maker->site->root, first, second);
}

struct html_url pages_canonical(struct pages_maker *maker, struct slice first, struct slice second)
{
    return html_is_address(maker->site->base) ? link_of(maker, maker->site->base, first, second)
                                              : (struct html_url){{"", 0}};
}

// The same as JSON.
struct html_url pages_twin(struct pages_maker *maker, struct slice server, struct slice tool)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append(&text, maker->site->root.text);
    buffer_append_string(&text, "/api/v1/catalogue/servers/");
    html_part_slice(&text, server);
    buffer_append_string(&text, tool.length > 0 ? "/tools/" : "");
    html_part_slice(&text, tool);
    return (struct html_url){pages_keep(maker, &text)};
}

struct pages_head pages_make_head(struct pages_maker *maker, enum pages_section section,
                                  struct slice title, struct slice first, struct slice second)
{
    struct pages_head head = {.site = maker->site, .title = title, .section = section};
    head.canonical = pages_canonical(maker, first, second);
    return head;
}

void pages_add_crumb(struct pages_maker *maker, struct pages_head *head, struct html_url url,
                     struct slice text)
{
    enum { CRUMBS_MAX = 3 };
    if (head->crumbs.items == NULL)
        head->crumbs.items = pages_take(maker, CRUMBS_MAX, sizeof *head->crumbs.items);
    if (head->crumbs.items != NULL && head->crumbs.count < CRUMBS_MAX)
        head->crumbs.items[head->crumbs.count++] = (struct pages_crumb){url, text};
}

// ---- Badges

struct pages_grade pages_grade_severity(enum catalogue_severity severity)
{
    static const struct pages_grade grades[] = {
        [CATALOGUE_LOW] = {"low", "Low", ""},
        [CATALOGUE_MEDIUM] = {"medium", "Medium", ""},
        [CATALOGUE_HIGH] = {"high", "High", ""},
        [CATALOGUE_CRITICAL] = {"critical", "Critical", ""},
    };
    return grades[(unsigned)severity > CATALOGUE_CRITICAL ? CATALOGUE_CRITICAL : severity];
}

struct pages_grade pages_grade_of(enum catalogue_category category)
{
    struct pages_grade grade = pages_grade_severity(catalogue_severity_of(category));
    grade.category = catalogue_category_name(category);
    if (category == CATALOGUE_UNKNOWN)
        grade.css = "unknown";
    return grade;
}

// ---- Shares

static const char *css_of(enum catalogue_category category)
{
    static const char *const names[] = {"read", "write", "execute", "destructive", "financial"};
    return category >= CATALOGUE_UNKNOWN ? "unknown" : names[category];
}

static struct html_url category_link(struct pages_maker *maker, enum catalogue_category category)
{
    struct buffer text;
    if (maker->site->exported || category == CATALOGUE_UNKNOWN)
        return (struct html_url){{"", 0}};
    buffer_init(&text, 0);
    buffer_append(&text, maker->site->root.text);
    buffer_append_string(&text, "/catalogue?category=");
    html_part_string(&text, catalogue_category_name(category));
    return (struct html_url){pages_keep(maker, &text)};
}

struct pages_shares pages_make_shares(struct pages_maker *maker, const uint64_t *counts, bool links)
{
    struct pages_shares shares = {pages_take(maker, INVENTORY_CATEGORIES, sizeof *shares.items), 0};
    uint64_t all = 0, before = 0;
    for (size_t i = 0; i < INVENTORY_CATEGORIES; i++)
        all += counts[i];
    for (int i = INVENTORY_CATEGORIES - 1; i >= 0 && shares.items != NULL && all > 0; i--) {
        enum catalogue_category category = (enum catalogue_category)i;
        if (category == CATALOGUE_UNKNOWN && counts[i] == 0)
            continue;
        unsigned start = (unsigned)(before * 1000 / all);
        before += counts[i];
        shares.items[shares.count++] = (struct pages_share){
            .css = css_of(category),
            .grade = pages_grade_of(category).css,
            .name = catalogue_category_name(category),
            .url = links ? category_link(maker, category) : (struct html_url){{"", 0}},
            .count = counts[i],
            .permille = (unsigned)((counts[i] * 1000 + all / 2) / all),
            .start = start,
            .width = (unsigned)(before * 1000 / all) - start};
    }
    return shares;
}

// ---- Rows

struct pages_rows pages_make_rows(struct pages_maker *maker, const struct inventory_row *rows,
                                  size_t count, bool servers, const char *caption)
{
    struct pages_rows made = {pages_take(maker, count, sizeof *made.items), 0, caption, servers};
    for (size_t i = 0; i < count && made.items != NULL; i++) {
        struct pages_row *row = &made.items[made.count++];
        *row = (struct pages_row){.row = &rows[i], .grade = pages_grade_of(rows[i].category)};
        row->url = pages_link(maker, rows[i].server_slug, rows[i].slug);
        if (servers)
            row->server_url = pages_link(maker, rows[i].server_slug, (struct slice){0});
    }
    return made;
}

// ---- A page that says one thing

void pages_write_notice(struct buffer *out, struct arena *arena, const struct pages_site *site,
                        const char *title, const char *text, const char *path,
                        const char *path_text)
{
    struct pages_maker maker = {arena, site, false};
    struct pages_message page = {.head =
                                     pages_make_head(&maker, PAGES_PLAIN, slice_from_string(title),
                                                     (struct slice){0}, (struct slice){0}),
                                 .text = text,
                                 .link = {slice_from_string(path)},
                                 .link_text = path_text};
    page.head.description = slice_from_string(text);
    page.head.unlisted = true;
    pages_write_message(out, &page);
    out->failed = out->failed || maker.failed;
}
