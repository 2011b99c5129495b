// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport stack`: what an agent can do with the tools of several servers together, read from
// files.
#include "cli/cli_internal.h"

#include "base/memory.h"
#include "scan/scan.h"
#include "stack/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FROM, POLICY, GRANT, JSON, FLAGS };
enum { NAMES_MAX = 64 * 1024 * 1024 };

static const struct cli_flag flags[FLAGS] = {
    [FROM] = {"from", "FILE|-",
              "tools that were listed before: an answer, or JSON lines; may be repeated"},
    [POLICY] = {"policy", "FILE", "the policy that is in force for all servers; none without it"},
    [GRANT] = {"grant", "LABEL", "whose calls they are, for rules that ask; without tags"},
    [JSON] = {"json", NULL, "print a JSON object"},
};
static const struct cli_usage usage = {
    .command = "stack",
    .text =
        "Looks at tools of several servers together, as one agent would have them: what may be\n"
        "called, how much can happen in ten minutes, and which tools together make an attack\n"
        "possible, now and under starter policies. Nothing is called.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .repeats = 1U << FROM,
    .operands_least = 0,
    .operands_most = 0};

struct stacking {
    struct cli_arguments arguments;
    struct scan scan;
    struct policy *policy;
    struct arena arena; // of names
    struct stack_server *servers;
    struct stack stack;
    struct stack_report report;
};

static int read_file(struct stacking *s, const char *path)
{
    struct error error = {0};
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return cli_complain(CLI_FAILED, "'%s' cannot be opened: %s", path, strerror(errno));
    struct slice shown = slice_from_string(standard ? "standard input" : path);
    int result = scan_read_dump(&s->scan, file, shown, cli_policy_name(path), &error);
    if (!standard)
        close(file);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}

static int read_files(struct stacking *s)
{
    int exit_code = CLI_OK;
    if (s->arguments.repeated_count == 0)
        return cli_mistake("stack", "--from FILE is needed");
    for (size_t i = 0; i < s->arguments.repeated_count && exit_code == CLI_OK; i++)
        exit_code = read_file(s, s->arguments.repeated[i].value);
    if (exit_code == CLI_OK && s->arguments.values[POLICY] != NULL)
        exit_code = cli_open_policy(s->arguments.values[POLICY], &s->policy);
    return exit_code;
}

// ---- From lists to a stack

static int read_tools(struct stacking *s, struct scan_server *from, struct stack_server *ret)
{
    struct error error = {0};
    if (json_scan(&from->doc, buffer_slice(&from->list), NULL, &error, NULL) != 0)
        return cli_complain(CLI_FAILED, "%.*s: %s", SLICE_PRINT(from->file), error.text);
    size_t most = json_at(&from->doc, 0)->count;
    struct stack_tool *tools = memory_try_new((most + 1) * sizeof *tools);
    if (tools == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    *ret = (struct stack_server){
        .name = from->name, .tools = tools, .judged = s->policy != NULL, .policy = s->policy};
    for (uint32_t node = json_first_element(&from->doc, 0); node != JSON_NONE;
         node = json_next_element(&from->doc, 0, node))
        ret->count += stack_read_tool(&from->doc, node, from->name, &s->arena, &tools[ret->count]);
    return CLI_OK;
}

static int make_stack(struct stacking *s)
{
    int exit_code = CLI_OK;
    s->servers = memory_try_new((s->scan.count + 1) * sizeof *s->servers);
    if (s->servers == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    s->stack.servers = s->servers;
    s->stack.grant_label = slice_from_string(s->arguments.values[GRANT]);
    for (size_t i = 0; i < s->scan.count && exit_code == CLI_OK; i++) {
        for (size_t k = 0; k < i; k++)
            if (slice_equal(s->scan.servers[i]->name, s->scan.servers[k]->name))
                return cli_complain(CLI_FAILED, "two files have a server of one name");
        exit_code = read_tools(s, s->scan.servers[i], &s->servers[s->stack.count]);
        s->stack.count += exit_code == CLI_OK;
    }
    return exit_code;
}

// ---- The whole

static int look(struct stacking *s)
{
    int exit_code = read_files(s);
    if (exit_code == CLI_OK)
        exit_code = make_stack(s);
    if (exit_code != CLI_OK)
        return exit_code;
    int result = stack_look(&s->stack, &s->report);
    if (result == ERROR_TOO_LARGE)
        return cli_complain(CLI_FAILED,
                            "at most %d tools of %d servers are looked at together, and starter "
                            "policies of at most %d MiB",
                            STACK_TOOLS_MAX, STACK_SERVERS_MAX, CATALOGUE_POLICY_MAX >> 20);
    if (result != 0)
        return cli_complain(CLI_FAILED, "%s", error_text(result));
    struct buffer out;
    buffer_init(&out, 0);
    if (s->arguments.values[JSON] != NULL) {
        stack_write_json(&out, &s->stack, &s->report);
        buffer_append_string(&out, "\n");
    } else {
        stack_write_text(&out, &s->stack, &s->report);
    }
    bool failed = out.failed;
    cli_print(&out);
    return failed ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
}

int cli_stack(int argc, char **argv, const char *const *environment)
{
    struct stacking s = {0};
    int exit_code = 0;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &s.arguments, &exit_code))
        return exit_code;
    arena_init(&s.arena, NAMES_MAX);
    scan_init(&s.scan);
    exit_code = look(&s);
    stack_report_release(&s.report);
    for (size_t i = 0; i < s.stack.count; i++)
        memory_free((void *)s.servers[i].tools);
    memory_free(s.servers);
    policy_unref(s.policy);
    scan_release(&s.scan);
    arena_release(&s.arena);
    return exit_code;
}
