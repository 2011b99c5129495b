// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit verify`: the verdict of audit/'s verifier in words.
#include "cli/audit_internal.h"

enum { KEY, NOTED, PART, RUNNING, DATA, JSON, FLAGS };

enum { NOTED_MAX = 1024 * 1024 };

static const struct cli_flag flags[FLAGS] = {
    [KEY] = {"key", "FILE",
             "believe these public keys (PEM); else the one that the log names first"},
    [NOTED] = {"noted", "FILE", "the log must have the last row in this file, a copy from earlier"},
    [PART] = {"part", NULL, "rows before the given files need not be accounted for"},
    [RUNNING] = {"running", NULL, "the log is in use: an end that is not signed is no complaint"},
    [DATA] = {"data", "FOLDER", "verify the admin audit of the database in this folder instead"},
    [JSON] = {"json", NULL, "print a JSON object"},
};
static const struct cli_usage usage = {
    .command = "audit verify",
    .operands = "FILE...",
    .text =
        "Proves that the rows of a decision log are all there, in order and as they were written.\n"
        "Give it all files of the log, in any order. Exit code 1 when a row is bad, which is then\n"
        "named; 5 when all is well but the log does not end in a signed row: the gateway runs, "
        "was\n"
        "killed, or somebody cut off the end.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_most = -1};

static int feed_cb(void *verifier, struct slice piece)
{
    return audit_verifier_feed(verifier, piece);
}

static int read_all(struct audit_verifier *verifier, struct audit_inputs *inputs)
{
    int result = 0;
    for (size_t i = 0; i < inputs->count && result == 0; i++) {
        audit_verifier_begin(verifier);
        result = audit_inputs_read(inputs, i, feed_cb, verifier);
        if (result == 0)
            result = audit_verifier_end(verifier, i + 1 == inputs->count);
    }
    return result;
}

static void write_count(struct buffer *out, uint64_t count, const char *text)
{
    if (count > 0)
        buffer_append_format(out, text, (unsigned long long)count);
}

static void write_text(struct buffer *out, const struct audit_proof *proof,
                       const struct audit_inputs *inputs, bool key_given)
{
    const char *file = proof->file < inputs->count ? inputs->items[proof->file].path : "";
    if (proof->bad) {
        buffer_append_format(out, "%s:%llu: %s\n", file, (unsigned long long)proof->line,
                             proof->text);
        return;
    }
    buffer_append_format(out, "rows %llu to %llu are in order, complete and unchanged\n",
                         (unsigned long long)proof->first, (unsigned long long)proof->last);
    buffer_append_format(out, "%llu signatures, the last at row %llu (%s) by key %s\n",
                         (unsigned long long)proof->signatures, (unsigned long long)proof->vouched,
                         proof->vouched_time, proof->key);
    if (!key_given)
        buffer_append_string(out, "that key is the log's own word: compare it, or give --key\n");
    write_count(out, proof->gone,
                "rows 1 to %llu were deleted by retention, as a signed row says\n");
    write_count(out, proof->torn, "half lines that a crash left, and that were closed: %llu\n");
    write_count(out, proof->lost,
                "records that could not be kept, as the gateway says itself: %llu\n");
    write_count(out, proof->unlinked, "bytes in front of the chain, which nothing covers: %llu\n");
    if (!proof->ended) {
        write_count(out, proof->last - proof->vouched,
                    "rows at the end that are not signed yet: %llu\n");
        buffer_append_string(out, "there is no signed end: the log is in use, its gateway was "
                                  "killed, or the end was cut off\n");
    }
}

static void write_json_number(struct buffer *out, const char *key, uint64_t value)
{
    buffer_append_format(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void write_json(struct buffer *out, const struct audit_proof *proof,
                       const struct audit_inputs *inputs, bool key_given)
{
    buffer_append_format(out, "{\"good\":%s,\"ended\":%s", proof->bad ? "false" : "true",
                         proof->ended ? "true" : "false");
    if (proof->bad) {
        buffer_append_string(out, ",\"file\":");
        json_write_string(out, slice_from_string(inputs->items[proof->file].path));
        write_json_number(out, "line", proof->line);
        buffer_append_string(out, ",\"text\":");
        json_write_string(out, slice_from_string(proof->text));
    }
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"first", proof->first},
                   {"last", proof->last},
                   {"decisions", proof->decisions},
                   {"signatures", proof->signatures},
                   {"signed_to", proof->vouched},
                   {"deleted_to", proof->gone},
                   {"torn", proof->torn},
                   {"lost", proof->lost},
                   {"unlinked_bytes", proof->unlinked}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        write_json_number(out, numbers[i].key, numbers[i].value);
    buffer_append_format(out, ",\"key\":\"%s\",\"key_given\":%s,\"signed_at\":\"%s\"}\n",
                         proof->key, key_given ? "true" : "false", proof->vouched_time);
}

// The last line of the file, which must be a row.
static int read_noted(const char *path, struct chain_row *ret)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, 0);
    int result = config_read_file(path, NOTED_MAX, &text, &error);
    struct slice all = buffer_slice(&text);
    while (all.length > 0 && all.data[all.length - 1] == '\n')
        all.length--;
    const char *feed = all.length == 0 ? NULL : memrchr(all.data, '\n', all.length);
    size_t start = feed == NULL ? 0 : (size_t)(feed - all.data) + 1;
    bool good = result == 0 && all.length > 0 &&
                chain_parse(slice_of(all.data + start, all.length - start), ret);
    buffer_release(&text);
    if (result != 0)
        return cli_complain(CLI_USAGE, "%s", error.text);
    return good ? CLI_OK : cli_complain(CLI_USAGE, "the last line of '%s' is no row", path);
}

