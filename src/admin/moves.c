// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// POST /apply: makes an organisation what a text says, in one transaction. There is no moment at
// which half of it is in force. A rehearsal does all of it and then undoes it, so that it meets
// every refusal that the real thing would meet.
#include "admin/moves_internal.h"

#include <stdio.h>

enum { PAGE = 1000 };

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Over what is there

int moves_each(struct moves *moves, enum store_kind kind, size_t size, moves_cb visit,
               struct error *error)
{
    struct store_page page = {.limit = PAGE};
    int result = 0;
    for (bool more = true; more && result == 0;) {
        const char *rows = NULL;
        const void *items = NULL;
        size_t count = 0;
        result = store_list(moves->view, kind, moves->organisation, (struct slice){0}, &page,
                            &items, &count, &more, error);
        rows = items;
        for (size_t i = 0; i < count && result == 0; i++) {
            const struct store_head *record =
                (const struct store_head *)(const void *)(rows + i * size);
            page.after = record->id;
            result = visit(moves, record, error);
        }
    }
    return result;
}

static int add_to_state(struct moves *moves, const struct store_head *record, struct error *error)
{
    (void)error;
    buffer_append_format(&moves->differences, "%.*s %lld\n", SLICE_PRINT(record->id),
                         (long long)record->version);
    return 0;
}

// What a grant reaches changes the grant's version, and versions of policies the policy's.
int moves_state(struct moves *moves, int64_t *ret, struct error *error)
{
    static const struct {
        enum store_kind kind;
        size_t size;
    } kinds[] = {{STORE_SERVER, sizeof(struct store_server)},
                 {STORE_CREDENTIAL, sizeof(struct store_credential)},
                 {STORE_POLICY, sizeof(struct store_policy)},
                 {STORE_GRANT, sizeof(struct store_grant)},
                 {STORE_CHANNEL, sizeof(struct store_channel)},
                 {STORE_PROVIDER, sizeof(struct store_provider)},
                 {STORE_OVERRIDE, sizeof(struct store_override)},
                 {STORE_DEFINITION, sizeof(struct store_definition)}};
    unsigned char hash[32];
    int64_t state = 0;
    int result = 0;
    buffer_clear(&moves->differences);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && result == 0; i++)
        result = moves_each(moves, kinds[i].kind, kinds[i].size, add_to_state, error);
    if (result == 0 && moves->differences.failed)
        result = no_memory(error);
    identity_hash_token(buffer_slice(&moves->differences), hash);
    buffer_clear(&moves->differences);
    for (size_t i = 0; i < 6; i++) // 48 bits: a number that every reader of JSON keeps
        state = state << 8 | hash[i];
    *ret = state + 1;
    return result;
}

// ---- What differs

bool moves_same_json(struct slice a, struct slice b)
{
    struct json_doc first, second;
    json_doc_init(&first);
    json_doc_init(&second);
    bool same = slice_equal(a, b) ||
                (json_scan(&first, a, NULL, NULL, NULL) == 0 &&
                 json_scan(&second, b, NULL, NULL, NULL) == 0 && json_equal(&first, 0, &second, 0));
    json_doc_release(&first);
    json_doc_release(&second);
    return same;
}

int moves_compact(struct moves *moves, struct slice *text, struct error *error)
{
    struct json_doc doc;
    struct buffer out;
    json_doc_init(&doc);
    buffer_init(&out, 0);
    int result = json_scan(&doc, *text, NULL, error, NULL);
    if (result == 0) {
        json_write_compact(&out, &doc, 0);
        *text = arena_copy(store_arena(moves->view), buffer_slice(&out));
        result = out.failed || text->data == NULL ? no_memory(error) : 0;
    }
    buffer_release(&out);
    json_doc_release(&doc);
    return result;
}

void moves_differ(struct moves *moves, const char *field, struct slice from, struct slice to)
{
    struct buffer *out = &moves->differences;
    buffer_append_string(out, out->length == 0 ? "{\"field\":" : ",{\"field\":");
    json_write_string(out, slice_from_string(field));
    buffer_append_string(out, ",\"from\":");
    buffer_append(out, from);
    buffer_append_string(out, ",\"to\":");
    buffer_append(out, to);
    buffer_append_string(out, "}");
}

