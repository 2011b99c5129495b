// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy lint`: what in policy files is in force and probably not meant, and with the
// tools of a server, from a file, a catalogue or a gateway, what does not fit them.
#include "cli/catalogue_internal.h"
#include "cli/remote_internal.h"

#include "inventory/inventory.h"
#include "scan/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { TOOLS = REMOTE_FLAGS, DATA, SERVER, GRANT, POLICY, FAIL_ON, FLAGS };
enum { LINT_MEMORY = 256 * 1024 * 1024, DEFINITIONS_MAX = 64 * 1024 * 1024 };

static const struct cli_flag flags[FLAGS] = {
    REMOTE_FLAG_ROWS,
    [TOOLS] = {"tools", "FILE|-", "the server's tools: an answer to tools/list, or JSON lines"},
    [DATA] = {"data", "FOLDER", "the server's tools are those of the catalogue in this folder"},
    [SERVER] = {"server", "NAME",
                "of several servers in that file, or of the catalogue; without --tools "
                "and --data a gateway is asked"},
    [GRANT] = {"grant", "LABEL", "ask a gateway, before the tools of this grant's servers"},
    [POLICY] = {"policy", "NAME", "the same, of the servers where this policy is in force"},
    [FAIL_ON] = {"fail-on", "WEIGHT",
                 "exit with 1 from this weight on: serious (without the "
                 "flag), doubtful, remark, never"},
};
static const struct cli_usage usage = {
    .command = "policy lint",
    .operands = "FILE...",
    .text =
        "Looks for what is in force in policy files and probably not meant: rules that nothing\n"
        "reaches, conditions that never or always hold, expressions that give up; with the\n"
        "tools of a server, names, arguments and types that do not fit them. Exit code 1 from\n"
        "--fail-on on, 2 when a file has mistakes (see 'policy check').\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = -1};

struct linting {
    const struct cli_arguments *arguments;
    struct scan scan;
    struct arena arena; // of the tools
    struct policy_tool *tools;
    size_t tool_count;
    struct buffer definitions; // of the catalogue
    struct json_doc doc;
    struct remote remote; // open when `asks`
    bool asks;
    struct buffer out;
    size_t counts[3]; // by weight
    size_t errors;
    bool failed;
};

// ---- The server's tools

static int read_dump(struct linting *l, const char *path)
{
    struct error error = {0};
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return cli_complain(CLI_USAGE, "'%s' cannot be opened: %s", path, strerror(errno));
    struct slice shown = slice_from_string(standard ? "standard input" : path);
    int result = scan_read_dump(&l->scan, file, shown, cli_policy_name(path), &error);
    if (!standard)
        close(file);
    return result == 0 ? CLI_OK : cli_complain(CLI_USAGE, "%s", error.text);
}

static struct scan_server *choose_server(struct linting *l)
{
    const char *name = l->arguments->values[SERVER];
    for (size_t i = 0; i < l->scan.count; i++)
        if (name == NULL || slice_equal_string(l->scan.servers[i]->name, name))
            return l->scan.servers[i];
    return NULL;
}

static int read_catalogue(struct linting *l)
{
    const char *name = l->arguments->values[SERVER];
    struct inventory *inventory = NULL;
    struct inventory_server found;
    struct error error = {0};
    char organisation[CATALOGUE_ID_SIZE];
    if (name == NULL)
        return cli_mistake(usage.command, "--data goes with --server");
    int code = cli_open_catalogue(usage.command, l->arguments->values[DATA], NULL, false,
                                  &inventory, organisation);
    if (code != CLI_OK)
        return code;
    int result = inventory_get_server(inventory, slice_from_string(organisation),
                                      slice_from_string(name), &l->arena, &found, &error);
    if (result == 0)
        result = inventory_write_tools(inventory, &found, &l->definitions, &error);
    if (result == 0)
        result = json_scan(&l->doc, buffer_slice(&l->definitions), NULL, &error, NULL);
    if (result == 0)
        result = policy_read_tools(&l->doc, 0, found.name, &l->arena, &l->tools, &l->tool_count);
    inventory_close(inventory);
    if (result == ERROR_NOT_FOUND)
        return cli_complain(CLI_USAGE, "the catalogue has no server '%s'", name);
    return result == 0 ? CLI_OK : cli_catalogue_failed(result, &error);
}

static int read_file_of_tools(struct linting *l)
{
    struct error error = {0};
    const char *path = l->arguments->values[TOOLS], *name = l->arguments->values[SERVER];
    int code = read_dump(l, path);
    if (code != CLI_OK)
        return code;
    if (name == NULL && l->scan.count > 1)
        return cli_complain(CLI_USAGE, "'%s' has several servers: choose one with --server", path);
    struct scan_server *server = choose_server(l);
    if (server == NULL)
        return cli_complain(CLI_USAGE, "'%s' has no such server", path);
    if (json_scan(&server->doc, buffer_slice(&server->list), NULL, &error, NULL) != 0)
        return cli_complain(CLI_USAGE, "'%s': %s", path, error.text);
    return policy_read_tools(&server->doc, 0, server->name, &l->arena, &l->tools, &l->tool_count) ==
                   0
               ? CLI_OK
               : cli_complain(CLI_FAILED, "out of memory");
}

static int read_tools(struct linting *l, const char *const *environment)
{
    const char *const *values = l->arguments->values;
    bool remote = values[GRANT] != NULL || values[POLICY] != NULL;
    int ways = (values[TOOLS] != NULL) + (values[DATA] != NULL) + (values[GRANT] != NULL) +
               (values[POLICY] != NULL);
    if (ways > 1 || (remote && values[SERVER] != NULL))
        return cli_mistake(usage.command, "the tools come from one place: --tools, --data, "
                                          "--server, --grant or --policy");
    if (values[TOOLS] != NULL)
        return read_file_of_tools(l);
    if (values[DATA] != NULL)
        return read_catalogue(l);
    l->asks = remote || values[SERVER] != NULL;
    return l->asks ? remote_open(&l->remote, l->arguments, environment) : CLI_OK;
}

// ---- One file

static void write_plain(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_append(out, c < 0x20 || c == 0x7F ? SLICE_LITERAL("?") : slice_of(text.data + i, 1));
    }
}

