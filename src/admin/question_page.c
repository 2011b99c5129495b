// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to people as pages, which need no scripts: the list, and one with its form. What is
// shown is what the API answers to the same person; what a form sends goes the API's way.
#include "admin/catalogue_internal.h"
#include "admin/page_internal.h"
#include "admin/question_internal.h"

#include "base/memory.h"

enum { PAGE_MEMORY = 64 * 1024 * 1024, ROWS = 50, ID_MOST = 64 };

static const struct slice top = {"/approvals", 10};

bool admin_question_page_owns(struct slice path)
{
    return slice_starts_with(path, top) &&
           (path.length == top.length || path.data[top.length] == '/');
}

// ---- Making pages of answers

static struct pages_site site_of(const struct admin_request *request)
{
    return (struct pages_site){.root = {{"", 0}},
                               .suffix = "",
                               .account = request->who.label,
                               .contact = request->admin->options.contact_form};
}

typedef void (*write_page)(struct buffer *out, struct arena *arena, const struct pages_site *site,
                           const struct pages_asked *asked);
static int make_page(struct admin_request *request, write_page write, struct error *error)
{
    char csrf[IDENTITY_TOKEN_SIZE] = "";
    const struct pages_site site = site_of(request);
    request->arena.cap += PAGE_MEMORY;
    if (admin_cookie(request).length > 0)
        admin_csrf_of(admin_cookie(request), csrf);
    const struct pages_asked asked = {.json = admin_keep(request, buffer_slice(&request->out)),
                                      .csrf = slice_from_string(csrf),
                                      .now_ms = request->now_ms,
                                      .all = request->asking->all};
    if (asked.json.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    memory_wipe(request->out.data, request->out.capacity); // arguments
    buffer_clear(&request->out);
    write(&request->out, &request->arena, &site, &asked);
    return request->out.failed ? error_set(error, ERROR_TOO_LARGE, "this is too much for a page")
                               : 0;
}

static int read_list(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_list_questions(request, view, error);
    return result == 0 ? make_page(request, pages_write_questions, error) : result;
}

static int write_one(struct admin_request *request, struct error *error)
{
    int result = admin_find_context(request, error);
    return result == 0 ? make_page(request, pages_write_question, error) : result;
}

static int write_reply(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_reply(request, view, request->parameters[0], &request->asking->reply, error);
    request->location = request->path;
    request->status = 303;
    return result;
}

static const struct admin_route list = {
    .method = "GET", .path = "/approvals", .least = ADMIN_VIEWER, .read = read_list};
static const struct admin_route one = {.method = "GET",
                                       .path = "/approvals/{id}",
                                       .least = ADMIN_VIEWER,
                                       .read = admin_read_question,
                                       .searches = true,
                                       .hash = write_one};
static const struct admin_route reply = {.method = "POST",
                                         .path = "/approvals/{id}",
                                         .least = ADMIN_POLICY_MANAGER,
                                         .write = write_reply,
                                         .form = true};

// ---- What is asked for

// "?state=all&after=ID" in the words of the API.
static bool read_list_query(struct admin_request *request)
{
    struct slice state = {0}, after = {0};
    struct error error = {0};
    if (admin_query(request, "state", &state, &error) != 0 ||
        admin_query(request, "after", &after, &error) != 0)
        return false;
    for (size_t i = 0; i < after.length; i++)
        if (!(after.data[i] >= 'a' && after.data[i] <= 'z') &&
            !(after.data[i] >= '0' && after.data[i] <= '9') && after.data[i] != '_')
            return false;
    request->asking->all = slice_equal_string(state, "all");
    request->query = arena_format(&request->arena, "limit=%d%s%s%.*s", ROWS,
                                  request->asking->all ? "" : "&state=asked",
                                  after.length > 0 ? "&after=" : "", SLICE_PRINT(after));
    return request->query.data != NULL && after.length <= ID_MOST;
}

static bool read_number(struct slice text, int64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || text.length > 6)
            return false;
        *ret = *ret * 10 + (text.data[i] - '0');
    }
    return true;
}

static bool read_reply(struct admin_request *request, struct slice form)
{
    struct control_reply *given = &request->asking->reply;
    struct slice answer = {0}, minutes = {0}, uses = {0};
    struct error error = {0};
    bool good = admin_form_value(request, form, "csrf", &request->csrf, &error) == 0 &&
                admin_form_value(request, form, "answer", &answer, &error) == 0 &&
                admin_form_value(request, form, "note", &given->note, &error) == 0 &&
                admin_form_value(request, form, "minutes", &minutes, &error) == 0 &&
                admin_form_value(request, form, "uses", &uses, &error) == 0;
    bool allows = slice_equal_string(answer, "allow");
    given->yes = allows || slice_equal_string(answer, "approve");
    if (!good || (!given->yes && !slice_equal_string(answer, "deny")) || !json_is_utf8(given->note))
        return false;
    if (given->note.data == NULL)
        given->note = (struct slice){"", 0};
    return !allows || (read_number(minutes, &given->minutes) && given->minutes > 0 &&
                       read_number(uses, &given->uses));
}

static void take_one(struct admin_request *request, struct slice form, bool posts)
{
    if (posts && !admin_page_is_form(request))
        admin_page_refuse(request, 415, "a form is application/x-www-form-urlencoded");
    else if (posts && (form.length > BODY_MAX || !read_reply(request, form)))
        admin_page_refuse(request, 400, "the form cannot be read");
    else
        request->route = posts ? &reply : &one;
}

void admin_question_page_take(struct admin_request *request, struct slice body)
{
    bool posts = slice_equal_string(request->method, "POST");
    bool reads =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    struct slice path = request->path, id = {"", 0};
    request->page.state = PAGE_QUESTION;
    request->asking = arena_take_zeroed(&request->arena, sizeof *request->asking);
    if (path.length > top.length + 1)
        id = slice_of(path.data + top.length + 1, path.length - top.length - 1);
    request->parameters[0] = id;
    if (request->asking == NULL || id.length > ID_MOST || memchr(id.data, '/', id.length) != NULL) {
        admin_page_refuse(request, 404, "there is no such question");
    } else if (!reads && !(posts && id.length > 0)) {
        request->allow =
            id.length > 0 ? SLICE_LITERAL("GET, HEAD, POST") : SLICE_LITERAL("GET, HEAD");
        admin_page_refuse(request, 405, "this page has other methods");
    } else if (request->authorization.data == NULL && admin_cookie(request).length == 0) {
        admin_ask_in(request);
    } else if (id.length > 0) {
        take_one(request, body, posts);
    } else if (read_list_query(request)) {
        request->route = &list;
    } else {
        admin_page_refuse(request, 400, "the address cannot be read");
    }
}

// ---- Sending

static const char *title_of(int status)
{
    switch (status) {
    case 403: return "Not yours to answer";
    case 404: return "There is no such question";
    case 409: return "Your answer does not count";
    default: return "That did not work";
    }
}

void admin_question_page_finish(struct admin_request *request)
{
    const struct pages_site site = site_of(request);
    struct slice why = admin_keep(request, request->problem.detail); // with a NUL behind it
    struct slice back = admin_keep(request, request->path);
    bool known = request->parameters[0].length > 0 && request->status != 404;
    if (request->status == 401)
        admin_ask_in(request);
    if (request->status < 300)
        return;
    buffer_clear(&request->out);
    if (request->status < 400 || back.data == NULL || why.data == NULL)
        return;
    pages_write_notice(&request->out, &request->arena, &site, title_of(request->status), why.data,
                       known ? back.data : "/approvals",
                       known ? "Back to the question" : "To the approvals");
}
