// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/cli_internal.h"

#include <stdio.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv, const char *const *environment);
    const char *summary;
};

static const struct command commands[] = {
    {"serve", cli_serve, "run the gateway with a configuration file"},
    {"run", cli_run, "put a policy in front of one server, over standard input and output"},
    {"connect", cli_connect, "reach a running gateway from a client that only speaks stdio"},
    {"policy", cli_policy, "check policies, explain their decisions"},
    {"audit", cli_audit, "prove that a decision log is complete and unchanged, export it"},
    {"server", cli_server, "the servers of a running gateway"},
    {"grant", cli_grant, "what agents may reach at a running gateway"},
    {"limit", cli_limit, "what limits have counted at a running gateway"},
    {"key", cli_key, "API keys of a running gateway"},
    {"approvals", cli_approvals, "calls that wait for a person: look at them, answer them"},
    {"contact", cli_contact, "questions that came by the contact form"},
    {"exceptions", cli_exceptions, "calls that run for a while without being asked about"},
    {"decisions", cli_decisions, "what a running gateway decided"},
    {"member", cli_member, "the people of a running gateway"},
    {"channel", cli_channel, "where people outside are told of what waits for them"},
    {"provider", cli_provider, "the identity providers that people sign in with"},
    {"organisation", cli_organisation, "the organisation of an API key"},
    {"export", cli_export, "write what a running gateway has as files"},
    {"apply", cli_apply, "make a running gateway what such files say"},
    {"import", cli_import, "take over such files, or the servers of a client's configuration"},
    {"admin", cli_admin, "look after a database: seal its credentials under new keys"},
    {"catalogue", cli_catalogue, "what is known of servers and their tools"},
    {"scan", cli_scan, "list the tools of servers, and say what they do"},
    {"stack", cli_stack, "say what an agent can do with all of its servers together"},
    {"classify", cli_classify, "say what tools do, from their definitions"},
    {"doctor", cli_doctor, "look for what would keep the gateway from working"},
    {"token", cli_token, "make a token for a grant"},
    {"help", cli_help, "show the help of a command, or the reference of all configuration keys"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const char *cli_version(void)
{
    return SALLYPORT_VERSION;
}

static void print_help(void)
{
    printf("usage: sallyport COMMAND [ARGUMENTS]\n"
           "       sallyport --help | --version\n\n"
           "A gateway that puts a policy on every MCP call.\n\n"
           "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-8s  %s\n", commands[i].name, commands[i].summary);
    printf("\nexit codes: 0 done, 1 failed, 2 wrong usage, configuration or policy\n"
           "'sallyport COMMAND --help' says more about one command.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = config_nearest(slice_from_string(name), names, COMMANDS);
    bool flag = *name == '-';
    if (flag)
        return cli_mistake(NULL, "unknown flag '%s'", name);
    if (near == NULL)
        return cli_mistake(NULL, "unknown command '%s'", name);
    return cli_mistake(NULL, "unknown command '%s'; did you mean '%s'?", name, near);
}

static void print_reference(void)
{
    struct buffer out;
    buffer_init(&out, 0);
    config_reference(&out);
    cli_print(&out);
}

int cli_help(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "help",
        .operands = "[COMMAND]",
        .text = "Shows the help of a command; 'sallyport help config' prints the reference of all\n"
                "configuration keys as Markdown.\n",
        .operands_most = 1};
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.operand_count == 0) {
        print_help();
        return CLI_OK;
    }
    if (strcmp(arguments.operands[0], "config") == 0) {
        print_reference();
        return CLI_OK;
    }
    const struct command *command = find_command(arguments.operands[0]);
    if (command == NULL)
        return unknown_command(arguments.operands[0]);
    char help[] = "--help";
    char *words[] = {arguments.operands[0], help, NULL};
    return command->run(2, words, environment);
}

static int dispatch(int argc, char **argv, const char *const *environment)
{
    if (argc < 2)
        return cli_mistake(NULL, "a command is missing");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("sallyport %s\n", cli_version());
        return CLI_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return command->run(argc - 1, argv + 1, environment);
}

int cli_main(int argc, char **argv, char **environment)
{
    int result = dispatch(argc, argv, (const char *const *)environment);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "sallyport: standard output cannot be written\n");
        if (result == CLI_OK)
            result = CLI_FAILED;
    }
    return result;
}
