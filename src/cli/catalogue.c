// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue`: what is known of servers and their tools, in the data folder of a gateway,
// which may run meanwhile.
#include "cli/catalogue_internal.h"
#include "cli/remote_internal.h"

#include "store/store.h"

#include <limits.h>

static const struct cli_verb verbs[] = {
    {"export", cli_catalogue_export, "write every page as a file, for any web server"},
    {"import", cli_catalogue_import, "take tools of many servers over from JSON lines"},
    {"search", cli_catalogue_search, "find tools by name, words, category"},
    {"show", cli_catalogue_show, "say what is known of a server or a tool"},
    {"override", cli_catalogue_override, "say what a tool of a running gateway does"},
    {"overrides", cli_catalogue_overrides, "what people said so far"},
    {"pending", cli_catalogue_pending, "definitions that wait for somebody to look at them"},
    {"accept", cli_catalogue_accept, "accept such definitions"},
    {"reject", cli_catalogue_reject, "keep them away from agents"},
};

int cli_catalogue(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("catalogue", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}

int cli_catalogue_failed(int result, const struct error *error)
{
    return cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error->text);
}

struct naming {
    const char *name;
    char *id;
};

static int find_organisation(void *argument, struct store_view *view, struct error *error)
{
    struct naming *naming = argument;
    struct store_organisation found;
    int result = store_find_organisation(view, (struct slice){0}, "name",
                                         slice_from_string(naming->name), &found, error);
    if (result == ERROR_NOT_FOUND)
        return error_set(error, ERROR_CONFIG, "there is no organisation '%s'", naming->name);
    if (result == 0)
        snprintf(naming->id, CATALOGUE_ID_SIZE, "%.*s", SLICE_PRINT(found.head.id));
    return result;
}

int cli_open_catalogue(const char *command, const char *folder, const char *organisation,
                       bool writes, struct inventory **ret, char ret_id[CATALOGUE_ID_SIZE])
{
    char path[PATH_MAX];
    struct error error = {0};
    struct naming naming = {.name = organisation, .id = ret_id};
    int result = 0;
    ret_id[0] = '\0';
    if (folder == NULL)
        return cli_mistake(command, "'%s' needs --data FOLDER", command);
    snprintf(path, sizeof path, "%s/control.db", folder);
    if (organisation != NULL)
        result = store_peek(path, find_organisation, &naming, &error);
    if (result == 0)
        result = inventory_open(folder, writes, ret, &error);
    return result == 0 ? CLI_OK : cli_catalogue_failed(result, &error);
}
