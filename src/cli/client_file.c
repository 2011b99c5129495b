// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A file that belongs to another program: replaced in one step, with its mode and owner, never when
// it changed since it was read, and never without a copy of what it was.
#include "cli/client_internal.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char backup_end[] = ".before-sallyport", undone_end[] = ".undone-sallyport";

const char *const client_names[CLIENT_KINDS] = {"claude-desktop", "claude-code", "cursor",
                                                "vscode",         "windsurf",    "codex"};

_Static_assert(PATH_MAX <= 4096, "realpath fills the room that it is given");

static bool resolve(const char *path, char ret[4096])
{
    return realpath(path, ret) != NULL;
}

// ---- Which client's it is

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool guess(const char *path, enum client_kind *ret)
{
    static const struct {
        const char *end;
        enum client_kind kind;
    } ends[] = {
        {"claude_desktop_config.json", CLIENT_CLAUDE_DESKTOP},
        {"/.claude.json", CLIENT_CLAUDE_CODE},
        {"/.mcp.json", CLIENT_CLAUDE_CODE},
        {".cursor/mcp.json", CLIENT_CURSOR},
        {".vscode/mcp.json", CLIENT_VS_CODE},
        {"Code/User/mcp.json", CLIENT_VS_CODE},
        {"windsurf/mcp_config.json", CLIENT_WINDSURF},
        {".codeium/mcp_config.json", CLIENT_WINDSURF},
        {".codex/config.toml", CLIENT_CODEX},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(path, ends[i].end)) {
            *ret = ends[i].kind;
            return true;
        }
    return false;
}

static int find_kind(struct client_file *file, const char *client)
{
    for (int i = 0; client != NULL && i < CLIENT_KINDS; i++)
        if (strcmp(client, client_names[i]) == 0) {
            file->kind = (enum client_kind)i;
            return CLI_OK;
        }
    if (client != NULL)
        return cli_complain(CLI_USAGE,
                            "'%s' is no client that is known here: claude-desktop, "
                            "claude-code, cursor, vscode, windsurf or codex",
                            client);
    return guess(file->path, &file->kind)
               ? CLI_OK
               : cli_complain(CLI_USAGE,
                              "'%s' does not tell by its name which client's it is; say so with "
                              "--client NAME",
                              file->path);
}

// ---- Reading

static int complain(const char *path, const char *why)
{
    return cli_complain(CLI_FAILED, "'%s' %s: %s", path, why, strerror(errno));
}

static int read_text(struct client_file *file, int fd)
{
    struct stat status;
    struct error error = {0};
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return cli_complain(CLI_USAGE, "'%s' is no ordinary file", file->path);
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->size = status.st_size;
    file->changed = status.st_mtim;
    file->mode = status.st_mode & 07777;
    file->owner = status.st_uid;
    file->group = status.st_gid;
    if (status.st_size > CLIENT_FILE_MAX)
        return cli_complain(CLI_USAGE, "'%s' is too large", file->path);
    buffer_reserve(&file->text, (size_t)status.st_size + 64 * 1024);
    return config_read_stream(fd, CLIENT_FILE_MAX, &file->text, &error) == 0
               ? CLI_OK
               : cli_complain(CLI_FAILED, "'%s' cannot be read: %s", file->path, error.text);
}

