// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: a fresh authority and certificates signed by it, as PEM files in a folder of their
// own.
#pragma once

#include <stdbool.h>

struct certificates {
    char folder[64];
    char authority[96];                            // to trust
    char other_authority[96];                      // signed nothing here
    char certificate[96], key[96];                 // for localhost and 127.0.0.1
    char wrong_certificate[96], wrong_key[96];     // for elsewhere.example
    char expired_certificate[96], expired_key[96]; // for localhost, long ago
};
void certificates_make(struct certificates *c);
void certificates_remove(struct certificates *c);
