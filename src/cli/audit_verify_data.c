// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit verify --data`: the decision log of a folder and the admin audit of its
// database, where each organisation has a chain of its own. Both are signed by one key.
#include "cli/audit_internal.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

// Rows that a running gateway has not signed for so long, it cannot sign, or notes are gone.
enum { OVERDUE_MS = 5 * 60 * 1000 };

struct data_check {
    const struct audit_data_options *options;
    struct chain_keyring keys; // believed by now
    bool in_use;
    struct buffer out; // JSON: what stands in "organisations"
    struct json_doc doc;
    struct arena arena;
    size_t organisations;
    uint64_t said; // how many there should be
    bool bad, open;
    // The chain that is looked at.
    char name[128], id[AUDIT_OWNER_SIZE];
    struct audit_verifier *verifier;
    struct audit_proof proof; // of a bad row that the verifier does not see
    int64_t waiting_since_ms; // the oldest row that is not signed; 0: none
};

static int believe(struct data_check *check, const struct chain_keyring *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (!chain_keyring_add(&check->keys, chain_key_public(keys->keys[i])))
            return ERROR_NO_MEMORY;
    return 0;
}

static void tell(struct data_check *check, const struct audit_verdict *verdict)
{
    check->bad = check->bad || verdict->proof->bad;
    check->open = check->open || (!verdict->proof->ended && !check->in_use);
    (check->options->json ? audit_write_json : audit_write_text)(&check->out, verdict);
}

// ---- The decision log

static int check_log(struct data_check *check, struct audit_inputs *inputs)
{
    const struct audit_verify_options options = {
        .keys = check->options->keys,
        .running = check->in_use,
        .noted = audit_noted_of(check->options->noted, slice_of("", 0))};
    struct audit_verifier *verifier = audit_verifier_new(&options);
    int result = verifier == NULL ? ERROR_NO_MEMORY : audit_verify_inputs(verifier, inputs);
    if (result == ERROR_NO_MEMORY || result == ERROR_IO) {
        audit_verifier_free(verifier);
        return result == ERROR_IO ? CLI_USAGE : cli_complain(CLI_FAILED, "out of memory");
    }
    const struct audit_proof *proof = audit_verifier_finish(verifier);
    const struct audit_verdict verdict = {
        .proof = proof,
        .kind = "file",
        .place = proof->file < inputs->count ? inputs->items[proof->file].path : "",
        .line = "line",
        .rows = "decisions",
        .key_given = check->options->keys->count > 0,
        .in_use = check->in_use};
    if (!check->options->json)
        buffer_append_string(&check->out, "the decision log:\n");
    tell(check, &verdict);
    result = believe(check, audit_verifier_keys(verifier));
    audit_verifier_free(verifier);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "there are too many keys");
}

static int check_logs(struct data_check *check)
{
    const struct audit_data_options *options = check->options;
    struct audit_inputs inputs = {0};
    glob_t found = {0};
    int code = options->file_count > 0 ? CLI_OK : audit_data_logs(options->folder, &found);
    char **files = options->file_count > 0 ? options->files : found.gl_pathv;
    int count = options->file_count > 0 ? options->file_count : (int)found.gl_pathc;
    if (code == CLI_OK)
        code = audit_inputs_open(files, count, &inputs);
    if (code == CLI_OK && inputs.count > 0)
        code = check_log(check, &inputs);
    else if (code == CLI_OK)
        buffer_append_string(&check->out, options->json
                                              ? "null"
                                              : "there is no decision log in this folder; name its "
                                                "files to have it verified, too\n");
    audit_inputs_release(&inputs);
    globfree(&found);
    return code;
}

// ---- A chain of the admin audit

