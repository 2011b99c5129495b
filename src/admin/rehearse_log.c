// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The organisation's rows of the decision log, in pieces, so that nobody waits long for the index;
// and what is known of its tools and grants.
#include "admin/catalogue_internal.h"
#include "admin/rehearse_internal.h"
#include "base/clock.h"
#include "filter/filter.h"
#include "inventory/inventory.h"

#include <inttypes.h>

enum { PIECE_US = 250 * 1000, PLAY_US = 10 * 1000 * 1000, MOST_STANDARD = 2000000 };

void admin_reading_begin(struct admin_request *request, struct admin_reading *ret)
{
    const struct admin_playing *playing = request->asked->playing;
    *ret =
        (struct admin_reading){.request = request,
                               .filter = request->asked->filter,
                               .until_us = clock_monotonic_us() + PLAY_US,
                               .most = playing->most == 0 ? MOST_STANDARD : (uint64_t)playing->most,
                               .newest = decisions_state(request->admin->options.decisions).row};
}

// Rows that were deleted since the piece before.
static void note_deleted(struct admin_reading *reading, const struct decisions_given *given)
{
    if (reading->position > 0 && given->oldest > reading->position + 1)
        reading->missing += given->oldest - reading->position - 1;
}

static int read_piece(struct admin_reading *reading, bool *ret_more, struct error *error)
{
    uint64_t now_us = clock_monotonic_us(), left = reading->until_us - now_us;
    const struct decisions_piece piece = {.after = reading->position,
                                          .until = reading->newest,
                                          .rows_most = reading->most - reading->rows,
                                          .budget_us = left < PIECE_US ? (int64_t)left : PIECE_US};
    struct decisions_given given;
    *ret_more = false;
    int result = decisions_read(reading->request->admin->options.decisions, &reading->filter,
                                &piece, reading->visit, reading->argument, &given, error);
    if (result == ERROR_AGAIN)
        return admin_index_busy(reading->request, error);
    if (result == ERROR_NO_MEMORY)
        return admin_refuse(reading->request, 422, "invalid", ERROR_RANGE, error,
                            "this is too much for one answer; ask for a shorter time, or for one "
                            "grant");
    if (result != 0)
        return result;
    note_deleted(reading, &given);
    reading->position = given.position;
    reading->rows += given.rows;
    reading->missing += given.gone;
    if (given.rows > 0)
        reading->last_ms = given.last_ms;
    *ret_more = given.more;
    return 0;
}

int admin_read_log(struct admin_reading *reading, struct error *error)
{
    bool more = reading->newest > 0;
    int result = 0;
    reading->position = reading->rows = reading->missing = 0;
    reading->cut = NULL;
    while (more && result == 0) {
        if (atomic_load(&reading->request->admin->ending))
            return admin_refuse(reading->request, 503, "unavailable", ERROR_CANCELLED, error,
                                "the gateway is about to stop");
        if (reading->rows >= reading->most)
            reading->cut = "rows";
        else if (clock_monotonic_us() >= reading->until_us)
            reading->cut = "time";
        if (reading->cut != NULL)
            return 0;
        result = read_piece(reading, &more, error);
    }
    if (result != ERROR_TIMEOUT)
        return result;
    reading->cut = "time";
    return 0;
}

static int pass_by(void *argument, struct slice lines)
{
    (void)argument;
    (void)lines;
    return 0;
}

int admin_log_is_whole(struct admin_request *request, bool *ret, struct error *error)
{
    static const struct decisions_piece piece = {.until = 1};
    struct decisions_given given = {0};
    int result = decisions_read(request->admin->options.decisions, &request->asked->filter, &piece,
                                pass_by, NULL, &given, error);
    *ret = result == 0 && given.oldest == 1;
    return result == ERROR_AGAIN ? admin_index_busy(request, error) : result;
}

static int feed(void *rehearse, struct slice lines)
{
    return rehearse_feed(rehearse, lines);
}

