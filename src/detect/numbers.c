// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Numbers of cards, accounts and people: each has a form, and most a digit that checks the others.
#include "detect/detect_internal.h"

static unsigned digit_of(char c)
{
    return (unsigned)(c - '0');
}

static unsigned read_number(const char *digits, size_t count)
{
    unsigned number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + digit_of(digits[i]);
    return number;
}

// ---- Payment cards
enum { CARD_MOST = 19 };

// ISO/IEC 7812: the last digit makes the sum a multiple of ten.
static bool passes_luhn(const char *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = digit_of(digits[count - 1 - i]);
        unsigned twice = digit * 2;
        sum += i % 2 == 0 ? digit : twice > 9 ? twice - 9 : twice;
    }
    return sum % 10 == 0;
}

// How many digits a card has that begins with these four; 0: none does.
static size_t card_length(unsigned first)
{
    unsigned two = first / 100, three = first / 10;
    if (two == 34 || two == 37) // American Express
        return 15;
    if (two == 36 || two == 38 || two == 39 || (three >= 300 && three <= 305)) // Diners Club
        return 14;
    bool sixteen = first / 1000 == 4 ||                               // Visa
                   (two >= 51 && two <= 55) ||                        // Mastercard
                   (first >= 2221 && first <= 2720) ||                //
                   (first >= 2200 && first <= 2204) ||                // Mir
                   first == 6011 || (three >= 644 && three <= 649) || // Discover
                   two == 65 || two == 62 ||                          // UnionPay
                   (first >= 3528 && first <= 3589) ||                // JCB
                   first == 5018 || first == 5020 || first == 5038 || // Maestro
                   first == 5893 || first == 6304 || first == 6759 || //
                   (first >= 6761 && first <= 6763);
    return sixteen ? 16 : 0;
}

// Groups of four, or of four, six and the rest: the separator, or '\0' for none.
static bool is_card_group(size_t length, size_t index, size_t run)
{
    if (length == 16)
        return run == 4;
    return index == 0 ? run == 4 : index == 1 ? run == 6 : run == length - 10;
}

// The digits, all in one or in groups with one separator. Where they end, or 0.
static size_t read_card(struct slice text, size_t at, size_t length, char digits[CARD_MOST])
{
    size_t run = detect_run(text, at, CLASS_D), count = 0, index = 0;
    if (run == length) {
        memcpy(digits, text.data + at, length);
        return at + length;
    }
    char separator = at + run < text.length ? text.data[at + run] : '\0';
    if (separator != ' ' && separator != '-')
        return 0;
    for (;; index++) {
        run = detect_run(text, at, CLASS_D);
        if (!is_card_group(length, index, run))
            return 0;
        memcpy(digits + count, text.data + at, run);
        count += run;
        at += run;
        if (count == length)
            break;
        if (at >= text.length || text.data[at++] != separator)
            return 0;
    }
    // One group more of the same size, and it is a row of other numbers.
    bool more =
        at < text.length && text.data[at] == separator && detect_run(text, at + 1, CLASS_D) == run;
    return more ? 0 : at;
}

// A number goes on in front or behind: decimals, identifiers.
static bool is_part_of_more(struct slice text, size_t start, size_t end)
{
    if (!detect_begins(text, start, CLASS_A) || detect_at(text, end, CLASS_A) ||
        (start > 0 && text.data[start - 1] == '_') || (end < text.length && text.data[end] == '_'))
        return true;
    if (start > 1 && strchr(".-", text.data[start - 1]) != NULL &&
        detect_is(text.data[start - 2], CLASS_A))
        return true;
    return end + 1 < text.length && strchr(".-", text.data[end]) != NULL &&
           detect_is(text.data[end + 1], CLASS_A);
}

size_t detect_card_at(struct slice text, size_t at, size_t *ret_start)
{
    char digits[CARD_MOST];
    size_t length = card_length(read_number(text.data + at, 4));
    size_t end = length == 0 ? 0 : read_card(text, at, length, digits);
    if (end == 0 || !passes_luhn(digits, length) || is_part_of_more(text, at, end))
        return 0;
    *ret_start = at;
    return end - at;
}

// ---- Bank accounts: ISO 13616
enum { IBAN_MOST = 34, IBAN_GROUP = 4 };

// Each country's letters and the length of its numbers.
static const char iban_countries[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

static size_t iban_length(const char *country)
{
    for (const char *at = iban_countries; *at != '\0'; at += 4)
        if (memcmp(at, country, 2) == 0)
            return read_number(at + 2, 2);
    return 0;
}

// The number without its spaces, of which one may follow each group of four. Where it ends, or 0.
static size_t read_iban(struct slice text, size_t at, size_t length, char out[IBAN_MOST])
{
    bool grouped = at + IBAN_GROUP < text.length && text.data[at + IBAN_GROUP] == ' ';
    for (size_t count = 0; count < length; count++) {
        if (grouped && count > 0 && count % IBAN_GROUP == 0 &&
            (at >= text.length || text.data[at++] != ' '))
            return 0;
        if (!detect_at(text, at, CLASS_X))
            return 0;
        out[count] = text.data[at++];
    }
    return detect_at(text, at, CLASS_A | CLASS_DASH) ? 0 : at;
}

// Letters count from ten; the first four characters come last.
static bool passes_mod_97(const char *iban, size_t length)
{
    unsigned rest = 0;
    for (size_t i = 0; i < length; i++) {
        char c = iban[(i + 4) % length];
        rest =
            detect_is(c, CLASS_D) ? rest * 10 + digit_of(c) : rest * 100 + (unsigned)(c - 'A') + 10;
        rest %= 97;
    }
    return rest == 1;
}

size_t detect_iban_at(struct slice text, size_t at, size_t *ret_start)
{
    char iban[IBAN_MOST];
    size_t length = iban_length(text.data + at);
    size_t end = length == 0 ? 0 : read_iban(text, at, length, iban);
    if (end == 0 || !passes_mod_97(iban, length) || !detect_begins(text, at, CLASS_A | CLASS_DASH))
        return 0;
    *ret_start = at;
    return end - at;
}

// ---- The United States: 123-45-6789, at the first dash

size_t detect_ssn_at(struct slice text, size_t at, size_t *ret_start)
{
    enum { AREA = 3, LENGTH = 11 };
    size_t start = at - AREA;
    const char *number = text.data + start;
    if (at < AREA || text.length - start < LENGTH || detect_run(text, start, CLASS_D) != AREA ||
        detect_run(text, start + 4, CLASS_D) != 2 || number[6] != '-' ||
        detect_run(text, start + 7, CLASS_D) != 4 || is_part_of_more(text, start, start + LENGTH))
        return 0;
    unsigned area = read_number(number, 3);
    if (area == 0 || area == 666 || area >= 900 || read_number(number + 4, 2) == 0 ||
        read_number(number + 7, 4) == 0)
        return 0;
    *ret_start = start;
    return LENGTH;
}
