// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include "json/json.h"

// What we refuse on purpose although simdjson accepts it, told by our own complaint.
static enum oracle_result judge_refusal(const struct error *error)
{
    static const struct {
        const char *words;
        enum oracle_result result;
    } kinds[] = {
        {"nested deeper than the limit", ORACLE_WE_LIMIT_DEPTH},
        {"an exponent beyond the limit", ORACLE_WE_LIMIT_NUMBERS},
        {"a number of more characters", ORACLE_WE_LIMIT_NUMBERS},
        {"a key without NUL", ORACLE_WE_REFUSE_NUL_KEYS},
    };
    if (error->code == ERROR_AMBIGUOUS)
        return ORACLE_WE_REFUSE_DUPLICATES;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(error->text, kinds[i].words) != NULL)
            return kinds[i].result;
    return ORACLE_DISAGREE;
}

enum oracle_result oracle_compare_simdjson(struct oracle *oracle, struct slice text)
{
    struct error error = {0};
    buffer_clear(&oracle->ours);
    buffer_clear(&oracle->theirs);
    int theirs = oracle_simdjson(text.data, text.length, &oracle->theirs);
    int code = json_scan(oracle->doc, text, NULL, &error, NULL);
    if (code != 0)
        return theirs != 0 ? ORACLE_BOTH_REFUSE : judge_refusal(&error);
    if (theirs != 0)
        return theirs == 2 ? ORACLE_WE_ALLOW_BIG_NUMBERS : ORACLE_DISAGREE;
    oracle_flatten_ours(oracle);
    bool same = slice_equal(buffer_slice(&oracle->ours), buffer_slice(&oracle->theirs));
    return same ? ORACLE_BOTH_ACCEPT : ORACLE_DISAGREE;
}
