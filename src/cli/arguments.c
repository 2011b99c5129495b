// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { HELP_COLUMN = 26 };

int cli_mistake(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("sallyport: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\ntry 'sallyport %s%s--help'\n", command == NULL ? "" : command,
            command == NULL ? "" : " ");
    return CLI_USAGE;
}

void cli_print_usage(const struct cli_usage *usage)
{
    const char *operands = usage->operands == NULL ? "" : usage->operands;
    printf("usage: sallyport %s%s%s%s\n\n%s", usage->command,
           usage->flag_count > 0 ? " [FLAGS]" : "", *operands == '\0' ? "" : " ", operands,
           usage->text);
    printf("\nflags:\n");
    for (size_t i = 0; i < usage->flag_count; i++) {
        const struct cli_flag *flag = &usage->flags[i];
        int width = printf("  --%s%s%s", flag->name, flag->value == NULL ? "" : " ",
                           flag->value == NULL ? "" : flag->value);
        printf("%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 2, "", flag->help);
    }
    printf("%-*s%s\n", HELP_COLUMN, "  --help", "show this");
}

static int unknown_flag(const struct cli_usage *usage, struct slice name)
{
    const char *names[CLI_FLAGS_MAX + 1] = {"help"};
    for (size_t i = 0; i < usage->flag_count; i++)
        names[i + 1] = usage->flags[i].name;
    const char *near = config_nearest(name, names, usage->flag_count + 1);
    if (near == NULL)
        return cli_mistake(usage->command, "unknown flag '--%.*s'", SLICE_PRINT(name));
    return cli_mistake(usage->command, "unknown flag '--%.*s'; did you mean '--%s'?",
                       SLICE_PRINT(name), near);
}

static size_t find_flag(const struct cli_usage *usage, struct slice name)
{
    size_t i = 0;
    while (i < usage->flag_count && !slice_equal_string(name, usage->flags[i].name))
        i++;
    return i;
}

// Takes the flag at argv[at] and returns how many words it took, or 0 after a complaint.
static int take_flag(const struct cli_usage *usage, char **argv, int at, struct cli_arguments *ret)
{
    const char *word = argv[at] + 2;
    const char *equals = strchr(word, '=');
    struct slice name = slice_of(word, equals == NULL ? strlen(word) : (size_t)(equals - word));
    size_t place = find_flag(usage, name);
    if (place == usage->flag_count) {
        unknown_flag(usage, name);
        return 0;
    }
    const struct cli_flag *flag = &usage->flags[place];
    bool repeats = (usage->repeats >> place & 1) != 0;
    if (ret->values[place] != NULL && !repeats) {
        cli_mistake(usage->command, "'--%s' is given twice", flag->name);
        return 0;
    }
    if (flag->value == NULL && equals != NULL) {
        cli_mistake(usage->command, "'--%s' takes no value", flag->name);
        return 0;
    }
    bool next = flag->value != NULL && equals == NULL;
    if (next && argv[at + 1] == NULL) {
        cli_mistake(usage->command, "'--%s' needs a value: %s", flag->name, flag->value);
        return 0;
    }
    ret->values[place] = flag->value == NULL ? "" : next ? argv[at + 1] : equals + 1;
    if (repeats && ret->repeated_count == CLI_REPEATED_MAX) {
        cli_mistake(usage->command, "more than %d of '--%s' and the like", CLI_REPEATED_MAX,
                    flag->name);
        return 0;
    }
    if (repeats) {
        ret->repeated[ret->repeated_count].flag = place;
        ret->repeated[ret->repeated_count++].value = ret->values[place];
    }
    return next ? 2 : 1;
}

static bool count_is_right(const struct cli_usage *usage, int count)
{
    if (count < usage->operands_least) {
        cli_mistake(usage->command, "'%s' needs %s", usage->command, usage->operands);
        return false;
    }
    if (usage->operands_most >= 0 && count > usage->operands_most) {
        cli_mistake(usage->command, "'%s' takes %s%s", usage->command,
                    usage->operands_most == 0 ? "no operands" : "only ",
                    usage->operands_most == 0 ? "" : usage->operands);
        return false;
    }
    return true;
}

bool cli_parse(const struct cli_usage *usage, int argc, char **argv, struct cli_arguments *ret,
               int *ret_exit)
{
    *ret = (struct cli_arguments){.operands = argv + 1};
    *ret_exit = CLI_USAGE;
    bool flags_ended = false;
    for (int at = 1; at < argc;) {
        char *word = argv[at];
        if (flags_ended || word[0] != '-' || word[1] == '\0') {
            // Operands move to the front; they never overtake the word being read.
            ret->operands[ret->operand_count++] = word;
            flags_ended = flags_ended || usage->stop_at_operand;
            at++;
        } else if (strcmp(word, "--") == 0) {
            flags_ended = true;
            at++;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            cli_print_usage(usage);
            *ret_exit = CLI_OK;
            return false;
        } else if (word[1] != '-') {
            cli_mistake(usage->command, "unknown flag '%s'", word);
            return false;
        } else {
            int taken = take_flag(usage, argv, at, ret);
            if (taken == 0)
                return false;
            at += taken;
        }
    }
    ret->operands[ret->operand_count] = NULL;
    return count_is_right(usage, ret->operand_count);
}
