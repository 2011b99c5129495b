// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What `policy replay` and `policy suggest` share: which calls of which log, or of which gateway.
#pragma once

#include "cli/remote_internal.h"
#include "rehearse/rehearse.h"

// The first of them are those of commands that ask a gateway.
enum { LOG_FROM = REMOTE_FLAGS, LOG_TO, LOG_GRANT, LOG_SERVER, LOG_FLAGS };
#define LOG_FLAG_ROWS                                                                              \
    REMOTE_FLAG_ROWS,                                                                              \
        [LOG_FROM] = {"from", "TIME", "calls of this time and later (RFC 3339, or a date)"},       \
        [LOG_TO] = {"to", "TIME", "calls before this time"},                                       \
        [LOG_GRANT] = {"grant", "LABEL", "calls of this grant"},                                   \
        [LOG_SERVER] = {"server", "NAME", "calls of this server"}

// An exit code; what is wrong has been said.
int log_read_flags(const char *command, const struct cli_arguments *arguments,
                   struct rehearse_options *ret);
// `,"from":"..."` and the like, of what was given.
void log_write_flags(struct buffer *out, const struct cli_arguments *arguments,
                     const struct rehearse_options *asked);
// Standard error: what a gateway did not read of its log.
void log_tell_reading(struct remote *remote);
// Feeds a folder's log, or the files, in the order of their rows. An exit code.
struct log_taker {
    int (*feed)(void *argument, struct slice piece);
    int (*end_file)(void *argument);
    void *argument;
};
int log_feed(const char *folder, char **files, int count, const struct log_taker *taker);
// The same to a rehearsal, which is finished.
int log_rehearse(const char *folder, char **files, int count, struct rehearse *rehearse);

// ---- replay_data.c
struct replay_data {
    struct inventory *inventory; // NULL: the folder has no catalogue
    struct rehearse_past *past;  // NULL: no folder was given
};
// An exit code; closed also after a failure. `folder` may be NULL.
int replay_data_open(const char *folder, struct replay_data *ret);
void replay_data_close(struct replay_data *data);
