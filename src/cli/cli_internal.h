// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What subcommands share. argv[0] of a subcommand is its own name; it returns an exit code.
#pragma once

#include "cli/cli.h"
#include "config/config.h"
#include "control/control.h"
#include "pipeline/pipeline.h"

#include <stdio.h>

int cli_serve(int argc, char **argv, const char *const *environment);
int cli_run(int argc, char **argv, const char *const *environment);
int cli_connect(int argc, char **argv, const char *const *environment);
int cli_policy(int argc, char **argv, const char *const *environment);
int cli_admin(int argc, char **argv, const char *const *environment);
int cli_audit(int argc, char **argv, const char *const *environment);
int cli_catalogue(int argc, char **argv, const char *const *environment);
int cli_scan(int argc, char **argv, const char *const *environment);
int cli_stack(int argc, char **argv, const char *const *environment);
int cli_classify(int argc, char **argv, const char *const *environment);
int cli_doctor(int argc, char **argv, const char *const *environment);
int cli_server(int argc, char **argv, const char *const *environment);
int cli_grant(int argc, char **argv, const char *const *environment);
int cli_limit(int argc, char **argv, const char *const *environment);
int cli_key(int argc, char **argv, const char *const *environment);
int cli_channel(int argc, char **argv, const char *const *environment);
int cli_provider(int argc, char **argv, const char *const *environment);
int cli_organisation(int argc, char **argv, const char *const *environment);
int cli_approvals(int argc, char **argv, const char *const *environment);
int cli_contact(int argc, char **argv, const char *const *environment);
int cli_exceptions(int argc, char **argv, const char *const *environment);
int cli_decisions(int argc, char **argv, const char *const *environment);
int cli_member(int argc, char **argv, const char *const *environment);
int cli_apply(int argc, char **argv, const char *const *environment);
int cli_export(int argc, char **argv, const char *const *environment);
int cli_import(int argc, char **argv, const char *const *environment);
int cli_token(int argc, char **argv, const char *const *environment);
int cli_help(int argc, char **argv, const char *const *environment);

// ---- arguments.c
enum { CLI_FLAGS_MAX = 24, CLI_REPEATED_MAX = 64 };

struct cli_flag {
    const char *name;  // without the dashes
    const char *value; // what its value is called in the help ("FILE"); NULL: a switch
    const char *help;
};
struct cli_usage {
    const char *command;  // "policy check", for messages
    const char *operands; // "FILE...", for the help
    const char *text;     // a paragraph or two, each line ending in a line feed
    const struct cli_flag *flags;
    size_t flag_count;                 // at most CLI_FLAGS_MAX
    uint32_t repeats;                  // those that may be given several times: 1 << place
    int operands_least, operands_most; // -1: any number
    bool stop_at_operand;              // whatever follows the first operand is an operand too
};
struct cli_arguments {
    const char *values[CLI_FLAGS_MAX]; // by the flag's place; NULL when absent, "" for a switch
    char **operands;                   // in argv, NULL-terminated
    int operand_count;
    struct {
        size_t flag;
        const char *value;
    } repeated[CLI_REPEATED_MAX]; // of flags that repeat, in order
    size_t repeated_count;
};

// "--name value", "--name=value", "--" ends the flags, --help or -h prints the help. Reorders argv.
// False: stop now with *ret_exit; everything has been said.
bool cli_parse(const struct cli_usage *usage, int argc, char **argv, struct cli_arguments *ret,
               int *ret_exit);
void cli_print_usage(const struct cli_usage *usage);
// "sallyport: <text>" and where to find help, on standard error; returns CLI_USAGE.
int cli_mistake(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

// ---- output.c
// "sallyport: <text>" on standard error; returns `exit_code`.
int cli_complain(int exit_code, const char *format, ...) PRINTF_LIKE(2, 3);
// Writes the buffer to standard output and releases it.
void cli_print(struct buffer *out);
// May standard output have colours?
bool cli_colours(const char *const *environment);
// The file that --config, SALLYPORT_CONFIG or the default "sallyport.json" names, in this order.
const char *cli_config_path(const char *flag, const char *const *environment);
// Loads it and prints its problems to standard error: CLI_OK, CLI_USAGE, or CLI_FAILED when memory
// is short.
int cli_load_config(const char *path, const char *const *environment, struct config **ret);

// ---- lines.c: a file, or standard input ("-"), line by line
struct cli_lines {
    FILE *file;         // ferror() says at the end whether all of it was read
    struct buffer line; // without its line feed
    bool too_long;      // than `most`: the rest of the line was skipped
    uint64_t number;    // from 1
    size_t most;
    char *chunk;
    size_t at, end; // of the chunk
};
// False: it cannot be read, which has been said.
bool cli_lines_open(struct cli_lines *lines, const char *path, size_t most);
bool cli_lines_next(struct cli_lines *lines); // false at the end
void cli_lines_close(struct cli_lines *lines);

// ---- verbs.c: a command that has commands of its own, at most 16.
struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv, const char *const *environment);
    const char *summary;
};
int cli_run_verb(const char *command, const struct cli_verb *verbs, size_t count, int argc,
                 char **argv, const char *const *environment);

// ---- admin.c, organisation.c: a database that no gateway has
// CLI_OK, or another exit code and everything has been said.
int cli_open_control(const char *command, const char *folder, const char *key_file,
                     const char *const *environment, struct control **ret);
int cli_admin_organisation(int argc, char **argv, const char *const *environment);