static int verify(const struct cli_arguments *arguments, const struct chain_keyring *keys,
                  struct audit_inputs *inputs)
{
    bool running = arguments->values[RUNNING] != NULL;
    struct chain_row noted = {0};
    const struct audit_verify_options options = {
        .keys = keys,
        .part = arguments->values[PART] != NULL,
        .running = running,
        .noted = arguments->values[NOTED] == NULL ? NULL : &noted};
    if (options.noted != NULL && read_noted(arguments->values[NOTED], &noted) != CLI_OK)
        return CLI_USAGE;
    struct audit_verifier *verifier = audit_verifier_new(&options);
    int result = verifier == NULL ? ERROR_NO_MEMORY : read_all(verifier, inputs);
    if (result == ERROR_IO || result == ERROR_NO_MEMORY) {
        audit_verifier_free(verifier);
        return result == ERROR_IO ? CLI_USAGE : cli_complain(CLI_FAILED, "out of memory");
    }
    const struct audit_proof *proof = audit_verifier_finish(verifier);
    struct buffer out;
    buffer_init(&out, 0);
    (arguments->values[JSON] != NULL ? write_json : write_text)(&out, proof, inputs,
                                                                keys->count > 0);
    cli_print(&out);
    int code = proof->bad ? CLI_FAILED : proof->ended || running ? CLI_OK : CLI_OPEN;
    audit_verifier_free(verifier);
    return code;
}

int cli_audit_verify(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    struct chain_keyring keys = {0};
    struct audit_inputs inputs = {0};
    struct error error;
    int code;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    if ((arguments.values[DATA] != NULL) == (arguments.operand_count > 0))
        return cli_mistake("audit verify", "'audit verify' needs FILE... or --data");
    if (arguments.values[DATA] != NULL)
        return audit_verify_data(arguments.values[DATA], arguments.values[JSON] != NULL);
    if (arguments.values[KEY] != NULL &&
        chain_keyring_read(&keys, arguments.values[KEY], &error) != 0)
        code = cli_complain(CLI_USAGE, "%s", error.text);
    else
        code = audit_inputs_open(arguments.operands, arguments.operand_count, &inputs);
    if (code == CLI_OK)
        code = verify(&arguments, &keys, &inputs);
    audit_inputs_release(&inputs);
    chain_keyring_release(&keys);
    return code;
}
