// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The control room's HTTP API, /api/v1 (docs/api.md). A request is checked and answered in jobs of
// the store and on threads that hash passwords; the loop only takes it in and sends the answer.
#pragma once

#include "control/control.h"
#include "decisions/decisions.h"
#include "fetch/fetch.h"
#include "http/http.h"
#include "notify/notify.h"

struct admin;      // what all loops share; any thread
struct admin_face; // one loop's

struct admin_options {
    struct control *control; // must outlive it
    // What may be asked outside, and by what; both outlive it. `fetch` may be NULL: nothing is.
    const struct net_guard *guard;
    struct fetch *fetch;
    const char *upstream_ca;     // PEM, what servers are judged by in place of the system's; copied
    struct notify *notify;       // tells people outside; must outlive it; NULL: nothing does
    struct decisions *decisions; // must outlive it; NULL: there is no decision log
    const char *decision_log;    // its path, to be proven; copied; NULL: there is none
    const char *folder;          // with the database and the catalogue; copied
    bool catalogue_public;       // what is shared of it is for everybody
    bool contact_form;           // anybody may write to the first organisation's admins
};

int admin_open(const struct admin_options *options, struct admin **ret,
               struct error *error) MUST_CHECK;
// Where browsers reach it ("https://gateway.example.com"); copied. Until it is told, nothing that
// needs such an address works. Once, before its faces serve.
void admin_set_public_url(struct admin *admin, const char *url);
// What the data path counts and knows, to be shown; must outlive it, and each may be NULL: nothing.
// Once, before its faces serve.
struct limit_table;
struct pipeline_ledger;
struct pipeline_watch;
struct admin_data_path {
    struct limit_table *limits;
    struct pipeline_ledger *ledger;
    struct pipeline_watch *watch;
};
void admin_set_data_path(struct admin *admin, const struct admin_data_path *path);
// Trials of servers end soon, and so do later ones. Any thread.
void admin_end_trials(struct admin *admin);
void admin_close(struct admin *admin); // after its faces; NULL accepted

// What the configuration file declares (config.h): shown to the members of the first organisation,
// changed by nobody. Copied; any thread. Without memory the former stays.
void admin_declare(struct admin *admin, struct slice declared);

// There are new decisions: tells who listens. Any thread.
void admin_tell_news(struct admin *admin);
// These changes were committed: tells who listens to questions. Any thread.
void admin_tell_changes(struct admin *admin, const struct store_change *changes, size_t count);

// NULL: no memory.
struct admin_face *admin_face_new(struct admin *admin, struct loop *loop);
// Waits for the jobs that are under way, whose answers nobody gets. The loop does not run any more.
void admin_face_free(struct admin_face *face); // NULL accepted
// Ends streams that have no end by themselves.
void admin_face_end_streams(struct admin_face *face);
// Is its path one of the API's?
bool admin_owns(const struct http_request *request);
// Takes over a request that it owns. `admitted`: Host and Origin are allowed.
void admin_handle(struct admin_face *face, struct http_reply *reply,
                  const struct http_request *request, bool admitted);

// The route table, for the tests of the documentation: false behind the last one.
struct admin_route_text {
    const char *method;
    const char *path; // "/servers/{id}", behind /api/v1
    const char *role; // least role; "none" where anybody may ask
};
bool admin_route_at(size_t place, struct admin_route_text *ret);

// ---- For notify_options: opens what is sealed (`control` is the argument), and writes letters.
int admin_open_sealed(void *control, enum notify_sealed what, const struct store_head *record,
                      struct buffer *out, struct error *error);
void admin_write_letter(const struct notify_letter *letter, struct buffer *out);
