// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Characters of UTF-8, for those who show people what strangers wrote. Pure.
#pragma once

#include "base/slice.h"

// The character at the start of a text that is not empty, and its bytes: 0 for ASCII and for what
// is no UTF-8.
size_t text_decode(struct slice text, uint32_t *ret);
// Does nobody see this character, or does it change the order of others? The joiners of emoji and
// of several scripts are left alone, and so are variation selectors.
bool text_is_unseen(uint32_t code);