int admin_rehearse(struct admin_reading *reading, struct rehearse *rehearse, struct error *error)
{
    int64_t begins_ms = rehearse_begins_ms(rehearse);
    reading->filter.from_ms = begins_ms > 0 ? begins_ms : 0;
    reading->visit = feed;
    reading->argument = rehearse;
    int result = admin_read_log(reading, error);
    if (result == 0 && (rehearse_end_file(rehearse) != 0 || rehearse_finish(rehearse) != 0))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0 && reading->cut == NULL && clock_monotonic_us() >= reading->until_us)
        reading->cut = "time"; // perhaps not all were judged
    return result;
}

void admin_write_reading(struct admin_request *request, const struct admin_reading *reading)
{
    struct buffer *out = &request->out;
    char time[CLOCK_TEXT_SIZE];
    buffer_append_format(out, "\"complete\":%s,\"cut\":", reading->cut == NULL ? "true" : "false");
    if (reading->cut == NULL)
        buffer_append_string(out, "null");
    else
        buffer_append_format(out, "\"%s\"", reading->cut);
    buffer_append_format(out, ",\"read\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"reached\":",
                         reading->rows, reading->missing);
    if (reading->last_ms == 0) {
        buffer_append_string(out, "null");
    } else {
        clock_format(reading->last_ms, time);
        buffer_append_format(out, "\"%s\"", time);
    }
    admin_write_index(request);
}

// ---- What is known beside the log

struct adding {
    const struct admin_request *request;
    struct rehearse_past *past;
    struct slice server;
    int result;
};

static void grant_cb(void *argument, struct identity_entry *entry)
{
    struct adding *adding = argument;
    const struct identity_grant *grant = identity_entry_grant(entry);
    if (adding->result == 0 && slice_equal(grant->organisation, adding->request->who.organisation))
        adding->result = rehearse_past_add_grant(adding->past, grant->organisation, grant->label,
                                                 grant->tags, grant->tag_count);
}

static void override_cb(void *argument, struct slice tool, enum catalogue_category category)
{
    struct adding *adding = argument;
    if (adding->result == 0)
        adding->result = rehearse_past_add_override(adding->past, adding->request->who.organisation,
                                                    adding->server, tool, category);
}

// Those of records behind those of settings, as the later one counts.
static void add_overrides(struct adding *adding, const struct control_view *rules)
{
    struct slice before = adding->request->organisation_name;
    for (size_t i = 0; i < rules->pin_count; i++) {
        const struct control_pins_view *pins = &rules->pins[i];
        if (!slice_starts_with(pins->server, before) || pins->server.length == before.length ||
            pins->server.data[before.length] != '/')
            continue;
        adding->server = pins->server;
        filter_pins_each_override(pins->said, override_cb, adding);
        filter_pins_each_override(pins->kept, override_cb, adding);
    }
}

int admin_world_open(struct admin_request *request, struct admin_world *ret, struct error *error)
{
    struct error none;
    struct control_rules *rules = control_rules(request->admin->options.control);
    *ret = (struct admin_world){0};
    if (admin_shelf_borrow(request->admin->shelf, &ret->inventory, &none) != 0)
        ret->inventory = NULL; // then categories are not known
    ret->past = rehearse_past_new(ret->inventory);
    struct adding adding = {
        .request = request, .past = ret->past, .result = ret->past == NULL ? ERROR_NO_MEMORY : 0};
    if (adding.result == 0)
        identity_table_each(control_rules_view(rules)->grants, grant_cb, &adding);
    if (adding.result == 0)
        add_overrides(&adding, control_rules_view(rules));
    control_rules_unref(rules);
    return adding.result == 0 ? 0 : error_set(error, adding.result, "out of memory");
}

void admin_world_close(struct admin_request *request, struct admin_world *world)
{
    rehearse_past_free(world->past);
    if (world->inventory != NULL)
        admin_shelf_return(request->admin->shelf, world->inventory, true);
}
