// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pass over a text: a sieve for each block (sieve.c), then a closer look at what it left.
#include "detect/detect_internal.h"

const uint8_t detect_classes[256] = {
    ['0' ... '9'] = CLASS_D,     ['A' ... 'F'] = CLASS_UPPER | CLASS_HEX_UPPER,
    ['G' ... 'Z'] = CLASS_UPPER, ['a' ... 'f'] = CLASS_LOWER | CLASS_HEX_LOWER,
    ['g' ... 'z'] = CLASS_LOWER, ['_'] = CLASS_DASH,
    ['-'] = CLASS_DASH,          ['+'] = CLASS_SIGN,
    ['/'] = CLASS_SIGN,          ['='] = CLASS_SIGN,
    ['.'] = CLASS_DOT,           ['~'] = CLASS_DOT,
};

const char *const detect_personal_words[] = {"email", "phone",       "card", "iban",
                                             "ssn",   "national_id", "ip",   NULL};

const char *detect_kind_word(enum detect_kind kind)
{
    for (int i = 0; detect_personal_words[i] != NULL; i++)
        if (kind == (enum detect_kind)(DETECT_EMAIL << i))
            return detect_personal_words[i];
    return "secret";
}

static bool is_escape(struct slice text, size_t at)
{
    enum { UNICODE = 6 }; // \u0022
    if (at >= 2 && text.data[at - 2] == '\\' && memchr("nrtbf", text.data[at - 1], 5) != NULL)
        return true;
    return at >= UNICODE && text.data[at - UNICODE] == '\\' && text.data[at - UNICODE + 1] == 'u' &&
           detect_run(text, at - 4, CLASS_H) >= 4;
}

bool detect_begins(struct slice text, size_t at, unsigned classes)
{
    return at == 0 || !detect_is(text.data[at - 1], classes) || is_escape(text, at);
}

typedef size_t (*detector_cb)(struct slice text, size_t at, size_t *ret_start);

static const struct candidate {
    enum detect_kind kind;
    detector_cb look;
} candidates[SIEVE_PLACES] = {
    [SIEVE_SECRETS] = {DETECT_SECRET, detect_secret_at},
    [SIEVE_EMAILS] = {DETECT_EMAIL, detect_email_at},
    [SIEVE_IBANS] = {DETECT_IBAN, detect_iban_at},
    [SIEVE_CARDS] = {DETECT_CARD, detect_card_at},
    [SIEVE_SSNS] = {DETECT_SSN, detect_ssn_at},
    [SIEVE_PHONES] = {DETECT_PHONE, detect_phone_at},
    [SIEVE_NATIONALS] = {DETECT_NATIONAL_ID, detect_national_at},
    [SIEVE_IPV4S] = {DETECT_IP, detect_ipv4_at},
    [SIEVE_IPV6S] = {DETECT_IP, detect_ipv6_at},
};

// What the sieve left: the first place first, and of two at one place the first kind.
static bool look_closer(const struct sieve *sieve, struct slice text, size_t block, size_t from,
                        struct detect_work *work, struct detect_finding *ret)
{
    uint64_t inside = SIEVE_INSIDE;
    bool found = false;
    for (size_t i = 0; i < SIEVE_PLACES; i++)
        for (uint64_t left = sieve->places[i] & inside; left != 0; left &= left - 1) {
            size_t at = block + (size_t)__builtin_ctzll(left) - SIEVE_BEFORE, start;
            size_t length = candidates[i].look(text, at, &start);
            work->looks++;
            // What an earlier finding already covered is not covered twice.
            if (length == 0 || start < from)
                continue;
            *ret = (struct detect_finding){candidates[i].kind, start, length};
            found = true;
            inside &= (left & -left) - 1; // the others only before it
            break;
        }
    return found;
}

// The block's bytes, in place or (at the text's ends) with zeros around them.
static const char *block_at(struct slice text, size_t at, char padded[SIEVE_BLOCK])
{
    if (at >= SIEVE_BEFORE && text.length - at >= SIEVE_BLOCK - SIEVE_BEFORE)
        return text.data + at - SIEVE_BEFORE;
    size_t skipped = at < SIEVE_BEFORE ? SIEVE_BEFORE - at : 0;
    size_t start = at - (SIEVE_BEFORE - skipped), room = SIEVE_BLOCK - skipped;
    memset(padded, 0, SIEVE_BLOCK);
    memcpy(padded + skipped, text.data + start,
           text.length - start < room ? text.length - start : room);
    return padded;
}

enum detect_result detect_find(struct slice text, unsigned kinds, size_t from,
                               struct detect_work *work, struct detect_finding *ret)
{
    for (size_t at = from; at < text.length; at += SIEVE_STEP) {
        char padded[SIEVE_BLOCK];
        struct sieve sieve;
        const char *block = block_at(text, at, padded);
        sieve_block(block, kinds, &sieve);
        if ((kinds & DETECT_SECRET) != 0)
            sieve.places[SIEVE_SECRETS] = detect_secrets_of(block, &sieve);
        bool found = look_closer(&sieve, text, at, from, work, ret);
        if (work->looks > DETECT_LOOKS_MAX)
            return DETECT_GIVEN_UP;
        if (found)
            return DETECT_FOUND;
    }
    return DETECT_NONE;
}
