// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of the journal share. A turn is what is added to the file at once, under its lock:
// notes about the file, rows of bodies, notes about the rows.
#pragma once

#include "audit/audit_internal.h"

struct audit_turn {
    struct chain_state state; // after all of it
    size_t lines_before;      // in front of the first body's
    size_t bodies;
    uint64_t vouched;
    bool announces;
};

// Looks at the file's end, closes what a crash left, and says who writes from here on where that is
// not known from the file.
int audit_turn_begin(struct audit_journal *journal, struct audit_turn *turn) MUST_CHECK;
// Signs the journal's note and makes a row of it.
int audit_turn_sign(struct audit_journal *journal, struct audit_turn *turn,
                    const struct chain_key *key) MUST_CHECK;
// Writes what was sealed. What of it is not in the file afterwards is made anew the next time, from
// the file's last row; a pipe gets the rest later as it is. `bodies`: those that were sealed.
int audit_turn_put(struct audit_journal *journal, const struct audit_turn *turn,
                   struct buffer *bodies) MUST_CHECK;
// Rows that did not come into the file: the next turn begins with a look at it.
void audit_turn_forget(struct audit_journal *journal);

// The lock of the file that now has the path; audit_file_unlock gives it back. As
// audit_journal_write fails.
int audit_journal_lock(struct audit_journal *journal) MUST_CHECK;
int audit_journal_write_locked(struct audit_journal *journal, struct buffer *bodies,
                               const struct audit_wish *wish) MUST_CHECK;
// Closes the file and goes on in this one.
void audit_journal_take(struct audit_journal *journal, const struct audit_file *next);
// Goes on in a new file if the old one was moved away. The lock is held before and after.
int audit_journal_follow(struct audit_journal *journal, struct error *error) MUST_CHECK;
