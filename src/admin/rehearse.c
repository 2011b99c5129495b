// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a draft would have made of an organisation's recorded calls, and the tightest policy that
// lets pass what a grant did. Both run on a thread of their own: see rehearse_log.c for the bounds.
#include "admin/moves_internal.h"
#include "admin/rehearse_internal.h"
#include "base/clock.h"
#include "base/thread.h"

#include <inttypes.h>

enum { MOST_MAX = 10000000 };
static const char *const calls_words[] = {"policy", "all", NULL};

#define PLAY_FIELD(name, member, kind)                                                             \
    {                                                                                              \
        name, offsetof(struct admin_playing, member), NULL, kind, FIELD_GIVEN                      \
    }

void admin_playing_release(struct admin_request *request)
{
    if (request->asked != NULL && request->asked->playing != NULL)
        policy_unref(request->asked->playing->draft);
}

// ---- What is asked for

// The server as the log has it.
static int name_server(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_playing *playing = request->asked->playing;
    struct store_organisation owner = {.commands_allowed = false};
    int result = store_get_organisation(view, request->who.organisation, request->who.organisation,
                                        &owner, error);
    if (result != 0)
        return result;
    request->organisation_name = admin_keep(request, owner.name);
    if (request->organisation_name.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (playing->server.data == NULL)
        return 0;
    struct slice before = arena_format(&request->arena, "%.*s/", SLICE_PRINT(owner.name));
    if (before.data != NULL && !slice_starts_with(playing->server, before))
        playing->server = arena_format(&request->arena, "%.*s%.*s", SLICE_PRINT(before),
                                       SLICE_PRINT(playing->server));
    return before.data == NULL || playing->server.data == NULL
               ? error_set(error, ERROR_NO_MEMORY, "out of memory")
               : 0;
}

static int check_ranges(struct admin_request *request, struct error *error)
{
    const struct admin_playing *playing = request->asked->playing;
    if (playing->to_ms != 0 && playing->from_ms >= playing->to_ms)
        return admin_fault(request, "from", JSON_NONE, error, "must be before 'to'");
    if (playing->most > MOST_MAX)
        return admin_fault(request, "most", JSON_NONE, error, "must be at most %d", MOST_MAX);
    if (playing->margin > SUGGESTION_MARGIN_MAX)
        return admin_fault(request, "margin", JSON_NONE, error, "must be at most %d",
                           SUGGESTION_MARGIN_MAX);
    if (playing->grant.length > DECISIONS_TEXT_MAX || playing->server.length > DECISIONS_TEXT_MAX)
        return admin_fault(request, playing->grant.length > DECISIONS_TEXT_MAX ? "grant" : "server",
                           JSON_NONE, error, "is longer than %d bytes", DECISIONS_TEXT_MAX);
    return 0;
}

static int read_asked(struct admin_request *request, struct store_view *view,
                      const struct admin_field *fields, size_t count, struct error *error)
{
    static const char *const none[] = {NULL};
    if (admin_ask(request, none, error) == NULL)
        return error->code;
    request->asked->playing = arena_take_zeroed(&request->arena, sizeof *request->asked->playing);
    if (request->asked->playing == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = admin_read_fields(request, 0, fields, count, true, request->asked->playing, error);
    if (result == 0)
        result = check_ranges(request, error);
    return result == 0 ? name_server(request, view, error) : result;
}

static void narrow(struct admin_request *request)
{
    const struct admin_playing *playing = request->asked->playing;
    struct decisions_filter *filter = &request->asked->filter;
    filter->to_ms = playing->to_ms;
    filter->wanted[DECISIONS_GRANT] = playing->grant;
    filter->wanted[DECISIONS_SERVER] = playing->server;
}

int admin_ask_replay(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field fields[] = {
        PLAY_FIELD("number", number, FIELD_NUMBER),
        {"document", 0, NULL, FIELD_ANY, FIELD_GIVEN},
        PLAY_FIELD("from", from_ms, FIELD_TIME),
        PLAY_FIELD("to", to_ms, FIELD_TIME),
        PLAY_FIELD("grant", grant, FIELD_TEXT),
        PLAY_FIELD("server", server, FIELD_TEXT),
        {"calls", offsetof(struct admin_playing, calls), calls_words, FIELD_WORD, FIELD_GIVEN},
        PLAY_FIELD("most", most, FIELD_NUMBER),
    };
    struct store_policy row = {.latest = 0};
    struct slice document = {0};
    int result =
        store_get_policy(view, request->who.organisation, request->parameters[0], &row, error);
    if (result == 0)
        result = read_asked(request, view, fields, sizeof fields / sizeof *fields, error);
    if (result != 0)
        return result;
    struct admin_playing *playing = request->asked->playing;
    playing->name = admin_keep(request, row.name);
    if (playing->name.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    narrow(request);
    if (playing->calls == PLAY_POLICY)
        request->asked->filter.wanted[DECISIONS_POLICY] = playing->name;
    result = admin_find_document(request, view, &row, playing->number, &document, error);
    return result == 0
               ? admin_compile(request, "document", document, playing->name, &playing->draft, error)
               : result;
}

int admin_ask_suggestion(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    static const struct admin_field fields[] = {
        PLAY_FIELD("from", from_ms, FIELD_TIME),
        PLAY_FIELD("to", to_ms, FIELD_TIME),
        PLAY_FIELD("server", server, FIELD_TEXT),
        PLAY_FIELD("include_observed", observed, FIELD_FLAG),
        PLAY_FIELD("margin", margin, FIELD_NUMBER),
        PLAY_FIELD("most", most, FIELD_NUMBER),
    };
    struct store_grant row = {.revoked_ms = 0};
    int result = admin_get(request, view, &row.head, error);
    if (result == 0)
        result = read_asked(request, view, fields, sizeof fields / sizeof *fields, error);
    if (result != 0)
        return result;
    request->asked->playing->grant = admin_keep(request, row.label);
    if (request->asked->playing->grant.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    narrow(request);
    return 0;
}

// ---- A replay

static int64_t first_of(const struct admin_playing *playing)
{
    return playing->from_ms == 0 ? INT64_MIN : playing->from_ms;
}

static int64_t end_of(const struct admin_playing *playing)
{
    return playing->to_ms == 0 ? INT64_MAX : playing->to_ms;
}

static bool is_over(void *reading)
{
    return clock_monotonic_us() >= ((const struct admin_reading *)reading)->until_us;
}

static int begin(struct admin_request *request, const struct admin_world *world,
                 struct admin_reading *reading, struct rehearse **ret, struct error *error)
{
    const struct admin_playing *playing = request->asked->playing;
    const struct rehearse_options options = {
        .draft = playing->draft,
        .from_ms = first_of(playing),
        .to_ms = end_of(playing),
        .organisation = request->who.organisation,
        .grant = playing->grant,
        .server = playing->server,
        .policy = playing->calls == PLAY_POLICY ? playing->name : (struct slice){0},
        .category = rehearse_past_category,
        .tags = rehearse_past_tags,
        .argument = world->past,
        .memory_max = PLAY_MEMORY,
        .over = is_over,
        .over_argument = reading};
    bool whole = false;
    if (rehearse_new(&options, ret) != 0)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (playing->from_ms != 0)
        return 0;
    int result = admin_log_is_whole(request, &whole, error);
    if (whole)
        rehearse_from_the_start(*ret);
    return result;
}

static void write_text(struct admin_request *request, const struct rehearse *rehearse)
{
    struct buffer text;
    buffer_init(&text, 0);
    rehearse_write_text(rehearse, request->asked->playing->name, &text);
    buffer_append_string(&request->out, ",\"text\":");
    json_write_string(&request->out, buffer_slice(&text));
    request->out.failed = request->out.failed || text.failed;
    buffer_release(&text);
}

int admin_replay(struct admin_request *request, struct error *error)
{
    struct admin_world world = {0};
    struct admin_reading reading;
    struct rehearse *rehearse = NULL;
    thread_stand_back();
    admin_reading_begin(request, &reading);
    int result = admin_world_open(request, &world, error);
    if (result == 0)
        result = begin(request, &world, &reading, &rehearse, error);
    if (result == 0)
        result = admin_rehearse(&reading, rehearse, error);
    if (result == 0) {
        buffer_append_string(&request->out, "{");
        rehearse_write_json(rehearse, &request->out);
        buffer_append_string(&request->out, ",");
        admin_write_reading(request, &reading);
        write_text(request, rehearse);
        buffer_append_string(&request->out, "}");
        request->status = 200;
    }
    rehearse_free(rehearse);
    admin_world_close(request, &world);
    return result;
}

// ---- A suggestion

struct suggesting {
    struct admin_reading reading;
    struct error *error;
};

static int feed(void *suggestion, struct slice lines)
{
    return suggestion_feed(suggestion, lines);
}

static int play(void *argument, struct rehearse *rehearse)
{
    struct suggesting *suggesting = argument;
    return admin_rehearse(&suggesting->reading, rehearse, suggesting->error);
}

static void write_suggestion(struct admin_request *request, const struct suggestion *suggestion,
                             const struct suggesting *suggesting,
                             const struct suggestion_proof *proof, struct slice document)
{
    const struct suggestion_counts *counts = suggestion_counts(suggestion);
    struct buffer *out = &request->out;
    bool proven = proof != NULL && proof->lost == 0 && suggesting->reading.cut == NULL;
    buffer_append_string(out, "{\"document\":");
    buffer_append(out, document.length == 0 ? SLICE_LITERAL("null") : document);
    buffer_append_string(out, ",\"server\":");
    json_write_string(out, suggestion_server(suggestion));
    buffer_append_format(out,
                         ",\"calls\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"observed\":%" PRIu64
                         ",\"without_values\":%" PRIu64 ",\"unnamed\":%" PRIu64
                         ",\"other_servers\":%" PRIu64 ",\"margin\":%" PRId64 ",\"lost\":%" PRIu64
                         ",\"asks\":%" PRIu64 ",\"proven\":%s,",
                         counts->calls, counts->left_out, counts->observed, counts->masked,
                         counts->unnamed + counts->too_many, counts->other_servers,
                         proof == NULL ? 0 : proof->margin, proof == NULL ? 0 : proof->lost,
                         proof == NULL ? 0 : proof->asked, proven ? "true" : "false");
    admin_write_reading(request, &suggesting->reading);
    buffer_append_string(out, "}");
    request->status = 200;
}

static int suggest(struct admin_request *request, struct suggestion *suggestion,
                   struct error *error)
{
    const struct admin_playing *playing = request->asked->playing;
    struct suggesting suggesting = {.error = error};
    struct suggestion_proof proof = {0};
    struct buffer document;
    buffer_init(&document, POLICY_BODY_MAX);
    admin_reading_begin(request, &suggesting.reading);
    suggesting.reading.visit = feed;
    suggesting.reading.argument = suggestion;
    suggesting.reading.filter.from_ms = playing->from_ms;
    int result = admin_read_log(&suggesting.reading, error);
    bool any = result == 0 && suggestion_counts(suggestion)->calls > 0;
    const char *cut = suggesting.reading.cut;
    if (any)
        result =
            suggestion_prove(suggestion, playing->margin == 0 ? SUGGESTION_MARGIN : playing->margin,
                             PLAY_MEMORY, play, &suggesting, &document, &proof);
    if (suggesting.reading.cut == NULL)
        suggesting.reading.cut = cut;
    if (any && result != 0 && error->code != result)
        error_set(error, result, "%s", error_text(result));
    if (result == 0)
        write_suggestion(request, suggestion, &suggesting, any ? &proof : NULL,
                         buffer_slice(&document));
    buffer_release(&document);
    return result;
}

int admin_suggest(struct admin_request *request, struct error *error)
{
    const struct admin_playing *playing = request->asked->playing;
    struct admin_world world = {0};
    struct suggestion *suggestion = NULL;
    thread_stand_back();
    int result = admin_world_open(request, &world, error);
    const struct suggestion_options options = {.from_ms = first_of(playing),
                                               .to_ms = end_of(playing),
                                               .organisation = request->who.organisation,
                                               .grant = playing->grant,
                                               .server = playing->server,
                                               .include_observed = playing->observed,
                                               .category = rehearse_past_category,
                                               .argument = world.past};
    if (result == 0 && suggestion_new(&options, &suggestion) != 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = suggest(request, suggestion, error);
    suggestion_free(suggestion);
    admin_world_close(request, &world);
    return result;
}
