// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the commands of `catalogue` share.
#pragma once

#include "cli/cli_internal.h"
#include "inventory/inventory.h"

enum { CATALOGUE_ID_SIZE = 128 };

// Opens the folder's catalogue for an organisation by its name (NULL: what is shared alone). CLI_OK
// or an exit code, and everything has been said.
int cli_open_catalogue(const char *command, const char *folder, const char *organisation,
                       bool writes, struct inventory **ret, char ret_id[CATALOGUE_ID_SIZE]);
// The sentence of a failure; returns its exit code.
int cli_catalogue_failed(int result, const struct error *error);

int cli_catalogue_export(int argc, char **argv, const char *const *environment);
int cli_catalogue_import(int argc, char **argv, const char *const *environment);
int cli_catalogue_search(int argc, char **argv, const char *const *environment);
int cli_catalogue_show(int argc, char **argv, const char *const *environment);
