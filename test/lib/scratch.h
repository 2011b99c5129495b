// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own for each test, removed afterwards with what is in it (one level).
#pragma once

#include "lib/unit.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    char folder[128];
    char path[192]; // the last path asked for
};

static inline void scratch_make(struct scratch *scratch)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch->folder, sizeof scratch->folder, "%.90s/sallyport-test-XXXXXX",
             base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(scratch->folder));
}

// The same in memory where the system has a place for that: for tests that make the disk fail by
// themselves, hundreds of times, and would wait for a real one each time.
static inline void scratch_make_in_memory(struct scratch *scratch)
{
    static const char memory[] = "/dev/shm";
    bool there = access(memory, W_OK | X_OK) == 0;
    snprintf(scratch->folder, sizeof scratch->folder, "%s/sallyport-test-XXXXXX", memory);
    if (!there || mkdtemp(scratch->folder) == NULL)
        scratch_make(scratch);
}

// "FOLDER/name", valid until the next call.
static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
    snprintf(scratch->path, sizeof scratch->path, "%s/%.60s", scratch->folder, name);
    return scratch->path;
}

static inline void scratch_remove(struct scratch *scratch)
{
    DIR *folder = opendir(scratch->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            unlink(scratch_path(scratch, entry->d_name));
    if (folder != NULL)
        closedir(folder);
    rmdir(scratch->folder);
}

static inline void scratch_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

// The whole file with a NUL behind it; free() it.
static inline char *scratch_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    // Doubled, because a sanitizer copies a block each time that it grows.
    size_t size = 0, room = 65536, count;
    char *text = malloc(room + 1);
    assert_non_null(text);
    while ((count = fread(text + size, 1, room - size, file)) > 0) {
        size += count;
        if (size < room)
            continue;
        room *= 2;
        text = realloc(text, room + 1);
        assert_non_null(text);
    }
    fclose(file);
    text[size] = '\0';
    if (ret_size != NULL)
        *ret_size = size;
    return text;
}
