// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue export`: every page as a file, for any web server. They are written into a
// folder beside the one that was asked for, which gets its name when all are there.
#include "cli/catalogue_internal.h"

#include "pages/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATA, ORGANISATION, BASE_URL, QUIET, FLAGS };
enum { PATH_SIZE = 4096, ARENA_MAX = 256 * 1024 * 1024, OUT_MAX = 64 * 1024 * 1024 };
enum { SERVERS_PAGE = 500, ROWS_PAGE = 1000, EVENTS = 30, EVENTS_OF_TOOL = 5 };

struct exporting {
    struct inventory *inventory;
    char organisation[CATALOGUE_ID_SIZE];
    struct slice owner; // of `organisation`
    struct pages_site site;
    struct inventory_counts counts;
    char folder[PATH_SIZE]; // that is written into
    struct arena list;      // of a page of servers
    struct arena server;    // of one server
    struct arena page;
    struct buffer out, tools, map;
    struct error error;
    size_t pages, skipped, mapped, maps;
    bool quiet;
};

// ---- Files

static int fail(struct exporting *e, const char *path)
{
    return error_set(&e->error, ERROR_IO, "'%s' cannot be written: %s", path, strerror(errno));
}

static int write_all(int fd, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t n = write(fd, bytes.data, bytes.length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERROR_IO;
        bytes = slice_of(bytes.data + n, bytes.length - (size_t)n);
    }
    return 0;
}

