// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport contact`: what strangers wrote by the contact form.
#include "cli/remote_internal.h"

static const struct remote_kind contacts = {
    "/contacts", "", {"id", "created_at", "email", "name", "done_by", "text"}};

static int contact_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&contacts, "contact list", argc, argv, environment);
}

static int contact_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&contacts, "contact show", argc, argv, environment);
}

static int contact_done(int argc, char **argv, const char *const *environment)
{
    return remote_act(&contacts, "contact done", "Notes that it is answered.\n", "/done", argc,
                      argv, environment);
}

static int contact_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&contacts, "contact remove", "Removes it.\n", NULL, argc, argv, environment);
}

int cli_contact(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", contact_list, "questions by the contact form, the newest first"},
        {"show", contact_show, "one of them"},
        {"done", contact_done, "note that it is answered"},
        {"remove", contact_remove, "remove it"},
    };
    return cli_run_verb("contact", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
