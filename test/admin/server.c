// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A control plane behind its API and nothing else, for the tests of the API:
//   admin_server FOLDER            on a free port, until standard input ends; prints one line of
//   JSON; a line that comes in is a question to people (ask.h)
//   admin_server --routes          prints the route table as JSON
// With the variable SEED set there are two organisations, "acme" and "umbrella", with an API key of
// each role and one of each kind of record; with ALLOW_LOOPBACK what they name may be at 127.0.0.1.
#include "admin/admin.h"
#include "ask.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct seeded {
    char organisation[64], server[64], policy[64], grant[64], keys[3][IDENTITY_TOKEN_SIZE + 8];
    char token[IDENTITY_TOKEN_SIZE], key[64], invitation[64], credential[64], member[64];
    char authorization[64], provider[64], override[64], contact[64];
    const char *name;
    struct control *control;
};

static void keep(char text[64], struct slice id)
{
    snprintf(text, 64, "%.*s", SLICE_PRINT(id));
}

static int add_key(struct seeded *seeded, struct store_view *view, enum store_role role,
                   struct error *error)
{
    char token[IDENTITY_TOKEN_SIZE];
    unsigned char hash[32];
    identity_new_token(token);
    snprintf(seeded->keys[role], sizeof seeded->keys[role], "spk_%s", token + 3);
    identity_hash_token(slice_from_string(seeded->keys[role]), hash);
    struct store_api_key key = {.head.organisation = slice_from_string(seeded->organisation),
                                .label = slice_from_string(store_role_words[role]),
                                .role = role,
                                .token = slice_of((const char *)hash, sizeof hash)};
    int result = store_add_api_key(view, &key, error);
    keep(seeded->key, key.head.id);
    return result;
}

static int add_policy(struct seeded *seeded, struct store_view *view, struct error *error)
{
    struct store_policy policy = {.head.organisation = slice_from_string(seeded->organisation),
                                  .name = SLICE_LITERAL("careful")};
    struct store_policy_version version = {
        .author = SLICE_LITERAL("Tess"),
        .document = SLICE_LITERAL("{\"version\":\"1\",\n\"default\":\"deny\"}")};
    struct policy_problems problems = {0};
    int result = store_add_policy(view, &policy, error);
    keep(seeded->policy, policy.head.id);
    if (result == 0)
        result = control_add_policy_version(view, &policy, &version, &problems, error);
    policy_problems_release(&problems);
    return result;
}

static int add_server(struct seeded *seeded, struct store_view *view, struct error *error)
{
    struct slice owner = slice_from_string(seeded->organisation);
    struct store_server server = {.head.organisation = owner,
                                  .name = SLICE_LITERAL("files"),
                                  .url = SLICE_LITERAL("https://files.example.com/mcp"),
                                  .settings = SLICE_LITERAL("{}")};
    int result = store_add_server(view, &server, error);
    struct store_credential credential = {.head.organisation = owner,
                                          .server = server.head.id,
                                          .place = STORE_HEADER,
                                          .name = SLICE_LITERAL("Authorization")};
    if (result == 0)
        result = control_set_credential(seeded->control, view, &credential,
                                        SLICE_LITERAL("Bearer hush-hush"), error);
    keep(seeded->server, server.head.id);
    keep(seeded->credential, credential.head.id);
    return result;
}

// An override, a definition that was accepted, and one that waits.
static int add_tools(struct seeded *seeded, struct store_view *view, struct error *error)
{
    // As catalogue_fingerprint makes them of the texts below.
    static const char accepted[] =
        "\x7c\xeb\x9b\x8f\x9f\x6b\x5f\x31\x34\xac\x99\x83\x9b\xb2\xc1\x73"
        "\xf9\xbb\x62\x99\x44\xfb\xde\x82\xb5\x8a\x0f\xa2\x66\x47\x55\x47";
    static const char waiting[] =
        "\x67\x23\xc7\x49\xa9\xb5\xea\x07\x06\x38\x27\xc0\xb4\xc5\x38\xe4"
        "\x80\x19\xdf\x2b\xce\xbc\x74\x70\x0e\x72\x66\x88\x3d\x17\x1b\x33";
    struct slice owner = slice_from_string(seeded->organisation),
                 server = slice_from_string(seeded->server);
    struct store_override override = {.head.organisation = owner,
                                      .server = server,
                                      .tool = SLICE_LITERAL("sync"),
                                      .category = STORE_DESTROYS,
                                      .author = SLICE_LITERAL("Tess")};
    struct store_definition definition = {.head.organisation = owner,
                                          .server = server,
                                          .tool = SLICE_LITERAL("sync"),
                                          .print = slice_of(accepted, 32),
                                          .text = SLICE_LITERAL("{\"name\":\"sync\"}")};
    struct store_sighting sighting = {.head.organisation = owner,
                                      .server = server,
                                      .tool = SLICE_LITERAL("sync"),
                                      .print = slice_of(waiting, 32),
                                      .text = SLICE_LITERAL("{\"name\":\"sync\",\"title\":\"x\"}")};
    int result = store_add_override(view, &override, error);
    if (result == 0)
        result = store_add_definition(view, &definition, error);
    keep(seeded->override, override.head.id);
    return result == 0 ? store_add_sighting(view, &sighting, error) : result;
}

