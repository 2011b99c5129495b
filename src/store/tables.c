// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the records consist of: one row for each column. Statements, bounds and the admin audit are
// made from these; the schema itself is in sqlite/records.sql.
#include "store/store_internal.h"

enum {
    NAME_MAX_BYTES = 64,
    TEXT_MAX = 1000,
    ISSUER_MAX = 700, // with a blank and a subject it is a member's
    NOTE_MAX = 4000,
    URL_MAX = 8192,
    JSON_MAX = 64 * 1024,
    BULK_MAX = 4 * 1024 * 1024,
    ANSWER_MAX = BULK_MAX + 256 * 1024, // a document and what is said of it
};

const char *const store_role_words[] = {"viewer", "policy_manager", "admin", NULL};
const char *const store_transport_words[] = {"http", "sse", "stdio", NULL};
const char *const store_place_words[] = {"header", "environment", NULL};
const char *const store_flow_words[] = {"authorization_code", "client_credentials", NULL};
const char *const store_client_words[] = {"given", "metadata_document", "registered", NULL};
const char *const store_standing_words[] = {"needs_sign_in", "ready", "failing", NULL};
const char *const store_mode_words[] = {"enforce", "observe", NULL};
const char *const store_category_words[] = {"Read",        "Write",     "Execute",
                                            "Destructive", "Financial", NULL};
const char *const store_looked_words[] = {"accepted", "rejected", NULL};
const char *const store_question_words[] = {"asked",   "approved",  "rejected",  "ran",
                                            "expired", "withdrawn", "overtaken", NULL};
const char *const store_channel_words[] = {"webhook", "mail", NULL};
const char *const store_actor_words[] = {"system", "member", "api_key", NULL};

// ---- Checks

static bool consists_of(struct slice value, bool upper)
{
    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            !(upper && ((c >= 'A' && c <= 'Z') || c == '_')))
            return false;
    }
    return value.length > 0;
}

static bool is_name(struct slice value)
{
    return consists_of(value, true);
}

static bool is_slug(struct slice value)
{
    return consists_of(value, false);
}

static bool is_hash(struct slice value)
{
    return value.length == 32;
}

static bool is_line(struct slice value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7F)
            return false;
    return value.length > 0;
}

static bool is_email(struct slice value)
{
    const char *at = memchr(value.data, '@', value.length);
    return is_line(value) && at != NULL && at != value.data &&
           at + 1 != value.data + value.length && memchr(value.data, ' ', value.length) == NULL;
}

// ---- Columns

#define AT(record, member) .name = #member, .offset = offsetof(struct store_##record, member)
#define TEXT(size) .kind = COLUMN_TEXT, .most = (size)
#define ID TEXT(NAME_MAX_BYTES)
#define PARTY TEXT(TEXT_MAX + 8) // an id, or "file." and what the configuration file calls it
#define BYTES(size) .kind = COLUMN_BYTES, .most = (size)
#define HASH BYTES(32), .check = is_hash
#define NUMBER .kind = COLUMN_NUMBER
#define FLAG .kind = COLUMN_FLAG
#define WORD(list) .kind = COLUMN_WORD, .words = (list)

