// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a configuration: no crash, no leak, and a refusal always says why.
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "TOKEN=a-token-of-some-length",
                                              "EMPTY=", "BASE=http://127.0.0.1:1", NULL};
    struct config *config = NULL, *again = NULL;
    struct config_problems problems;
    struct slice text = slice_of((const char *)data, size);
    int result = config_load_text(text, environment, &config, &problems);
    if ((result == 0) != (config != NULL) || (result != 0 && problems.count == 0))
        abort();
    struct buffer out;
    buffer_init(&out, 0);
    config_problems_print(&problems, &out);
    buffer_release(&out);
    config_problems_release(&problems);
    if (result == 0) {
        // Reading is a function of the bytes: a reload of the same file changes no server.
        if (config_load_text(text, environment, &again, &problems) != 0)
            abort();
        config_problems_release(&problems);
        for (size_t i = 0; i < config->server_count; i++)
            if (!upstream_options_equal(&config->servers[i], &again->servers[i]))
                abort();
    }
    config_free(again);
    config_free(config);
    return 0;
}
