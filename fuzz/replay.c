// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target without a fuzzer: every file of the given folders once, and, where the target
// has a mutator of its own, some children of each. This makes corpora and found inputs ordinary
// tests.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096, INPUT_MAX = 1 << 20, GROWTH = 4096, CHILDREN = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                                                     unsigned seed);

// Stands in for libFuzzer's own: one byte becomes another, the same one in every run.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    (void)max;
    if (size > 0)
        data[size / 2] = (uint8_t)(data[size / 2] * 31 + 7);
    return size;
}

// A block of just its size, so that a sanitizer sees the first byte behind it.
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void run_children(const uint8_t *data, size_t size)
{
    size_t max = size + GROWTH, length = size;
    uint8_t *child = malloc(max);
    if (child == NULL)
        abort();
    memcpy(child, data, size);
    for (unsigned seed = 1; seed <= CHILDREN; seed++) {
        length = LLVMFuzzerCustomMutator(child, length, max, seed);
        run(child, length);
    }
    free(child);
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    if (file == NULL || data == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    fprintf(stderr, "%s\n", path); // the last one named is the one that failed
    run(data, size);
    if (LLVMFuzzerCustomMutator != NULL)
        run_children(data, size);
    free(data);
}

static size_t run_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    size_t ran = 0;
    if (count < 0) {
        fprintf(stderr, "cannot read %s\n", folder);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            run_file(path);
            ran++;
        }
        free(entries[i]);
    }
    free(entries);
    return ran;
}

int main(int argc, char **argv)
{
    size_t ran = 0;
    for (int i = 1; i < argc; i++)
        ran += run_folder(argv[i]);
    printf("%zu inputs\n", ran);
    return ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