static void write_finding(struct linting *l, const char *path, const struct policy_finding *finding)
{
    buffer_append_format(&l->out, "%s:%u:%u: %s: ", path, finding->at.line, finding->at.column,
                         policy_weight_words[finding->weight]);
    write_plain(&l->out, finding->text);
    buffer_append_format(&l->out, " [%s]\n    ", finding->kind);
    write_plain(&l->out, finding->advice);
    buffer_append_string(&l->out, "\n");
}

static void report(struct linting *l, const char *path, const struct policy_findings *all)
{
    bool json = l->arguments->values[REMOTE_JSON] != NULL;
    for (size_t i = 0; i < all->count; i++) {
        l->counts[all->items[i].weight]++;
        if (!json) {
            write_finding(l, path, &all->items[i]);
            continue;
        }
        buffer_append_string(&l->out, i == 0 ? "" : ",");
        policy_finding_json(&all->items[i], &l->out);
    }
    if (all->too_many && !json)
        buffer_append_format(&l->out, "%s: there may be more: not all was looked at\n", path);
}

static void lint_policy(struct linting *l, const char *path, const struct policy *policy,
                        bool *ret_complete)
{
    struct policy_findings all = {0};
    struct arena arena;
    arena_init(&arena, LINT_MEMORY);
    if (policy_lint(policy, l->tools, l->tool_count, &arena, &all) != 0) {
        cli_complain(CLI_FAILED, "'%s': out of memory", path);
        l->failed = true;
    } else {
        report(l, path, &all);
    }
    *ret_complete = !all.too_many;
    arena_release(&arena);
}