static int write_file(struct exporting *e, const char *name, struct slice bytes)
{
    char path[PATH_SIZE + 1024];
    snprintf(path, sizeof path, "%s/%s", e->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    // A server may be called like another one's file.
    if (fd < 0 && (errno == EEXIST || errno == ENOTDIR || errno == EISDIR)) {
        e->skipped++;
        return 0;
    }
    int result = fd < 0 ? ERROR_IO : write_all(fd, bytes);
    if (fd >= 0 && close(fd) != 0)
        result = ERROR_IO;
    return result == 0 ? 0 : fail(e, path);
}

static int make_folder(struct exporting *e, const char *name)
{
    char path[PATH_SIZE + 1024];
    snprintf(path, sizeof path, "%s%s%s", e->folder, name[0] == '\0' ? "" : "/", name);
    return mkdir(path, 0755) == 0 || (errno == EEXIST && name[0] != '\0') ? 0 : fail(e, path);
}

// The page in `out` as catalogue/FIRST/SECOND.html.
static int write_page(struct exporting *e, struct slice first, struct slice second)
{
    char name[2 * INVENTORY_SLUG_SIZE + 32];
    bool one = first.length > 0, two = second.length > 0;
    if (e->out.failed)
        return error_set(&e->error, ERROR_NO_MEMORY, "out of memory");
    snprintf(name, sizeof name, "catalogue%s%.*s%s%.*s.html", one ? "/" : "", SLICE_PRINT(first),
             two ? "/" : "", SLICE_PRINT(second));
    int result = write_file(e, name, buffer_slice(&e->out));
    buffer_clear(&e->out);
    arena_clear(&e->page);
    e->pages++;
    return result;
}

// ---- Sitemaps

static int end_map(struct exporting *e)
{
    char name[64];
    if (e->mapped == 0)
        return 0;
    snprintf(name, sizeof name, "sitemap-%zu.xml", ++e->maps);
    pages_end_sitemap(&e->map, false);
    int result = e->map.failed ? error_set(&e->error, ERROR_NO_MEMORY, "out of memory")
                               : write_file(e, name, buffer_slice(&e->map));
    buffer_clear(&e->map);
    e->mapped = 0;
    return result;
}

static int map_page(struct exporting *e, struct slice first, struct slice second,
                    int64_t changed_ms)
{
    if (e->site.base.text.length == 0)
        return 0;
    if (e->mapped == 0)
        pages_begin_sitemap(&e->map, false);
    pages_add_to_sitemap(&e->map, &e->site, first, second, changed_ms);
    return ++e->mapped == PAGES_SITEMAP_MAX ? end_map(e) : 0;
}

static int write_index_of_maps(struct exporting *e)
{
    int result = end_map(e);
    if (result != 0 || e->site.base.text.length == 0)
        return result;
    pages_begin_sitemap(&e->map, true);
    for (size_t i = 1; i <= e->maps; i++) {
        char name[64];
        snprintf(name, sizeof name, "/sitemap-%zu.xml", i);
        pages_add_sitemap(&e->map, &e->site, slice_from_string(name));
    }
    pages_end_sitemap(&e->map, true);
    return e->map.failed ? error_set(&e->error, ERROR_NO_MEMORY, "out of memory")
                         : write_file(e, "sitemap.xml", buffer_slice(&e->map));
}

// ---- Servers and tools

static int export_tool(struct exporting *e, const struct inventory_server *server,
                       const struct inventory_rows *rows, const struct inventory_row *row)
{
    struct inventory_tool tool = {.changes = 0};
    struct pages_tool_known known = {.server = server, .tool = &tool, .siblings = *rows};
    int result = inventory_get_tool(e->inventory, server, row->slug, &e->page, &tool, &e->error);
    if (result == 0 && tool.changes > 0)
        result = inventory_history(e->inventory, server, tool.row.name, EVENTS_OF_TOOL, &e->page,
                                   &known.past, &e->error);
    if (result == 0) {
        pages_write_tool(&e->out, &e->page, &e->site, &known);
        result = write_page(e, server->slug, row->slug);
    }
    inventory_tool_release(&tool);
    return result == 0 ? map_page(e, server->slug, row->slug, row->changed_ms) : result;
}

static int export_server_page(struct exporting *e, const struct inventory_server *server,
                              struct inventory_rows *ret_rows)
{
    struct pages_server_known known = {.server = server};
    int result = inventory_get_tools(e->inventory, server, &e->server, &known.rows, &e->error);
    if (result == 0)
        result = inventory_history(e->inventory, server, (struct slice){"", 0}, EVENTS, &e->server,
                                   &known.past, &e->error);
    if (result == 0)
        result = inventory_write_tools(e->inventory, server, &e->tools, &e->error);
    known.tools = buffer_slice(&e->tools);
    *ret_rows = known.rows;
    if (result != 0)
        return result;
    pages_write_server(&e->out, &e->page, &e->site, &known);
    buffer_clear(&e->tools);
    return write_page(e, server->slug, (struct slice){"", 0});
}

static int export_server(struct exporting *e, const struct inventory_server *server)
{
    struct inventory_rows rows = {0};
    char name[INVENTORY_SLUG_SIZE + 16];
    snprintf(name, sizeof name, "catalogue/%.*s", SLICE_PRINT(server->slug));
    int result = make_folder(e, name);
    if (result == 0)
        result = export_server_page(e, server, &rows);
    if (result == 0)
        result = map_page(e, server->slug, (struct slice){"", 0}, server->changed_ms);
    for (size_t i = 0; i < rows.count && result == 0; i++)
        result = export_tool(e, server, &rows, &rows.items[i]);
    arena_clear(&e->server);
    return result;
}

static int export_servers(struct exporting *e)
{
    struct inventory_filter filter = {.organisation = e->owner, .limit = SERVERS_PAGE};
    struct pages_list_known known = {
        .counts = &e->counts, .filter = &filter, .category = -1, .severity = -1};
    char after[INVENTORY_CURSOR_SIZE] = "", number[32] = "";
    int result = 0;
    do {
        filter.after = slice_from_string(after);
        known.number++;
        arena_clear(&e->list);
        result = inventory_find_servers(e->inventory, &filter, &e->list, &known.servers, &e->error);
        if (result != 0)
            return result;
        pages_write_list(&e->out, &e->page, &e->site, &known);
        snprintf(number, sizeof number, "%zu", known.number);
        if (known.number == 1 && !e->out.failed)
            result = write_file(e, "index.html", buffer_slice(&e->out));
        if (result != 0)
            return result;
        result = known.number == 1 ? write_page(e, (struct slice){"", 0}, (struct slice){"", 0})
                                   : write_page(e, SLICE_LITERAL("-"), slice_from_string(number));
        for (size_t i = 0; i < known.servers.count && result == 0; i++)
            result = export_server(e, &known.servers.items[i]);
        snprintf(after, sizeof after, "%s", known.servers.page.next);
        if (!e->quiet && isatty(2))
            fprintf(stderr, "\r%zu pages", e->pages);
    } while (result == 0 && after[0] != '\0');
    return result;
}

// ---- Severities, attack patterns, files

static int export_severity(struct exporting *e, enum catalogue_severity severity)
{
    struct inventory_filter filter = {.organisation = e->owner,
                                      .categories = inventory_categories_of(severity),
                                      .limit = ROWS_PAGE};
    struct pages_list_known known = {
        .counts = &e->counts, .filter = &filter, .asked = true, .category = -1, .severity = -1};
    char after[INVENTORY_CURSOR_SIZE] = "", name[64];
    int result = 0;
    do {
        filter.after = slice_from_string(after);
        arena_clear(&e->list);
        result = inventory_search(e->inventory, &filter, &e->list, &known.found, &e->error);
        if (result != 0)
            return result;
        known.number++;
        snprintf(name, sizeof name, known.number == 1 ? "%s" : "%s-%zu",
                 catalogue_severity_name(severity), known.number);
        pages_write_severity(&e->out, &e->page, &e->site, severity, &known);
        result = write_page(e, SLICE_LITERAL("risk"), slice_from_string(name));
        snprintf(after, sizeof after, "%s", known.found.page.next);
    } while (result == 0 && after[0] != '\0');
    return result == 0 ? map_page(e, SLICE_LITERAL("risk"),
                                  slice_from_string(catalogue_severity_name(severity)), 0)
                       : result;
}

static int export_attacks(struct exporting *e)
{
    static const struct slice section = {"attacks", 7};
    size_t count = 0;
    const struct catalogue_attack *attacks = catalogue_attacks(&count);
    pages_write_attacks(&e->out, &e->page, &e->site);
    int result = write_page(e, section, (struct slice){"", 0});
    if (result == 0)
        result = map_page(e, section, (struct slice){"", 0}, 0);
    if (result == 0)
        result = map_page(e, (struct slice){"", 0}, (struct slice){"", 0}, 0);
    for (size_t i = 0; i < count && result == 0; i++) {
        pages_write_attack(&e->out, &e->page, &e->site, &attacks[i]);
        result = write_page(e, section, slice_from_string(attacks[i].slug));
        if (result == 0)
            result = map_page(e, section, slice_from_string(attacks[i].slug), 0);
    }
    return result;
}

static int export_files(struct exporting *e)
{
    static const char *const names[] = {"pages.css", "pages.js"};
    int result = 0;
    for (size_t i = 0; i < 2 && result == 0; i++) {
        char path[64];
        snprintf(path, sizeof path, "catalogue/-/%s", names[i]);
        result = write_file(e, path, pages_find_file(slice_from_string(names[i])).bytes);
    }
    pages_write_robots(&e->out, &e->site);
    if (result == 0)
        result = write_file(e, "robots.txt", buffer_slice(&e->out));
    buffer_clear(&e->out);
    pages_write_llms(&e->out, &e->site, &e->counts);
    if (result == 0)
        result = write_file(e, "llms.txt", buffer_slice(&e->out));
    buffer_clear(&e->out);
    return result;
}

static int export_all(struct exporting *e)
{
    static const char *const folders[] = {"", "catalogue", "catalogue/-", "catalogue/risk",
                                          "catalogue/attacks"};
    int result = inventory_count(e->inventory, e->owner, &e->counts, &e->error);
    for (size_t i = 0; i < sizeof folders / sizeof *folders && result == 0; i++)
        result = make_folder(e, folders[i]);
    if (result == 0)
        result = export_files(e);
    if (result == 0)
        result = export_attacks(e);
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL && result == 0; i++)
        result = export_severity(e, (enum catalogue_severity)i);
    if (result == 0)
        result = export_servers(e);
    return result == 0 ? write_index_of_maps(e) : result;
}