static int begin_cb(void *argument, const struct store_organisation *organisation)
{
    struct data_check *check = argument;
    snprintf(check->name, sizeof check->name, "%.*s", SLICE_PRINT(organisation->name));
    snprintf(check->id, sizeof check->id, "%.*s", SLICE_PRINT(organisation->head.id));
    const struct audit_verify_options options = {
        .keys = &check->keys,
        .young = true,
        .noted = audit_noted_of(check->options->noted, organisation->head.id)};
    check->verifier = audit_verifier_new(&options);
    check->proof = (struct audit_proof){.bad = false};
    check->waiting_since_ms = 0;
    check->organisations++;
    if (check->verifier == NULL)
        return ERROR_NO_MEMORY;
    audit_verifier_begin(check->verifier);
    return 0;
}

static bool says(const struct data_check *check, uint32_t object, const char *member,
                 struct slice value)
{
    uint32_t node = object == JSON_NONE ? JSON_NONE : json_get(&check->doc, object, member);
    struct arena *arena = (struct arena *)(uintptr_t)&check->arena;
    return node != JSON_NONE && json_type(&check->doc, node) == JSON_STRING &&
           slice_equal(json_string(&check->doc, node, arena), value);
}

// The row's columns are what the API finds it by, but only its line is linked.
static bool columns_agree(struct data_check *check, const struct store_audit *row,
                          const struct chain_row *line)
{
    char id[32], time[CLOCK_TEXT_SIZE];
    arena_clear(&check->arena);
    snprintf(id, sizeof id, "adt_%020" PRId64, row->sequence);
    clock_format(row->head.created_ms, time);
    if (json_scan(&check->doc, row->line, NULL, NULL, NULL) != 0 ||
        json_type(&check->doc, 0) != JSON_OBJECT)
        return false;
    uint32_t actor = json_get(&check->doc, 0, "actor");
    bool note = audit_note_kind(row->line).length > 0; // whose time is taken a moment later
    return (uint64_t)row->sequence == line->number && slice_equal_string(row->head.id, id) &&
           slice_equal(row->link, slice_of((const char *)line->link, sizeof line->link)) &&
           (note || says(check, 0, "time", slice_from_string(time))) &&
           says(check, 0, "organisation", slice_from_string(check->id)) &&
           says(check, 0, "action", row->action) && says(check, 0, "object", row->object) &&
           says(check, actor, "id", row->actor) &&
           says(check, actor, "kind", slice_from_string(store_actor_words[row->actor_kind]));
}

static int bad_row(struct data_check *check, const struct store_audit *row, const char *text)
{
    check->proof.bad = true;
    check->proof.line = (uint64_t)row->sequence;
    snprintf(check->proof.text, sizeof check->proof.text, "row %" PRId64 " %s", row->sequence,
             text);
    return 0;
}

static int row_cb(void *argument, const struct store_audit *row)
{
    struct data_check *check = argument;
    struct chain_row line;
    if (check->proof.bad)
        return 0;
    if (!chain_parse(row->line, &line))
        return bad_row(check, row, "is no row of an audit: it was changed");
    int result = audit_verifier_feed(check->verifier, row->line);
    if (result == 0)
        result = audit_verifier_feed(check->verifier, SLICE_LITERAL("\n"));
    if (result == ERROR_PROTOCOL) {
        check->proof = *audit_verifier_finish(check->verifier);
        check->proof.line = (uint64_t)row->sequence;
        return 0;
    }
    if (result == 0 && !columns_agree(check, row, &line))
        return bad_row(check, row,
                       "has columns that do not say what its line says: it was changed");
    bool is_note = audit_note_kind(row->line).length > 0;
    if (is_note)
        check->waiting_since_ms = 0;
    else if (check->waiting_since_ms == 0)
        check->waiting_since_ms = row->head.created_ms;
    return result;
}

static void tell_of_waiting(struct data_check *check)
{
    int64_t waiting_ms =
        check->waiting_since_ms == 0 ? 0 : clock_wall_ms() - check->waiting_since_ms;
    if (!check->in_use || waiting_ms < OVERDUE_MS)
        return;
    check->open = true;
    if (!check->options->json)
        buffer_append_format(&check->out,
                             "a row has waited for a signature for %lld minutes: the gateway "
                             "cannot sign, or its signed rows were removed\n",
                             (long long)(waiting_ms / 60000));
}

