// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit verify --data`: the admin audit of a database, where each organisation has a
// chain of its own. Its rows are not signed.
#include "cli/audit_internal.h"
#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { PAGE = 1000, ID_SIZE = 128 };

struct data_check {
    struct chain_hasher *hasher;
    const char *wrong; // what is wrong with a row, NULL: nothing
    uint64_t wrong_row;
    char organisation[ID_SIZE], name[ID_SIZE]; // the one that is looked at
    size_t organisations;
    uint64_t rows;
};

// What is wrong with the row that should follow; NULL: nothing.
static const char *judge(struct chain_hasher *hasher, struct chain_state *state,
                         const struct store_audit *row)
{
    struct chain_row line;
    unsigned char link[CHAIN_LINK_SIZE];
    if ((uint64_t)row->sequence > state->rows + 1)
        return "rows are missing before it";
    if ((uint64_t)row->sequence != state->rows + 1)
        return "its number was changed";
    if (!chain_parse(row->line, &line) || line.number != (uint64_t)row->sequence)
        return "its line is no row of an audit: it was changed";
    if (chain_link(hasher, state->link, line.bytes, link) != 0)
        return "no hash can be had";
    if (memcmp(link, line.link, sizeof link) != 0 ||
        !slice_equal(row->link, slice_of((const char *)link, sizeof link)))
        return "it was changed, or a row before it: its link does not follow";
    state->rows++;
    memcpy(state->link, link, sizeof link);
    return NULL;
}

static void copy(char to[ID_SIZE], struct slice from)
{
    snprintf(to, ID_SIZE, "%.*s", from.length < ID_SIZE ? (int)from.length : ID_SIZE - 1,
             from.length == 0 ? "" : from.data);
}

// What was read of a page is let go of before the next.
static int check_page(struct data_check *check, struct store_view *view, struct chain_state *state,
                      char after[ID_SIZE], bool *ret_more, struct error *error)
{
    const struct store_page page = {.after = slice_from_string(after), .limit = PAGE};
    const struct store_audit *rows = NULL;
    size_t count = 0;
    int result = store_list_audit(view, slice_from_string(check->organisation), slice_of("", 0),
                                  &page, &rows, &count, ret_more, error);
    for (size_t i = 0; i < count && result == 0 && check->wrong == NULL; i++)
        check->wrong = judge(check->hasher, state, &rows[i]);
    check->wrong_row = state->rows + 1;
    if (result == 0 && count > 0)
        copy(after, rows[count - 1].head.id);
    store_forget(view);
    return result;
}

static int check_organisation(struct data_check *check, struct store_view *view,
                              struct error *error)
{
    struct chain_state state = {0};
    char after[ID_SIZE] = "";
    bool more = true;
    int result = 0;
    while (more && result == 0 && check->wrong == NULL)
        result = check_page(check, view, &state, after, &more, error);
    check->rows += state.rows;
    check->organisations++;
    return result;
}

static int check_cb(void *argument, struct store_view *view, struct error *error)
{
    struct data_check *check = argument;
    const struct slice none = {0};
    bool more = true;
    int result = 0;
    while (more && result == 0 && check->wrong == NULL) {
        const struct store_page page = {.after = slice_from_string(check->organisation),
                                        .limit = 1};
        const struct store_organisation *found = NULL;
        size_t count = 0;
        result = store_list_organisation(view, none, none, &page, &found, &count, &more, error);
        if (result != 0 || count == 0)
            break;
        copy(check->organisation, found->head.id);
        copy(check->name, found->name);
        result = check_organisation(check, view, error);
    }
    return result;
}

static int run_check(struct data_check *check, const char *path, struct error *error)
{
    const struct store_records_options options = {.path = path, .readers = 1};
    struct store_records *records = NULL;
    if (access(path, F_OK) != 0)
        return error_set(error, ERROR_CONFIG, "there is no database '%s'", path);
    int result = store_records_open(&options, &records, error);
    if (result == 0)
        result = store_run(records, STORE_READ, NULL, check_cb, check, error);
    store_records_close(records);
    return result;
}

static void write_text(struct buffer *out, const struct data_check *check)
{
    if (check->wrong != NULL)
        buffer_append_format(out, "%s:%llu: %s\n", check->name,
                             (unsigned long long)check->wrong_row, check->wrong);
    else
        buffer_append_format(out,
                             "%llu rows of %zu organisations are in order, complete and as they "
                             "were linked; they are not signed\n",
                             (unsigned long long)check->rows, check->organisations);
}

static void write_json(struct buffer *out, const struct data_check *check)
{
    buffer_append_format(out, "{\"good\":%s", check->wrong == NULL ? "true" : "false");
    if (check->wrong != NULL) {
        buffer_append_string(out, ",\"organisation\":");
        json_write_string(out, slice_from_string(check->name));
        buffer_append_format(out, ",\"row\":%llu,\"text\":\"%s\"",
                             (unsigned long long)check->wrong_row, check->wrong);
    }
    buffer_append_format(out, ",\"organisations\":%zu,\"rows\":%llu}\n", check->organisations,
                         (unsigned long long)check->rows);
}

int audit_verify_data(const char *folder, bool json)
{
    char path[PATH_MAX];
    struct error error = {0};
    struct data_check check = {.hasher = chain_hasher_new()};
    struct buffer out;
    snprintf(path, sizeof path, "%s/control.db", folder);
    int result = check.hasher == NULL ? error_set(&error, ERROR_NO_MEMORY, "out of memory")
                                      : run_check(&check, path, &error);
    chain_hasher_free(check.hasher);
    if (result != 0)
        return cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
    buffer_init(&out, 0);
    (json ? write_json : write_text)(&out, &check);
    cli_print(&out);
    return check.wrong == NULL ? CLI_OK : CLI_FAILED;
}
