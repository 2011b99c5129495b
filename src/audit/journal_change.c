// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The chain goes on in another file, or with another key.
#include "audit/journal_internal.h"
#include "base/log.h"

#include <errno.h>

static int record_key(struct audit_journal *journal, const struct chain_key *next)
{
    struct audit_turn turn = {0};
    struct buffer none = {0};
    int result = audit_turn_begin(journal, &turn);
    if (result == 0) {
        audit_note_begin(&journal->note, "key", &turn.state);
        audit_note_add_new_key(&journal->note, next);
        result = audit_turn_sign(journal, &turn, journal->key);
    }
    if (result == 0)
        return audit_turn_put(journal, &turn, &none);
    audit_turn_forget(journal);
    return result;
}

// The old key vouches for the new one.
static int change_key(struct audit_journal *journal, struct error *error)
{
    struct chain_key *next;
    int result = journal->key_path == NULL ? 0 : chain_key_read(journal->key_path, &next, error);
    if (result != 0 || journal->key_path == NULL)
        return result;
    bool same = strcmp(chain_key_id(next), chain_key_id(journal->key)) == 0;
    if (!same)
        result = record_key(journal, next);
    if (same || result != 0) {
        chain_key_free(next);
        return result == 0
                   ? 0
                   : error_set(error, result, "the change of the signing key cannot be recorded");
    }
    log_event(LOG_INFO, "audit", "the decision log is signed by key %s from now on",
              chain_key_id(next));
    chain_key_free(journal->key);
    journal->key = next;
    if (chain_key_export(journal->key_path, next, error) != 0)
        log_event(LOG_WARNING, "audit", "%s", error->text);
    return 0;
}

int audit_journal_follow(struct audit_journal *journal, struct error *error)
{
    static const struct audit_wish closing = {.sign = "end"};
    struct audit_file next;
    struct buffer none = {0};
    if (audit_file_place(&journal->file) != AUDIT_MOVED)
        return 0;
    int result = audit_file_open(&next, journal->file.path, error);
    if (result != 0)
        return result;
    // Whether or not the old file takes its last row: the new one says where it ended.
    if (audit_journal_write_locked(journal, &none, &closing) != 0)
        log_event(LOG_WARNING, "audit", "the file that '%s' was moved to has no end: %s",
                  journal->file.path, strerror(errno));
    audit_journal_take(journal, &next);
    journal->announced = false;
    return 0;
}

int audit_journal_reopen(struct audit_journal *journal, struct error *error)
{
    int result = audit_journal_lock(journal);
    if (result != 0)
        return error_set(error, result, "cannot write the decision log '%s': %s",
                         journal->file.path, strerror(errno));
    result = change_key(journal, error);
    if (result == 0)
        result = audit_journal_follow(journal, error);
    audit_file_unlock(&journal->file);
    return result;
}