static int end_cb(void *argument)
{
    struct data_check *check = argument;
    int result = 0;
    if (!check->proof.bad) {
        result = audit_verifier_end(check->verifier, true);
        check->proof = *audit_verifier_finish(check->verifier);
        if (check->proof.bad) // what is missing in front, or at the end
            check->proof.line = check->proof.line == 1 ? check->proof.first : check->proof.last + 1;
    }
    if (check->proof.organisations > check->said)
        check->said = check->proof.organisations;
    const struct audit_verdict verdict = {.proof = &check->proof,
                                          .kind = "organisation",
                                          .place = check->name,
                                          .line = "row",
                                          .rows = "changes",
                                          .key_given = check->options->keys->count > 0,
                                          .in_use = check->in_use};
    if (!check->options->json)
        buffer_append_format(&check->out, "the admin audit of %s:\n", check->name);
    else if (check->organisations > 1)
        buffer_append_string(&check->out, ",");
    tell(check, &verdict);
    if (!check->proof.bad) {
        tell_of_waiting(check);
        if (believe(check, audit_verifier_keys(check->verifier)) != 0)
            result = ERROR_NO_MEMORY;
    }
    audit_verifier_free(check->verifier);
    check->verifier = NULL;
    return result == ERROR_PROTOCOL ? 0 : result;
}

// ---- All

// An organisation that is gone takes its chain along.
static void check_missing(struct data_check *check, struct buffer *text)
{
    const struct audit_noted *noted = check->options->noted;
    if (check->said > check->organisations)
        buffer_append_format(
            text, "%llu organisations had an admin audit, as a signed row says, and %zu are there",
            (unsigned long long)check->said, check->organisations);
    for (size_t i = 0; i < noted->count && text->length == 0; i++)
        if (!noted->items[i].found)
            buffer_append_format(text, "a row of %s was noted, and its log is not there",
                                 noted->items[i].owner[0] == '\0' ? "the decision log"
                                                                  : noted->items[i].owner);
    check->bad = check->bad || text->length > 0;
}

static void print(struct data_check *check, struct slice missing)
{
    if (check->options->json) {
        buffer_append_string(&check->out, "]");
        if (missing.length > 0) {
            buffer_append_string(&check->out, ",\"text\":");
            json_write_string(&check->out, missing);
        }
        buffer_append_format(&check->out, ",\"good\":%s,\"in_use\":%s}\n",
                             check->bad ? "false" : "true", check->in_use ? "true" : "false");
    } else if (missing.length > 0) {
        buffer_append(&check->out, missing);
        buffer_append_string(&check->out, "\n");
    }
    cli_print(&check->out);
}

static int run_check(struct data_check *check)
{
    const struct audit_data_visitor visitor = {
        .begin = begin_cb, .row = row_cb, .end = end_cb, .argument = check};
    struct buffer missing;
    bool json = check->options->json;
    buffer_append_string(&check->out, json ? "{\"decision_log\":" : "");
    int code = check_logs(check);
    buffer_append_string(&check->out, json ? ",\"organisations\":[" : "");
    if (code == CLI_OK)
        code = audit_data_read(check->options->folder, &visitor);
    if (code != CLI_OK)
        return code;
    buffer_init(&missing, 0);
    check_missing(check, &missing);
    print(check, buffer_slice(&missing));
    buffer_release(&missing);
    return check->bad ? CLI_FAILED : check->open ? CLI_OPEN : CLI_OK;
}

int audit_verify_data(const struct audit_data_options *options)
{
    struct data_check check = {.options = options, .in_use = audit_data_in_use(options->folder)};
    buffer_init(&check.out, 0);
    json_doc_init(&check.doc);
    arena_init(&check.arena, 8 * 1024 * 1024);
    int code = believe(&check, options->keys) == 0 ? run_check(&check)
                                                   : cli_complain(CLI_FAILED, "out of memory");
    audit_verifier_free(check.verifier);
    chain_keyring_release(&check.keys);
    arena_release(&check.arena);
    json_doc_release(&check.doc);
    buffer_release(&check.out);
    return code;
}