static int add_people(struct seeded *seeded, struct store_view *view, struct error *error)
{
    struct slice owner = slice_from_string(seeded->organisation);
    char token[IDENTITY_TOKEN_SIZE];
    struct store_member member = {.head.organisation = owner,
                                  .email = SLICE_LITERAL("one@example.com"),
                                  .name = SLICE_LITERAL("One"),
                                  .role = STORE_ADMIN};
    struct store_invitation invitation = {.head.organisation = owner,
                                          .email = SLICE_LITERAL("two@example.com"),
                                          .role = STORE_VIEWER,
                                          .expires_ms = clock_wall_ms() + 3600000};
    int result = store_add_member(view, &member, error);
    struct store_provider provider = {.head.organisation = owner,
                                      .name = SLICE_LITERAL("corp"),
                                      .issuer = SLICE_LITERAL("https://id.example.com"),
                                      .client = SLICE_LITERAL("gateway"),
                                      .scopes = SLICE_LITERAL("openid"),
                                      .domains = SLICE_LITERAL("[]")};
    if (result == 0)
        result = control_invite(view, &invitation, token, error);
    if (result == 0)
        result = store_add_provider(view, &provider, error);
    struct store_contact contact = {.head.organisation = owner,
                                    .email = SLICE_LITERAL("x@example.com"),
                                    .text = SLICE_LITERAL("How?"),
                                    .done_by = {"", 0}};
    if (result == 0)
        result = store_add_contact(view, &contact, error);
    keep(seeded->contact, contact.head.id);
    keep(seeded->provider, provider.head.id);
    keep(seeded->member, member.head.id);
    keep(seeded->invitation, invitation.head.id);
    return result;
}

static int seed(void *argument, struct store_view *view, struct error *error)
{
    struct seeded *seeded = argument;
    struct store_organisation owner = {.name = slice_from_string(seeded->name)};
    int result = store_add_organisation(view, &owner, error);
    keep(seeded->organisation, owner.head.id);
    for (unsigned role = STORE_VIEWER; role <= STORE_ADMIN && result == 0; role++)
        result = add_key(seeded, view, (enum store_role)role, error);
    if (result == 0)
        result = add_policy(seeded, view, error);
    if (result == 0)
        result = add_server(seeded, view, error);
    if (result == 0)
        result = add_tools(seeded, view, error);
    if (result == 0)
        result = add_people(seeded, view, error);
    struct store_grant grant = {.head.organisation = slice_from_string(seeded->organisation),
                                .label = SLICE_LITERAL("laptop"),
                                .tags = SLICE_LITERAL("[]")};
    const struct control_reach reach = {slice_from_string(seeded->server),
                                        slice_from_string(seeded->policy), 0};
    if (result == 0)
        result = control_add_grant(view, &grant, &reach, 1, seeded->token, error);
    keep(seeded->grant, grant.head.id);
    struct store_authorization authorization = {.head.organisation = grant.head.organisation,
                                                .server = slice_from_string(seeded->server),
                                                .grant = grant.head.id,
                                                .issuer = SLICE_LITERAL("https://as.example.com"),
                                                .note = SLICE_LITERAL("nobody has signed in")};
    if (result == 0)
        result = store_add_authorization(view, &authorization, error);
    keep(seeded->authorization, authorization.head.id);
    return result;
}

// Three decisions of each organisation, and one of nobody; the first row is the log's own.
static void log_decisions(const char *path, const struct seeded *seeded, size_t count,
                          struct error *error)
{
    static const struct slice outcomes[] = {{"allowed", 7}, {"denied", 6}, {"failed", 6}};
    const struct audit_options options = {.path = path, .lanes = 1};
    struct audit_log *log = NULL;
    if (audit_open(&options, &log, error) != 0)
        return;
    for (size_t i = 0; i < 3 * count + 1; i++) {
        bool nobody = i == 3 * count;
        const struct seeded *owner = &seeded[nobody ? 0 : i / 3];
        const struct audit_record record = {
            .time_ms = clock_wall_ms(),
            .organisation = nobody ? (struct slice){0} : slice_from_string(owner->organisation),
            .grant = nobody ? (struct slice){0} : SLICE_LITERAL("laptop"),
            .server = SLICE_LITERAL("acme/files"),
            .method = SLICE_LITERAL("tools/call"),
            .subject = SLICE_LITERAL("=read"),
            .direction = SLICE_LITERAL("client"),
            .outcome = outcomes[i % 3]};
        audit_write(log, 0, &record);
    }
    audit_close(log);
}

