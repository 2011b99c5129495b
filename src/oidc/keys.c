// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oidc/oidc_internal.h"

#include "base/memory.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

enum { ARENA_ROOM = 64 * 1024, DEPTH_MAX = 16, COORDINATE = 32 };

static struct slice text_of(const struct json_doc *doc, uint32_t object, const char *name,
                            struct arena *arena)
{
    uint32_t node = json_get(doc, object, name);
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return slice_of(NULL, 0);
    return json_string(doc, node, arena);
}

static struct slice bytes_of(const struct json_doc *doc, uint32_t object, const char *name,
                             struct arena *arena)
{
    struct slice text = text_of(doc, object, name, arena);
    return text.data == NULL ? text : oidc_decode(text, arena);
}

static EVP_PKEY *make(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

// The numbers must outlive the making of the parameters, no longer.
static EVP_PKEY *make_rsa(struct slice modulus, struct slice exponent)
{
    EVP_PKEY *key = NULL;
    if (modulus.length == 0 || modulus.length > OIDC_RSA_MOST / 8 || exponent.length == 0 ||
        exponent.length > 8)
        return NULL;
    BIGNUM *n = BN_bin2bn((const unsigned char *)modulus.data, (int)modulus.length, NULL);
    BIGNUM *e = BN_bin2bn((const unsigned char *)exponent.data, (int)exponent.length, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (n != NULL && e != NULL && build != NULL && BN_num_bits(n) >= OIDC_RSA_LEAST &&
        BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
        key = make("RSA", params);
        OSSL_PARAM_free(params);
    }
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

// OpenSSL refuses a point that is not on the curve.
static EVP_PKEY *make_p256(struct slice x, struct slice y)
{
    unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[] = "P-256";
    if (x.length != COORDINATE || y.length != COORDINATE)
        return NULL;
    memcpy(point + 1, x.data, COORDINATE);
    memcpy(point + 1 + COORDINATE, y.data, COORDINATE);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    return make("EC", params);
}

static EVP_PKEY *make_ed25519(struct slice x)
{
    return x.length == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                        (const unsigned char *)x.data, x.length)
                          : NULL;
}

// Which algorithms its kind of key can do; the set may say that it is for one of them only.
static void set_fits(struct oidc_key *key, struct slice kind, struct slice algorithm)
{
    enum oidc_algorithm only;
    key->fits[OIDC_RS256] = key->fits[OIDC_PS256] = slice_equal_string(kind, "RSA");
    key->fits[OIDC_ES256] = slice_equal_string(kind, "EC");
    key->fits[OIDC_EDDSA] = slice_equal_string(kind, "OKP");
    if (algorithm.data == NULL)
        return;
    bool known = oidc_algorithm_of(algorithm, &only);
    for (int i = 0; i < OIDC_ALGORITHMS; i++)
        key->fits[i] = key->fits[i] && known && i == (int)only;
}

static void add_key(struct oidc_keys *keys, const struct json_doc *doc, uint32_t node)
{
    struct arena *arena = &keys->arena;
    struct slice kind = text_of(doc, node, "kty", arena), curve = text_of(doc, node, "crv", arena);
    struct slice use = text_of(doc, node, "use", arena), id = text_of(doc, node, "kid", arena);
    struct oidc_key *key = &keys->items[keys->count];
    *key = (struct oidc_key){.id = arena_copy(arena, id)};
    bool for_others = (use.data != NULL && !slice_equal_string(use, "sig")) ||
                      json_get(doc, node, "d") != JSON_NONE ||
                      json_get(doc, node, "k") != JSON_NONE;
    if (for_others || id.length > OIDC_KEY_ID_MAX)
        return;
    if (id.data == NULL)
        key->id.data = NULL;
    if (slice_equal_string(kind, "RSA"))
        key->key = make_rsa(bytes_of(doc, node, "n", arena), bytes_of(doc, node, "e", arena));
    else if (slice_equal_string(kind, "EC") && slice_equal_string(curve, "P-256"))
        key->key = make_p256(bytes_of(doc, node, "x", arena), bytes_of(doc, node, "y", arena));
    else if (slice_equal_string(kind, "OKP") && slice_equal_string(curve, "Ed25519"))
        key->key = make_ed25519(bytes_of(doc, node, "x", arena));
    set_fits(key, kind, text_of(doc, node, "alg", arena));
    keys->count += key->key != NULL;
}

int oidc_keys_read(struct slice text, struct oidc_keys **ret, struct error *error)
{
    const struct json_limits limits = {.depth = DEPTH_MAX, .nodes = 100000};
    struct json_doc doc;
    struct oidc_keys *keys = memory_try_new(sizeof *keys);
    if (keys == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    json_doc_init(&doc);
    int result = json_scan(&doc, text, &limits, NULL, NULL);
    uint32_t list = result == 0 ? json_get(&doc, 0, "keys") : JSON_NONE;
    if (result == ERROR_NO_MEMORY)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    else if (list == JSON_NONE || json_type(&doc, list) != JSON_ARRAY)
        result = error_set(error, ERROR_PROTOCOL, "the provider's keys are no JSON Web Key Set");
    if (result == 0) {
        arena_init(&keys->arena, 2 * text.length + ARENA_ROOM);
        for (uint32_t node = json_first_element(&doc, list);
             node != JSON_NONE && keys->count < OIDC_KEYS_MAX;
             node = json_next_element(&doc, list, node))
            add_key(keys, &doc, node);
        *ret = keys;
    } else {
        memory_free(keys);
    }
    json_doc_release(&doc);
    return result;
}

void oidc_keys_free(struct oidc_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++)
        EVP_PKEY_free(keys->items[i].key);
    arena_release(&keys->arena);
    memory_free(keys);
}

size_t oidc_keys_count(const struct oidc_keys *keys)
{
    return keys->count;
}
