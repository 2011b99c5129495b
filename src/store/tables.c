// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the records consist of: one row for each column. Statements, bounds and the admin audit are
// made from these; the schema itself is in sqlite/records.sql.
#include "store/store_internal.h"

#include "base/random.h"
#include "json/json.h"

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

// 0, ERROR_RANGE or ERROR_NO_MEMORY.
static int check_json(struct slice value, enum json_type type)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, value, NULL, NULL, NULL);
    bool good = result == 0 && json_type(&doc, 0) == type;
    for (uint32_t item = good && type == JSON_ARRAY ? json_first_element(&doc, 0) : JSON_NONE;
         item != JSON_NONE; item = json_next_element(&doc, 0, item))
        good = good && json_type(&doc, item) == JSON_STRING;
    json_doc_release(&doc);
    if (result == ERROR_NO_MEMORY)
        return result;
    return good ? 0 : ERROR_RANGE;
}

// ---- Columns

#define AT(record, member) .name = #member, .offset = offsetof(struct store_##record, member)
#define TEXT(size) .kind = COLUMN_TEXT, .most = (size)
#define ID TEXT(NAME_MAX_BYTES)
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
    [STORE_REQUEST] = {TABLE(request, "req", -1, -1), .quiet = true},
    [STORE_AUDIT] = {TABLE(audit, "adt", 4, -1), .constant = true, .quiet = true},
};

// ---- Values

int64_t store_number(const struct store_head *record, const struct store_column *column)
{
    const char *at = (const char *)record + column->offset;
    unsigned word;
    int64_t number;
    switch (column->kind) {
    case COLUMN_FLAG: return *(const bool *)at;
    case COLUMN_WORD: memcpy(&word, at, sizeof word); return word;
    default: memcpy(&number, at, sizeof number); return number;
    }
}

void store_set_number(struct store_head *record, const struct store_column *column, int64_t value)
{
    char *at = (char *)record + column->offset;
    unsigned word = (unsigned)value;
    bool flag = value != 0;
    switch (column->kind) {
    case COLUMN_FLAG: memcpy(at, &flag, sizeof flag); break;
    case COLUMN_WORD: memcpy(at, &word, sizeof word); break;
    default: memcpy(at, &value, sizeof value); break;
    }
}

bool store_same(const struct store_head *a, const struct store_head *b,
                const struct store_column *column)
{
    return store_is_text(column) ? slice_equal(*store_text(a, column), *store_text(b, column))
                                 : store_number(a, column) == store_number(b, column);
}

static const char *text_is_wrong(struct slice value, const struct store_column *column)
{
    if (value.length > column->most)
        return "is too long";
    if (value.length == 0 && column->optional)
        return NULL;
    if (column->kind == COLUMN_TEXT && value.length > 0 &&
        memchr(value.data, '\0', value.length) != NULL)
        return "holds a NUL";
    return column->check != NULL && !column->check(value) ? "is not what it must be" : NULL;
}

static const char *number_is_wrong(int64_t number, const struct store_column *column)
{
    int64_t words = 0;
    while (column->kind == COLUMN_WORD && column->words[words] != NULL)
        words++;
    bool wrong = number < 0 || (column->kind == COLUMN_WORD && number >= words);
    return wrong ? "is out of range" : NULL;
}

static int check_column(const struct store_table *table, const struct store_head *record,
                        const struct store_column *column, struct error *error)
{
    bool text = store_is_text(column);
    struct slice value = text ? *store_text(record, column) : (struct slice){0};
    const char *why =
        text ? text_is_wrong(value, column) : number_is_wrong(store_number(record, column), column);
    if (why == NULL && column->json != JSON_NULL && !(value.length == 0 && column->optional)) {
        int result = check_json(value, column->json);
        if (result == ERROR_NO_MEMORY)
            return error_set(error, result, "out of memory");
        why = result == 0                   ? NULL
              : column->json == JSON_OBJECT ? "is not a JSON object"
                                            : "is not a JSON array of strings";
    }
    if (why == NULL)
        return 0;
    return error_set(error, ERROR_RANGE, "'%s' of a %s %s", column->name, table->name, why);
}

int store_check(const struct store_table *table, const struct store_head *record,
                struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < table->count && result == 0; i++)
        result = check_column(table, record, &table->columns[i], error);
    return result;
}

// 48 bits of time, then 80 random ones, five bits a digit (without i, l, o and u).
void store_new_id(const struct store_table *table, int64_t now_ms, struct arena *arena,
                  struct slice *ret)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    char text[27] = {0};
    unsigned char noise[16];
    uint64_t time = (uint64_t)now_ms;
    random_bytes(noise, sizeof noise);
    for (size_t i = 10; i-- > 0; time >>= 5)
        text[i] = digits[time & 31];
    for (size_t i = 0; i < 16; i++)
        text[10 + i] = digits[noise[i] & 31];
    *ret = arena_format(arena, "%s_%s", table->prefix, text);
}
