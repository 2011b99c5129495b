// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy explain`: one call, one policy, and every step of the decision; without a call
// what the policy means. What a gateway has, it is asked about (remote_explain.c).
#include "cli/remote_internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum {
    TOOL = REMOTE_FLAGS,
    RESOURCE,
    PROMPT,
    METHOD,
    ARGS,
    CATEGORY,
    GRANT,
    TAGS,
    CLIENT,
    SERVER,
    SESSION_CALLS,
    TIME,
    POLICY,
    NUMBER,
    EXIT_CODE,
    FLAGS
};
enum { ARENA_MAX = 64 * 1024 * 1024, ARGS_MAX = 16 * 1024 * 1024 };

static const struct cli_flag flags[FLAGS] = {
    REMOTE_FLAG_ROWS,
    [TOOL] = {"tool", "NAME", "the call is a call of this tool"},
    [RESOURCE] = {"resource", "URI", "the call reads this resource"},
    [PROMPT] = {"prompt", "NAME", "the call gets this prompt"},
    [METHOD] = {"method", "NAME", "the call is of another MCP method"},
    [ARGS] = {"args", "JSON|@FILE|-", "the arguments, an object; from a file; from standard input"},
    [CATEGORY] = {"category", "NAME", "read, write, execute, destructive, financial or unknown"},
    [GRANT] = {"grant", "LABEL", "who calls"},
    [TAGS] = {"tags", "A,B", "the grant's tags"},
    [CLIENT] = {"client", "NAME", "the client's name"},
    [SERVER] = {"server", "NAME", "the server's name"},
    [SESSION_CALLS] = {"session-calls", "N", "tool calls of the session so far"},
    [TIME] = {"time", "RFC3339", "when, like 2027-01-01T12:00:00Z; now without it"},
    [POLICY] = {"policy", "NAME", "ask a gateway about this policy of it, or a draft in FILE"},
    [NUMBER] = {"number", "N", "of the version; else the newest"},
    [EXIT_CODE] = {"exit-code", NULL, "exit with 3 when denied, 4 when a human is asked"},
};
static const struct cli_usage usage = {
    .command = "policy explain",
    .operands = "[FILE]",
    .text = "Says what the policy in FILE decides about a call, and why. Nothing is sent, and no\n"
            "quota is charged. The call is one of --tool, --resource, --prompt, --method;\n"
            "without one, what the policy means is said, a sentence for each of its parts.\n"
            "Without FILE a gateway is asked: with --policy about one of its policies, else\n"
            "with --grant and --server about what is in force, and would happen now.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 0,
    .operands_most = 1};

struct explanation {
    const struct cli_arguments *arguments;
    struct policy *policy;
    struct policy_call call;
    struct slice tags[CLI_TAGS_MAX];
    struct buffer args_text;
    struct json_doc args;
    struct arena arena;
    struct buffer text, steps;
    struct policy_verdict verdict;
};

static int load_policy(struct explanation *explanation, const char *path)
{
    struct error error = {0};
    struct policy_problems problems;
    struct buffer text;
    buffer_init(&text, 0);
    int result = cli_read_policy(path, &explanation->policy, &problems, &error);
    for (size_t i = 0; i < problems.count; i++)
        cli_write_problem(&text, path, &problems.items[i]);
    if (text.length > 0)
        fwrite(buffer_slice(&text).data, 1, text.length, stderr);
    if (result != 0 && problems.count == 0)
        cli_complain(CLI_USAGE, "'%s' %s", path, error.text);
    policy_problems_release(&problems);
    buffer_release(&text);
    return result == 0 ? CLI_OK : CLI_USAGE;
}

static int choose_subject(struct explanation *explanation)
{
    static const struct {
        int flag;
        enum policy_subject subject;
    } subjects[] = {{TOOL, POLICY_TOOL},
                    {RESOURCE, POLICY_RESOURCE},
                    {PROMPT, POLICY_PROMPT},
                    {METHOD, POLICY_METHOD}};
    int found = 0;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        const char *name = explanation->arguments->values[subjects[i].flag];
        if (name == NULL)
            continue;
        found++;
        explanation->call.subject = subjects[i].subject;
        explanation->call.name = slice_from_string(name);
    }
    if (found != 1)
        return cli_mistake(usage.command,
                           "exactly one of --tool, --resource, --prompt and --method is needed");
    return CLI_OK;
}

static int choose_category(struct explanation *explanation)
{
    const char *word = explanation->arguments->values[CATEGORY];
    const char *near = NULL;
    explanation->call.category = CATALOGUE_UNKNOWN;
    if (word == NULL || cli_category(slice_from_string(word), &explanation->call.category, &near))
        return CLI_OK;
    return cli_mistake(usage.command, "unknown category '%s'%s%s%s", word,
                       near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                       near == NULL ? "" : "'?");
}

