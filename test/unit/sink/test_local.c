// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole sink before a local socket, as /dev/log is one.
#include "unit/audit/log_world.h"

#include "base/log.h"
#include "sink/sink.h"

#include <sys/socket.h>
#include <sys/un.h>

enum { ROWS = 3000, ALL = ROWS + 2 }; // a start and an end besides

static struct log_world world;
static char log_path[192], socket_path[192];

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    world_open(&world);
    snprintf(log_path, sizeof log_path, "%s", world_path(&world, "log"));
    snprintf(socket_path, sizeof socket_path, "%s", world_path(&world, "socket"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static int bind_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.107s", socket_path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    const struct timeval limit = {.tv_sec = 20};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

static struct sinks *open_sinks(void)
{
    const struct sink_options sink = {.name = SLICE_LITERAL("local"),
                                      .kind = SINK_SYSLOG,
                                      .transport = SINK_UNIX,
                                      .host = socket_path,
                                      .facility = 16,
                                      .notes = true,
                                      .from_begin = true};
    const struct sinks_options options = {.sinks = &sink, .count = 1, .log_path = log_path};
    struct sinks *sinks = NULL;
    struct error error;
    if (sinks_open(&options, &sinks, &error) != 0)
        fail_msg("%s", error.text);
    return sinks;
}

// The number of the row in the next message.
static unsigned long long receive(int fd)
{
    char text[8192], month[4];
    unsigned int level, day, hour, minute, second;
    long process;
    int length = 0;
    ssize_t count = recv(fd, text, sizeof text - 1, 0);
    assert_true(count > 0);
    text[count] = '\0';
    assert_int_equal(sscanf(text, "<%u>%3s %u %2u:%2u:%2u sallyport[%ld]: %n", &level, month, &day,
                            &hour, &minute, &second, &process, &length),
                     7);
    assert_int_equal(process, getpid());
    assert_true(level == 16 * 8 + 6 || level == 16 * 8 + 5);
    assert_int_equal(text[length], '{');
    assert_int_equal(text[count - 1], '}');
    const char *number = strstr(text, ",\"seq\":");
    assert_non_null(number);
    return strtoull(number + 7, NULL, 10);
}

// Its queue is far shorter than that: the sink waits for the reader.
static void every_row_comes_in_order(void **state)
{
    (void)state;
    world_make(&world, "log", NULL, ROWS);
    int fd = bind_socket();
    struct sinks *sinks = open_sinks();
    struct text text = world_read(&world, "log");
    unsigned long long rows = text_lines(text);
    free(text.bytes);
    assert_true(rows >= ALL);
    for (unsigned long long row = 1; row <= rows; row++)
        assert_int_equal(receive(fd), row);
    assert_false(sinks_failing(sinks));
    struct buffer figures;
    struct metrics *part = sinks_metrics(sinks);
    buffer_init(&figures, 0);
    metrics_render(&part, 1, &figures);
    assert_true(figures.length > 0);
    buffer_release(&figures);
    sinks_close(sinks);
    close(fd);
    // It knows where it was.
    unlink(socket_path);
    fd = bind_socket();
    struct audit_log *log = world_log(&world, "log", NULL);
    sinks = open_sinks();
    world_write(log, 1);
    assert_int_equal(receive(fd), rows + 1);
    audit_close(log);
    sinks_close(sinks);
    close(fd);
}

static void nobody_who_listens(void **state)
{
    (void)state;
    world_make(&world, "log", NULL, 1);
    struct sinks *sinks = open_sinks();
    for (int i = 0; i < 20000 && !sinks_failing(sinks); i++)
        usleep(1000);
    assert_true(sinks_failing(sinks));
    int fd = bind_socket();
    for (unsigned long long row = 1; row <= 3; row++)
        assert_int_equal(receive(fd), row);
    sinks_close(sinks);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_comes_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_who_listens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
