// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int cli_complain(int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("sallyport: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return exit_code;
}

void cli_print(struct buffer *out)
{
    struct slice text = buffer_slice(out);
    if (out->failed)
        cli_complain(CLI_FAILED, "out of memory");
    if (text.length > 0)
        fwrite(text.data, 1, text.length, stdout);
    buffer_release(out);
}

bool cli_colours(const char *const *environment)
{
    const char *plain = config_variable(environment, SLICE_LITERAL("NO_COLOR"));
    const char *terminal = config_variable(environment, SLICE_LITERAL("TERM"));
    return isatty(STDOUT_FILENO) == 1 && (plain == NULL || *plain == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

const char *cli_config_path(const char *flag, const char *const *environment)
{
    const char *variable = config_variable(environment, SLICE_LITERAL("SALLYPORT_CONFIG"));
    if (flag != NULL)
        return flag;
    return variable != NULL && *variable != '\0' ? variable : "sallyport.json";
}

int cli_load_config(const char *path, const char *const *environment, struct config **ret)
{
    struct config_problems problems;
    struct buffer text;
    buffer_init(&text, 0);
    int result = config_load(path, environment, ret, &problems);
    config_problems_print(&problems, &text);
    if (text.length > 0)
        fwrite(buffer_slice(&text).data, 1, text.length, stderr);
    if (result == ERROR_NO_MEMORY)
        cli_complain(CLI_FAILED, "out of memory");
    else if (result != 0 && problems.count == 0)
        cli_complain(CLI_USAGE, "'%s': %s", path, error_text(result));
    buffer_release(&text);
    config_problems_release(&problems);
    return result == 0 ? CLI_OK : result == ERROR_NO_MEMORY ? CLI_FAILED : CLI_USAGE;
}
