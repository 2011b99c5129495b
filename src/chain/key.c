// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "chain/chain.h"
#include "base/memory.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

struct chain_key {
    EVP_PKEY *pkey; // owned
    unsigned char public[CHAIN_PUBLIC_SIZE];
    char id[CHAIN_KEY_ID_SIZE];
};

// Takes the key over, also on failure. NULL when it is none for Ed25519.
static struct chain_key *wrap(EVP_PKEY *pkey)
{
    struct chain_key *key = memory_new(sizeof *key);
    unsigned char digest[32];
    size_t size = sizeof key->public;
    key->pkey = pkey;
    if (pkey == NULL || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(pkey, key->public, &size) != 1 || size != sizeof key->public ||
        EVP_Digest(key->public, size, digest, NULL, EVP_sha256(), NULL) != 1) {
        chain_key_free(key);
        return NULL;
    }
    chain_write_hex(digest, CHAIN_KEY_ID_SIZE / 2, key->id);
    return key;
}

struct chain_key *chain_key_make(void)
{
    return wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

struct chain_key *chain_key_from_public(const unsigned char bytes[CHAIN_PUBLIC_SIZE])
{
    return wrap(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, CHAIN_PUBLIC_SIZE));
}

void chain_key_free(struct chain_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    memory_free(key);
}

const char *chain_key_id(const struct chain_key *key)
{
    return key->id;
}

const unsigned char *chain_key_public(const struct chain_key *key)
{
    return key->public;
}

int chain_key_sign(const struct chain_key *key, struct slice text,
                   unsigned char ret[CHAIN_SIGNATURE_SIZE])
{
    size_t size = CHAIN_SIGNATURE_SIZE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
        EVP_DigestSign(context, ret, &size, (const unsigned char *)text.data, text.length) == 1 &&
        size == CHAIN_SIGNATURE_SIZE;
    EVP_MD_CTX_free(context);
    return good ? 0 : ERROR_INTERNAL;
}

bool chain_key_verifies(const struct chain_key *key, struct slice text,
                        const unsigned char signature[CHAIN_SIGNATURE_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestVerify(context, signature, CHAIN_SIGNATURE_SIZE,
                                 (const unsigned char *)text.data, text.length) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

// ---- Its files

static int no_phrase(char *buffer, int size, int writing, void *argument)
{
    (void)buffer, (void)size, (void)writing, (void)argument;
    return -1; // nobody is there to be asked
}

int chain_key_read(const char *path, struct chain_key **ret, struct error *error)
{
    FILE *file = fopen(path, "re");
    *ret = NULL;
    if (file == NULL)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "cannot read the signing key '%s': %s", path, strerror(errno));
    *ret = wrap(PEM_read_PrivateKey(file, NULL, no_phrase, NULL));
    fclose(file);
    return *ret != NULL
               ? 0
               : error_set(error, ERROR_CONFIG,
                           "'%s' holds no private key for Ed25519 in PEM without a pass phrase",
                           path);
}

// A file of another name beside the path, so that nobody ever sees half a key.
static FILE *make_beside(const char *path, mode_t mode, char name[PATH_MAX])
{
    char unique[17];
    random_hex(unique, 8);
    int length = snprintf(name, PATH_MAX, "%s.%s", path, unique);
    if (length < 0 || length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

static bool finish(FILE *file, bool written)
{
    bool good = written && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && good;
}

// ERROR_EXISTS when another process was faster.
static int write_private(const char *path, const struct chain_key *key, struct error *error)
{
    char name[PATH_MAX];
    FILE *file = make_beside(path, 0600, name);
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot make the signing key '%s': %s", path,
                         strerror(errno));
    int result = 0;
    if (!finish(file, PEM_write_PKCS8PrivateKey(file, key->pkey, NULL, NULL, 0, NULL, NULL) == 1))
        result = error_set(error, ERROR_IO, "cannot write the signing key '%s'", path);
    else if (link(name, path) != 0)
        result = error_set(error, errno == EEXIST ? ERROR_EXISTS : ERROR_IO,
                           "cannot make the signing key '%s': %s", path, strerror(errno));
    unlink(name);
    return result;
}

static bool is_public(const char *path, const struct chain_key *key)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    EVP_PKEY *pkey = PEM_read_PUBKEY(file, NULL, no_phrase, NULL);
    bool same = pkey != NULL && EVP_PKEY_eq(pkey, key->pkey) == 1;
    EVP_PKEY_free(pkey);
    fclose(file);
    return same;
}

int chain_key_export(const char *path, const struct chain_key *key, struct error *error)
{
    char name[PATH_MAX], public[PATH_MAX];
    int length = snprintf(public, sizeof public, "%s.pub", path);
    if (length < 0 || (size_t)length >= sizeof public)
        return error_set(error, ERROR_IO, "'%s.pub' is too long a name", path);
    if (is_public(public, key))
        return 0;
    FILE *file = make_beside(path, 0644, name);
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot make the public key '%s.pub': %s", path,
                         strerror(errno));
    bool good = finish(file, PEM_write_PUBKEY(file, key->pkey) == 1) && rename(name, public) == 0;
    if (!good)
        unlink(name);
    return good ? 0 : error_set(error, ERROR_IO, "cannot write the public key '%s.pub'", path);
}

// Made by another process in the meantime: then that one is taken.
static int make_key(const char *path, struct chain_key **ret, bool *ret_made, struct error *error)
{
    struct chain_key *key = chain_key_make();
    if (key == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for a signing key");
    int result = write_private(path, key, error);
    if (result == 0)
        result = chain_key_export(path, key, error);
    if (result == 0) {
        *ret = key;
        *ret_made = true;
        return 0;
    }
    chain_key_free(key);
    return result == ERROR_EXISTS ? chain_key_read(path, ret, error) : result;
}

int chain_key_open(const char *path, struct chain_key **ret, bool *ret_made, struct error *error)
{
    struct error ignored;
    *ret_made = false;
    int result = chain_key_read(path, ret, error);
    if (result == ERROR_NOT_FOUND)
        return make_key(path, ret, ret_made, error);
    // A key may have been put where nothing else can be written.
    if (result == 0 && chain_key_export(path, *ret, &ignored) != 0)
        return 0;
    return result;
}
