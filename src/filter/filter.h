// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What goes back to a client: lists without what the policy hides. Values in, edits out; the policy
// is asked through a callback. And what people decided about a server's tools. Any thread.
#pragma once

#include "catalogue/catalogue.h"
#include "mcp/mcp.h"

// Whether an entry of this name may be seen. `entry` is its node, JSON_NONE: it is not at hand.
typedef bool (*filter_visible_cb)(void *argument, enum mcp_list list, struct slice name,
                                  uint32_t entry);

// Adds the edits that take hidden entries out of every list that the result object holds (tools,
// resources, resourceTemplates, prompts, tasks) and that make a cacheable list private. Entries
// that cannot be judged (no object, no name) are taken out too. Offsets count from `start`. `bare`:
// what a fingerprint leaves out of a tool (catalogue_fingerprint) is emptied, but for plain words.
// *ret_removed counts.
void filter_lists(const struct json_doc *doc, uint32_t result, uint32_t start, bool bare,
                  filter_visible_cb visible, void *argument, struct arena *arena,
                  struct mcp_edits *edits, size_t *ret_removed);

// Adds the edits that take refused URIs, and what is no string, out of an array of URIs.
void filter_uris(const struct json_doc *doc, uint32_t array, filter_visible_cb visible,
                 void *argument, struct arena *arena, struct mcp_edits *edits);

// The first method of an input_required result's inputRequests that `allowed` refuses; false when
// there is none.
typedef bool (*filter_method_cb)(void *argument, struct slice method);
bool filter_find_refused_input(const struct json_doc *doc, uint32_t result,
                               filter_method_cb allowed, void *argument, struct arena *arena,
                               struct slice *ret_method);

// ---- Pins: what people decided about the tools of one server. Filled once, then immutable;
// references are counted, any thread.
enum filter_pinning { FILTER_PINNING_OFF, FILTER_PINNING_WARN, FILTER_PINNING_QUARANTINE };
extern const char *const filter_pinning_words[]; // NULL-terminated: "off", "warn", "quarantine"
enum {
    FILTER_TOOLS_MAX = 10000,    // of one server that anything is decided about
    FILTER_NAME_MAX = 256,       // bytes of a tool's name
    FILTER_DEFINITIONS_MAX = 16, // accepted of one tool: the newest
};

struct filter_pins;
struct filter_pins *filter_pins_new(enum filter_pinning pinning);
struct filter_pins *filter_pins_ref(struct filter_pins *pins);
void filter_pins_unref(struct filter_pins *pins); // NULL accepted
// Filling. ERROR_LIMIT: one of the bounds above. ERROR_NO_MEMORY.
// The tool has this category, whatever its definition says.
int filter_pins_override(struct filter_pins *pins, struct slice tool,
                         enum catalogue_category category) MUST_CHECK;
// Somebody accepted this definition of the tool.
int filter_pins_accept(struct filter_pins *pins, struct slice tool,
                       const unsigned char print[CATALOGUE_FINGERPRINT_SIZE]) MUST_CHECK;
// The server's last one of the tool is this, which nobody has accepted.
int filter_pins_wait(struct filter_pins *pins, struct slice tool,
                     const unsigned char print[CATALOGUE_FINGERPRINT_SIZE]) MUST_CHECK;
// Somebody has looked at the server's tools: what is not accepted is new or changed.
void filter_pins_settle(struct filter_pins *pins);

// Reading. NULL pins: nothing is decided.
enum filter_pinning filter_pins_pinning(const struct filter_pins *pins);
bool filter_pins_settled(const struct filter_pins *pins);
bool filter_pins_category(const struct filter_pins *pins, struct slice tool,
                          enum catalogue_category *ret);
typedef void (*filter_override_cb)(void *argument, struct slice tool,
                                   enum catalogue_category category);
void filter_pins_each_override(const struct filter_pins *pins, filter_override_cb visit,
                               void *argument);
// Is any definition of the tool accepted?
bool filter_pins_knows(const struct filter_pins *pins, struct slice tool);
bool filter_pins_accepts(const struct filter_pins *pins, struct slice tool,
                         const unsigned char print[CATALOGUE_FINGERPRINT_SIZE]);
// Does this definition wait? `print` NULL: does any?
bool filter_pins_waits(const struct filter_pins *pins, struct slice tool,
                       const unsigned char *print);
size_t filter_pins_waiting(const struct filter_pins *pins);
// Equal numbers: both show the same to agents, but for what waits.
uint64_t filter_pins_digest(const struct filter_pins *pins);
