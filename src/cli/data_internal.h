// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The database of `sallyport serve --data`. All functions belong to the main thread.
#pragma once

#include "admin/admin.h"
#include "cli/cli_internal.h"
#include "fetch/fetch.h"
#include "notify/notify.h"

struct serve_data;

struct serve_data_options {
    const char *folder;
    const char *key_file; // NULL: the folder's own
    bool commands_allowed;
    const char *allow_outside; // "RANGE,RANGE", besides those of the configuration; NULL
    // How long and how much of the decision log is kept without a configuration file ("90d",
    // "8 GiB"); NULL: that. Borrowed until serve_data_say_kept.
    const char *keep, *keep_bytes;
    const char *const *environment;
};
int serve_data_open(const struct serve_data_options *options, struct serve_data **ret,
                    struct error *error) MUST_CHECK;
// Makes what asks addresses outside, and the API. Once, before the workers.
int serve_data_open_admin(struct serve_data *data, const struct config *config,
                          struct error *error) MUST_CHECK;
// Which special addresses URLs of the database may lead to, from now on.
void serve_data_allow_outside(struct serve_data *data, const struct config *config);
const struct net_guard *serve_data_guard(const struct serve_data *data);
// Ends requests to outside, so that nothing waits for them.
void serve_data_stop_asking(struct serve_data *data);
// A stop has begun: whoever tries a server out does not hold it up.
void serve_data_end_trials(struct serve_data *data);
void serve_data_close(struct serve_data *data); // NULL accepted; waits for what is being written
struct control *serve_data_control(struct serve_data *data);
// How long the logs are kept: what the configuration says (`file`: a file does), the flags, or else
// people over the API. Once, before what it returns for the decision log is used.
struct audit_keep serve_data_say_kept(struct serve_data *data, const struct config *config,
                                      bool file);
// Signs the admin audit with the decision log's key, or one of its own where there is no such log,
// and from now on tells the log what is kept; it outlives the data.
void serve_data_sign(struct serve_data *data, struct audit_log *log);
// What answers its API; closed with the data, so after the workers.
struct admin *serve_data_admin(struct serve_data *data);
// Of the decision log; NULL: there is none.
const struct decisions *serve_data_decisions(const struct serve_data *data);
struct notify *serve_data_notify(const struct serve_data *data); // once the API is open
// notices.c
int serve_open_notify(struct control *control, const struct net_guard *guard,
                      const struct config *config, struct notify **ret,
                      struct error *error) MUST_CHECK;
int serve_data_default_config(const struct serve_data *data, const char *const *environment,
                              struct config **ret) MUST_CHECK;
// `changed` is called on the loop when there are new rules.
int serve_data_join(struct serve_data *data, struct loop *loop, void (*changed)(void *argument),
                    void *argument, struct error *error) MUST_CHECK;
void serve_data_leave(struct serve_data *data); // the loop ends
// It listens on `address`: says where browsers reach it, which is the configuration's word, else
// that address when it is loopback, and prints the first admin's link, if there is none yet. Before
// requests are served.
void serve_data_announce(struct serve_data *data, const struct config *config, const char *address);