static const struct store_column organisation[] = {
    {AT(organisation, name), TEXT(NAME_MAX_BYTES), .check = is_slug, .unique = true,
     .everywhere = true},
    {AT(organisation, title), TEXT(TEXT_MAX)},
    {AT(organisation, commands_allowed), FLAG},
    {AT(organisation, log_arguments), TEXT(JSON_MAX), .json = JSON_OBJECT, .optional = true},
};
static const struct store_column member[] = {
    {AT(member, email), TEXT(320), .check = is_email, .unique = true},
    {AT(member, name), TEXT(TEXT_MAX)},
    {AT(member, role), WORD(store_role_words)},
    {AT(member, password), TEXT(TEXT_MAX), .optional = true, .secret = true},
    {AT(member, subject), TEXT(TEXT_MAX), .optional = true, .unique = true},
    {AT(member, disabled), FLAG},
    {AT(member, signed_in_ms), NUMBER},
};
static const struct store_column invitation[] = {
    {AT(invitation, email), TEXT(320), .check = is_email, .optional = true},
    {AT(invitation, role), WORD(store_role_words)},
    {AT(invitation, token), HASH, .fixed = true, .secret = true, .unique = true,
     .everywhere = true},
    {AT(invitation, invited_by), ID, .optional = true, .fixed = true},
    {AT(invitation, expires_ms), NUMBER},
    {AT(invitation, accepted_ms), NUMBER},
};
static const struct store_column api_key[] = {
    {AT(api_key, label), TEXT(TEXT_MAX), .check = is_line, .unique = true},
    {AT(api_key, role), WORD(store_role_words)},
    {AT(api_key, token), HASH, .fixed = true, .secret = true, .unique = true, .everywhere = true},
    {AT(api_key, created_by), ID, .optional = true, .fixed = true},
    {AT(api_key, expires_ms), NUMBER},
    {AT(api_key, revoked_ms), NUMBER},
    {AT(api_key, used_ms), NUMBER},
};
static const struct store_column session[] = {
    {AT(session, member), ID, .fixed = true},
    {AT(session, token), HASH, .fixed = true, .secret = true, .unique = true, .everywhere = true},
    {AT(session, csrf), HASH, .secret = true},
    {AT(session, address), TEXT(NAME_MAX_BYTES)},
    {AT(session, expires_ms), NUMBER},
    {AT(session, used_ms), NUMBER},
};
static const struct store_column server[] = {
    {AT(server, name), TEXT(NAME_MAX_BYTES), .check = is_name, .unique = true},
    {AT(server, transport), WORD(store_transport_words)},
    {AT(server, url), TEXT(URL_MAX), .optional = true},
    {AT(server, command), TEXT(JSON_MAX), .json = JSON_ARRAY, .optional = true},
    {AT(server, settings), TEXT(JSON_MAX), .json = JSON_OBJECT},
    {AT(server, disabled), FLAG},
};
static const struct store_column credential[] = {
    {AT(credential, server), ID, .fixed = true},
    {AT(credential, grant), ID, .optional = true, .fixed = true},
    {AT(credential, place), WORD(store_place_words)},
    {AT(credential, name), TEXT(256), .check = is_line},
    {AT(credential, sealed), BYTES(JSON_MAX), .secret = true},
};
static const struct store_column authorization[] = {
    {AT(authorization, server), ID, .fixed = true},
    {AT(authorization, grant), ID, .optional = true, .fixed = true},
    {AT(authorization, flow), WORD(store_flow_words)},
    {AT(authorization, state), WORD(store_standing_words)},
    {AT(authorization, client_source), WORD(store_client_words)},
    {AT(authorization, issuer), TEXT(URL_MAX), .optional = true},
    {AT(authorization, client), TEXT(URL_MAX), .optional = true},
    {AT(authorization, client_secret), BYTES(JSON_MAX), .optional = true, .secret = true},
    {AT(authorization, client_method), NUMBER},
    {AT(authorization, resource), TEXT(URL_MAX), .optional = true},
    {AT(authorization, token_url), TEXT(URL_MAX), .optional = true},
    {AT(authorization, revocation_url), TEXT(URL_MAX), .optional = true},
    {AT(authorization, asked_scope), TEXT(NOTE_MAX), .optional = true},
    {AT(authorization, scope), TEXT(NOTE_MAX), .optional = true},
    {AT(authorization, missing_scope), TEXT(NOTE_MAX), .optional = true},
    {AT(authorization, note), TEXT(TEXT_MAX), .optional = true},
};
static const struct store_column bearer[] = {
    {AT(bearer, server), ID, .fixed = true},
    {AT(bearer, authorization), ID, .fixed = true, .unique = true},
    {AT(bearer, access), BYTES(JSON_MAX), .secret = true},
    {AT(bearer, refresh), BYTES(JSON_MAX), .optional = true, .secret = true},
    {AT(bearer, obtained_ms), NUMBER},
    {AT(bearer, expires_ms), NUMBER},
};
static const struct store_column policy[] = {
    {AT(policy, name), TEXT(NAME_MAX_BYTES), .check = is_name, .unique = true},
    {AT(policy, note), TEXT(NOTE_MAX)},
    {AT(policy, latest), NUMBER},
};
static const struct store_column policy_version[] = {
    {AT(policy_version, policy), ID},
    {AT(policy_version, number), NUMBER},
    {AT(policy_version, author), TEXT(TEXT_MAX)},
    {AT(policy_version, note), TEXT(NOTE_MAX)},
    {AT(policy_version, document), BYTES(BULK_MAX), .bulk = true},
};
static const struct store_column grant[] = {
    {AT(grant, label), TEXT(TEXT_MAX), .check = is_line, .unique = true},
    {AT(grant, tags), TEXT(JSON_MAX), .json = JSON_ARRAY},
    {AT(grant, mode), WORD(store_mode_words)},
    {AT(grant, expires_ms), NUMBER},
    {AT(grant, revoked_ms), NUMBER},
    {AT(grant, used_ms), NUMBER},
    {AT(grant, owner), ID, .optional = true, .fixed = true},
    {AT(grant, paused_ms), NUMBER},
    {AT(grant, paused_why), TEXT(TEXT_MAX)},
};
static const struct store_column grant_token[] = {
    {AT(grant_token, grant), ID, .fixed = true},
    {AT(grant_token, token), HASH, .fixed = true, .secret = true, .unique = true,
     .everywhere = true},
    {AT(grant_token, expires_ms), NUMBER},
};
static const struct store_column reach[] = {
    {AT(reach, grant), ID, .fixed = true},
    {AT(reach, server), ID, .fixed = true},
    {AT(reach, policy), ID, .optional = true},
    {AT(reach, number), NUMBER},
};
static const struct store_column provider[] = {
    {AT(provider, name), TEXT(NAME_MAX_BYTES), .check = is_name, .unique = true},
    {AT(provider, title), TEXT(TEXT_MAX)},
    {AT(provider, issuer), TEXT(ISSUER_MAX), .check = is_line},
    {AT(provider, client), TEXT(TEXT_MAX), .check = is_line},
    {AT(provider, sealed), BYTES(JSON_MAX), .optional = true, .secret = true},
    {AT(provider, scopes), TEXT(TEXT_MAX)},
    {AT(provider, domains), TEXT(JSON_MAX), .json = JSON_ARRAY},
    {AT(provider, claim), TEXT(256)},
    {AT(provider, claim_value), TEXT(TEXT_MAX)},
    {AT(provider, role), WORD(store_role_words)},
    {AT(provider, disabled), FLAG},
};
static const struct store_column override[] = {
    {AT(override, server), ID, .fixed = true},
    {AT(override, tool), TEXT(256), .fixed = true},
    {AT(override, category), WORD(store_category_words)},
    {AT(override, note), TEXT(NOTE_MAX)},
    {AT(override, author), TEXT(TEXT_MAX)},
};
static const struct store_column definition[] = {
    {AT(definition, server), ID, .fixed = true},
    {AT(definition, tool), TEXT(256), .fixed = true},
    {AT(definition, print), HASH, .fixed = true},
    {AT(definition, state), WORD(store_looked_words)},
    {AT(definition, text), BYTES(BULK_MAX), .bulk = true},
    {AT(definition, note), TEXT(NOTE_MAX)},
    {AT(definition, author), TEXT(TEXT_MAX)},
};
static const struct store_column sighting[] = {
    {AT(sighting, server), ID, .fixed = true},
    {AT(sighting, tool), TEXT(256), .fixed = true},
    {AT(sighting, print), HASH},
    {AT(sighting, text), BYTES(BULK_MAX), .bulk = true},
};
static const struct store_column question[] = {
    {AT(question, grant), PARTY, .fixed = true},
    {AT(question, grant_label), TEXT(TEXT_MAX), .fixed = true},
    {AT(question, server), PARTY, .fixed = true},
    {AT(question, server_name), TEXT(TEXT_MAX), .fixed = true},
    {AT(question, tool), TEXT(TEXT_MAX), .fixed = true},
    {AT(question, client), TEXT(TEXT_MAX), .fixed = true},
    {AT(question, print), HASH, .fixed = true},
    {AT(question, arguments), BYTES(BULK_MAX), .optional = true, .secret = true, .bulk = true},
    {AT(question, policy), TEXT(TEXT_MAX), .fixed = true},
    {AT(question, policy_version), TEXT(NAME_MAX_BYTES), .fixed = true},
    {AT(question, rule), TEXT(NOTE_MAX), .fixed = true},
    {AT(question, reason), TEXT(NOTE_MAX), .fixed = true},
    {AT(question, category), TEXT(NAME_MAX_BYTES), .fixed = true},
    {AT(question, severity), TEXT(NAME_MAX_BYTES), .fixed = true},
    {AT(question, facts), TEXT(JSON_MAX), .json = JSON_OBJECT, .fixed = true},
    {AT(question, state), WORD(store_question_words)},
    {AT(question, approvers), NUMBER},
    {AT(question, expires_ms), NUMBER},
    {AT(question, decided_ms), NUMBER},
    {AT(question, ran_ms), NUMBER},
    {AT(question, exception), ID, .optional = true},
    {AT(question, note), TEXT(NOTE_MAX)},
};
static const struct store_column vote[] = {
    {AT(vote, question), ID, .fixed = true},
    {AT(vote, member), ID, .fixed = true},
    {AT(vote, label), TEXT(TEXT_MAX), .fixed = true},
    {AT(vote, yes), FLAG},
    {AT(vote, note), TEXT(NOTE_MAX)},
};
static const struct store_column exception[] = {
    {AT(exception, grant), PARTY, .fixed = true},
    {AT(exception, grant_label), TEXT(TEXT_MAX), .fixed = true},
    {AT(exception, server), PARTY, .fixed = true},
    {AT(exception, server_name), TEXT(TEXT_MAX), .fixed = true},
    {AT(exception, tool), TEXT(TEXT_MAX), .fixed = true},
    {AT(exception, print), HASH, .fixed = true},
    {AT(exception, most_uses), NUMBER},
    {AT(exception, uses), NUMBER},
    {AT(exception, expires_ms), NUMBER},
    {AT(exception, revoked_ms), NUMBER},
    {AT(exception, author), TEXT(TEXT_MAX)},
    {AT(exception, question), ID, .optional = true, .fixed = true},
    {AT(exception, note), TEXT(NOTE_MAX)},
};
static const struct store_column channel[] = {
    {AT(channel, name), TEXT(NAME_MAX_BYTES), .check = is_name, .unique = true},
    {AT(channel, kind), WORD(store_channel_words)},
    {AT(channel, address), TEXT(JSON_MAX), .check = is_line},
    {AT(channel, sealed), BYTES(JSON_MAX), .optional = true, .secret = true},
    {AT(channel, events), TEXT(JSON_MAX), .json = JSON_ARRAY},
    {AT(channel, arguments), FLAG},
    {AT(channel, disabled), FLAG},
};
static const struct store_column notice[] = {
    {AT(notice, channel), ID, .fixed = true},
    {AT(notice, event), TEXT(NAME_MAX_BYTES), .fixed = true},
    {AT(notice, object), ID, .fixed = true},
    {AT(notice, body), TEXT(JSON_MAX), .fixed = true},
    {AT(notice, attempts), NUMBER},
    {AT(notice, next_ms), NUMBER},
    {AT(notice, last_error), TEXT(TEXT_MAX)},
};
static const struct store_column contact[] = {
    {AT(contact, name), TEXT(TEXT_MAX), .fixed = true, .optional = true, .secret = true},
    {AT(contact, email), TEXT(320), .check = is_email, .fixed = true, .secret = true},
    {AT(contact, text), TEXT(NOTE_MAX), .fixed = true, .secret = true},
    {AT(contact, done_ms), NUMBER},
    {AT(contact, done_by), TEXT(TEXT_MAX)},
};
#define KEPT(place, title)                                                                         \
    {.name = title "_said", .offset = offsetof(struct store_retention, kept[place].said), FLAG},   \
        {.name = title, .offset = offsetof(struct store_retention, kept[place].value), NUMBER},    \
        {.name = title "_next",                                                                    \
         .offset = offsetof(struct store_retention, kept[place].next),                             \
         NUMBER},                                                                                  \
    {                                                                                              \
        .name = title "_due_ms", .offset = offsetof(struct store_retention, kept[place].due_ms),   \
        NUMBER                                                                                     \
    }
