// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit verify`: files of a log, or a folder with a database.
#include "cli/audit_internal.h"

enum { KEY, NOTED, PART, RUNNING, DATA, JSON, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [KEY] = {"key", "FILE",
             "believe these public keys (PEM); else the one that the log names first"},
    [NOTED] = {"noted", "FILE",
               "the log must have the last row in this file, a copy from earlier; with --data "
               "each log the newest of its own"},
    [PART] = {"part", NULL, "rows before the given files need not be accounted for"},
    [RUNNING] = {"running", NULL, "the log is in use: an end that is not signed is no complaint"},
    [DATA] = {"data", "FOLDER",
              "verify the admin audit of the database in this folder and the decision log beside "
              "it, or FILE...; a gateway may be using it"},
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

int audit_verify_inputs(struct audit_verifier *verifier, struct proof_files *inputs)
{
    int result = 0;
    for (size_t i = 0; i < inputs->count && result == 0; i++) {
        audit_verifier_begin(verifier);
        result = audit_files_read(inputs, i, feed_cb, verifier);
        if (result == 0)
            result = audit_verifier_end(verifier, i + 1 == inputs->count);
    }
    return result;
}

static int verify(const struct cli_arguments *arguments, const struct chain_keyring *keys,
                  struct proof_files *inputs, const struct audit_noted *noted)
{
    bool running = arguments->values[RUNNING] != NULL;
    const struct audit_verify_options options = {.keys = keys,
                                                 .part = arguments->values[PART] != NULL,
                                                 .running = running,
                                                 .noted = noted->count == 0 ? NULL : &noted->last};
    struct audit_verifier *verifier = audit_verifier_new(&options);
    int result = verifier == NULL ? ERROR_NO_MEMORY : audit_verify_inputs(verifier, inputs);
    if (result == ERROR_IO || result == ERROR_NO_MEMORY) {
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
        .key_given = keys->count > 0};
    struct buffer out;
    buffer_init(&out, 0);
    if (arguments->values[JSON] != NULL) {
        proof_write(&out, &verdict);
        buffer_append_string(&out, "\n");
    } else {
        audit_write_text(&out, &verdict);
    }
    cli_print(&out);
    int code = proof->bad ? CLI_FAILED : proof->ended || running ? CLI_OK : CLI_OPEN;
    audit_verifier_free(verifier);
    return code;
}

static int verify_files(const struct cli_arguments *arguments, const struct chain_keyring *keys,
                        const struct audit_noted *noted)
{
    struct proof_files inputs = {0};
    int code = audit_files_must_open(arguments->operands, arguments->operand_count, &inputs);
    if (code == CLI_OK)
        code = verify(arguments, keys, &inputs, noted);
    proof_files_release(&inputs);
    return code;
}

static int verify_folder(const struct cli_arguments *arguments, const struct chain_keyring *keys,
                         struct audit_noted *noted)
{
    const struct audit_data_options options = {.folder = arguments->values[DATA],
                                               .files = arguments->operands,
                                               .file_count = arguments->operand_count,
                                               .keys = keys,
                                               .noted = noted,
                                               .json = arguments->values[JSON] != NULL};
    return audit_verify_data(&options);
}

int cli_audit_verify(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    struct chain_keyring keys = {0};
    struct audit_noted noted = {0};
    struct error error;
    int code;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    if (arguments.values[DATA] == NULL && arguments.operand_count == 0)
        return cli_mistake("audit verify", "'audit verify' needs FILE... or --data");
    if (arguments.values[DATA] != NULL &&
        (arguments.values[PART] != NULL || arguments.values[RUNNING] != NULL))
        return cli_mistake("audit verify", "--part and --running are for files, not for --data");
    if (arguments.values[KEY] != NULL &&
        chain_keyring_read(&keys, arguments.values[KEY], &error) != 0)
        code = cli_complain(CLI_USAGE, "%s", error.text);
    else
        code = CLI_OK;
    if (code == CLI_OK && arguments.values[NOTED] != NULL)
        code = audit_noted_read(arguments.values[NOTED], &noted);
    if (code == CLI_OK)
        code = (arguments.values[DATA] == NULL ? verify_files(&arguments, &keys, &noted)
                                               : verify_folder(&arguments, &keys, &noted));
    audit_noted_release(&noted);
    chain_keyring_release(&keys);
    return code;
}
