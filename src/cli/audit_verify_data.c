// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit verify --data`: the decision log of a folder and the admin audit of its
// database, where each organisation has a chain of its own. Both are signed by one key.
#include "cli/audit_internal.h"

#include <stdio.h>

struct data_check {
    const struct audit_data_options *options;
    struct chain_keyring keys; // believed by now
    bool in_use;
    struct buffer out; // JSON: what stands in "organisations"
    size_t organisations;
    uint64_t said; // how many there should be
    bool bad, open;
    // The chain that is looked at.
    char name[128], id[AUDIT_OWNER_SIZE];
    struct proof_chain *chain;
};

static int believe(struct data_check *check, const struct chain_keyring *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (!chain_keyring_add(&check->keys, chain_key_public(keys->keys[i])))
            return ERROR_NO_MEMORY;
    return 0;
}

static void tell(struct data_check *check, const struct proof_verdict *verdict)
{
    check->bad = check->bad || verdict->proof->bad;
    check->open = check->open || (!verdict->proof->ended && !check->in_use);
    (check->options->json ? proof_write : audit_write_text)(&check->out, verdict);
}

// ---- The decision log

static int check_log(struct data_check *check, struct proof_files *inputs)
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
    const struct proof_verdict verdict = {
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
    struct proof_files inputs = {0};
    glob_t found = {0};
    int code = options->file_count > 0 ? CLI_OK : audit_data_logs(options->folder, &found);
    char **files = options->file_count > 0 ? options->files : found.gl_pathv;
    int count = options->file_count > 0 ? options->file_count : (int)found.gl_pathc;
    if (code == CLI_OK)
        code = audit_files_open(files, count, &inputs);
    if (code == CLI_OK && inputs.count > 0)
        code = check_log(check, &inputs);
    else if (code == CLI_OK)
        buffer_append_string(&check->out, options->json
                                              ? "null"
                                              : "there is no decision log in this folder; name its "
                                                "files to have it verified, too\n");
    proof_files_release(&inputs);
    globfree(&found);
    return code;
}

// ---- A chain of the admin audit

static int begin_cb(void *argument, const struct store_organisation *organisation)
{
    struct data_check *check = argument;
    snprintf(check->name, sizeof check->name, "%.*s", SLICE_PRINT(organisation->name));
    snprintf(check->id, sizeof check->id, "%.*s", SLICE_PRINT(organisation->head.id));
    const struct proof_chain_options options = {
        .organisation = check->id,
        .keys = &check->keys,
        .noted = audit_noted_of(check->options->noted, organisation->head.id)};
    check->chain = proof_chain_new(&options);
    check->organisations++;
    return check->chain == NULL ? ERROR_NO_MEMORY : 0;
}

static int row_cb(void *argument, const struct store_audit *row)
{
    struct data_check *check = argument;
    return proof_chain_feed(check->chain, row);
}

static void tell_of_waiting(struct data_check *check)
{
    int64_t waiting_ms = proof_chain_overdue_ms(check->chain);
    if (!check->in_use || waiting_ms == 0)
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
    int result = proof_chain_finish(check->chain);
    const struct audit_proof *proof = proof_chain_result(check->chain);
    if (proof->organisations > check->said)
        check->said = proof->organisations;
    const struct proof_verdict verdict = {.proof = proof,
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
    if (!proof->bad) {
        tell_of_waiting(check);
        if (believe(check, proof_chain_keys(check->chain)) != 0)
            result = ERROR_NO_MEMORY;
    }
    proof_chain_free(check->chain);
    check->chain = NULL;
    return result;
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
    int code = believe(&check, options->keys) == 0 ? run_check(&check)
                                                   : cli_complain(CLI_FAILED, "out of memory");
    proof_chain_free(check.chain);
    chain_keyring_release(&check.keys);
    buffer_release(&check.out);
    return code;
}
