// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A connection to the records, and the statements it has prepared.
#pragma once

#include "store/sqlite/sqlite_internal.h"

enum store_use {
    USE_GET,
    USE_LIST,
    USE_LIST_NEWEST,
    USE_LIST_OF_PARENT,
    USE_LIST_OF_PARENT_NEWEST,
    USE_LIST_EVERY,
    USE_LIST_EVERY_NEWEST,
    USE_LAST,
    USE_INSERT,
    USE_UPDATE,
    USE_DELETE,
    USE_TOUCH,
    USE_EXPIRE,
    USE_FORGET, // of the audit alone
    USE_OPEN,   // of questions alone, as the next three
    USE_OPEN_NEWEST,
    USE_EMPTY_OLD,
    USE_REMOVE_OLD,
    USE_OF_PRINT, // of questions and exceptions
    USE_FIND,     // and one for each column behind
    USES = USE_FIND + 8,
};

struct store_connection {
    struct store_file file;
    sqlite3_stmt *statements[STORE_KINDS][USES]; // NULL: not needed yet
};

// ---- statements.c: made from store_tables when first needed. Parameters: ?1 organisation, ?2 id
// or the last one seen, ?3 the most rows, ?4 whose they are; of USE_FIND ?2 the value; of changes
// ?1 organisation, ?2 id, ?3 version, ?4 and ?5 times, ?6... the columns, last the version before.
int store_statement(struct store_connection *connection, enum store_kind kind, size_t use,
                    sqlite3_stmt **ret, struct error *error) MUST_CHECK;