// The index has found what is in the log.
static struct decisions *open_decisions(const char *folder, const struct seeded *seeded,
                                        size_t count, struct admin_options *admin)
{
    static char log[300], index[300];
    struct decisions *decisions = NULL;
    struct error error = {0};
    snprintf(log, sizeof log, "%s/decisions.jsonl", folder);
    snprintf(index, sizeof index, "%s/decisions.index", folder);
    if (count > 0)
        log_decisions(log, seeded, count, &error);
    const struct decisions_options options = {.log = log, .index = index};
    if (decisions_open(&options, &decisions, &error) != 0)
        return NULL;
    for (int i = 0; count > 0 && i < 20000 && decisions_state(decisions).row < 3 * count + 2; i++)
        usleep(1000);
    admin->decisions = decisions;
    admin->decision_log = log;
    return decisions;
}

static void must(int result, const struct error *error)
{
    if (result == 0)
        return;
    fprintf(stderr, "admin_server: %s\n", error->text);
    exit(1);
}

static void print_seeded(const struct seeded *seeded, size_t decision)
{
    printf(",\"%s\":{\"organisation\":\"%s\",\"server\":\"%s\",\"policy\":\"%s\",\"grant\":\"%s\","
           "\"key\":\"%s\",\"invitation\":\"%s\",\"credential\":\"%s\",\"member\":\"%s\","
           "\"authorization\":\"%s\",\"provider\":\"%s\",\"override\":\"%s\",\"contact\":\"%s\","
           "\"token\":\"%s\","
           "\"decision\":%zu,"
           "\"keys\":{\"viewer\":\"%s\","
           "\"policy_"
           "manager\":\"%s\","
           "\"admin\":\"%s\"}}",
           seeded->name, seeded->organisation, seeded->server, seeded->policy, seeded->grant,
           seeded->key, seeded->invitation, seeded->credential, seeded->member,
           seeded->authorization, seeded->provider, seeded->override, seeded->contact,
           seeded->token, decision, seeded->keys[0], seeded->keys[1], seeded->keys[2]);
}

static size_t seed_all(struct control *control, struct seeded seeded[2])
{
    static const char *const names[] = {"acme", "umbrella"};
    struct error error = {0};
    if (getenv("SEED") == NULL)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        seeded[i] = (struct seeded){.name = names[i], .control = control};
        must(store_run(control_records(control), STORE_WRITE, NULL, seed, &seeded[i], &error),
             &error);
    }
    return 2;
}

static void print_start(struct control *control, const struct seeded *seeded, size_t count,
                        uint16_t port)
{
    struct error error = {0};
    struct control_setup setup = {.needed = false};
    printf("{\"port\":%u", port);
    for (size_t i = 0; i < count; i++)
        print_seeded(&seeded[i], 2 + 3 * i);
    must(control_set_up(control, &setup, &error), &error);
    printf(",\"setup\":\"%s\"}\n", setup.needed ? setup.token : "");
    fflush(stdout);
}

static void handle(void *argument, struct http_reply *reply, const struct http_request *request)
{
    if (admin_owns(request))
        admin_handle(argument, reply, request, true);
    else
        http_reply_send(reply, 404, NULL, 0, (struct slice){0});
}

struct input {
    struct loop *loop;
    struct control *control;
    const char *folder;
    struct buffer text;
};

static void input_cb(void *argument, int events)
{
    struct input *input = argument;
    char piece[65536];
    (void)events;
    ssize_t length = read(0, piece, sizeof piece);
    if (length <= 0) {
        loop_stop(input->loop);
        return;
    }
    buffer_append(&input->text, slice_of(piece, (size_t)length));
    struct slice text = buffer_slice(&input->text);
    const char *end = memchr(text.data, '\n', text.length);
    if (end == NULL)
        return;
    size_t line = (size_t)(end - text.data);
    ask_question(input->control, input->folder, slice_of(text.data, line));
    buffer_consume(&input->text, line + 1);
}

// Who hears of changes, on the writer's thread.
struct heard {
    struct admin *_Atomic admin;
    struct notify *_Atomic notify;
};

static int committing(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error)
{
    struct notify *notify = atomic_load(&((struct heard *)argument)->notify);
    return notify == NULL ? 0 : notify_committing(notify, view, changes, count, error);
}

