// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes: our verdict and value against simdjson's (test/unit/json/oracle.h). What we refuse on
// purpose is told by kind there.
#include "unit/json/oracle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oracle *oracle = oracle_new();
    if (oracle_compare_simdjson(oracle, slice_of((const char *)data, size)) == ORACLE_DISAGREE)
        abort();
    oracle_free(oracle);
    return 0;
}