static const struct store_column retention[] = {
    KEPT(STORE_LOG_KEEP_MS, "log_keep_ms"),
    KEPT(STORE_LOG_KEEP_BYTES, "log_keep_bytes"),
    KEPT(STORE_AUDIT_KEEP_MS, "audit_keep_ms"),
};
static const struct store_column request[] = {
    {AT(request, key), TEXT(TEXT_MAX), .fixed = true, .unique = true},
    {AT(request, fingerprint), HASH, .fixed = true},
    {AT(request, status), NUMBER},
    {AT(request, answer), BYTES(ANSWER_MAX), .bulk = true},
    {AT(request, expires_ms), NUMBER},
};
static const struct store_column audit[] = {
    {AT(audit, sequence), NUMBER}, {AT(audit, actor_kind), WORD(store_actor_words)},
    {AT(audit, actor), ID},        {AT(audit, action), TEXT(NAME_MAX_BYTES)},
    {AT(audit, object), ID},       {AT(audit, line), BYTES(BULK_MAX)},
    {AT(audit, link), BYTES(32)},
};

#define TABLE(record, id_prefix, parent_column, used_column)                                       \
    .name = #record, .prefix = (id_prefix), .size = sizeof(struct store_##record),                 \
    .columns = record, .count = sizeof record / sizeof *record, .parent = (parent_column),         \
    .used = (used_column)