int client_file_open(const char *path, const char *client, bool may_have_none,
                     struct client_file *ret)
{
    *ret = (struct client_file){.may_have_none = may_have_none};
    buffer_init(&ret->text, 0);
    arena_init(&ret->arena, 8 * CLIENT_FILE_MAX);
    ret->servers = memory_try_new(CLIENT_SERVERS_MAX * sizeof *ret->servers);
    if (ret->servers == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    if (!resolve(path, ret->path))
        return complain(path, "cannot be found");
    int exit_code = find_kind(ret, client);
    if (exit_code != CLI_OK)
        return exit_code;
    int fd = open(ret->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return complain(path, "cannot be opened");
    exit_code = read_text(ret, fd);
    close(fd);
    if (exit_code != CLI_OK)
        return exit_code;
    return ret->kind == CLIENT_CODEX ? client_read_toml(ret) : client_read_json(ret);
}

void client_file_close(struct client_file *file)
{
    buffer_wipe(&file->text);
    arena_release(&file->arena);
    memory_free(file->servers);
}

// ---- Writing

static void beside(char ret[4200], const char *path, const char *end)
{
    snprintf(ret, 4200, "%s%s", path, end);
}

int client_file_check(const struct client_file *file)
{
    char backup[4200], folder[4096];
    struct stat status;
    beside(backup, file->path, backup_end);
    snprintf(folder, sizeof folder, "%s", file->path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    if (lstat(backup, &status) == 0)
        return cli_complain(
            CLI_FAILED,
            "'%s' is there already, of an earlier import: undo that with --undo, or "
            "move the copy away",
            backup);
    if (access(folder, W_OK) != 0)
        return complain(folder, "cannot be written to");
    if (file->owner != geteuid() && geteuid() != 0)
        return cli_complain(CLI_FAILED, "'%s' belongs to somebody else", file->path);
    return CLI_OK;
}

static bool unchanged(const struct client_file *file)
{
    struct stat now;
    return lstat(file->path, &now) == 0 && now.st_dev == file->device &&
           now.st_ino == file->inode && now.st_size == file->size &&
           now.st_mtim.tv_sec == file->changed.tv_sec &&
           now.st_mtim.tv_nsec == file->changed.tv_nsec;
}

static bool write_whole(int fd, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t sent = write(fd, bytes.data, bytes.length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes = slice_of(bytes.data + sent, bytes.length - (size_t)sent);
    }
    return fsync(fd) == 0;
}

// A new file with these bytes, and the mode and owner of the old one.
static int write_new(const struct client_file *file, const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return complain(path, "cannot be made");
    bool same = file->owner == geteuid() || fchown(fd, file->owner, file->group) == 0;
    bool good = same && write_whole(fd, bytes) && fchmod(fd, file->mode) == 0;
    int problem = errno;
    good = close(fd) == 0 && good;
    if (good)
        return CLI_OK;
    unlink(path);
    errno = problem;
    return complain(path, "cannot be written");
}

int client_file_replace(const struct client_file *file, struct slice text)
{
    char backup[4200], fresh[4200];
    beside(backup, file->path, backup_end);
    beside(fresh, file->path, ".new-sallyport");
    int exit_code = write_new(file, backup, buffer_slice(&file->text));
    if (exit_code != CLI_OK)
        return exit_code;
    exit_code = write_new(file, fresh, text);
    if (exit_code == CLI_OK && !unchanged(file))
        exit_code = cli_complain(CLI_FAILED, "'%s' was changed meanwhile", file->path);
    if (exit_code == CLI_OK && rename(fresh, file->path) != 0)
        exit_code = complain(file->path, "cannot be replaced");
    if (exit_code != CLI_OK) {
        unlink(fresh);
        unlink(backup);
    }
    return exit_code;
}

int client_file_undo(const char *path)
{
    char real[4096], backup[4200], undone[4200];
    struct stat status;
    if (!resolve(path, real))
        return complain(path, "cannot be found");
    beside(backup, real, backup_end);
    beside(undone, real, undone_end);
    if (lstat(backup, &status) != 0 || !S_ISREG(status.st_mode))
        return cli_complain(CLI_FAILED, "there is no copy '%s' to go back to", backup);
    unlink(undone);
    if (link(real, undone) != 0)
        return complain(undone, "cannot be made");
    if (rename(backup, real) != 0)
        return complain(real, "cannot be replaced");
    printf("%s is as it was; what it was until now is in %s\n", real, undone);
    return CLI_OK;
}