// A mail server by the variables MAIL_PORT, MAIL_SECURITY, MAIL_USER and MAIL_CA.
static void start_notify(struct control *control, const struct net_guard *guard,
                         struct notify **ret)
{
    const char *port = getenv("MAIL_PORT"), *security = getenv("MAIL_SECURITY");
    const char *user = getenv("MAIL_USER");
    struct error error = {0};
    const struct notify_mail mail = {
        .host = port == NULL ? NULL : "localhost",
        .port = port == NULL ? 0 : (uint16_t)strtoul(port, NULL, 10),
        .security = security == NULL ? FETCH_MAIL_PLAIN
                                     : (enum fetch_mail_security)strtoul(security, NULL, 10),
        .user = user,
        .password = user == NULL ? NULL : "hush-hush",
        .from = "gateway@sallyport.example"};
    const struct notify_options options = {.records = control_records(control),
                                           .guard = guard,
                                           .ca_file = getenv("MAIL_CA"),
                                           .mail = &mail,
                                           .open = admin_open_sealed,
                                           .argument = control,
                                           .write_html = admin_write_letter};
    must(notify_open(&options, ret, &error), &error);
}

static void print_routes(void)
{
    struct admin_route_text route;
    printf("[");
    for (size_t i = 0; admin_route_at(i, &route); i++)
        printf("%s{\"method\":\"%s\",\"path\":\"%s\",\"role\":\"%s\"}", i == 0 ? "" : ",",
               route.method, route.path, route.role);
    printf("]\n");
}

static void committed_cb(void *argument, struct store_view *view,
                         const struct store_change *changes, size_t count)
{
    struct admin *admin = atomic_load(&((struct heard *)argument)->admin);
    (void)view;
    if (admin != NULL)
        admin_tell_changes(admin, changes, count);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "--routes") == 0) {
        print_routes();
        return 0;
    }
    static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    struct heard heard = {.admin = NULL};
    const struct control_options options = {.folder = argv[1],
                                            .environment = environment,
                                            .commands_allowed = true,
                                            .committing = committing,
                                            .committed = committed_cb,
                                            .argument = &heard};
    const struct http_server_options server_options = {0};
    struct error error = {0};
    struct control *control = NULL;
    struct admin *admin = NULL;
    struct notify *notify = NULL;
    struct http_server *server = NULL;
    struct loop *loop = loop_new();
    must(control_open(&options, &control, &error), &error);
    struct net_guard *guard = net_guard_new();
    struct net_range loopback;
    must(net_range_parse(SLICE_LITERAL("127.0.0.1"), &loopback, &error), &error);
    net_guard_allow(guard, &loopback, getenv("ALLOW_LOOPBACK") == NULL ? 0 : 1);
    struct fetch *fetch = NULL;
    const struct fetch_options fetch_options = {.guard = guard};
    must(fetch_open(&fetch_options, &fetch, &error), &error);
    start_notify(control, guard, &notify);
    struct admin_options admin_options = {.control = control,
                                          .notify = notify,
                                          .guard = guard,
                                          .fetch = fetch,
                                          .folder = argv[1],
                                          .catalogue_public = getenv("CATALOGUE_PUBLIC") != NULL,
                                          .contact_form = getenv("CONTACT_FORM") != NULL};
    struct seeded seeded[2];
    size_t count = seed_all(control, seeded);
    struct decisions *decisions = open_decisions(argv[1], seeded, count, &admin_options);
    must(admin_open(&admin_options, &admin, &error), &error);
    atomic_store(&heard.admin, admin);
    atomic_store(&heard.notify, notify);
    struct admin_face *face = admin_face_new(admin, loop);
    must(
        http_server_open(loop, "127.0.0.1:0", &server_options, handle, NULL, face, &server, &error),
        &error);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(server));
    admin_set_public_url(admin, url);
    notify_set_public_url(notify, url);
    struct input lines = {loop, control, argv[1], {0}};
    buffer_init(&lines.text, 0);
    struct loop_io *input = loop_io_open(loop, 0, input_cb, &lines);
    must(loop_io_want(input, LOOP_READ), &error);
    print_start(control, seeded, count, http_server_port(server));
    loop_run(loop);
    loop_io_close(input);
    buffer_release(&lines.text);
    http_server_free(server);
    fetch_stop(fetch);
    admin_face_free(face);
    notify_stop(notify);
    atomic_store(&heard.admin, NULL);
    admin_close(admin);
    decisions_close(decisions);
    control_close(control);
    notify_close(notify);
    fetch_close(fetch);
    net_guard_free(guard);
    loop_free(loop);
    return 0;
}