void moves_differ_text(struct moves *moves, const char *field, struct slice from, struct slice to)
{
    struct buffer a, b;
    if (slice_equal(from, to))
        return;
    buffer_init(&a, 0);
    buffer_init(&b, 0);
    json_write_string(&a, from);
    json_write_string(&b, to);
    moves->differences.failed = moves->differences.failed || a.failed || b.failed;
    moves_differ(moves, field, buffer_slice(&a), buffer_slice(&b));
    buffer_release(&a);
    buffer_release(&b);
}

void moves_differ_number(struct moves *moves, const char *field, int64_t from, int64_t to)
{
    char a[32], b[32];
    snprintf(a, sizeof a, "%lld", (long long)from);
    snprintf(b, sizeof b, "%lld", (long long)to);
    moves_differ(moves, field, slice_from_string(a), slice_from_string(b));
}

void moves_differ_flag(struct moves *moves, const char *field, bool from, bool to)
{
    if (from != to)
        moves_differ(moves, field, slice_from_string(from ? "true" : "false"),
                     slice_from_string(to ? "true" : "false"));
}

void moves_change(struct moves *moves, const char *action, const char *kind, struct slice name,
                  const char *why)
{
    struct buffer *out = &moves->changes;
    buffer_append_format(out, "%s{\"action\":\"%s\",\"kind\":\"%s\",\"name\":",
                         out->length == 0 ? "" : ",", action, kind);
    json_write_string(out, name);
    buffer_append_format(out, ",\"why\":\"%s\",\"differences\":[", why);
    buffer_append(out, buffer_slice(&moves->differences));
    buffer_append_string(out, "]}");
    out->failed = out->failed || moves->differences.failed;
    buffer_clear(&moves->differences);
}

void moves_note_made(struct moves *moves, bool added, const char *kind, struct slice name)
{
    if (added || moves->differences.length > 0)
        moves_change(moves, added ? "add" : "change", kind, name,
                     added ? "it is not there yet" : "");
}

void moves_note_secret(struct moves *moves, const char *kind, struct slice name)
{
    struct buffer *out = &moves->secrets;
    buffer_append_format(out, "%s{\"kind\":\"%s\",\"name\":", out->length == 0 ? "" : ",", kind);
    json_write_string(out, name);
    buffer_append_string(out, "}");
}

int moves_drop(struct moves *moves, enum store_kind kind, const char *word,
               const struct store_head *record, struct slice name, struct error *error)
{
    if (table_get(&moves->kept, record->id) != NULL)
        return 0;
    moves_change(moves, "remove", word, name, "nothing that was given names it");
    return store_remove(moves->view, kind, moves->organisation, record->id, 0, error);
}

int moves_keep(struct moves *moves, struct slice id, uint32_t node, struct error *error)
{
    if (table_get(&moves->kept, id) != NULL)
        return admin_fault(moves->request, "", node, error, "this name stands here twice");
    return table_put(&moves->kept, id, moves) == 0 ? 0 : no_memory(error);
}

// ---- The request

// Everything that others refer to comes first and goes last. What the request does not have of the
// last ones stays as it is.
static const struct {
    const char *member;
    int (*make)(struct moves *moves, uint32_t array, struct error *error);
    bool needed;
} parts[] = {
    {"policies", moves_policies, true},
    {"servers", moves_servers, true},
    {"grants", moves_grants, true},
    {"channels", moves_channels, false},
    {"providers", moves_providers, false},
    {"overrides", moves_overrides, false},
    {"definitions", moves_definitions, false},
};
enum { PARTS = sizeof parts / sizeof *parts, FURTHER = 3 };

static int check_part(struct moves *moves, const char *member, struct error *error)
{
    struct admin_request *request = moves->request;
    uint32_t node = json_get(&request->doc, 0, member);
    int result = 0;
    if (node == JSON_NONE)
        return 0;
    if (json_type(&request->doc, node) != JSON_ARRAY)
        return admin_fault(request, member, node, error, "must be an array");
    for (uint32_t item = json_first_element(&request->doc, node); item != JSON_NONE;
         item = json_next_element(&request->doc, node, item))
        if (json_type(&request->doc, item) != JSON_OBJECT)
            result = admin_fault(request, member, item, error, "must hold objects");
    return result;
}

