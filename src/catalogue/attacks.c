// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue_internal.h"

#include "catalogue_attacks_json.h"

// Characters of a tool's own texts in a sentence.
enum { NAME_MOST = 64, WORDS_MOST = 80 };

const struct catalogue_attack *catalogue_attacks(size_t *ret_count)
{
    *ret_count = sizeof attacks / sizeof attacks[0];
    return attacks;
}

const struct catalogue_attack *catalogue_find_attack(struct slice slug)
{
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        if (slice_equal_string(slug, attacks[i].slug))
            return &attacks[i];
    return NULL;
}

// ---- Which tools a pattern fits

static bool applies(const struct catalogue_attack_fit *fit, enum catalogue_category category,
                    uint32_t signals)
{
    bool of_kind =
        fit->categories == 0 || (category < CATALOGUE_UNKNOWN && (fit->categories >> category & 1));
    return of_kind && (fit->signals & ~signals) == 0;
}

// The bit of a finding's signal; 0 for a finding that is usual in honest definitions.
static uint32_t bit_of(const struct catalogue_finding *finding)
{
    return finding->severity == CATALOGUE_LOW ? 0 : UINT32_C(1) << finding->signal;
}

static const struct catalogue_finding *find_of(const struct catalogue_finding *findings,
                                               size_t count, uint32_t signals)
{
    for (size_t i = 0; i < count; i++)
        if (signals & bit_of(&findings[i]))
            return &findings[i];
    return NULL;
}

// A tool's own text, short and without what cannot be seen or would move other text around.
static void write_visible(struct buffer *out, struct slice words, size_t most)
{
    struct text text = {.bytes = words};
    size_t start = 0, written = 0;
    for (uint32_t c = text_next(&text); c != TEXT_END; start = text.at, c = text_next(&text)) {
        if (written++ >= most) {
            buffer_append_string(out, "...");
            break;
        }
        bool plain = c >= ' ' && c != TEXT_BROKEN && !(c >= 0x7F && c < 0xA0) && c != '"' &&
                     c != 0x2028 && c != 0x2029 && !text_is_invisible(c);
        buffer_append(out,
                      plain ? slice_of(words.data + start, text.at - start) : SLICE_LITERAL(" "));
    }
}

static void write_words(struct buffer *out, const struct catalogue_finding *finding)
{
    if (finding == NULL || finding->words.length == 0) {
        buffer_append_string(out, finding == NULL ? "" : finding->says);
        return;
    }
    buffer_append_string(out, "\"");
    write_visible(out, finding->words, WORDS_MOST);
    buffer_append_string(out, "\"");
}

// make_attacks.py has seen to it that there are no other places than {tool} and {words}.
static void write_why(struct buffer *out, const char *why, struct slice tool,
                      const struct catalogue_finding *finding)
{
    for (const char *place; (place = strchr(why, '{')) != NULL; why = strchr(place, '}') + 1) {
        buffer_append(out, slice_of(why, (size_t)(place - why)));
        if (strncmp(place, "{words}", 7) == 0)
            write_words(out, finding);
        else
            write_visible(out, tool.length > 0 ? tool : SLICE_LITERAL("this tool"), NAME_MOST);
    }
    buffer_append_string(out, why);
}

bool catalogue_attack_fits(const struct catalogue_attack *attack, struct slice tool,
                           enum catalogue_category category,
                           const struct catalogue_finding *findings, size_t count,
                           struct buffer *why)
{
    uint32_t signals = 0;
    for (size_t i = 0; i < count; i++)
        signals |= bit_of(&findings[i]);
    for (size_t i = 0; i < attack->fit_count; i++) {
        const struct catalogue_attack_fit *fit = &attack->fits[i];
        if (!applies(fit, category, signals))
            continue;
        write_why(why, fit->why, tool, find_of(findings, count, fit->signals));
        return true;
    }
    return false;
}
