// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "unit/decisions/decisions_world.h"
#include "base/clock.h"
#include "json/json.h"

#include <fcntl.h>

void world_open(struct world *world, uint64_t seed)
{
    *world = (struct world){.seed = seed, .time_ms = INT64_C(1795000000000)};
    scratch_make(&world->scratch);
    snprintf(world->log, sizeof world->log, "%s", scratch_path(&world->scratch, "log.jsonl"));
    snprintf(world->index, sizeof world->index, "%s", scratch_path(&world->scratch, "index"));
    world->hasher = chain_hasher_new();
    assert_non_null(world->hasher);
    buffer_init(&world->text, 0);
}

void world_close(struct world *world)
{
    world_unfollow(world);
    chain_hasher_free(world->hasher);
    buffer_release(&world->text);
    scratch_remove(&world->scratch);
}

uint64_t world_random(struct world *world, uint64_t below)
{
    world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
    return (world->seed >> 33) % below;
}

static void member(struct buffer *body, const char *name, const char *value, bool always)
{
    if (value == NULL && !always)
        return;
    buffer_append_string(body, ",");
    json_write_key(body, name);
    if (value == NULL)
        buffer_append_string(body, "null");
    else
        json_write_string(body, slice_from_string(value));
}

static void seal(struct world *world, struct buffer *body)
{
    assert_false(body->failed);
    assert_int_equal(chain_append(world->hasher, &world->state, buffer_slice(body), &world->text),
                     0);
    buffer_release(body);
}

void world_add(struct world *world, int64_t time_ms, const struct made *made)
{
    struct buffer body;
    char time[CLOCK_TEXT_SIZE];
    buffer_init(&body, 0);
    clock_format(time_ms, time);
    buffer_append_format(&body, "{\"time\":\"%s\"", time);
    member(&body, "id", made->id, true);
    member(&body, "organisation", made->organisation, false);
    member(&body, "grant", made->grant, true);
    member(&body, "server", made->server, true);
    member(&body, "direction", "client", true);
    member(&body, "method", made->method, true);
    member(&body, "subject", made->subject, false);
    member(&body, "outcome", made->outcome, true);
    member(&body, "rule", made->rule, false);
    member(&body, "reason", made->reason, false);
    buffer_append_string(&body, ",\"argument_keys\":[\"a\",\"}],\"],\"future\":{\"x\":[1,\"]}\"]},"
                                "\"decide_us\":14,\"total_us\":31");
    seal(world, &body);
}

void world_add_note(struct world *world, int64_t time_ms)
{
    struct buffer body;
    char time[CLOCK_TEXT_SIZE];
    buffer_init(&body, 0);
    clock_format(time_ms, time);
    buffer_append_format(&body, "{\"time\":\"%s\",\"note\":\"checkpoint\",\"rows\":1", time);
    seal(world, &body);
}

static const char *pick(struct world *world, const char *const *words, size_t count)
{
    // The later a word, the rarer.
    size_t at = 0;
    while (at + 1 < count && world_random(world, 3) == 0)
        at++;
    return words[at];
}
#define PICK(world, words) pick(world, words, sizeof words / sizeof *words)

void world_add_mixed(struct world *world, size_t count)
{
    static const char *const organisations[] = {"org_a", "org_b", NULL, "org_c"};
    static const char *const grants[] = {"laptop", "ci", "\"quoted\"", "Büro", "rare"};
    static const char *const servers[] = {"acme/files", "acme/kraken", "files", NULL};
    static const char *const tools[] = {"read", "write", "add_order", "x\ny", NULL, "seldom"};
    static const char *const outcomes[] = {"allowed", "denied", "failed", "hidden"};
    static const char *const rules[] = {NULL, "/tools/add_order/deny_if/0", "(limit)"};
    static const char *const reasons[] = {NULL, "Too many. Try again in %d s.", "No \\ way %d"};
    for (size_t i = 0; i < count; i++) {
        char reason[80], id[17];
        const char *form = PICK(world, reasons);
        world->time_ms += (int64_t)world_random(world, 200);
        if (world_random(world, 2000) == 0)
            world->time_ms -= 60000; // the clock was set back
        if (world_random(world, 300) == 0)
            world_add_note(world, world->time_ms);
        snprintf(reason, sizeof reason, form == NULL ? "" : form, (int)world_random(world, 50));
        snprintf(id, sizeof id, "%016llx", (unsigned long long)world_random(world, 1u << 30));
        const struct made made = {.organisation = PICK(world, organisations),
                                  .grant = PICK(world, grants),
                                  .server = PICK(world, servers),
                                  .method = "tools/call",
                                  .subject = PICK(world, tools),
                                  .outcome = PICK(world, outcomes),
                                  .rule = PICK(world, rules),
                                  .reason = form == NULL ? NULL : reason,
                                  .id = id};
        world_add(world, world->time_ms, &made);
    }
}

