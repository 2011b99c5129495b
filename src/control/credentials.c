// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Credentials of servers: sealed as they come in, opened only to be sent.
#include "control/control_internal.h"

// With all the others that go with it: the names of two may be one to HTTP.
static int try_server(struct control *control, struct store_view *view,
                      const struct store_credential *credential, struct error *error)
{
    struct store_server server = {.transport = STORE_HTTP};
    struct control_secrets all = {.count = 0}, chosen = {.count = 0};
    int result =
        store_get_server(view, credential->head.organisation, credential->server, &server, error);
    if (result == 0)
        result = control_secrets_list(view, credential->head.organisation, credential->server, &all,
                                      error);
    if (result == 0)
        result = control_secrets_choose(&all, credential->grant, &chosen, error);
    if (result == 0)
        result = control_server_try(control, &server, &chosen, error);
    control_secrets_release(&chosen);
    control_secrets_release(&all);
    return result;
}

// The id is part of what a credential is sealed with, so it must be known before.
int control_set_credential(struct control *control, struct store_view *view,
                           struct store_credential *credential, struct slice plain,
                           struct error *error)
{
    bool known = credential->head.id.length > 0;
    int result = 0;
    if (!known) {
        credential->sealed = SLICE_LITERAL("-");
        result = store_add_credential(view, credential, error);
    }
    if (result == 0)
        result = control_seal_credential(control, view, credential, plain, error);
    if (result == 0)
        result = store_change_credential(view, credential, error);
    return result == 0 ? try_server(control, view, credential, error) : result;
}
