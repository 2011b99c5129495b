// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes as text: base64 (RFC 4648) and hexadecimal digits. Reading is strict: one value has one
// text, but for the case of hexadecimal digits.
#pragma once

#include "base/slice.h"

enum codec_base64 {
    CODEC_BASE64,     // section 4, padded with '='
    CODEC_BASE64_URL, // section 5, with '-' and '_', not padded
};

// The longest text of so many bytes, without a NUL.
#define CODEC_BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)
// The most bytes that a text of this length stands for.
#define CODEC_BASE64_BYTES(length) (((length) + 3) / 4 * 3)

// Writes the text without a NUL and returns its length. `ret` has room for CODEC_BASE64_LENGTH.
size_t codec_write_base64(struct slice bytes, enum codec_base64 kind, char *ret);
// False: malformed, not canonical (bits that belong to no byte are not 0, padding that should not
// be there or is missing), or more than `room` bytes. `ret` may have been written to then.
bool codec_read_base64(struct slice text, enum codec_base64 kind, void *ret, size_t room,
                       size_t *ret_length);

// Exactly 2 * size digits, of either case. False: anything else.
bool codec_read_hex(struct slice text, unsigned char *ret, size_t size);