// ---- audit_verify.c, audit_export.c
int cli_audit_export(int argc, char **argv, const char *const *environment);
int cli_audit_verify(int argc, char **argv, const char *const *environment);

// ---- explain.c, check.c, test.c
int cli_policy_check(int argc, char **argv, const char *const *environment);
int cli_policy_lint(int argc, char **argv, const char *const *environment);
int cli_policy_explain(int argc, char **argv, const char *const *environment);
int cli_policy_test(int argc, char **argv, const char *const *environment);

// ---- policy_replay.c
int cli_policy_replay(int argc, char **argv, const char *const *environment);
int cli_policy_suggest(int argc, char **argv, const char *const *environment);

// ---- policy_diff.c: two files; an exit code
int cli_policy_diff_files(const char *from, const char *to, bool json);

// ---- policy_file.c
enum { CLI_POLICY_FILE_MAX = 4 * 1024 * 1024, CLI_TAGS_MAX = 32 };
// The policy's name: "kraken" for "policies/kraken.json".
struct slice cli_policy_name(const char *path);
// Reads and compiles. On failure *ret is NULL and either the problems say why or, when there are
// none, the error. The caller releases the problems in any case.
int cli_read_policy(const char *path, struct policy **ret, struct policy_problems *ret_problems,
                    struct error *error) MUST_CHECK;
// As cli_read_policy; CLI_OK, or CLI_USAGE and everything has been said.
int cli_open_policy(const char *path, struct policy **ret) MUST_CHECK;
// "kraken.json:3:5: warning: ...", a line.
void cli_write_problem(struct buffer *out, const char *path, const struct policy_problem *problem);
// The same as members of a JSON object, without brackets.
void cli_write_problem_members(struct buffer *out, const struct policy_problem *problem);
// "read", "@read", "Read". False: *ret_near is the name that was probably meant, or NULL.
bool cli_category(struct slice word, enum catalogue_category *ret, const char **ret_near);

// ---- probe.c: each gives 0 or an errno; `text` says where it failed, for people.
struct cli_probe {
    int code;
    char text[200];
};
struct cli_probe cli_probe_listen(const char *address);
struct cli_probe cli_probe_connect(struct slice host, uint16_t port, int timeout_ms);

// ---- snapshot.c: a configuration made ready to judge by. References: any thread.
struct gateway_snapshot;
// Takes the configuration and the rules over, also on failure. `everything` is used in place of the
// configured policies when not NULL (connect: the far end judges); `rules` is NULL without a
// database.
int gateway_snapshot_new(struct config *config, struct policy *everything,
                         struct control_rules *rules, struct gateway_snapshot **ret,
                         struct error *error) MUST_CHECK;
// The same configuration with other rules, which are taken over.
int gateway_snapshot_next(const struct gateway_snapshot *before, struct control_rules *rules,
                          struct gateway_snapshot **ret, struct error *error) MUST_CHECK;
struct gateway_snapshot *gateway_snapshot_ref(struct gateway_snapshot *snapshot);
void gateway_snapshot_unref(struct gateway_snapshot *snapshot); // NULL accepted
const struct config *gateway_snapshot_config(const struct gateway_snapshot *snapshot);
const struct upstream_options *gateway_snapshot_servers(const struct gateway_snapshot *snapshot,
                                                        size_t *ret_count);
uint64_t gateway_snapshot_serial(const struct gateway_snapshot *snapshot); // of the rules; 0: none
// Their release gives the reference back that they hold.
struct pipeline_rules gateway_snapshot_rules(struct gateway_snapshot *snapshot);

// ---- gateway.c: the parts of a running gateway, wired; shared by serve, run and connect.
struct gateway_stores { // what all workers share; any thread
    struct limit_table *limits;
    struct limit_file *limit_file; // NULL: counters are in memory only
    struct audit_log *audit;       // NULL: no decision log
    struct sinks *sinks;           // NULL: it goes nowhere else
    struct pipeline_ledger *ledger;
    struct http_group *group;
    struct pipeline_besides besides;
    const struct net_guard *guard;     // of guarded servers; borrowed; NULL: public addresses only
    struct pipeline_watch *watch;      // NULL: no database; owned
    struct pipeline_listener listener; // of what servers list
    struct approval_desk *desk;        // borrowed; NULL: no database
    struct control *control;           // hears of servers that refuse; borrowed; NULL: no database
};
// `keep`: of the decision log. Released by gateway_stores_close also after a failure.
int gateway_stores_open(struct gateway_stores *stores, const struct config *config, size_t workers,
                        const struct audit_keep *keep, struct error *error) MUST_CHECK;
void gateway_stores_close(struct gateway_stores *stores);

struct gateway { // one thread's
    struct loop *loop;
    struct upstream_set *upstreams;
    struct pipeline *pipeline;
    struct approval_desk *desk; // borrowed; NULL: no database
    struct backlog waiting;     // what waits for peers that do not read
    struct loop_timer *sync;
    const struct config *config; // the current one; owned by the pipeline's snapshot
};
// The gateway is released by gateway_close also after a failure.
int gateway_open(struct gateway *gateway, struct gateway_stores *stores, size_t worker,
                 struct gateway_snapshot *snapshot, struct error *error) MUST_CHECK;
// A failure changes nothing.
int gateway_apply(struct gateway *gateway, struct gateway_snapshot *snapshot,
                  struct error *error) MUST_CHECK;
void gateway_close(struct gateway *gateway);

// ---- wrap.c: the stdio face in front of one server, until the client closes.
// The document is a configuration with one server "server" and one grant "local".
int cli_wrap(struct slice document, struct policy *everything, const char *const *environment);