static int read_wanted(struct moves *moves, struct error *error)
{
    struct admin_field fields[FURTHER + PARTS] = {
        {"note", offsetof(struct moves, note), NULL, FIELD_TEXT, FIELD_GIVEN},
        {"prune", offsetof(struct moves, prune), NULL, FIELD_FLAG, FIELD_GIVEN},
        {"dry_run", offsetof(struct moves, dry_run), NULL, FIELD_FLAG, FIELD_GIVEN}};
    for (size_t i = 0; i < PARTS; i++)
        fields[FURTHER + i] =
            (struct admin_field){parts[i].member, 0, NULL, FIELD_ANY,
                                 parts[i].needed ? FIELD_GIVEN | FIELD_NEEDED : FIELD_GIVEN};
    int result = admin_read_fields(moves->request, 0, fields, FURTHER + PARTS, true, moves, error);
    for (size_t i = 0; i < PARTS && result == 0; i++)
        result = check_part(moves, parts[i].member, error);
    return result;
}

int moves_items(struct moves *moves, uint32_t array, moves_item_cb take, struct error *error)
{
    const struct json_doc *doc = &moves->request->doc;
    int result = 0;
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE && result == 0;
         item = json_next_element(doc, array, item))
        result = take(moves, item, error);
    return result;
}

static int check_state(struct moves *moves, int64_t *ret_state, struct error *error)
{
    int result = moves_state(moves, ret_state, error);
    int64_t wanted = moves->request->version;
    return result != 0 || wanted == 0 || wanted == *ret_state
               ? result
               : error_set(error, ERROR_CONFLICT, "the organisation was changed meanwhile");
}

static int change_all(struct moves *moves, struct error *error)
{
    uint32_t arrays[PARTS];
    int result = 0;
    for (size_t i = 0; i < PARTS; i++)
        arrays[i] = json_get(&moves->request->doc, 0, parts[i].member);
    for (size_t i = 0; i < PARTS && result == 0; i++)
        if (arrays[i] != JSON_NONE)
            result = parts[i].make(moves, arrays[i], error);
    for (size_t i = PARTS; moves->prune && i > 0 && result == 0; i--)
        if (arrays[i - 1] != JSON_NONE)
            result = parts[i - 1].make(moves, JSON_NONE, error);
    return result;
}

static int answer(struct moves *moves, int64_t state, struct error *error)
{
    struct admin_request *request = moves->request;
    struct buffer *out = &request->out;
    // Growing would leave copies of the tokens behind.
    buffer_reserve(out, moves->changes.length + moves->missing.length + moves->secrets.length +
                            moves->tokens.length + 256);
    buffer_append_format(out, "{\"dry_run\":%s,\"state\":%lld,\"changes\":[",
                         moves->dry_run ? "true" : "false", (long long)state);
    buffer_append(out, buffer_slice(&moves->changes));
    buffer_append_string(out, "],\"missing_credentials\":[");
    buffer_append(out, buffer_slice(&moves->missing));
    buffer_append_string(out, "],\"missing_secrets\":[");
    buffer_append(out, buffer_slice(&moves->secrets));
    buffer_append_string(out, "],\"tokens\":[");
    if (!moves->dry_run)
        buffer_append(out, buffer_slice(&moves->tokens));
    buffer_append_string(out, "]}");
    request->status = 200;
    request->etag = state;
    request->rehearsed = moves->dry_run;
    return moves->changes.failed || moves->missing.failed || moves->secrets.failed ||
                   moves->tokens.failed || out->failed
               ? error_set(error, ERROR_TOO_LARGE, "the answer is too large")
               : 0;
}

int admin_apply(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct moves moves = {
        .request = request, .view = view, .organisation = request->who.organisation};
    int64_t state = 0;
    table_init(&moves.kept);
    buffer_init(&moves.changes, 0);
    buffer_init(&moves.differences, 0);
    buffer_init(&moves.missing, 0);
    buffer_init(&moves.secrets, 0);
    buffer_init(&moves.tokens, 0);
    int result = read_wanted(&moves, error);
    if (result == 0)
        result = check_state(&moves, &state, error);
    if (result == 0)
        result = change_all(&moves, error);
    if (result == 0 && !moves.dry_run)
        result = moves_state(&moves, &state, error);
    if (result == 0)
        result = answer(&moves, state, error);
    table_release(&moves.kept);
    buffer_release(&moves.changes);
    buffer_release(&moves.differences);
    buffer_release(&moves.missing);
    buffer_release(&moves.secrets);
    buffer_wipe(&moves.tokens);
    return result;
}
