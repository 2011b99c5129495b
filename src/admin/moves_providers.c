// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Identity providers move without the secret that the gateway has there: it is only said that there
// is one. One that is here stays, unless the issuer becomes another: it was given to that one only.
#include "admin/moves_internal.h"

struct given_provider {
    struct store_provider record; // the first, so that the table's rows fit
    bool has_secret;
};

static const struct admin_field fields[] = {
    ADMIN_FIELD(provider, "name", name, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(provider, "title", title, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(provider, "issuer", issuer, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(provider, "client_id", client, FIELD_TEXT,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(provider, "scopes", scopes, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(provider, "domains", domains, FIELD_STRINGS, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(provider, "claim", claim, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(provider, "claim_value", claim_value, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_WORDS(provider, "role", role, store_role_words, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(provider, "disabled", disabled, FIELD_FLAG, FIELD_SHOWN | FIELD_GIVEN),
    {"has_client_secret", offsetof(struct given_provider, has_secret), NULL, FIELD_FLAG,
     FIELD_SHOWN | FIELD_GIVEN},
};
enum { FIELDS = sizeof fields / sizeof *fields };

int moves_write_provider(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_provider *provider = (const struct store_provider *)(const void *)record;
    const struct given_provider shown = {*provider, provider->sealed.length > 0};
    (void)error;
    moves_begin_record(moves, provider->name);
    admin_write_fields(&moves->request->out, fields, FIELDS, &shown);
    buffer_append_string(&moves->request->out, "}");
    return 0;
}

static void compare(struct moves *moves, const struct store_provider *before,
                    const struct store_provider *provider)
{
    moves_differ_text(moves, "title", before->title, provider->title);
    moves_differ_text(moves, "issuer", before->issuer, provider->issuer);
    moves_differ_text(moves, "client_id", before->client, provider->client);
    moves_differ_text(moves, "scopes", before->scopes, provider->scopes);
    if (!moves_same_json(before->domains, provider->domains))
        moves_differ(moves, "domains", before->domains, provider->domains);
    moves_differ_text(moves, "claim", before->claim, provider->claim);
    moves_differ_text(moves, "claim_value", before->claim_value, provider->claim_value);
    moves_differ_text(moves, "role", slice_from_string(store_role_words[before->role]),
                      slice_from_string(store_role_words[provider->role]));
    moves_differ_flag(moves, "disabled", before->disabled, provider->disabled);
    moves_differ_flag(moves, "has_client_secret", before->sealed.length > 0,
                      provider->sealed.length > 0);
}

static int write_provider(struct moves *moves, const struct store_provider *before,
                          struct given_provider *given, struct error *error)
{
    struct store_provider *provider = &given->record;
    bool unwanted = moves->prune && !given->has_secret;
    provider->head = before->head;
    provider->head.organisation = moves->organisation;
    if (before->head.id.length == 0)
        return store_add_provider(moves->view, provider, error);
    if (!unwanted && slice_equal(before->issuer, provider->issuer))
        provider->sealed = before->sealed;
    compare(moves, before, provider);
    return moves->differences.length > 0 ? store_change_provider(moves->view, provider, error) : 0;
}

static int read_provider(struct moves *moves, uint32_t object, struct given_provider *ret,
                         struct error *error)
{
    *ret = (struct given_provider){.record = {.role = STORE_VIEWER}};
    int result = admin_read_fields(moves->request, object, fields, FIELDS, true, ret, error);
    if (result == 0)
        result = admin_check_provider(moves->request, object, &ret->record, error);
    return result == 0 ? moves_compact(moves, &ret->record.domains, error) : result;
}

static int take_provider(struct moves *moves, uint32_t object, struct error *error)
{
    struct store_provider before = {.role = STORE_VIEWER};
    struct given_provider given;
    int result = read_provider(moves, object, &given, error);
    if (result != 0)
        return result;
    result = store_find_provider(moves->view, moves->organisation, "name", given.record.name,
                                 &before, error);
    bool added = result == ERROR_NOT_FOUND;
    if (result == 0 || added)
        result = write_provider(moves, &before, &given, error);
    if (result == 0)
        result = moves_keep(moves, given.record.head.id, object, error);
    if (result != 0)
        return result;
    if (given.has_secret && given.record.sealed.length == 0)
        moves_note_secret(moves, "provider", given.record.name);
    moves_note_made(moves, added, "provider", given.record.name);
    return 0;
}

static int drop_provider(struct moves *moves, const struct store_head *record, struct error *error)
{
    return moves_drop(moves, STORE_PROVIDER, "provider", record,
                      ((const struct store_provider *)(const void *)record)->name, error);
}

int moves_providers(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE ? moves_each(moves, STORE_PROVIDER, sizeof(struct store_provider),
                                           drop_provider, error)
                              : moves_items(moves, array, take_provider, error);
}
