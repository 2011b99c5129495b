// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A temporary folder that the test program works in. Documents in tests are written with ' for ".
#pragma once

#include "lib/unit.h"

#include "config/config_internal.h"

#include <sys/stat.h>
#include <unistd.h>

static char workspace_path[] = "/tmp/sallyport-config-XXXXXX";

static inline void workspace_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    for (; *text != '\0'; text++)
        assert_true(fputc(*text == '\'' ? '"' : *text, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

static const char workspace_policy[] = "{ 'version': '1', 'default': 'deny', 'tools': {} }";

static inline int workspace_enter(void **state)
{
    (void)state;
    if (mkdtemp(workspace_path) == NULL || chdir(workspace_path) != 0)
        return -1;
    if (mkdir("policies", 0700) != 0)
        return -1;
    workspace_write("policies/good.json", workspace_policy);
    workspace_write("certificate.pem", "x");
    workspace_write("key.pem", "x");
    workspace_write("program", "#!/bin/sh\n");
    return chmod("program", 0700);
}

static inline int workspace_leave(void **state)
{
    (void)state;
    static const char *const files[] = {
        "policies/good.json", "policies/bad.json", "certificate.pem", "key.pem", "program",
        "sallyport.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    return rmdir("policies") == 0 && chdir("/") == 0 && rmdir(workspace_path) == 0 ? 0 : -1;
}

static const char *const workspace_environment[] = {"PATH=/usr/bin:/bin",
                                                    "HOME=/home/somebody",
                                                    "KRAKEN_TOKEN=kraken-secret",
                                                    "EMPTY=",
                                                    "LINES=two\nlines",
                                                    "CI_TOKEN=ci-token-of-thirty-characters",
                                                    "SHORT=short",
                                                    "BASE=http://127.0.0.1:1",
                                                    NULL};

// Loads "sallyport.json" with this text. The problems are printed to `out` (released by the test).
static inline int workspace_load(const char *text, struct config **ret, struct buffer *out)
{
    struct config_problems problems;
    workspace_write("sallyport.json", text);
    int result = config_load("sallyport.json", workspace_environment, ret, &problems);
    buffer_init(out, 0);
    config_problems_print(&problems, out);
    assert_int_equal(buffer_append(out, slice_of("", 1)), 0);
    config_problems_release(&problems);
    return result;
}
