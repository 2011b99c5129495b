// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A chain of the admin audit, whose rows have columns besides the line that is linked.
#include "proof/proof.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

// Rows that a running gateway has not signed for so long, it cannot sign, or notes are gone.
enum { OVERDUE_MS = 5 * 60 * 1000, ARENA_BYTES = 8 * 1024 * 1024 };

struct proof_chain {
    const char *organisation;
    struct audit_verifier *verifier;
    struct audit_proof proof; // also of a bad row that the verifier does not see
    int64_t waiting_since_ms; // the oldest row that is not signed; 0: none
    struct json_doc doc;
    struct arena arena;
};

struct proof_chain *proof_chain_new(const struct proof_chain_options *options)
{
    struct proof_chain *chain = memory_try_new(sizeof *chain);
    const struct audit_verify_options verify = {
        .keys = options->keys, .young = true, .noted = options->noted};
    if (chain == NULL)
        return NULL;
    chain->organisation = options->organisation;
    json_doc_init(&chain->doc);
    arena_init(&chain->arena, ARENA_BYTES);
    chain->verifier = audit_verifier_new(&verify);
    if (chain->verifier == NULL) {
        proof_chain_free(chain);
        return NULL;
    }
    audit_verifier_begin(chain->verifier);
    return chain;
}

void proof_chain_free(struct proof_chain *chain)
{
    if (chain == NULL)
        return;
    audit_verifier_free(chain->verifier);
    json_doc_release(&chain->doc);
    arena_release(&chain->arena);
    memory_free(chain);
}

static bool says(struct proof_chain *chain, uint32_t object, const char *member, struct slice value)
{
    uint32_t node = object == JSON_NONE ? JSON_NONE : json_get(&chain->doc, object, member);
    return node != JSON_NONE && json_type(&chain->doc, node) == JSON_STRING &&
           slice_equal(json_string(&chain->doc, node, &chain->arena), value);
}

// The row's columns are what the API finds it by, but only its line is linked.
static bool columns_agree(struct proof_chain *chain, const struct store_audit *row,
                          const struct chain_row *line)
{
    char id[32], time[CLOCK_TEXT_SIZE];
    arena_clear(&chain->arena);
    snprintf(id, sizeof id, "adt_%020" PRId64, row->sequence);
    clock_format(row->head.created_ms, time);
    if (json_scan(&chain->doc, row->line, NULL, NULL, NULL) != 0 ||
        json_type(&chain->doc, 0) != JSON_OBJECT)
        return false;
    uint32_t actor = json_get(&chain->doc, 0, "actor");
    bool note = audit_note_kind(row->line).length > 0; // whose time is taken a moment later
    return (uint64_t)row->sequence == line->number && slice_equal_string(row->head.id, id) &&
           slice_equal(row->link, slice_of((const char *)line->link, sizeof line->link)) &&
           (note || says(chain, 0, "time", slice_from_string(time))) &&
           says(chain, 0, "organisation", slice_from_string(chain->organisation)) &&
           says(chain, 0, "action", row->action) && says(chain, 0, "object", row->object) &&
           says(chain, actor, "id", row->actor) &&
           says(chain, actor, "kind", slice_from_string(store_actor_words[row->actor_kind]));
}

static int bad_row(struct proof_chain *chain, const struct store_audit *row, const char *text)
{
    chain->proof.bad = true;
    chain->proof.line = (uint64_t)row->sequence;
    snprintf(chain->proof.text, sizeof chain->proof.text, "row %" PRId64 " %s", row->sequence,
             text);
    return 0;
}

int proof_chain_feed(struct proof_chain *chain, const struct store_audit *row)
{
    struct chain_row line;
    if (chain->proof.bad)
        return 0;
    if (!chain_parse(row->line, &line))
        return bad_row(chain, row, "is no row of an audit: it was changed");
    int result = audit_verifier_feed(chain->verifier, row->line);
    if (result == 0)
        result = audit_verifier_feed(chain->verifier, SLICE_LITERAL("\n"));
    if (result == ERROR_PROTOCOL) {
        chain->proof = *audit_verifier_finish(chain->verifier);
        chain->proof.line = (uint64_t)row->sequence;
        return 0;
    }
    if (result == 0 && !columns_agree(chain, row, &line))
        return bad_row(chain, row,
                       "has columns that do not say what its line says: it was changed");
    bool is_note = audit_note_kind(row->line).length > 0;
    if (is_note)
        chain->waiting_since_ms = 0;
    else if (chain->waiting_since_ms == 0)
        chain->waiting_since_ms = row->head.created_ms;
    return result;
}

int proof_chain_finish(struct proof_chain *chain)
{
    if (chain->proof.bad)
        return 0;
    int result = audit_verifier_end(chain->verifier, true);
    chain->proof = *audit_verifier_finish(chain->verifier);
    if (chain->proof.bad) // what is missing in front, or at the end
        chain->proof.line = chain->proof.line == 1 ? chain->proof.first : chain->proof.last + 1;
    return result == ERROR_PROTOCOL ? 0 : result;
}

const struct audit_proof *proof_chain_result(const struct proof_chain *chain)
{
    return &chain->proof;
}

const struct chain_keyring *proof_chain_keys(const struct proof_chain *chain)
{
    return audit_verifier_keys(chain->verifier);
}

int64_t proof_chain_overdue_ms(const struct proof_chain *chain)
{
    int64_t waiting_ms =
        chain->waiting_since_ms == 0 ? 0 : clock_wall_ms() - chain->waiting_since_ms;
    return waiting_ms < OVERDUE_MS ? 0 : waiting_ms;
}
