// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    return key;
}

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// `names` NULL: an authority, signed by itself.
static X509 *sign(const char *common_name, const char *names, EVP_PKEY *key, X509 *issuer,
                  EVP_PKEY *issuer_key, long from, long until)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1,
                               -1, 0);
    X509_set_issuer_name(certificate, issuer == NULL ? subject : X509_get_subject_name(issuer));
    if (names == NULL)
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    else
        add_extension(certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    PEM_write_X509(file, certificate);
    fclose(file);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct authority make_authority(const char *name, const char *path)
{
    struct authority a = {.key = new_key()};
    a.certificate = sign(name, NULL, a.key, NULL, a.key, -4000000, 4000000);
    write_certificate(path, a.certificate);
    return a;
}

static void free_authority(struct authority *a)
{
    X509_free(a->certificate);
    EVP_PKEY_free(a->key);
}

static void make_leaf(const struct authority *a, const char *names, long from, long until,
                      const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = new_key();
    X509 *leaf = sign("leaf", names, key, a->certificate, a->key, from, until);
    write_certificate(certificate_path, leaf);
    write_key(key_path, key);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

void certificates_make(struct certificates *c)
{
    snprintf(c->folder, sizeof c->folder, "/tmp/sallyport-tls-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
#define NAME(field) snprintf(c->field, sizeof c->field, "%s/" #field ".pem", c->folder)
    NAME(authority);
    NAME(other_authority);
    NAME(certificate);
    NAME(key);
    NAME(wrong_certificate);
    NAME(wrong_key);
    NAME(expired_certificate);
    NAME(expired_key);
#undef NAME
    struct authority a = make_authority("test authority", c->authority);
    struct authority other = make_authority("another authority", c->other_authority);
    make_leaf(&a, "DNS:localhost,IP:127.0.0.1", -3600, 3600, c->certificate, c->key);
    make_leaf(&a, "DNS:elsewhere.example", -3600, 3600, c->wrong_certificate, c->wrong_key);
    make_leaf(&a, "DNS:localhost,IP:127.0.0.1", -7200, -3600, c->expired_certificate,
              c->expired_key);
    free_authority(&a);
    free_authority(&other);
}

void certificates_remove(struct certificates *c)
{
    unlink(c->authority);
    unlink(c->other_authority);
    unlink(c->certificate);
    unlink(c->key);
    unlink(c->wrong_certificate);
    unlink(c->wrong_key);
    unlink(c->expired_certificate);
    unlink(c->expired_key);
    rmdir(c->folder);
}
