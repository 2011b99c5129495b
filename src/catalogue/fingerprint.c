// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.h"

#include <openssl/evp.h>

int catalogue_fingerprint(const struct json_doc *doc, uint32_t node, struct buffer *scratch,
                          unsigned char ret[CATALOGUE_FINGERPRINT_SIZE])
{
    static const char *const without[] = {"_meta", "execution", NULL};
    unsigned int length = 0;
    buffer_clear(scratch);
    int result = json_write_canonical_without(scratch, doc, node, without);
    if (result != 0)
        return result;
    struct slice text = buffer_slice(scratch);
    return EVP_Digest(text.data, text.length, ret, &length, EVP_sha256(), NULL) == 1 &&
                   length == CATALOGUE_FINGERPRINT_SIZE
               ? 0
               : ERROR_NO_MEMORY;
}
