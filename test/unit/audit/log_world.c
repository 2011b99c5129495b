// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "unit/audit/log_world.h"

void world_open(struct log_world *world)
{
    *world = (struct log_world){0};
    scratch_make(&world->scratch);
}

void world_close(struct log_world *world)
{
    chain_keyring_release(&world->keys);
    scratch_remove(&world->scratch);
}

const char *world_path(struct log_world *world, const char *name)
{
    static char paths[4][192];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s", scratch_path(&world->scratch, name));
    return path;
}

struct audit_log *world_log(struct log_world *world, const char *name, const char *key)
{
    struct audit_log *log = NULL;
    struct error error;
    struct audit_options options = {.path = world_path(world, name),
                                    .key_path = key == NULL ? NULL : world_path(world, key),
                                    .lanes = 1,
                                    .checkpoint_ms = 1};
    if (audit_open(&options, &log, &error) != 0)
        fail_msg("%s", error.text);
    return log;
}

void world_write(struct audit_log *log, int count)
{
    uint64_t wanted = audit_log_stats(log).written + (uint64_t)count;
    for (int i = 0; i < count; i++) {
        struct audit_record record = {.time_ms = 1795252690123 + i,
                                      .outcome = SLICE_LITERAL("allowed"),
                                      .subject = SLICE_LITERAL("get_ticker"),
                                      .total_us = i};
        assert_true(audit_write(log, 0, &record));
    }
    for (int i = 0; i < 60000 && audit_log_stats(log).written < wanted; i++)
        usleep(1000);
    assert_int_equal(audit_log_stats(log).written, wanted);
}

void world_wait_signed(struct log_world *world, const char *name)
{
    bool is_signed = false;
    for (int i = 0; i < 60000 && !is_signed; i++) {
        struct text text = world_read(world, name);
        size_t last = text_line(text, text_lines(text) - 1);
        is_signed =
            memmem(text.bytes + last, text.size - last, "\"note\":\"checkpoint\"", 19) != NULL;
        free(text.bytes);
        usleep(1000);
    }
    assert_true(is_signed);
}

void world_wait_reopened(struct log_world *world, const char *name)
{
    const char *path = world_path(world, name);
    struct stat status;
    for (int i = 0; i < 60000 && (stat(path, &status) != 0 || status.st_size == 0); i++)
        usleep(1000);
    assert_true(status.st_size > 0);
}

void world_make(struct log_world *world, const char *name, const char *key, int count)
{
    struct audit_log *log = world_log(world, name, key);
    world_write(log, count);
    audit_close(log);
}

void world_believe(struct log_world *world, const char *public_key)
{
    struct error error;
    if (chain_keyring_read(&world->keys, world_path(world, public_key), &error) != 0)
        fail_msg("%s", error.text);
}

struct text world_read(struct log_world *world, const char *name)
{
    struct text text;
    text.bytes = scratch_read(world_path(world, name), &text.size);
    return text;
}

size_t text_line(struct text text, size_t number)
{
    size_t at = 0;
    while (number-- > 0 && at < text.size) {
        const char *feed = memchr(text.bytes + at, '\n', text.size - at);
        at = feed == NULL ? text.size : (size_t)(feed - text.bytes) + 1;
    }
    return at;
}

size_t text_lines(struct text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.bytes[i] == '\n';
    return count;
}

struct text text_splice(struct text text, size_t from, size_t to, const char *insert, size_t size)
{
    struct text result = {malloc(text.size + size + 1), text.size - (to - from) + size};
    assert_non_null(result.bytes);
    memcpy(result.bytes, text.bytes, from);
    if (size > 0)
        memcpy(result.bytes + from, insert, size);
    memcpy(result.bytes + from + size, text.bytes + to, text.size - to);
    return result;
}

struct audit_proof world_verify(struct log_world *world, const struct text *files, size_t count)
{
    const struct audit_verify_options options = {
        .keys = &world->keys, .part = world->part, .running = world->running};
    struct audit_verifier *verifier = audit_verifier_new(&options);
    int result = 0;
    assert_non_null(verifier);
    for (size_t i = 0; i < count && result == 0; i++) {
        audit_verifier_begin(verifier);
        for (size_t at = 0, step; at < files[i].size && result == 0; at += step) {
            step = 1 + (at * 7 + 13) % 5000;
            step = step > files[i].size - at ? files[i].size - at : step;
            result = audit_verifier_feed(verifier, slice_of(files[i].bytes + at, step));
        }
        if (result == 0)
            result = audit_verifier_end(verifier, i + 1 == count);
    }
    struct audit_proof proof = *audit_verifier_finish(verifier);
    assert_true(result == 0 || (result == ERROR_PROTOCOL && proof.bad));
    assert_int_equal(proof.bad, proof.text[0] != '\0');
    audit_verifier_free(verifier);
    return proof;
}

struct audit_proof world_verify_files(struct log_world *world, const char *const *names,
                                      size_t count)
{
    struct text texts[8] = {0};
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++)
        texts[i] = world_read(world, names[i]);
    struct audit_proof proof = world_verify(world, texts, count);
    for (size_t i = 0; i < count; i++)
        free(texts[i].bytes);
    return proof;
}