// ---- The command

static int remove_cb(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

// Takes its name: from here on it is there as a whole.
static int finish(struct exporting *e, const char *target, int result)
{
    if (result == 0 && rename(e->folder, target) != 0)
        result = fail(e, target);
    if (result != 0) {
        nftw(e->folder, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
        return cli_catalogue_failed(result, &e->error);
    }
    if (!e->quiet) {
        if (isatty(2))
            fputs("\r", stderr);
        printf("%zu pages of %zu servers are in '%s'\n", e->pages, (size_t)e->counts.servers,
               target);
    }
    if (e->skipped > 0)
        fprintf(stderr, "%zu pages were left out: their names are taken by others\n", e->skipped);
    return CLI_OK;
}

// "https://host/sub" has links that begin with "/sub".
static bool read_base(struct exporting *e, const char *url)
{
    if (url == NULL)
        return true;
    const char *host = strstr(url, "://");
    bool good = (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) &&
                host[3] != '\0' && host[3] != '/' && strpbrk(url, "\"'<> \t\r\n?#\\") == NULL;
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    if (!good)
        return false;
    const char *path = memchr(host + 3, '/', length - (size_t)(host + 3 - url));
    e->site.base.text = slice_of(url, length);
    if (path != NULL)
        e->site.root.text = slice_of(path, length - (size_t)(path - url));
    return true;
}

static void open_export(struct exporting *e, const char *target)
{
    snprintf(e->folder, sizeof e->folder, "%s.%ld.partial", target, (long)getpid());
    e->owner = slice_from_string(e->organisation);
    arena_init(&e->list, ARENA_MAX);
    arena_init(&e->server, ARENA_MAX);
    arena_init(&e->page, ARENA_MAX);
    buffer_init(&e->out, OUT_MAX);
    buffer_init(&e->tools, OUT_MAX);
    buffer_init(&e->map, OUT_MAX);
}

static void close_export(struct exporting *e)
{
    arena_release(&e->list);
    arena_release(&e->server);
    arena_release(&e->page);
    buffer_release(&e->out);
    buffer_release(&e->tools);
    buffer_release(&e->map);
    inventory_close(e->inventory);
}

static int export_to(struct exporting *e, const char *target)
{
    struct stat status;
    int result = 0;
    if (lstat(target, &status) == 0)
        result =
            error_set(&e->error, ERROR_IO, "'%s' is there already and is left as it is", target);
    else if (strlen(target) + 32 > PATH_SIZE)
        result = error_set(&e->error, ERROR_IO, "the folder's name is too long");
    if (result != 0)
        return cli_catalogue_failed(result, &e->error);
    open_export(e, target);
    int exit_code = finish(e, target, export_all(e));
    close_export(e);
    return exit_code;
}

int cli_catalogue_export(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[FLAGS] = {
        [DATA] = {"data", "FOLDER", "the data folder of a gateway"},
        [ORGANISATION] = {"organisation", "NAME", "also its own entries, not only what is shared"},
        [BASE_URL] = {"base-url", "URL", "where the pages will be: canonical links, sitemaps"},
        [QUIET] = {"quiet", NULL, "say nothing when all is well"}};
    static const struct cli_usage usage = {
        .command = "catalogue export",
        .operands = "FOLDER",
        .text = "Writes every page of the catalogue into a new folder, for any web server.\n"
                "The folder appears when all of them are there.\n",
        .flags = flags,
        .flag_count = FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct exporting e = {.site = {.suffix = ".html", .exported = true, .open = true}};
    int exit_code;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (!read_base(&e, arguments.values[BASE_URL]))
        return cli_mistake(usage.command, "--base-url is like 'https://tools.example.com'");
    e.quiet = arguments.values[QUIET] != NULL;
    exit_code =
        cli_open_catalogue(usage.command, arguments.values[DATA], arguments.values[ORGANISATION],
                           false, &e.inventory, e.organisation);
    return exit_code == CLI_OK ? export_to(&e, arguments.operands[0]) : exit_code;
}
