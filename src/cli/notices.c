// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the database of a running gateway tells people outside.
#include "cli/data_internal.h"

int serve_open_notify(struct control *control, const struct net_guard *guard,
                      const struct config *config, struct notify **ret, struct error *error)
{
    const struct config_mail *from = &config->mail;
    const struct notify_mail mail = {.host = from->host,
                                     .port = from->port,
                                     .security = from->security == CONFIG_MAIL_INSECURE
                                                     ? FETCH_MAIL_PLAIN
                                                     : (enum fetch_mail_security)from->security,
                                     .anywhere = from->security == CONFIG_MAIL_INSECURE,
                                     .user = from->user,
                                     .password = from->password,
                                     .from = from->from};
    const struct notify_options options = {.records = control_records(control),
                                           .guard = guard,
                                           .ca_file = config->upstream_ca,
                                           .mail = &mail,
                                           .open = admin_open_sealed,
                                           .argument = control,
                                           .write_html = admin_write_letter};
    return notify_open(&options, ret, error);
}
