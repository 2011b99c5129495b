// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Credentials and personal data in texts, by the forms that they have. Pure; any thread. What is
// found and what is missed: docs/policy.md, "Secrets" and "Personal data".
#pragma once

#include "base/slice.h"

// Bits of what is looked for.
enum detect_kind {
    DETECT_SECRET = 1 << 0, // keys, tokens, passwords: data/secrets/forms.txt, and by their names
    DETECT_EMAIL = 1 << 1,
    DETECT_PHONE = 1 << 2,       // with a country's number in front, or as written in North America
    DETECT_CARD = 1 << 3,        // payment cards that pass the check of their last digit
    DETECT_IBAN = 1 << 4,        // bank accounts that pass the check of theirs
    DETECT_SSN = 1 << 5,         // social security numbers of the United States, with dashes
    DETECT_NATIONAL_ID = 1 << 6, // of countries whose numbers can be checked
    DETECT_IP = 1 << 7,          // IPv4 and IPv6 addresses but those of the own machine
};
enum { DETECT_PERSONAL = 0xFE, DETECT_ALL = 0xFF };

struct detect_finding {
    enum detect_kind kind;
    size_t start, length; // bytes; never 0
};

// Places that were looked at closely, of all texts that are inspected for one purpose; none at
// first. Most of a text is passed over at a few bytes a nanosecond, a place takes 10 to 300 ns.
enum { DETECT_LOOKS_MAX = 500000 };
struct detect_work {
    uint32_t looks;
};

// DETECT_GIVEN_UP: there are more than DETECT_LOOKS_MAX such places, so that it is not known what
// else the text holds.
enum detect_result { DETECT_NONE, DETECT_FOUND, DETECT_GIVEN_UP };

// The first finding of one of `kinds` (bits) that begins at or behind `from`. A text may hold any
// bytes; what a JSON text writes with a backslash (JSON inside of JSON) counts as the end of a
// word.
enum detect_result detect_find(struct slice text, unsigned kinds, size_t from,
                               struct detect_work *work, struct detect_finding *ret);

// May a member's name make its value a secret ("password", "token")? And does it this one: behind
// "token" only something random is.
bool detect_may_name_secret(struct slice name);
bool detect_names_secret(struct slice name, struct slice value);

// The word for one kind ("email"), and back: 0 when there is none of that name. "secret" is none of
// them.
const char *detect_kind_word(enum detect_kind kind);
extern const char *const detect_personal_words[]; // in the order of the bits; NULL-terminated