const struct store_table store_tables[STORE_KINDS] = {
    [STORE_ORGANISATION] = {TABLE(organisation, "org", -1, -1)},
    [STORE_MEMBER] = {TABLE(member, "mem", -1, 6)},
    [STORE_INVITATION] = {TABLE(invitation, "inv", -1, -1)},
    [STORE_API_KEY] = {TABLE(api_key, "key", -1, 6)},
    [STORE_SESSION] = {TABLE(session, "ses", 0, 5)},
    [STORE_SERVER] = {TABLE(server, "srv", -1, -1)},
    [STORE_CREDENTIAL] = {TABLE(credential, "crd", 0, -1)},
    [STORE_AUTHORIZATION] = {TABLE(authorization, "aut", 0, -1)},
    [STORE_BEARER] = {TABLE(bearer, "bea", 0, -1), .unaudited = true},
    [STORE_POLICY] = {TABLE(policy, "pol", -1, -1)},
    [STORE_POLICY_VERSION] = {TABLE(policy_version, "ver", 0, -1), .constant = true},
    [STORE_GRANT] = {TABLE(grant, "grt", -1, 5)},
    [STORE_GRANT_TOKEN] = {TABLE(grant_token, "tok", 0, -1)},
    [STORE_REACH] = {TABLE(reach, "rch", 0, -1)},
    [STORE_PROVIDER] = {TABLE(provider, "idp", -1, -1)},
    [STORE_OVERRIDE] = {TABLE(override, "ovr", 0, -1)},
    [STORE_DEFINITION] = {TABLE(definition, "def", 0, -1)},
    [STORE_SIGHTING] = {TABLE(sighting, "sgt", 0, -1), .unaudited = true},
    [STORE_QUESTION] = {TABLE(question, "apr", 0, -1)},
    [STORE_VOTE] = {TABLE(vote, "vot", 0, -1)},
    [STORE_EXCEPTION] = {TABLE(exception, "exc", 0, -1)},
    [STORE_CHANNEL] = {TABLE(channel, "chn", -1, -1)},
    [STORE_NOTICE] = {TABLE(notice, "ntc", 0, -1), .unaudited = true},
    [STORE_CONTACT] = {TABLE(contact, "con", -1, -1)},
    [STORE_RETENTION] = {TABLE(retention, "ret", -1, -1)},
    [STORE_REQUEST] = {TABLE(request, "req", -1, -1), .quiet = true},
    [STORE_AUDIT] = {TABLE(audit, "adt", 4, -1), .constant = true, .quiet = true},
};
