// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signatures of the admin audit: whoever can write the database can make rows, but none that the
// key vouches for. Each organisation has a chain; a chain with new rows gets a signed note each
// minute and another when the gateway stops. Everything here belongs to the writer's thread, but
// for the entries at the end.
#include "control/control_internal.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/walk.h"

#include <stdio.h>

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    STARTS = 100,
    ROWS_AT_ONCE = 2000, // that are removed while other changes wait
};

struct chain {
    char id[64];        // of the organisation
    bool unsigned_rows; // there are some behind the last note
    bool open;          // its last note is not one of an end
    int64_t started_ms; // when this process last wrote a start into it; 0: never
};

// ---- Chains

static struct chain *chain_of(struct control_vouch *vouch, struct slice organisation)
{
    struct chain *chain = table_get(&vouch->chains, organisation);
    if (chain != NULL || organisation.length >= sizeof chain->id)
        return chain;
    chain = memory_try_new(sizeof *chain);
    if (chain == NULL)
        return NULL;
    *chain = (struct chain){.unsigned_rows = true};
    memcpy(chain->id, organisation.data, organisation.length);
    if (table_put(&vouch->chains, slice_from_string(chain->id), chain) != 0) {
        memory_free(chain);
        return NULL;
    }
    if (vouch->first == NULL || strcmp(chain->id, vouch->first->id) < 0)
        vouch->first = chain;
    return chain;
}

static void free_chain_cb(void *argument, struct slice key, void *chain)
{
    (void)argument;
    (void)key;
    memory_free(chain);
}

static void forget_chains(struct control_vouch *vouch)
{
    table_each(&vouch->chains, free_chain_cb, NULL);
    table_release(&vouch->chains);
    table_init(&vouch->chains);
    vouch->first = NULL;
    vouch->looked = false;
}

void control_vouch_changes(struct control *control, const struct store_change *changes,
                           size_t count)
{
    struct control_vouch *vouch = &control->vouch;
    for (size_t i = 0; i < count && vouch->looked; i++) {
        struct chain *chain = chain_of(vouch, changes[i].organisation);
        if (chain == NULL)
            vouch->looked = false;
        else
            chain->unsigned_rows = true;
        // How many organisations there are is said where it cannot go with the new one.
        if (changes[i].kind == STORE_ORGANISATION && vouch->first != NULL)
            vouch->first->unsigned_rows = true;
    }
}

