// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside of config/. A loader lives for one config_load; what it makes is owned by the config's
// arena. Readers report into the problem list and go on, so that all problems are seen at once.
#pragma once

#include "config/config.h"

#include "base/table.h"

enum {
    CONFIG_FILE_MAX = 4 * 1024 * 1024,
    CONFIG_ARENA_MAX = 256 * 1024 * 1024,
    CONFIG_PROBLEMS_MAX = 1000,
    CONFIG_NAME_MAX = 64,
};

// A run of bytes in the arena that config_free overwrites.
struct config_secret {
    struct config_secret *next;
    void *data;
    size_t size;
};

struct config_loader {
    struct config *config; // being filled; owned until it is handed out
    const char *const *environment;
    struct json_doc doc;
    const char *folder; // of the config file, "" or ending in '/'
    struct config_problems *problems;
    bool from_text; // no file of its own: the command line made it
    bool no_memory; // sticky; the load ends with ERROR_NO_MEMORY

    struct upstream_options *servers; // config->servers while they may still change
    bool *server_used;
    struct table server_names; // name -> its element of servers
    struct config_policy *policies;
    bool *policy_used;
    struct table policy_names;
    struct config_grant *grants;
};

// ---- problems.c
enum config_gravity { CONFIG_ERROR, CONFIG_WARNING };
// At a node's first byte (JSON_NONE: the file as a whole).
void config_complain(struct config_loader *loader, enum config_gravity gravity, uint32_t node,
                     const char *format, ...) PRINTF_LIKE(4, 5);
void config_complain_at(struct config_loader *loader, enum config_gravity gravity,
                        struct json_position at, const char *format, ...) PRINTF_LIKE(4, 5);
// About another file; `file` is copied.
void config_complain_file(struct config_loader *loader, enum config_gravity gravity,
                          const char *file, struct json_position at, const char *text);
bool config_has_errors(const struct config_problems *problems);
void config_problems_sort(struct config_problems *problems);
// A slice cut for a message, on a character border.
int config_shown_length(struct slice s);
#define CONFIG_SHOWN(s) config_shown_length(s), (s).data

// ---- options.c: one table per object.
enum option_kind {
    OPTION_STRING,   // const char *
    OPTION_FILE,     // const char *, an existing readable file
    OPTION_NEW_FILE, // const char *, a file that is made when missing; its folder exists
    OPTION_BYTES,    // size_t
    OPTION_COUNT,    // size_t
    OPTION_DURATION, // uint64_t, milliseconds
    OPTION_CHOICE,   // an enum: the place of the word in `choices`
    OPTION_OBJECT,   // fixed keys, `section`; same target
    OPTION_CALL,     // `read` does it
    OPTION_LATER,    // read by whoever owns the section, after its simple keys
};

struct config_section;
typedef void (*config_read_cb)(struct config_loader *loader, uint32_t node, void *target);

struct config_option {
    const char *key;
    enum option_kind kind;
    bool required;
    size_t offset; // in the target
    int64_t least, most;
    const char *standard; // the default, in the words of the file; parsed for the simple kinds
    const char *const *choices; // NULL-terminated
    config_read_cb read;
    const struct config_section *section; // of an object, or of the values of a map
    const char *type;                     // for the reference, where the kind does not tell
    const char *help;
};

struct config_section {
    const char *name; // for messages and the reference: "a server"
    const struct config_option *options;
    size_t count;
};

// Sets defaults, reads the simple keys, reports unknown and missing ones. False if no object.
bool config_read_section(struct config_loader *loader, uint32_t node,
                         const struct config_section *section, void *target);
// Checks the JSON type; reports "'key' must be a string, not a number".
bool config_expect(struct config_loader *loader, uint32_t node, enum json_type type);
// The key that a value belongs to ("value" for array elements); for messages.
struct slice config_key_of(struct config_loader *loader, uint32_t node);
// "the nearest is 'x'" as a suffix of a message, "" when there is none.
struct config_hint {
    char text[120];
};
struct config_hint config_hint(struct slice word, const char *const *known, size_t count);
struct config_hint config_hint_table(struct slice word, const struct table *names);

extern const struct config_section config_top_section;
extern const struct config_section config_approvals_section; // approvals.c
extern const struct config_section config_server_section;
extern const struct config_section config_grant_section;
extern const struct config_section config_sink_section;
extern const struct config_section config_mail_section;

// ---- values.c
bool config_parse_bytes(struct slice text, uint64_t *ret_bytes);
bool config_is_name(struct slice text); // 1-64 of [A-Za-z0-9_-]
bool config_is_variable(struct slice text);
enum { CONFIG_AMOUNT_SIZE = 32 };
void config_show_duration(uint64_t ms, char text[CONFIG_AMOUNT_SIZE]);
void config_show_bytes(uint64_t bytes, char text[CONFIG_AMOUNT_SIZE]);

// ---- strings.c: all give data NULL after reporting a problem.
// The value of a string node, NUL-terminated, in the arena; "${" and NUL are refused.
struct slice config_plain_string(struct config_loader *loader, uint32_t node);
// Same, not looking at "${".
struct slice config_literal_string(struct config_loader *loader, uint32_t node);
// Same with ${NAME} replaced; the result is a secret.
struct slice config_expanded_string(struct config_loader *loader, uint32_t node);
struct slice config_path(struct config_loader *loader, uint32_t node);
void config_note_secret(struct config_loader *loader, struct slice value);
void config_wipe_secrets(struct config *config);
// Arena memory, zeroed; sets no_memory. count * size may be 0.
void *config_take(struct config_loader *loader, size_t count, size_t size);
// An array of plain strings, each accepted by `check` (may be NULL).
typedef bool (*config_check_cb)(struct config_loader *loader, uint32_t node, struct slice value);
bool config_strings(struct config_loader *loader, uint32_t node, config_check_cb check,
                    const struct slice **ret, size_t *ret_count);

// ---- url.c
// Splits into tls, host, port and target; false and a sentence for people when it is no good. The
// sentence never quotes the URL, which may hold a secret.
bool config_split_url(struct slice url, struct arena *arena, struct upstream_options *ret,
                      const char **ret_why);

// "HOST:PORT"; the host is a name, an IPv4 address or a bracketed IPv6 one (without the brackets in
// *ret_host).
bool config_split_host(struct slice text, struct slice *ret_host, uint16_t *ret_port);

// ---- one file per part of the document; `node` is the object or JSON_NONE.
void config_read_policies(struct config_loader *loader, uint32_t node);
void config_read_servers(struct config_loader *loader, uint32_t node);
void config_read_grants(struct config_loader *loader, uint32_t node);
void config_read_headers(struct config_loader *loader, uint32_t node,
                         struct upstream_options *server);
bool config_has_header(const struct upstream_options *server, struct slice name);
void config_read_child(struct config_loader *loader, uint32_t node,
                       struct upstream_options *server);
void config_read_outside_allow(struct config_loader *loader, uint32_t node, void *config);
void config_read_public_url(struct config_loader *loader, uint32_t node, void *config);
void config_admit_public_url(struct config_loader *loader);
void config_read_proxies(struct config_loader *loader, uint32_t node, void *config);
void config_read_sinks(struct config_loader *loader, uint32_t node);
void config_check_mail(struct config_loader *loader, uint32_t node);
void config_write_declared(struct config_loader *loader);
void config_check_listener(struct config_loader *loader, uint32_t root);