static int split_tags(struct explanation *explanation)
{
    const char *text = explanation->arguments->values[TAGS];
    for (size_t count = 0; text != NULL && *text != '\0'; count++) {
        size_t length = strcspn(text, ",");
        if (count == CLI_TAGS_MAX)
            return cli_mistake(usage.command, "more than %d tags", CLI_TAGS_MAX);
        explanation->tags[count] = slice_of(text, length);
        explanation->call.grant_tag_count = count + 1;
        text += text[length] == ',' ? length + 1 : length;
    }
    explanation->call.grant_tags = explanation->tags;
    return CLI_OK;
}

static int choose_numbers(struct explanation *explanation)
{
    const char *time = explanation->arguments->values[TIME];
    const char *calls = explanation->arguments->values[SESSION_CALLS];
    explanation->call.now_ms = clock_wall_ms();
    if (time != NULL && !clock_parse(slice_from_string(time), &explanation->call.now_ms))
        return cli_mistake(usage.command, "'--time' must be like 2027-01-01T12:00:00Z");
    if (calls == NULL)
        return CLI_OK;
    if (*calls == '\0' || strlen(calls) > 18 || calls[strspn(calls, "0123456789")] != '\0')
        return cli_mistake(usage.command, "'--session-calls' must be a whole number");
    for (; *calls != '\0'; calls++)
        explanation->call.session_calls =
            explanation->call.session_calls * 10 + (uint64_t)(*calls - '0');
    return CLI_OK;
}

static int read_args_text(struct explanation *explanation, const char *text)
{
    struct buffer *out = &explanation->args_text;
    struct error error = {0};
    int result = 0;
    if (strcmp(text, "-") == 0)
        result = config_read_stream(STDIN_FILENO, ARGS_MAX, out, &error);
    else if (*text == '@')
        result = config_read_file(text + 1, ARGS_MAX, out, &error);
    else if (buffer_append_string(out, text) != 0)
        return cli_complain(CLI_FAILED, "out of memory");
    if (result != 0)
        return cli_complain(CLI_USAGE, "'%s' cannot be read: %s", *text == '@' ? text + 1 : text,
                            error.text);
    return CLI_OK;
}

static int read_args(struct explanation *explanation)
{
    const char *text = explanation->arguments->values[ARGS];
    struct error error = {0};
    explanation->call.args = JSON_NONE;
    if (text == NULL)
        return CLI_OK;
    int result = read_args_text(explanation, text);
    if (result != CLI_OK)
        return result;
    if (json_scan(&explanation->args, buffer_slice(&explanation->args_text), NULL, &error, NULL) !=
        0)
        return cli_complain(CLI_USAGE, "'--args': %s", error.text);
    if (json_type(&explanation->args, 0) != JSON_OBJECT)
        return cli_complain(CLI_USAGE, "'--args' must be an object");
    explanation->call.doc = &explanation->args;
    explanation->call.args = 0;
    return CLI_OK;
}

static int prepare(struct explanation *explanation)
{
    static int (*const steps[])(struct explanation *) = {choose_subject, choose_category,
                                                         split_tags, choose_numbers, read_args};
    const char *const *values = explanation->arguments->values;
    explanation->call.grant_label = slice_from_string(values[GRANT]);
    explanation->call.client_name = slice_from_string(values[CLIENT]);
    explanation->call.server = slice_from_string(values[SERVER]);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int result = steps[i](explanation);
        if (result != CLI_OK)
            return result;
    }
    return CLI_OK;
}

static void write_json(const struct explanation *explanation, struct buffer *out)
{
    buffer_append_string(out, "{");
    policy_explanation_json(explanation->policy, &explanation->verdict,
                            buffer_slice(&explanation->steps), buffer_slice(&explanation->text),
                            out);
    buffer_append_string(out, "}\n");
}

static int explain(struct explanation *explanation)
{
    struct buffer out;
    buffer_init(&out, 0);
    policy_explain(explanation->policy, &explanation->call, &explanation->arena,
                   &explanation->verdict, &explanation->text, &explanation->steps);
    if (explanation->arguments->values[REMOTE_JSON] != NULL)
        write_json(explanation, &out);
    else
        buffer_append(&out, buffer_slice(&explanation->text));
    cli_print(&out);
    if (explanation->arguments->values[EXIT_CODE] == NULL)
        return CLI_OK;
    switch (explanation->verdict.outcome) {
    case POLICY_ALLOW: return CLI_OK;
    case POLICY_ASK: return CLI_ASK;
    default: return CLI_DENIED;
    }
}

