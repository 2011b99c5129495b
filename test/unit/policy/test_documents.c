// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every example that people can copy works: the policies of data/policies and the JSON blocks of
// docs/policy.md compile without a problem. A block is a whole policy ("```json"), a rule
// ("```json rule"), a predicate, a condition or a limit.
#include "base/buffer.h"
#include "policy/policy.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *kind, *before, *after;
} frames[] = {
    {"", "", ""},
    {" rule", "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":\n", "}}"},
    {" predicate", "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"require\":[\n",
     "]}}}"},
    {" condition",
     "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"require\":[{\"conditions\":[\n",
     "]}]}}}"},
    {" limit", "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"limits\":[\n", "]}}}"},
};

static bool compiles(const char *path, size_t line, struct slice text)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    int result = policy_compile(text, SLICE_LITERAL("example"), &policy, &problems);
    for (size_t i = 0; i < problems.count; i++)
        printf("%s:%zu: %s: %s\n", path, line + problems.items[i].at.line,
               problems.items[i].warning ? "warning" : "error", problems.items[i].text);
    bool good = result == 0 && problems.count == 0;
    policy_problems_release(&problems);
    policy_unref(policy);
    return good;
}

static bool read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("%s: cannot open\n", path);
        return false;
    }
    size_t got;
    do {
        char *space = buffer_reserve(out, 4096);
        got = space == NULL ? 0 : fread(space, 1, 4096, file);
        buffer_commit(out, got);
    } while (got > 0);
    fclose(file);
    return true;
}

static size_t check_folder(const char *folder, size_t *count)
{
    size_t wrong = 0;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return 1;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[1024];
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0 ||
            strstr(entry->d_name, ".cases.json") != NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct buffer text;
        buffer_init(&text, 0);
        wrong += !read_file(path, &text) || !compiles(path, 0, buffer_slice(&text));
        ++*count;
        buffer_release(&text);
    }
    closedir(entries);
    return wrong;
}

// The frame for a fence's kind, or -1 for a fence of another language.
static int frame_of(const char *fence)
{
    if (strncmp(fence, "```json", 7) != 0 || strcmp(fence + 7, " cases") == 0)
        return -1; // test/cli runs the cases
    for (int i = 0; i < (int)(sizeof frames / sizeof *frames); i++)
        if (strcmp(fence + 7, frames[i].kind) == 0)
            return i;
    return -2;
}

static size_t check_page(const char *path, size_t *count)
{
    static char line[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("%s: cannot open\n", path);
        return 1;
    }
    struct buffer text;
    buffer_init(&text, 0);
    size_t wrong = 0, start = 0, number = 1;
    bool fenced = false;
    int frame = -1;
    for (; fgets(line, sizeof line, file) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "```", 3) != 0) {
            if (frame >= 0)
                buffer_append_format(&text, "%s\n", line);
        } else if (!fenced) {
            fenced = true;
            frame = frame_of(line);
            wrong += frame == -2;
            start = number - (frame > 0);
            if (frame >= 0)
                buffer_append_string(&text, frames[frame].before);
        } else {
            if (frame >= 0) {
                buffer_append_string(&text, frames[frame].after);
                wrong += !compiles(path, start, buffer_slice(&text));
                ++*count;
            }
            buffer_clear(&text);
            fenced = false;
            frame = -1;
        }
    }
    buffer_release(&text);
    fclose(file);
    return wrong;
}

int main(int argc, char **argv)
{
    size_t files = 0, blocks = 0, wrong = 0;
    if (argc != 3)
        return EXIT_FAILURE;
    wrong += check_folder(argv[1], &files);
    wrong += check_page(argv[2], &blocks);
    printf("%zu files, %zu blocks, %zu wrong\n", files, blocks, wrong);
    return wrong == 0 && files >= 5 && blocks >= 7 ? EXIT_SUCCESS : EXIT_FAILURE;
}
