// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A starter policy for each server of a scan. A file that is there already stays: somebody may have
// changed it.
#include "cli/scan_internal.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_MOST = 64, NAME_SIZE = NAME_MOST + 16, PATH_SIZE = 4096 };

// ---- What the files are called

// "my-files" of "my files".
static void plain_name(struct slice name, char ret[NAME_SIZE])
{
    size_t length = name.length < NAME_MOST ? name.length : NAME_MOST;
    for (size_t i = 0; i < length; i++) {
        char c = name.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        ret[i] = plain ? c : '-';
    }
    snprintf(ret + length, NAME_SIZE - length, "%s", length == 0 ? "server" : "");
}

static bool is_taken(char (*names)[NAME_SIZE], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i], name) == 0) // there are file systems that ignore case
            return true;
    return false;
}

// Fills names[at], different from those before it.
static void choose_name(char (*names)[NAME_SIZE], size_t at, struct slice server)
{
    char name[NAME_SIZE];
    plain_name(server, name);
    size_t length = strlen(name);
    // Of many alike, each finds its number at once.
    for (size_t number = at + 1; is_taken(names, at, name); number++)
        snprintf(name + length, sizeof name - length, "-%zu", number);
    memcpy(names[at], name, sizeof name);
}

// "out.json", or "out.files.json" when there are several.
static bool write_path(char ret[PATH_SIZE], const char *path, const char *name)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t stem =
        dot == NULL || (slash != NULL && dot < slash) ? strlen(path) : (size_t)(dot - path);
    int length = name == NULL
                     ? snprintf(ret, PATH_SIZE, "%s", path)
                     : snprintf(ret, PATH_SIZE, "%.*s.%s%s", (int)stem, path, name, path + stem);
    return length > 0 && length < PATH_SIZE;
}

// ---- Writing

static int write_new(const char *path, struct slice text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return cli_complain(CLI_FAILED, "'%s' is there already and is left as it is", path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = file != NULL && fwrite(text.data, 1, text.length, file) == text.length;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    else if (fd >= 0)
        close(fd);
    return good ? CLI_OK
                : cli_complain(CLI_FAILED, "'%s' cannot be written: %s", path, strerror(errno));
}

static int write_policy(const struct scan_server *server, const char *path)
{
    struct buffer out;
    struct catalogue_entry *entries = memory_try_new((server->tool_count + 1) * sizeof *entries);
    if (entries == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    for (size_t i = 0; i < server->tool_count; i++)
        entries[i] = (struct catalogue_entry){.name = server->tools[i].name,
                                              .category = server->tools[i].category,
                                              .misleads = server->tools[i].misleads};
    buffer_init(&out, 0);
    int result = catalogue_write_policy(&out, server->name, entries, server->tool_count);
    int exit_code =
        result == 0 ? write_new(path, buffer_slice(&out))
                    : cli_complain(CLI_FAILED, "no policy for '%s': %s", path, error_text(result));
    buffer_release(&out);
    memory_free(entries);
    return exit_code;
}

int scan_write_policies(const struct scan *scan, const char *path)
{
    char(*names)[NAME_SIZE] = memory_try_new((scan->count + 1) * NAME_SIZE);
    size_t count = 0;
    int exit_code = CLI_OK;
    if (names == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    for (size_t i = 0; exit_code == CLI_OK && i < scan->count; i++) {
        const struct scan_server *server = scan->servers[i];
        char file[PATH_SIZE];
        if (server->state != SCAN_GOOD)
            continue;
        choose_name(names, count, server->name);
        exit_code = write_path(file, path, scan->count == 1 ? NULL : names[count])
                        ? write_policy(server, file)
                        : cli_complain(CLI_USAGE, "'%s' is too long", path);
        count++;
    }
    memory_free(names);
    return exit_code;
}
