// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages and counts, held against a reader that looks at every row.
#include "unit/decisions/decisions_world.h"
#include "json/json.h"

#include <strings.h>

// ---- The plain reader

struct plain {
    struct decisions_row *rows;
    size_t count;
    char *bytes;
};

static void read_log(struct world *world, const char *path, struct plain *plain)
{
    size_t size;
    (void)world;
    plain->bytes = scratch_read(path, &size);
    plain->rows = calloc(size / 100 + 1, sizeof *plain->rows);
    plain->count = 0;
    for (char *at = plain->bytes, *feed; (feed = strchr(at, '\n')) != NULL; at = feed + 1)
        if (decisions_row_read(slice_of(at, (size_t)(feed - at)), &plain->rows[plain->count]))
            plain->count++;
}

// A filter, its texts as the log writes them: they are written once, not once for each row.
struct asked {
    const struct decisions_filter *filter;
    struct slice organisation, wanted[DECISIONS_TEXTS], outcomes[DECISIONS_OUTCOMES_MAX], text;
    struct buffer bytes;
};

static struct slice as_written(struct asked *asked, struct slice text)
{
    size_t start = asked->bytes.length;
    if (text.data == NULL)
        return text;
    json_write_string(&asked->bytes, text);
    assert_false(asked->bytes.failed);
    return slice_of(asked->bytes.data + start + 1, asked->bytes.length - start - 2);
}

static void asked_open(struct asked *asked, const struct decisions_filter *filter)
{
    *asked = (struct asked){.filter = filter};
    buffer_init(&asked->bytes, 0);
    buffer_reserve(&asked->bytes, 64 * 1024); // what was written stays where it is
    asked->organisation = as_written(asked, filter->organisation);
    for (int i = 0; i < DECISIONS_TEXTS; i++)
        asked->wanted[i] = as_written(asked, filter->wanted[i]);
    for (size_t i = 0; i < filter->outcome_count; i++)
        asked->outcomes[i] = as_written(asked, filter->outcomes[i]);
    asked->text = as_written(asked, filter->text);
}

static bool has(struct slice raw, struct slice part)
{
    bool found = part.length == 0;
    for (size_t i = 0; !found && raw.length >= part.length && i <= raw.length - part.length; i++)
        found = ((raw.data[i] ^ part.data[0]) & ~0x20) == 0 &&
                strncasecmp(raw.data + i, part.data, part.length) == 0;
    return found;
}

static bool is_server(struct slice raw, const struct decisions_row *row, struct slice wanted)
{
    size_t tail = raw.length - wanted.length;
    return slice_equal(raw, wanted) ||
           (row->texts[DECISIONS_ORGANISATION].data != NULL && raw.length > wanted.length &&
            raw.data[tail - 1] == '/' &&
            slice_equal(slice_of(raw.data + tail, wanted.length), wanted));
}

static bool is_asked_for(const struct asked *asked, const struct decisions_row *row)
{
    static const int searched[] = {DECISIONS_GRANT,   DECISIONS_SERVER, DECISIONS_METHOD,
                                   DECISIONS_SUBJECT, DECISIONS_RULE,   DECISIONS_REASON,
                                   DECISIONS_POLICY};
    const struct decisions_filter *filter = asked->filter;
    bool good = !row->note;
    if (!filter->everybody)
        good = good && slice_equal(row->texts[DECISIONS_ORGANISATION], asked->organisation);
    good = good && (filter->from_ms == 0 || row->time_ms >= filter->from_ms) &&
           (filter->to_ms == 0 || row->time_ms < filter->to_ms);
    for (int i = 0; i < DECISIONS_TEXTS && good; i++)
        if (asked->wanted[i].data != NULL)
            good = i == DECISIONS_SERVER ? is_server(row->texts[i], row, asked->wanted[i])
                                         : slice_equal(row->texts[i], asked->wanted[i]);
    bool outcome = filter->outcome_count == 0, text = asked->text.data == NULL;
    for (size_t i = 0; i < filter->outcome_count && good; i++)
        outcome = outcome || slice_equal(row->texts[DECISIONS_OUTCOME], asked->outcomes[i]);
    for (size_t i = 0; i < sizeof searched / sizeof *searched && good && outcome; i++)
        text = text || has(row->texts[searched[i]], asked->text);
    return good && outcome && text;
}

