// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue's pages (pages/ writes them), and who may see which part of it.
#pragma once

#include "admin/session_internal.h"
#include "inventory/inventory.h"
#include "pages/pages.h"

// ---- shelf.c: handles of the catalogue that read; any thread
struct admin_shelf;
struct admin_shelf *admin_shelf_new(const char *folder); // copied; the data folder
void admin_shelf_free(struct admin_shelf *shelf);        // NULL accepted; all are returned
// ERROR_NOT_FOUND: there is no catalogue yet.
int admin_shelf_borrow(struct admin_shelf *shelf, struct inventory **ret,
                       struct error *error) MUST_CHECK;
// `usable`: nothing went wrong with it that opening it anew might mend. NULL accepted.
void admin_shelf_return(struct admin_shelf *shelf, struct inventory *inventory, bool usable);
const char *admin_shelf_folder(const struct admin_shelf *shelf);

// ---- catalogue.c
// What people are told of a failure: the path of the file is nobody's business.
int admin_catalogue_broken(struct admin_request *request, int result, struct error *error);

// ---- catalogue_look.c: what a page of the catalogue shows, and where its address says so
enum admin_look_kind {
    LOOK_NOTHING, // there is no such page
    LOOK_FILE,
    LOOK_LIST,
    LOOK_SERVER,
    LOOK_TOOL,
    LOOK_SEVERITY,
    LOOK_ATTACKS,
    LOOK_ATTACK,
    LOOK_STACK,
    LOOK_LLMS,
    LOOK_MAP,
    LOOK_ROBOTS,
};
struct admin_look {
    enum admin_look_kind kind;
    struct slice first, second; // the parts of the path behind /catalogue
    struct pages_file file;
    struct slice tag; // the ETag
    struct pages_site site;
};
// Of a path that begins with /catalogue. False: no memory.
bool admin_look_read(struct admin_request *request, struct admin_look *ret);
// ---- stack.c: the page of several servers together
int admin_stack_page(struct admin_request *request, struct error *error) MUST_CHECK;

// ---- catalogue_site.c: llms.txt, and sitemaps. `inventory` NULL: there is no catalogue yet.
int admin_look_write_llms(struct admin_request *request, struct inventory *inventory,
                          struct error *error) MUST_CHECK;
int admin_look_write_map(struct admin_request *request, struct inventory *inventory,
                         struct error *error) MUST_CHECK;

// ---- catalogue_page.c: the answer is the page where people sign in, which leads back here
void admin_ask_in(struct admin_request *request);

// On a thread for searches: writes the page.
int admin_look_write(struct admin_request *request, struct error *error);
