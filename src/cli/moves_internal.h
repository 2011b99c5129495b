// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole organisation as files: an array for each kind (servers.json and so on),
// policies/NAME.json, policies.json.
#pragma once

#include "cli/remote_internal.h"

enum { MOVES_FILE_MAX = 4 * 1024 * 1024, MOVES_ALL_MAX = 32 * 1024 * 1024 };

// ---- folder.c: files of one folder. No link is ever followed below the folder itself.
struct folder {
    int fd; // -1: not open
    char path[512];
};
// ERROR_NOT_FOUND, or ERROR_IO with a sentence. `make`: a folder that is missing is made (0777 and
// the umask).
int folder_open(const char *path, bool make, struct folder *ret, struct error *error) MUST_CHECK;
int folder_open_in(const struct folder *parent, const char *name, bool make, struct folder *ret,
                   struct error *error) MUST_CHECK;
void folder_close(struct folder *folder);
// Ordinary files only. ERROR_NOT_FOUND, ERROR_TOO_LARGE, ERROR_IO.
int folder_read(const struct folder *folder, const char *name, size_t most, struct buffer *out,
                struct error *error) MUST_CHECK;
// Whole or not at all: written beside it and renamed.
int folder_write(const struct folder *folder, const char *name, struct slice bytes,
                 struct error *error) MUST_CHECK;
bool folder_has(const struct folder *folder, const char *name);
int folder_remove(const struct folder *folder, const char *name, struct error *error) MUST_CHECK;
// Names in order of their bytes; memory_free the array and each of them.
int folder_names(const struct folder *folder, char ***ret, size_t *ret_count,
                 struct error *error) MUST_CHECK;
void folder_free_names(char **names, size_t count);

// ---- moves_files.c: which files there are
struct moves_file_name { // of a file in policies/
    struct slice policy;
    int64_t number; // 0: the newest
};
// False: it is none of ours, and *ret_odd says whether it looks as if it should be.
bool moves_file_name(const char *name, struct moves_file_name *ret, bool *ret_odd);
// A file that holds the array of one kind: the member of the same name.
struct moves_list {
    const char *file, *member;
    const char *by;               // a member of its records, in whose order they are written
    const char *inner, *inner_by; // a list in each of them, and its order; NULL: none
    bool inner_always;            // also when it is empty
    bool large;                   // of up to MOVES_ALL_MAX bytes
    bool needed;                  // without the others nothing is said about their kind
};
enum { MOVES_LISTS = 6 };
extern const struct moves_list moves_lists[MOVES_LISTS];
// The body of POST /apply, made of the files as they are, and which of its lines are whose.
struct moves_body {
    struct buffer text;
    uint32_t lines[MOVES_LISTS]; // first lines of their text; 0: there is no such file
    uint32_t policies_line;
    struct moves_listed {
        char name[80];
        uint32_t line;
    } * policies; // owned
    size_t policy_count;
};
// CLI_OK, or everything has been said. Released in any case.
int moves_read(const char *path, const char *note, bool prune, struct moves_body *ret);
void moves_body_release(struct moves_body *body);

// ---- moves_apply.c
enum { MOVES_DRY_RUN = REMOTE_FLAGS, MOVES_TOKENS, MOVES_NOTE, MOVES_PRUNE, MOVES_FLAGS };
#define MOVES_FLAG_ROWS                                                                            \
    REMOTE_FLAG_ROWS, [MOVES_DRY_RUN] = {"dry-run", NULL, "only say what would be done"},          \
                      [MOVES_TOKENS] = {"tokens", "FILE",                                          \
                                        "write tokens of new grants to this new file (0600)"},     \
                      [MOVES_NOTE] = {"note", "TEXT", "why, for new versions of policies"}
// `only_add`: refuses when something is there already that would change.
int moves_apply(const struct cli_arguments *arguments, bool only_add,
                const char *const *environment);

// ---- moves_format.c: JSON for people, the same for the same value
void moves_format(struct buffer *out, const struct json_doc *doc, uint32_t node, unsigned depth);