void world_write(struct world *world)
{
    int fd = open(world->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct slice text = buffer_slice(&world->text);
    assert_true(fd >= 0);
    for (size_t done = 0; done < text.length;) {
        ssize_t count = write(fd, text.data + done, text.length - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
    close(fd);
    buffer_clear(&world->text);
}

void world_cut(struct world *world)
{
    char name[256];
    world_write(world);
    snprintf(name, sizeof name, "%s.%012llu", world->log, (unsigned long long)world->state.rows);
    assert_int_equal(rename(world->log, name), 0);
}

void world_follow(struct world *world)
{
    struct error error = {0};
    const struct decisions_options options = {.log = world->log, .index = world->index};
    if (decisions_open(&options, &world->decisions, &error) != 0)
        fail_msg("%s", error.text);
}

void world_unfollow(struct world *world)
{
    decisions_close(world->decisions);
    world->decisions = NULL;
}

void world_wait(struct world *world)
{
    struct decisions_state state = {0};
    uint64_t seen = 0;
    // However slow: it is given up only when nothing moves for a minute.
    for (int i = 0; i < 60000; i++) {
        state = decisions_state(world->decisions);
        if (state.up && state.row == world->state.rows && state.behind == 0)
            return;
        i = state.row == seen ? i : 0;
        seen = state.row;
        usleep(1000);
    }
    fail_msg("row %llu of %llu is indexed", (unsigned long long)state.row,
             (unsigned long long)world->state.rows);
}

static int found_cb(void *argument, const struct decisions_row *row)
{
    struct found *found = argument;
    assert_true(found->count < FOUND_MAX);
    found->numbers[found->count++] = row->number;
    return 0;
}

void world_find(struct world *world, const struct decisions_filter *filter,
                const struct decisions_page *page, struct found *ret)
{
    struct error error = {0};
    ret->count = 0;
    if (decisions_find(world->decisions, filter, page, found_cb, ret, &ret->end, &error) != 0)
        fail_msg("%s", error.text);
}

// ---- The whole index

struct dump {
    struct store_index *index;
    FILE *out;
    int64_t ids[300];
    size_t count;
};

static void print_bytes(FILE *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        fprintf(out, "%02x", (unsigned char)bytes.data[i]);
}

static int shape_cb(void *argument, const struct store_shape *shape)
{
    struct dump *dump = argument;
    fprintf(dump->out, " shape %lld %d ", (long long)shape->id, shape->loose);
    print_bytes(dump->out, shape->texts);
    fprintf(dump->out, "\n");
    return 0;
}

static int segment_cb(void *argument, const struct store_segment *segment)
{
    struct dump *dump = argument;
    struct error error = {0};
    fprintf(dump->out, "segment %lld-%lld at %lld, %lld bytes\n", (long long)segment->first_row,
            (long long)segment->last_row, (long long)segment->last_at, (long long)segment->indexed);
    dump->ids[dump->count++] = segment->id;
    return store_index_each_shape(dump->index, segment->id, NULL, shape_cb, dump, &error);
}

static void dump_blocks(struct dump *dump)
{
    const struct store_blocks all = {.row_to = INT64_MAX, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct error error = {0};
    struct store_block block;
    bool found;
    assert_int_equal(store_index_find_blocks(dump->index, &all, &error), 0);
    for (;;) {
        size_t segment = 0;
        assert_int_equal(store_index_next_block(dump->index, &block, &found, &error), 0);
        if (!found)
            return;
        while (segment < dump->count && dump->ids[segment] != block.segment)
            segment++;
        fprintf(dump->out, "block %lld+%lld of %zu at %lld %lld-%lld ", (long long)block.first_row,
                (long long)block.row_count, segment, (long long)block.at, (long long)block.min_ms,
                (long long)block.max_ms);
        print_bytes(dump->out, store_index_block_shapes(dump->index));
        fprintf(dump->out, " ");
        print_bytes(dump->out, store_index_block_data(dump->index));
        fprintf(dump->out, "\n");
    }
}

static void dump_bands(struct dump *dump)
{
    struct error error = {0};
    struct store_band band;
    int64_t row = INT64_MAX;
    bool found;
    for (;;) {
        assert_int_equal(store_index_find_band(dump->index, row, &band, &found, &error), 0);
        if (!found)
            return;
        fprintf(dump->out, "band %lld-%lld ", (long long)band.first_row, (long long)band.last_row);
        print_bytes(dump->out, band.data);
        fprintf(dump->out, "\n");
        row = band.first_row - 1;
    }
}

char *world_dump(struct world *world)
{
    struct dump dump = {0};
    struct error error = {0};
    char *text = NULL;
    size_t size;
    dump.out = open_memstream(&text, &size);
    assert_non_null(dump.out);
    assert_int_equal(store_index_open(world->index, false, &dump.index, &error), 0);
    assert_int_equal(store_index_begin(dump.index, &error), 0);
    assert_int_equal(store_index_each_segment(dump.index, segment_cb, &dump, &error), 0);
    dump_blocks(&dump);
    dump_bands(&dump);
    store_index_close(dump.index);
    fclose(dump.out);
    return text;
}
