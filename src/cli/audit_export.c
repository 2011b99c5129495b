// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit export`: decisions of some time, as they stand in the log or as a table.
#include "cli/audit_internal.h"
#include "base/clock.h"

#include <stdio.h>

enum { FROM, TO, FORMAT, DATA, ADMIN, ORGANISATION, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [FROM] = {"from", "TIME", "decisions of this time and later (RFC 3339, or a date)"},
    [TO] = {"to", "TIME", "decisions before this time"},
    [FORMAT] = {"format", "NAME", "jsonl (the lines as they are; the default) or csv"},
    [DATA] = {"data", "FOLDER", "of the decision log in this folder, in place of FILE..."},
    [ADMIN] = {"admin", NULL,
               "with --data: the admin audit of its database in place of the decisions, as JSON "
               "lines with its signed rows, so that 'audit verify' can be given them"},
    [ORGANISATION] = {"organisation", "NAME", "with --admin: of this one alone"},
};
static const struct cli_usage usage = {
    .command = "audit export",
    .operands = "FILE...",
    .text = "Writes the decisions of a log to standard output, in the order of its rows; what the\n"
            "log says about itself is left out. Nothing is verified: see 'audit verify'.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_most = -1};

static const char *const admin_columns[] = {"time",   "seq",    "organisation", "actor", "address",
                                            "action", "object", "before",       "after", "link",
                                            NULL};
enum { FLUSH = 256 * 1024 };

struct export
{
    int64_t from_ms, to_ms;
    bool csv, notes; // notes: with what the log says about itself
    const char *const *columns;
    struct audit_lines lines;
    struct json_doc doc;
    struct arena arena;
    struct buffer out;
    uint64_t strange; // lines that are no rows
};

static void write_csv(struct export *export, struct slice line)
{
    export->strange +=
        !audit_csv_row(&export->out, export->columns, line, &export->doc, &export->arena);
}

// False: a line that is no row.
static bool time_of(struct slice line, int64_t *ret_ms)
{
    static const struct slice start = {"{\"time\":\"", 9};
    size_t length = start.length + CLOCK_TEXT_SIZE - 1;
    return line.length > length && slice_starts_with(line, start) &&
           line.data[line.length - 1] == '}' &&
           clock_parse(slice_of(line.data + start.length, CLOCK_TEXT_SIZE - 1), ret_ms);
}

static int flush(struct export *export)
{
    struct slice text = buffer_slice(&export->out);
    if (export->out.failed)
        return ERROR_NO_MEMORY;
    bool good = fwrite(text.data, 1, text.length, stdout) == text.length;
    buffer_clear(&export->out);
    return good ? 0 : ERROR_CLOSED; // said at the end of all
}

static int line_cb(void *argument, struct slice line)
{
    struct export *export = argument;
    int64_t time;
    if (!time_of(line, &time)) {
        export->strange++;
        return 0;
    }
    if ((audit_note_kind(line).length > 0 && !export->notes) || time < export->from_ms ||
        time >= export->to_ms)
        return 0;
    if (export->csv) {
        write_csv(export, line);
    } else {
        buffer_append(&export->out, line);
        buffer_append_string(&export->out, "\n");
    }
    return export->out.length > FLUSH || export->out.failed ? flush(export) : 0;
}

static int piece_cb(void *argument, struct slice piece)
{
    struct export *export = argument;
    return audit_lines_feed(&export->lines, piece, line_cb, export);
}

static bool parse_time(const char *text, int64_t *ret_ms)
{
    char whole[64];
    if (strlen(text) == 10)
        snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
    else
        snprintf(whole, sizeof whole, "%.63s", text);
    return clock_parse(slice_from_string(whole), ret_ms);
}

static int read_flags(const struct cli_arguments *arguments, struct export *export)
{
    const char *from = arguments->values[FROM], *to = arguments->values[TO];
    const char *format = arguments->values[FORMAT];
    export->from_ms = INT64_MIN;
    export->to_ms = INT64_MAX;
    if (from != NULL && !parse_time(from, &export->from_ms))
        return cli_mistake("audit export", "'%s' is no time like 2027-01-31T12:00:00Z", from);
    if (to != NULL && !parse_time(to, &export->to_ms))
        return cli_mistake("audit export", "'%s' is no time like 2027-01-31T12:00:00Z", to);
    export->csv = format != NULL && strcmp(format, "csv") == 0;
    if (format != NULL && !export->csv && strcmp(format, "jsonl") != 0)
        return cli_mistake("audit export", "the format is jsonl or csv, not '%s'", format);
    return CLI_OK;
}

static int end_all(struct export *export, int result)
{
    if (result == 0)
        result = flush(export);
    if (export->strange > 0)
        cli_complain(CLI_OK, "lines that are no rows, and were left out: %llu",
                     (unsigned long long)export->strange);
    switch (result) {
    case 0: return CLI_OK;
    case ERROR_IO: return CLI_USAGE;
    case ERROR_CLOSED: return CLI_FAILED;
    case ERROR_TOO_LARGE: return cli_complain(CLI_FAILED, "a line is longer than any row");
    default: return cli_complain(CLI_FAILED, "out of memory");
    }
}

static int write_inputs(struct export *export, struct proof_files *inputs)
{
    int result = 0;
    for (size_t i = 0; i < inputs->count && result == 0; i++) {
        result = audit_files_read(inputs, i, piece_cb, export);
        export->strange += export->lines.rest.length > 0; // half a line at the end
        buffer_clear(&export->lines.rest);
    }
    return end_all(export, result);
}

static int write_files(struct export *export, char **files, int count)
{
    struct proof_files inputs = {0};
    int code = audit_files_must_open(files, count, &inputs);
    if (code == CLI_OK)
        code = write_inputs(export, &inputs);
    proof_files_release(&inputs);
    return code;
}

// ---- From a folder

static int write_folder(struct export *export, const char *folder)
{
    glob_t found = {0};
    int code = audit_data_logs(folder, &found);
    if (code == CLI_OK && found.gl_pathc == 0)
        code = cli_complain(CLI_USAGE, "there is no decision log in '%s'", folder);
    if (code == CLI_OK)
        code = write_files(export, found.gl_pathv, (int)found.gl_pathc);
    globfree(&found);
    return code;
}

struct admin_export {
    struct export *export;
    int result;
    bool found;
};

static int organisation_cb(void *argument, const struct store_organisation *organisation)
{
    struct admin_export *admin = argument;
    (void)organisation;
    admin->found = true;
    return 0;
}

static int row_cb(void *argument, const struct store_audit *row)
{
    struct admin_export *admin = argument;
    return admin->result = line_cb(admin->export, row->line);
}

static int write_admin(struct export *export, const char *folder, const char *organisation)
{
    struct admin_export admin = {.export = export};
    const struct audit_data_visitor visitor = {
        .begin = organisation_cb, .row = row_cb, .argument = &admin, .only = organisation};
    int code = audit_data_read(folder, &visitor);
    if (code == CLI_OK && !admin.found)
        code = cli_complain(CLI_USAGE, "there is no organisation '%s'", organisation);
    return code == CLI_OK ? end_all(export, admin.result) : code;
}

static int check_flags(const struct cli_arguments *arguments)
{
    bool data = arguments->values[DATA] != NULL, admin = arguments->values[ADMIN] != NULL;
    if (data == (arguments->operand_count > 0))
        return cli_mistake("audit export", "'audit export' needs FILE... or --data");
    if ((admin && !data) || (arguments->values[ORGANISATION] != NULL && !admin))
        return cli_mistake("audit export", "--admin goes with --data, --organisation with --admin");
    return CLI_OK;
}

static int write_all(struct export *export, const struct cli_arguments *arguments)
{
    const char *folder = arguments->values[DATA];
    bool admin = arguments->values[ADMIN] != NULL;
    export->notes = admin && !export->csv;
    export->columns = admin ? admin_columns : audit_decision_columns;
    if (export->csv)
        audit_csv_head(&export->out, export->columns);
    if (admin)
        return write_admin(export, folder, arguments->values[ORGANISATION]);
    return folder != NULL ? write_folder(export, folder)
                          : write_files(export, arguments->operands, arguments->operand_count);
}

int cli_audit_export(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    struct export export = {0};
    int code;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    audit_lines_init(&export.lines);
    json_doc_init(&export.doc);
    arena_init(&export.arena, 8 * 1024 * 1024);
    buffer_init(&export.out, 0);
    code = check_flags(&arguments);
    if (code == CLI_OK)
        code = read_flags(&arguments, &export);
    if (code == CLI_OK)
        code = write_all(&export, &arguments);
    audit_lines_release(&export.lines);
    json_doc_release(&export.doc);
    arena_release(&export.arena);
    buffer_release(&export.out);
    return code;
}
