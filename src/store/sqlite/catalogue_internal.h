// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A connection to the catalogue, and the statements it has prepared.
#pragma once

#include "store/catalogue.h"
#include "store/sqlite/sqlite_internal.h"

enum catalogue_use {
    CATALOGUE_OWNER,
    CATALOGUE_ADD_OWNER,
    CATALOGUE_SERVER_BY_SLUG,
    CATALOGUE_SERVER_BY_NAME,
    CATALOGUE_SERVER,
    CATALOGUE_LAST_SERVER,
    CATALOGUE_PUT_SERVER,
    CATALOGUE_DROP_SERVER,
    CATALOGUE_DROP_PASTS,
    CATALOGUE_SERVERS,
    CATALOGUE_COUNT_SERVERS,
    CATALOGUE_TOOLS,
    CATALOGUE_TOOL,
    CATALOGUE_PUT_TOOL,
    CATALOGUE_DROP_TOOL,
    CATALOGUE_PUT_NAME,
    CATALOGUE_DROP_NAME,
    CATALOGUE_PUT_WORDS,
    CATALOGUE_DROP_WORDS,
    CATALOGUE_PACKS,
    CATALOGUE_PACK,
    CATALOGUE_PUT_PACK,
    CATALOGUE_DROP_PACKS,
    CATALOGUE_DICTIONARY,
    CATALOGUE_PUT_DICTIONARY,
    CATALOGUE_PASTS,
    CATALOGUE_PASTS_OF,
    CATALOGUE_ADD_PAST,
    CATALOGUE_CUT_PASTS_OF,
    CATALOGUE_CUT_PASTS,
    CATALOGUE_SUMS,
    CATALOGUE_ADD_SUM,
    CATALOGUE_NAMES,
    CATALOGUE_NAMES_BEHIND,
    CATALOGUE_COUNT_NAMES,
    CATALOGUE_MATCHES,
    CATALOGUE_COUNT_MATCHES,
    CATALOGUE_USES,
};

struct store_catalogue {
    struct store_file file;
    sqlite3_stmt *statements[CATALOGUE_USES]; // NULL: not needed yet
};

// ---- catalogue.c
int store_catalogue_statement(struct store_catalogue *catalogue, enum catalogue_use use,
                              sqlite3_stmt **ret, struct error *error) MUST_CHECK;
// Runs what answers with nothing.
int store_catalogue_finish(struct store_catalogue *catalogue, sqlite3_stmt *change,
                           struct error *error) MUST_CHECK;
// What a statement that reads ended with.
int store_catalogue_end(struct store_catalogue *catalogue, sqlite3_stmt *select, int result,
                        struct error *error);
// Visits each tool of a statement whose columns are CATALOGUE_TOOL_COLUMNS; the next one, when the
// statement has it, is the fold.
#define CATALOGUE_TOOL_COLUMNS                                                                     \
    "t.id, t.name, t.summary, t.category, t.override, t.confidence, t.tokens, t.fingerprint,"      \
    " t.first_seen, t.changed, t.changes"
enum { CATALOGUE_TOOL_FOLD = 11 };
int store_catalogue_visit_tools(struct store_catalogue *catalogue, sqlite3_stmt *select,
                                store_catalogue_tool_cb visit, void *argument, struct error *error);