// The gateway reads the document again, before the tools that it knows.
static void ask_gateway(struct linting *l, const char *path, bool *ret_complete)
{
    const char *const *values = l->arguments->values;
    const struct remote_tools tools = {values[SERVER], values[GRANT], values[POLICY]};
    struct policy_findings all = {0};
    struct error error = {0};
    struct buffer text;
    struct arena arena;
    arena_init(&arena, LINT_MEMORY);
    buffer_init(&text, 0);
    if (config_read_file(path, CLI_POLICY_FILE_MAX, &text, &error) != 0 ||
        remote_lint(&l->remote, buffer_slice(&text), &tools, &arena, &all) != CLI_OK)
        l->failed = true;
    else
        report(l, path, &all);
    *ret_complete = !l->failed && !all.too_many;
    buffer_release(&text);
    arena_release(&arena);
}

static void lint_file(struct linting *l, const char *path, bool first)
{
    struct policy *policy = NULL;
    bool json = l->arguments->values[REMOTE_JSON] != NULL, complete = true;
    if (json) {
        buffer_append_string(&l->out, first ? "{\"file\":" : ",{\"file\":");
        json_write_string(&l->out, slice_from_string(path));
        buffer_append_string(&l->out, ",\"findings\":[");
    }
    if (cli_open_policy(path, &policy) != CLI_OK)
        l->errors++;
    else if (l->asks)
        ask_gateway(l, path, &complete);
    else
        lint_policy(l, path, policy, &complete);
    if (json)
        buffer_append_format(&l->out, "],\"complete\":%s}", complete ? "true" : "false");
    policy_unref(policy);
}

// ---- The whole

static void summarise(struct linting *l)
{
    const size_t *n = l->counts;
    if (l->arguments->values[REMOTE_JSON] != NULL)
        buffer_append_format(&l->out,
                             "],\"serious\":%zu,\"doubtful\":%zu,\"remark\":%zu,\"errors\":%zu}\n",
                             n[0], n[1], n[2], l->errors);
    else
        buffer_append_format(&l->out, "%zu serious, %zu doubtful, %zu remark%s\n", n[0], n[1], n[2],
                             n[2] == 1 ? "" : "s");
}

// The gravest weight that still passes; -1 for an unknown word.
static int threshold(const char *word)
{
    if (word == NULL)
        return POLICY_SERIOUS;
    for (int i = 0; policy_weight_words[i] != NULL; i++)
        if (strcmp(word, policy_weight_words[i]) == 0)
            return i;
    return strcmp(word, "never") == 0 ? INT_MAX : -1;
}

static int exit_code(const struct linting *l, int from)
{
    if (l->errors > 0)
        return CLI_USAGE;
    for (int i = 0; i <= from && from <= POLICY_REMARK; i++)
        if (l->counts[i] > 0)
            return CLI_FAILED;
    return l->failed ? CLI_FAILED : CLI_OK;
}

int cli_policy_lint(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct linting l = {.arguments = &arguments};
    int code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    int from = threshold(arguments.values[FAIL_ON]);
    if (from < 0)
        return cli_mistake(usage.command,
                           "--fail-on is one of serious, doubtful, remark and never");
    scan_init(&l.scan);
    arena_init(&l.arena, LINT_MEMORY);
    buffer_init(&l.out, 0);
    buffer_append_string(&l.out, arguments.values[REMOTE_JSON] != NULL ? "{\"files\":[" : "");
    buffer_init(&l.definitions, DEFINITIONS_MAX);
    json_doc_init(&l.doc);
    code = read_tools(&l, environment);
    for (int i = 0; i < arguments.operand_count && code == CLI_OK; i++)
        lint_file(&l, arguments.operands[i], i == 0);
    if (code == CLI_OK) {
        summarise(&l);
        cli_print(&l.out);
        code = exit_code(&l, from);
    } else {
        buffer_release(&l.out);
    }
    if (l.asks)
        remote_close(&l.remote);
    json_doc_release(&l.doc);
    buffer_release(&l.definitions);
    scan_release(&l.scan);
    arena_release(&l.arena);
    return code;
}
