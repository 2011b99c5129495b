// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.h"

#include <stddef.h>

#include "catalogue_attacks_json.h"

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
