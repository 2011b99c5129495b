// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "filter/filter.h"

#include "base/memory.h"
#include "base/table.h"

#include <stdatomic.h>

const char *const filter_pinning_words[] = {"off", "warn", "quarantine", NULL};

typedef unsigned char print_bytes[CATALOGUE_FINGERPRINT_SIZE];

struct pin { // one tool
    bool overridden, waits;
    enum catalogue_category category;
    print_bytes waiting;
    print_bytes *accepted; // owned
    size_t accepted_count;
    size_t name_length;
    char name[]; // the key
};

struct filter_pins {
    atomic_uint references;
    enum filter_pinning pinning;
    struct table tools;
    size_t waiting;
    uint64_t digest;
    bool settled;
};

struct filter_pins *filter_pins_new(enum filter_pinning pinning)
{
    struct filter_pins *pins = memory_new(sizeof *pins);
    atomic_init(&pins->references, 1);
    table_init(&pins->tools);
    pins->pinning = pinning;
    pins->digest = (uint64_t)pinning;
    return pins;
}

struct filter_pins *filter_pins_ref(struct filter_pins *pins)
{
    atomic_fetch_add_explicit(&pins->references, 1, memory_order_relaxed);
    return pins;
}

static void free_pin_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    struct pin *pin = value;
    memory_free(pin->accepted);
    memory_free(pin);
}

void filter_pins_unref(struct filter_pins *pins)
{
    if (pins == NULL || atomic_fetch_sub_explicit(&pins->references, 1, memory_order_acq_rel) != 1)
        return;
    table_each(&pins->tools, free_pin_cb, NULL);
    table_release(&pins->tools);
    memory_free(pins);
}

// ---- Filling

static int pin_of(struct filter_pins *pins, struct slice tool, struct pin **ret)
{
    struct pin *pin = table_get(&pins->tools, tool);
    *ret = pin;
    if (pin != NULL)
        return 0;
    if (pins->tools.count >= FILTER_TOOLS_MAX || tool.length > FILTER_NAME_MAX || tool.length == 0)
        return ERROR_LIMIT;
    pin = memory_try_new(sizeof *pin + tool.length);
    if (pin == NULL)
        return ERROR_NO_MEMORY;
    memcpy(pin->name, tool.data, tool.length);
    pin->name_length = tool.length;
    if (table_put(&pins->tools, slice_of(pin->name, tool.length), pin) != 0) {
        memory_free(pin);
        return ERROR_NO_MEMORY;
    }
    *ret = pin;
    return 0;
}

// The same in every process, and in whatever order things are added up.
static uint64_t digest_of(struct slice tool, const unsigned char *bytes, size_t length)
{
    static const uint64_t key[2] = {0x73616c6c79706f72, 0x742070696e732e2e};
    return slice_hash(tool, key) * 31 + slice_hash(slice_of((const char *)bytes, length), key);
}

int filter_pins_override(struct filter_pins *pins, struct slice tool,
                         enum catalogue_category category)
{
    struct pin *pin = NULL;
    unsigned char word = (unsigned char)category;
    int result = pin_of(pins, tool, &pin);
    if (result != 0)
        return result;
    pin->overridden = true;
    pin->category = category;
    pins->digest += digest_of(tool, &word, 1);
    return 0;
}

int filter_pins_accept(struct filter_pins *pins, struct slice tool,
                       const unsigned char print[CATALOGUE_FINGERPRINT_SIZE])
{
    struct pin *pin = NULL;
    int result = pin_of(pins, tool, &pin);
    if (result != 0)
        return result;
    if (pin->accepted_count == FILTER_DEFINITIONS_MAX) { // the first one goes
        pins->digest -= digest_of(tool, pin->accepted[0], CATALOGUE_FINGERPRINT_SIZE);
        memmove(pin->accepted, pin->accepted + 1, --pin->accepted_count * sizeof *pin->accepted);
    }
    print_bytes *accepted =
        memory_try_resize(pin->accepted, (pin->accepted_count + 1) * sizeof *accepted);
    if (accepted == NULL)
        return ERROR_NO_MEMORY;
    pin->accepted = accepted;
    memcpy(accepted[pin->accepted_count++], print, sizeof *accepted);
    pins->digest += digest_of(tool, print, CATALOGUE_FINGERPRINT_SIZE);
    pins->settled = true;
    return 0;
}

int filter_pins_wait(struct filter_pins *pins, struct slice tool,
                     const unsigned char print[CATALOGUE_FINGERPRINT_SIZE])
{
    struct pin *pin = NULL;
    int result = pin_of(pins, tool, &pin);
    if (result != 0)
        return result;
    pins->waiting += !pin->waits;
    pin->waits = true;
    memcpy(pin->waiting, print, sizeof pin->waiting);
    return 0;
}

void filter_pins_settle(struct filter_pins *pins)
{
    pins->settled = true;
}

// ---- Reading

static const struct pin *find(const struct filter_pins *pins, struct slice tool)
{
    return pins == NULL ? NULL : table_get(&pins->tools, tool);
}

enum filter_pinning filter_pins_pinning(const struct filter_pins *pins)
{
    return pins == NULL ? FILTER_PINNING_OFF : pins->pinning;
}

bool filter_pins_settled(const struct filter_pins *pins)
{
    return pins != NULL && pins->settled;
}

bool filter_pins_category(const struct filter_pins *pins, struct slice tool,
                          enum catalogue_category *ret)
{
    const struct pin *pin = find(pins, tool);
    if (pin == NULL || !pin->overridden)
        return false;
    *ret = pin->category;
    return true;
}

struct visiting {
    filter_override_cb visit;
    void *argument;
};

static void visit_cb(void *argument, struct slice tool, void *value)
{
    const struct visiting *visiting = argument;
    const struct pin *pin = value;
    if (pin->overridden)
        visiting->visit(visiting->argument, tool, pin->category);
}

void filter_pins_each_override(const struct filter_pins *pins, filter_override_cb visit,
                               void *argument)
{
    struct visiting visiting = {visit, argument};
    if (pins != NULL)
        table_each(&pins->tools, visit_cb, &visiting);
}

bool filter_pins_knows(const struct filter_pins *pins, struct slice tool)
{
    const struct pin *pin = find(pins, tool);
    return pin != NULL && pin->accepted_count > 0;
}

bool filter_pins_accepts(const struct filter_pins *pins, struct slice tool,
                         const unsigned char print[CATALOGUE_FINGERPRINT_SIZE])
{
    const struct pin *pin = find(pins, tool);
    for (size_t i = 0; pin != NULL && i < pin->accepted_count; i++)
        if (memcmp(pin->accepted[i], print, sizeof pin->accepted[i]) == 0)
            return true;
    return false;
}

bool filter_pins_waits(const struct filter_pins *pins, struct slice tool,
                       const unsigned char *print)
{
    const struct pin *pin = find(pins, tool);
    return pin != NULL && pin->waits &&
           (print == NULL || memcmp(pin->waiting, print, sizeof pin->waiting) == 0);
}

size_t filter_pins_waiting(const struct filter_pins *pins)
{
    return pins == NULL ? 0 : pins->waiting;
}

uint64_t filter_pins_digest(const struct filter_pins *pins)
{
    return pins == NULL ? 0 : pins->digest;
}