// ---- Filters at random

static struct slice one_of(struct world *world, const char *const *words, size_t count)
{
    return slice_from_string(words[world_random(world, count)]);
}
#define ONE_OF(world, ...)                                                                         \
    one_of(world, (const char *const[]){__VA_ARGS__},                                              \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static struct decisions_filter random_filter(struct world *world, const struct plain *plain)
{
    struct decisions_filter filter = {.everybody = world_random(world, 4) == 0,
                                      .organisation = ONE_OF(world, "org_a", "org_b", "org_c")};
    if (world_random(world, 3) == 0)
        filter.wanted[DECISIONS_GRANT] =
            ONE_OF(world, "laptop", "ci", "\"quoted\"", "Büro", "rare", "nobody");
    if (world_random(world, 3) == 0)
        filter.wanted[DECISIONS_SERVER] = ONE_OF(world, "files", "acme/files", "kraken", "iles");
    if (world_random(world, 3) == 0)
        filter.wanted[DECISIONS_SUBJECT] = ONE_OF(world, "read", "x\ny", "seldom", "");
    if (world_random(world, 4) == 0)
        filter.wanted[DECISIONS_RULE] = ONE_OF(world, "(limit)", "/tools/add_order/deny_if/0");
    if (world_random(world, 8) == 0)
        filter.wanted[DECISIONS_REASON] =
            ONE_OF(world, "Too many. Try again in 7 s.", "No \\ way 12");
    if (world_random(world, 4) == 0)
        filter.outcomes[filter.outcome_count++] = ONE_OF(world, "denied", "hidden");
    if (filter.outcome_count > 0 && world_random(world, 2) == 0)
        filter.outcomes[filter.outcome_count++] = SLICE_LITERAL("failed");
    if (world_random(world, 4) == 0)
        filter.text = ONE_OF(world, "ORDER", "in 3", "\\", "quoted", "çõ", "again in 17", "");
    if (world_random(world, 3) == 0)
        filter.from_ms = plain->rows[world_random(world, plain->count)].time_ms;
    if (world_random(world, 3) == 0)
        filter.to_ms = plain->rows[world_random(world, plain->count)].time_ms;
    return filter;
}

// All pages one after the other, of at least so many rows, are what the plain reader finds.
static size_t check_pages(struct world *world, const struct plain *plain,
                          const struct decisions_filter *filter, size_t least)
{
    struct decisions_page page = {.newest_first = world_random(world, 2) == 0,
                                  .limit = least + world_random(world, 900 - least),
                                  .bytes_most = world_random(world, 2) == 0 ? 20000 * least : 0};
    struct found found = {0};
    struct asked asked;
    size_t total = 0, at = 0;
    found.end.more = true;
    asked_open(&asked, filter);
    for (size_t i = 0; i < plain->count; i++) {
        const struct decisions_row *row =
            &plain->rows[page.newest_first ? plain->count - 1 - i : i];
        if (!is_asked_for(&asked, row))
            continue;
        if (at == found.count) {
            assert_true(found.end.more);
            world_find(world, filter, &page, &found);
            page.after = found.end.position;
            assert_true(found.end.complete);
            assert_true(found.count > 0 && found.count <= page.limit);
            at = 0;
        }
        assert_int_equal(found.numbers[at++], row->number);
        total++;
    }
    buffer_release(&asked.bytes);
    assert_int_equal(at, found.count);
    if (total == 0)
        world_find(world, filter, &page, &found);
    assert_int_equal(found.count > 0, total > 0);
    assert_false(found.end.more);
    return total;
}

struct pieces {
    struct asked asked;
    uint64_t last, lines, wanted;
};

static int piece_cb(void *argument, struct slice lines)
{
    struct pieces *pieces = argument;
    const char *at = lines.data, *end = lines.data + lines.length, *feed;
    assert_true(lines.length > 0 && end[-1] == '\n');
    for (; at < end; at = feed + 1) {
        struct decisions_row row;
        feed = memchr(at, '\n', (size_t)(end - at));
        assert_true(decisions_row_read(slice_of(at, (size_t)(feed - at)), &row));
        assert_true(row.number > pieces->last);
        pieces->last = row.number;
        pieces->lines++;
        pieces->wanted += is_asked_for(&pieces->asked, &row);
    }
    return 0;
}

// The same in bulk, however little time or room each piece has.
static void check_pieces(struct world *world, const struct plain *plain,
                         const struct decisions_filter *filter)
{
    struct pieces pieces = {.last = 0};
    struct decisions_given given = {.more = true};
    struct error error = {0};
    uint64_t total = 0, rows = 0;
    struct decisions_piece piece = {.budget_us = world_random(world, 2) == 0 ? 1 : 0,
                                    .rows_most = world_random(world, 2) == 0 ? 1 : 0};
    asked_open(&pieces.asked, filter);
    for (size_t i = 0; i < plain->count; i++)
        total += is_asked_for(&pieces.asked, &plain->rows[i]);
    while (given.more) {
        uint64_t before = piece.after;
        assert_int_equal(
            decisions_read(world->decisions, filter, &piece, piece_cb, &pieces, &given, &error), 0);
        piece.after = given.position;
        rows += given.rows;
        assert_true(piece.after > before || !given.more);
        assert_int_equal(given.gone, 0);
        assert_int_equal(given.oldest, 1);
    }
    assert_int_equal(pieces.wanted, total);
    assert_int_equal(pieces.lines, rows);
    buffer_release(&pieces.asked.bytes);
}

static void rows_that_are_gone_are_counted(void **state)
{
    (void)state;
    struct world world;
    const struct decisions_filter filter = {.everybody = true};
    const struct decisions_piece piece = {.after = 0};
    struct pieces pieces = {.last = 0};
    struct decisions_given given;
    struct error error = {0};
    world_open(&world, 6);
    world_add_mixed(&world, 9000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    asked_open(&pieces.asked, &filter);
    assert_int_equal(
        decisions_read(world.decisions, &filter, &piece, piece_cb, &pieces, &given, &error), 0);
    uint64_t whole = given.rows;
    assert_int_equal(given.gone, 0);
    size_t size;
    char *bytes = scratch_read(world.log, &size);
    assert_int_equal(truncate(world.log, (off_t)size / 2), 0);
    pieces.last = 0;
    assert_int_equal(
        decisions_read(world.decisions, &filter, &piece, piece_cb, &pieces, &given, &error), 0);
    assert_true(given.gone > whole / 3 && given.rows > 0);
    assert_int_equal(given.rows + given.gone, whole);
    free(bytes);
    buffer_release(&pieces.asked.bytes);
    world_close(&world);
}

// Enough rows for bands of blocks, in several files.
static void make_large_log(struct world *world, struct plain *plain)
{
    char all[192];
    snprintf(all, sizeof all, "%s/all", world->scratch.folder);
    *plain = (struct plain){0};
    for (int part = 0; part < 3; part++) {
        world_add_mixed(world, part == 1 ? 300000 : 30000);
        struct slice text = buffer_slice(&world->text);
        FILE *file = fopen(all, "ab");
        assert_non_null(file);
        assert_int_equal(fwrite(text.data, 1, text.length, file), text.length);
        fclose(file);
        if (part < 2)
            world_cut(world);
    }
    world_write(world);
    read_log(world, all, plain);
}

static void pages_of_a_large_log(void **state)
{
    (void)state;
    struct world world;
    struct plain plain;
    world_open(&world, 5);
    make_large_log(&world, &plain);
    world_follow(&world);
    world_wait(&world);
    for (size_t i = 0; i < 40; i++) {
        struct decisions_filter filter = random_filter(&world, &plain);
        if (i % 2 == 0)
            filter.wanted[DECISIONS_GRANT] = SLICE_LITERAL("rare");
        if (i % 4 == 0)
            filter.wanted[DECISIONS_SUBJECT] = SLICE_LITERAL("seldom");
        check_pages(&world, &plain, &filter, 100); // smaller ones would be very many
        check_pieces(&world, &plain, &filter);
    }
    free(plain.rows);
    free(plain.bytes);
    world_close(&world);
}

static void pages_are_what_is_there(void **state)
{
    (void)state;
    struct world world;
    struct plain plain;
    size_t empty = 0, rounds = 200;
    world_open(&world, 1);
    world_add_mixed(&world, 16000);
    world_write(&world);
    read_log(&world, world.log, &plain);
    world_follow(&world);
    world_wait(&world);
    for (size_t i = 0; i < rounds; i++) {
        const struct decisions_filter filter = random_filter(&world, &plain);
        empty += check_pages(&world, &plain, &filter, 1) == 0;
        check_pieces(&world, &plain, &filter);
    }
    assert_true(empty < rounds / 2);
    free(plain.rows);
    free(plain.bytes);
    world_close(&world);
}

// ---- Counts

struct counted {
    uint64_t rows[DECISIONS_BUCKETS_MAX];
    int64_t first_ms, interval_ms, last_ms;
    struct slice key;
};

static int count_cb(void *argument, const struct decisions_count *count)
{
    struct counted *counted = argument;
    assert_true(count->begins_ms >= counted->last_ms);
    counted->last_ms = count->begins_ms;
    if (slice_equal(count->key, counted->key))
        counted->rows[(count->begins_ms - counted->first_ms) / counted->interval_ms] += count->rows;
    return 0;
}

static void counts_are_right(void **state)
{
    (void)state;
    struct world world;
    struct plain plain;
    struct error error = {0};
    world_open(&world, 2);
    world_add_mixed(&world, 30000);
    world_write(&world);
    read_log(&world, world.log, &plain);
    world_follow(&world);
    world_wait(&world);
    for (size_t round = 0; round < 100; round++) {
        struct decisions_filter filter = random_filter(&world, &plain);
        filter.text = filter.wanted[DECISIONS_REASON] = (struct slice){0};
        filter.from_ms = plain.rows[world_random(&world, plain.count)].time_ms;
        filter.to_ms = filter.from_ms + 1 + (int64_t)world_random(&world, 3000000);
        const struct decisions_summary wanted = {
            .interval_ms = 3001 + (int64_t)world_random(&world, 1000000), .by = DECISIONS_OUTCOME};
        struct counted counted = {.interval_ms = wanted.interval_ms,
                                  .first_ms = filter.from_ms - filter.from_ms % wanted.interval_ms,
                                  .key = SLICE_LITERAL("denied")};
        struct decisions_counted end = {0};
        assert_int_equal(decisions_summarise(world.decisions, &filter, &wanted, count_cb, &counted,
                                             &end, &error),
                         0);
        uint64_t total = 0;
        struct asked asked;
        asked_open(&asked, &filter);
        for (size_t i = 0; i < plain.count; i++) {
            const struct decisions_row *row = &plain.rows[i];
            if (!is_asked_for(&asked, row))
                continue;
            total++;
            if (slice_equal_string(row->texts[DECISIONS_OUTCOME], "denied"))
                counted.rows[(row->time_ms - counted.first_ms) / counted.interval_ms]--;
        }
        buffer_release(&asked.bytes);
        for (size_t i = 0; i < DECISIONS_BUCKETS_MAX; i++)
            assert_int_equal(counted.rows[i], 0);
        assert_true(end.complete);
        assert_int_equal(end.rows, total);
        assert_int_equal(end.unsure, 0);
    }
    const struct decisions_filter long_time = {.everybody = true, .from_ms = 1, .to_ms = 1001};
    const struct decisions_summary short_time = {.interval_ms = 1, .by = DECISIONS_BY_NOTHING};
    struct decisions_counted end;
    assert_int_equal(
        decisions_summarise(world.decisions, &long_time, &short_time, count_cb, NULL, &end, &error),
        0);
    const struct decisions_filter longer = {.everybody = true, .from_ms = 1, .to_ms = 1003};
    assert_int_equal(
        decisions_summarise(world.decisions, &longer, &short_time, count_cb, NULL, &end, &error),
        ERROR_RANGE);
    free(plain.rows);
    free(plain.bytes);
    world_close(&world);
}

// ---- Texts without end

// Somebody makes a new name with every call: the shapes stay few, and everything is still found.
static void names_without_end_are_found(void **state)
{
    (void)state;
    struct world world;
    struct found found;
    enum { ROWS = 40000 };
    char *dump;
    world_open(&world, 3);
    for (int i = 0; i < ROWS; i++) {
        char subject[40], grant[40];
        snprintf(subject, sizeof subject, "tool-%d", i);
        snprintf(grant, sizeof grant, "grant-%d", i / 2);
        const struct made made = {.organisation = i % 2 == 0 ? "org_a" : "org_b",
                                  .grant = i < ROWS / 2 ? "one" : grant,
                                  .server = "files",
                                  .subject = subject,
                                  .outcome = "denied"};
        world_add(&world, 1795000000000 + i, &made);
    }
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    for (int i = 0; i < ROWS; i += 997) {
        char subject[40];
        snprintf(subject, sizeof subject, "tool-%d", i);
        struct decisions_filter filter = {.organisation = SLICE_LITERAL("org_a")};
        filter.wanted[DECISIONS_SUBJECT] = slice_from_string(subject);
        const struct decisions_page page = {.limit = 10};
        world_find(&world, &filter, &page, &found);
        assert_int_equal(found.count, i % 2 == 0);
        if (found.count > 0)
            assert_int_equal(found.numbers[0], i + 1);
    }
    dump = world_dump(&world);
    size_t shapes = 0;
    for (const char *at = dump; (at = strstr(at, " shape ")) != NULL; at++)
        shapes++;
    assert_true(shapes > 1000 && shapes <= SHAPES_MAX);
    free(dump);
    world_close(&world);
}

// ---- Time to look

static void a_search_ends_in_time(void **state)
{
    (void)state;
    struct world world;
    struct found found;
    size_t pages = 0, rows = 0;
    world_open(&world, 4);
    world_add_mixed(&world, 60000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    struct decisions_filter filter = {.everybody = true};
    filter.wanted[DECISIONS_ID] = SLICE_LITERAL("no such id");
    struct decisions_page page = {.limit = 100, .newest_first = true, .budget_us = 1};
    do {
        world_find(&world, &filter, &page, &found);
        assert_true(page.after == 0 || found.end.position < page.after || !found.end.more);
        assert_int_equal(found.end.complete, !found.end.more);
        page.after = found.end.position;
        rows += found.count;
        pages++;
    } while (found.end.more);
    assert_true(pages > 10);
    assert_int_equal(rows, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_what_is_there),
        cmocka_unit_test(rows_that_are_gone_are_counted),
        cmocka_unit_test(pages_of_a_large_log),
        cmocka_unit_test(counts_are_right),
        cmocka_unit_test(names_without_end_are_found),
        cmocka_unit_test(a_search_ends_in_time),
    };
    return cmocka_run_group_tests_name("decisions/test_find", tests, NULL, NULL);
}
