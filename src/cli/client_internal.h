// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration of an MCP client: which servers it has, and the same file with those servers
// reached through a gateway.
#pragma once

#include "cli/remote_internal.h"

enum { CLIENT_FILE_MAX = 8 * 1024 * 1024, CLIENT_SERVERS_MAX = 200, CLIENT_SECRETS_MAX = 100 };

enum client_kind {
    CLIENT_CLAUDE_DESKTOP,
    CLIENT_CLAUDE_CODE,
    CLIENT_CURSOR,
    CLIENT_VS_CODE,
    CLIENT_WINDSURF,
    CLIENT_CODEX,
    CLIENT_KINDS,
};
extern const char *const client_names[CLIENT_KINDS];

struct client_secret { // a header, or a variable of a program
    struct slice name, value;
    bool wanted; // the gateway has none yet
};
struct client_server {
    struct slice name;     // as the client calls it
    char gateway_name[65]; // as the gateway will
    char why_not[200];     // empty: it is taken over
    bool program, sse;
    bool has_headers, has_variables; // of TOML, where either may stand before the rest
    struct slice url;
    struct slice *command;
    size_t command_count;
    struct client_secret secrets[CLIENT_SECRETS_MAX];
    size_t secret_count;
    // What is replaced in the file's text: this range by the new entry. `kept`: the members that
    // mean nothing to the gateway, as they stand.
    size_t start, end;
    struct slice kept;
};

struct client_file {
    enum client_kind kind;
    char path[4096]; // links resolved
    struct buffer text;
    struct arena arena;
    bool may_have_none;            // servers, that is
    struct client_server *servers; // owned
    size_t count;
    // The file as it was read: a change since then is noticed.
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
    mode_t mode;
    uid_t owner;
    gid_t group;
};

// ---- client_file.c: on the disk
// CLI_OK, or everything has been said. Closed in any case. `client` may be NULL: told by the name.
// `may_have_none`: a file without servers is one with no servers.
int client_file_open(const char *path, const char *client, bool may_have_none,
                     struct client_file *ret);
void client_file_close(struct client_file *file);
// May it be written, and is there no backup yet? CLI_OK or a complaint.
int client_file_check(const struct client_file *file);
// Keeps a copy beside it and puts the new text in its place, whole or not at all.
int client_file_replace(const struct client_file *file, struct slice text);
int client_file_undo(const char *path);

// ---- client_read.c: JSON, with comments where the client has them
// CLI_OK or a complaint; fills in the servers.
int client_read_json(struct client_file *file);
// ---- client_toml.c: the same for Codex
int client_read_toml(struct client_file *file);
void client_write_toml(const struct client_file *file, const struct client_server *server,
                       struct slice base, struct slice token, struct buffer *out);

// ---- client_read.c
// The name that the gateway gives it, and whether others have the same.
void client_name_servers(struct client_file *file);
// Does the text hold something that only the client can fill in, "${input:token}"?
bool client_has_variable(struct slice text);
PRINTF_LIKE(2, 3) void client_leave(struct client_server *server, const char *format, ...);

// ---- client_write.c: the file with its servers rewired
// `base` is the gateway's address. False: no memory.
bool client_rewire(const struct client_file *file, struct slice base, struct slice token,
                   struct buffer *out);

// ---- client_import.c
enum {
    IMPORT_CLIENT = REMOTE_FLAGS + 3, // behind those of folders
    IMPORT_GRANT,
    IMPORT_POLICY,
    IMPORT_UNDO,
    IMPORT_FLAGS
};
int client_import(const struct cli_arguments *arguments, const char *const *environment);