// Without a call: is anything said of one?
static bool is_about_a_call(const struct cli_arguments *arguments)
{
    for (int i = TOOL; i < POLICY; i++)
        if (arguments->values[i] != NULL)
            return true;
    return arguments->values[EXIT_CODE] != NULL;
}

static int summarise(struct explanation *explanation)
{
    struct buffer out;
    bool json = explanation->arguments->values[REMOTE_JSON] != NULL;
    int code = load_policy(explanation, explanation->arguments->operands[0]);
    if (code != CLI_OK)
        return code;
    buffer_init(&out, 0);
    buffer_append_string(&out, json ? "{\"sentences\":" : "");
    int result = json ? policy_summary_json(explanation->policy, &out)
                      : policy_summary_text(explanation->policy, &out);
    buffer_append_string(&out, json ? "}\n" : "");
    cli_print(&out);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "out of memory");
}

// ---- What a gateway has

static void write_text(struct buffer *out, const char *name, struct slice text)
{
    if (text.length == 0)
        return;
    buffer_append_format(out, ",\"%s\":", name);
    json_write_string(out, text);
}

// As the API wants it. Of a grant its label, tags and server are its own.
static void write_call(const struct explanation *explanation, bool of_policy, struct buffer *out)
{
    static const char *const subjects[] = {"tool", "resource", "prompt", "method"};
    const struct policy_call *call = &explanation->call;
    const char *const *values = explanation->arguments->values;
    buffer_append_format(out, "{\"%s\":", subjects[call->subject]);
    json_write_string(out, call->name);
    if (call->args != JSON_NONE) {
        buffer_append_string(out, ",\"arguments\":");
        buffer_append(out, json_raw(call->doc, call->args));
    }
    if (values[CATEGORY] != NULL)
        write_text(out, "category", slice_from_string(catalogue_category_name(call->category)));
    write_text(out, "client", call->client_name);
    write_text(out, "time", slice_from_string(values[TIME]));
    if (values[SESSION_CALLS] != NULL)
        buffer_append_format(out, ",\"session_calls\":%llu",
                             (unsigned long long)call->session_calls);
    if (of_policy) {
        write_text(out, "grant", call->grant_label);
        write_text(out, "server", call->server);
    }
    for (size_t i = 0; of_policy && i < call->grant_tag_count; i++) {
        buffer_append_string(out, i == 0 ? ",\"tags\":[" : ",");
        json_write_string(out, call->grant_tags[i]);
        buffer_append_string(out, i + 1 == call->grant_tag_count ? "]" : "");
    }
    buffer_append_string(out, "}");
}

static int ask_gateway(struct explanation *explanation, const char *const *environment)
{
    const struct cli_arguments *arguments = explanation->arguments;
    const char *const *values = arguments->values;
    struct buffer call;
    if (values[POLICY] == NULL && (values[GRANT] == NULL || values[SERVER] == NULL))
        return cli_mistake(usage.command, "a FILE is needed, or --policy, or --grant and --server");
    int exit_code = prepare(explanation);
    if (exit_code != CLI_OK)
        return exit_code;
    buffer_init(&call, 0);
    write_call(explanation, values[POLICY] != NULL, &call);
    const struct remote_asked asked = {
        .policy = values[POLICY],
        .number = values[NUMBER],
        .draft = arguments->operand_count > 0 ? arguments->operands[0] : NULL,
        .grant = values[GRANT],
        .server = values[SERVER],
        .call = buffer_slice(&call),
        .tell_outcome = values[EXIT_CODE] != NULL};
    exit_code = remote_explain(arguments, &asked, environment);
    buffer_release(&call);
    return exit_code;
}

// ---- The whole

static int run(struct explanation *explanation, const char *const *environment)
{
    const struct cli_arguments *arguments = explanation->arguments;
    if (arguments->operand_count == 0 || arguments->values[POLICY] != NULL)
        return ask_gateway(explanation, environment);
    if (!is_about_a_call(arguments))
        return summarise(explanation);
    int code = prepare(explanation);
    if (code == CLI_OK)
        code = load_policy(explanation, arguments->operands[0]);
    return code == CLI_OK ? explain(explanation) : code;
}

int cli_policy_explain(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct explanation explanation = {.arguments = &arguments};
    int result = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &result))
        return result;
    arena_init(&explanation.arena, ARENA_MAX);
    buffer_init(&explanation.text, 0);
    buffer_init(&explanation.steps, 0);
    buffer_init(&explanation.args_text, 0);
    json_doc_init(&explanation.args);
    result = run(&explanation, environment);
    policy_unref(explanation.policy);
    json_doc_release(&explanation.args);
    buffer_release(&explanation.args_text);
    buffer_release(&explanation.text);
    buffer_release(&explanation.steps);
    arena_release(&explanation.arena);
    return result;
}
