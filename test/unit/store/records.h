// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A store of records in a folder of its own, and steps that tests write as functions of a view.
#pragma once

#include "lib/scratch.h"

#include "store/store.h"

struct records {
    struct scratch scratch;
    struct store_records *store;
    struct error error;
};

typedef int (*records_step)(void *argument, struct store_view *view, struct error *error);

static inline void records_open(struct records *records)
{
    struct store_records_options options = {.path = scratch_path(&records->scratch, "records.db")};
    int result = store_records_open(&options, &records->store, &records->error);
    if (result != 0)
        fail_msg("%s", records->error.text);
}

static inline void records_make(struct records *records)
{
    memset(records, 0, sizeof *records);
    scratch_make(&records->scratch);
    records_open(records);
}

static inline void records_make_in_memory(struct records *records)
{
    memset(records, 0, sizeof *records);
    scratch_make_in_memory(&records->scratch);
    records_open(records);
}

static inline void records_remove(struct records *records)
{
    store_records_close(records->store);
    scratch_remove(&records->scratch);
}

static inline int records_write(struct records *records, records_step step, void *argument)
{
    static const struct store_actor actor = {.kind = STORE_BY_MEMBER,
                                             .id = {"mem_test", 8},
                                             .label = {"Tess", 4},
                                             .address = {"127.0.0.1", 9}};
    return store_run(records->store, STORE_WRITE, &actor, step, argument, &records->error);
}

static inline int records_read(struct records *records, records_step step, void *argument)
{
    return store_run(records->store, STORE_READ, NULL, step, argument, &records->error);
}

// Ids outlive the view that made them.
struct records_id {
    char text[32];
};

static inline struct records_id records_keep(struct slice id)
{
    struct records_id kept = {{0}};
    assert_true(id.length < sizeof kept.text);
    memcpy(kept.text, id.data, id.length);
    return kept;
}

static inline struct slice records_id(const struct records_id *id)
{
    return slice_from_string(id->text);
}

#define TEXT(literal) SLICE_LITERAL(literal)
