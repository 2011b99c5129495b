// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A request from the wire: however its bytes are cut it must be judged the same, and every slice
// must lie inside the head.
#include "http_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_reading whole, pieces;
    if (size == 0 || size > SIZE_LIMIT)
        return 0;
    struct slice all = slice_of((const char *)data, size);
    http_read_ours(true, all, size, &whole);
    http_read_ours(true, all, 1, &pieces);
    http_must(whole.status == pieces.status && whole.code == pieces.code);
    if (whole.status == READING_WHOLE)
        http_readings_must_agree(&whole, &pieces);
    http_reading_release(&whole);
    http_reading_release(&pieces);
    return 0;
}
