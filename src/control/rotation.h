// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The keys that secrets are sealed under, and how they are changed (docs/storage.md). A part of
// control.h.
#pragma once

#include "base/error.h"

#include <stdatomic.h>

struct control;

struct control_sealing {
    size_t keys;     // in the key file or the environment
    uint32_t newest; // number of the one that seals
    bool of_file;    // else of the environment
    bool unfinished; // the file has several: a change was begun and has not ended
};
struct control_sealing control_sealing(struct control *control); // any thread
// The number that control_rotate_keys would end with. Reads the key file. ERROR_UNSUPPORTED: keys
// of the environment; ERROR_CONFIG: not the file that was opened; ERROR_IO: it cannot be written.
int control_next_key(struct control *control, uint32_t *ret, struct error *error) MUST_CHECK;
#define CONTROL_RESEALS "secrets.reseal" // in the audit
struct control_rotation {
    // Told now and then how many records are sealed anew, and about how many not; NULL: nobody is.
    void (*told)(void *argument, uint64_t sealed, uint64_t left);
    void *argument;
    const atomic_bool *stop; // once true it ends soon, ERROR_CANCELLED; NULL: never
    bool noted;              // the audit has a row of it already
    uint32_t number;         // what came of it: of the key that seals
    uint64_t sealed;         // the same: records
};
// Seals everything under a new key, which is added to the key file, and then takes the old keys out
// of it; ends what has not ended. Of the environment's keys the highest number is used. Others may
// work meanwhile, and it may be cut off anywhere. ERROR_EXISTS: one is under way. Waits: not on an
// event loop, not in a job.
int control_rotate_keys(struct control *control, struct control_rotation *rotation,
                        struct error *error) MUST_CHECK;