static int look_at_chain(struct control_vouch *vouch, struct store_view *view,
                         struct slice organisation, struct error *error)
{
    struct store_audit last = {0};
    struct chain *chain = chain_of(vouch, organisation);
    if (chain == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for an organisation's audit");
    int result = store_last_audit(view, organisation, &last, error);
    bool note = slice_starts_with(last.action, SLICE_LITERAL("audit."));
    chain->unsigned_rows = last.sequence > 0 && !note;
    chain->open = note && !slice_equal_string(last.object, "end");
    return result;
}

// What others may have written, or a process before this one.
static int look(struct control_vouch *vouch, struct store_view *view, struct error *error)
{
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    while (store_walk_next(&walk, view, &result, error))
        result = look_at_chain(vouch, view, walk.id, error);
    vouch->looked = result == 0;
    return result;
}

// ---- Notes

struct turn {
    struct control *control;
    struct store_view *view;
    struct error *error;
    int64_t now_ms;
    int64_t keep_ms; // 0: for ever
    bool ending;
    const struct chain_key *next; // what takes over from the key; or NULL
    int result;
};

static int add_note(struct turn *turn, struct slice organisation, const struct audit_note *what)
{
    struct control_vouch *vouch = &turn->control->vouch;
    struct store_audit last = {0};
    struct audit_note note = *what;
    struct chain_state state;
    struct buffer body;
    int result = store_last_audit(turn->view, organisation, &last, turn->error);
    if (result != 0 || last.link.length != sizeof state.link)
        return result;
    state.rows = (uint64_t)last.sequence;
    memcpy(state.link, last.link.data, sizeof state.link);
    note.state = &state;
    note.organisation = organisation;
    note.organisations = vouch->chains.count;
    buffer_init(&body, 0);
    result = audit_note_write(&body, &note, vouch->key);
    if (result != 0 || body.failed)
        result = error_set(turn->error, ERROR_INTERNAL, "a row of the audit cannot be signed");
    else
        result = store_add_audit_note(turn->view, organisation, note.what, buffer_slice(&body),
                                      turn->error);
    buffer_release(&body);
    return result;
}

static bool wants_start(const struct chain *chain, int64_t now_ms)
{
    return chain->started_ms == 0 || now_ms < chain->started_ms ||
           now_ms - chain->started_ms >= DAY_MS;
}

// A start is where the chain can be cut off later, so there is one each day.
static int add_start(struct turn *turn, struct chain *chain)
{
    struct audit_note start = {.what = "start", .vouched = turn->control->vouch.key};
    chain->started_ms = turn->now_ms;
    chain->open = true;
    return add_note(turn, slice_from_string(chain->id), &start);
}

static int vouch_for(struct turn *turn, struct chain *chain)
{
    struct audit_note note = {.what = turn->ending ? "end" : "checkpoint"};
    bool start = chain->unsigned_rows && wants_start(chain, turn->now_ms);
    bool more = turn->ending ? chain->unsigned_rows || chain->open : chain->unsigned_rows && !start;
    int result = start ? add_start(turn, chain) : 0;
    if (result == 0 && more)
        result = add_note(turn, slice_from_string(chain->id), &note);
    chain->unsigned_rows = false;
    chain->open = more ? !turn->ending : chain->open;
    return result;
}

// ---- Retention. Whole days are removed: what is left begins with a start.

// Where the chain may be cut off: the newest start that is too old, but not too many rows at once.
static int find_cut(struct turn *turn, struct slice organisation, int64_t before_ms,
                    int64_t *ret_sequence)
{
    const struct store_page first = {.limit = 1}, some = {.limit = STARTS};
    const struct store_audit *rows = NULL;
    size_t count = 0;
    *ret_sequence = 0;
    int result = store_list_audit(turn->view, organisation, (struct slice){0}, &first, &rows,
                                  &count, NULL, turn->error);
    if (result != 0 || count == 0 || rows->head.created_ms >= before_ms)
        return result;
    int64_t oldest = rows->sequence;
    result = store_list_audit(turn->view, organisation, SLICE_LITERAL("start"), &some, &rows,
                              &count, NULL, turn->error);
    for (size_t i = 0; result == 0 && i < count && rows[i].head.created_ms < before_ms; i++) {
        bool many = rows[i].sequence - oldest > ROWS_AT_ONCE;
        if (rows[i].sequence > oldest && (!many || *ret_sequence == 0))
            *ret_sequence = rows[i].sequence;
        if (many)
            break;
    }
    return result;
}

static int forget_old(struct turn *turn, struct chain *chain)
{
    struct slice organisation = slice_from_string(chain->id);
    int64_t cut;
    int result = find_cut(turn, organisation, turn->now_ms - turn->keep_ms, &cut);
    if (result != 0 || cut == 0)
        return result;
    struct audit_note note = {.what = "retention", .gone_to = (uint64_t)cut - 1};
    result = add_note(turn, organisation, &note);
    if (result == 0)
        result = store_forget_audit(turn->view, organisation, cut, turn->error);
    if (result == 0)
        log_event(LOG_INFO, "control", "deleted rows up to %lld of the admin audit of %s",
                  (long long)cut - 1, chain->id);
    chain->open = true;
    return result;
}

// ---- A turn

static int hand_over(struct turn *turn, struct chain *chain)
{
    struct audit_note note = {.what = "key", .vouched = turn->next};
    int result = chain->started_ms == 0 ? add_start(turn, chain) : 0;
    chain->open = true;
    return result != 0 ? result : add_note(turn, slice_from_string(chain->id), &note);
}

static void chain_cb(void *argument, struct slice key, void *value)
{
    struct turn *turn = argument;
    struct chain *chain = value;
    (void)key;
    if (turn->result != 0)
        return;
    bool keep_all = turn->keep_ms == 0 || turn->ending || turn->next != NULL;
    turn->result = turn->next != NULL ? hand_over(turn, chain) : vouch_for(turn, chain);
    if (turn->result == 0 && !keep_all)
        turn->result = forget_old(turn, chain);
    store_forget(turn->view);
}

// The key as its file has it now: when it is another one, the old one vouches for it.
static int take_key(struct turn *turn)
{
    struct control_vouch *vouch = &turn->control->vouch;
    struct chain_key *key = NULL;
    bool made = false;
    int result = vouch->own_key ? chain_key_open(vouch->key_path, &key, &made, turn->error)
                                : chain_key_read(vouch->key_path, &key, turn->error);
    if (result != 0)
        return result;
    if (vouch->key != NULL && strcmp(chain_key_id(vouch->key), chain_key_id(key)) != 0) {
        turn->next = key;
        table_each(&vouch->chains, chain_cb, turn);
        turn->next = NULL;
    }
    if (turn->result != 0) {
        chain_key_free(key);
        return turn->result;
    }
    chain_key_free(vouch->key);
    vouch->key = key;
    return 0;
}

static int run_turn(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    struct control_vouch *vouch = &control->vouch;
    struct turn turn = {.control = control,
                        .view = view,
                        .error = error,
                        .now_ms = clock_wall_ms(),
                        .keep_ms = control_retention(control).kept[STORE_AUDIT_KEEP_MS].value,
                        .ending = vouch->ending};
    int result = vouch->looked ? 0 : look(vouch, view, error);
    if (result == 0)
        result = take_key(&turn);
    if (result == 0 && !turn.ending)
        result = control_settle_retention(control, view, turn.now_ms, error);
    if (result == 0)
        table_each(&vouch->chains, chain_cb, &turn);
    return result != 0 ? result : turn.result;
}

// What was undone is looked at anew.
static void turn_done(void *argument, int result, const struct error *error)
{
    struct control *control = argument;
    struct control_vouch *vouch = &control->vouch;
    if (result != 0) {
        forget_chains(vouch);
        log_event(vouch->failing ? LOG_DEBUG : LOG_ERROR, "control",
                  "the admin audit cannot be signed: %s", error->text);
    } else if (vouch->failing) {
        log_event(LOG_INFO, "control", "the admin audit is signed again");
    }
    vouch->failing = result != 0;
    atomic_store(&vouch->busy, false);
}

// ---- For everybody

void control_sign_audit(struct control *control, const char *key_path)
{
    struct control_vouch *vouch = &control->vouch;
    vouch->own_key = key_path == NULL;
    vouch->key_path = key_path == NULL ? control_path_in(control->folder, "audit.key")
                                       : memory_copy_string(key_path, strlen(key_path));
    control_vouch(control);
}

void control_vouch(struct control *control)
{
    struct control_vouch *vouch = &control->vouch;
    if (vouch->key_path == NULL || atomic_exchange(&vouch->busy, true))
        return; // the last one still waits
    vouch->job = (struct store_job){
        .access = STORE_WRITE, .run = run_turn, .done = turn_done, .argument = control};
    store_submit(control->records, &vouch->job);
}

static int run_last_turn(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    control->vouch.ending = true;
    return run_turn(control, view, error);
}

void control_vouch_last(struct control *control)
{
    struct error error = {0};
    if (control->records != NULL && control->vouch.key_path != NULL &&
        store_run(control->records, STORE_WRITE, NULL, run_last_turn, control, &error) != 0)
        log_event(LOG_ERROR, "control", "the admin audit has no signed end: %s", error.text);
}

void control_vouch_open(struct control_vouch *vouch)
{
    table_init(&vouch->chains);
    atomic_init(&vouch->busy, false);
}

void control_vouch_close(struct control_vouch *vouch)
{
    forget_chains(vouch);
    table_release(&vouch->chains);
    chain_key_free(vouch->key);
    memory_free(vouch->key_path);
}
