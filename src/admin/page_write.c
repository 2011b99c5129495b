// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of the pages. What anybody typed goes through add_text.
#include "admin/page_internal.h"

static void add(struct buffer *out, const char *html)
{
    buffer_append_string(out, html);
}

// Text between tags or in a quoted attribute.
static void add_text(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '&')
            add(out, "&amp;");
        else if (c == '<')
            add(out, "&lt;");
        else if (c == '>')
            add(out, "&gt;");
        else if (c == '\'')
            add(out, "&#39;");
        else if (c == '"')
            add(out, "&quot;");
        else if ((unsigned char)c >= 0x20)
            buffer_append(out, slice_of(text.data + i, 1));
    }
}

static void add_strong(struct buffer *out, struct slice text)
{
    add(out, "<strong>");
    add_text(out, text);
    add(out, "</strong>");
}

// ---- The frame

static const char gate[] =
    "<svg viewBox='0 0 24 24' aria-hidden='true'><path d='M4 21V8l4-3.5h8L20 8v13'/>"
    "<path d='M9 21v-7a3 3 0 0 1 6 0v7M2.5 21h19'/></svg>";

static void begin_page(struct buffer *out, const char *title, bool wide)
{
    add(out, "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n<title>");
    add(out, title);
    add(out, " - Sallyport</title>\n<meta name='viewport' content='width=device-width, "
             "initial-scale=1'>\n"
             "<meta name='color-scheme' content='light dark'>\n<link rel='icon' "
             "href=\"data:image/svg+xml,"
             "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
             "stroke='%230b8a6c' "
             "stroke-width='2.2'%3E%3Cpath d='M4 21V8l4-3.5h8L20 8v13M9 21v-7a3 3 0 0 1 6 0v7M2.5 "
             "21h19'/"
             "%3E%3C/svg%3E\">\n<link rel='stylesheet' href='/setup/page.css'>\n"
             "<script src='/setup/page.js' defer></script>\n</head>\n<body>\n");
    add(out, wide ? "<main class='wide'>\n" : "<main>\n");
    add(out, "<p class='brand'>");
    add(out, gate);
    add(out, "Sallyport</p>\n<div class='card'>\n");
}

static void end_page(struct buffer *out)
{
    add(out, "</div>\n</main>\n</body>\n</html>\n");
}

static void begin_form(const struct admin_request *request, struct buffer *out)
{
    add(out, request->page.setup ? "<form method='post' action='/setup'>\n"
                                 : "<form method='post' action='/invitation'>\n");
}

static void add_bad_mark(struct buffer *out)
{
    add(out,
        "<div class='mark bad'><svg viewBox='0 0 24 24' aria-hidden='true'><path d='M12 6v8M12 "
        "18v.01'/></svg></div>\n");
}

// ---- Fields

struct field {
    const char *name, *label, *type, *complete, *hint; // hint NULL: none
    struct slice value;
};

static struct slice fault_of(const struct admin_request *request, const char *name)
{
    const struct admin_problem *problem = &request->problem;
    for (size_t i = 0; i < problem->fault_count; i++)
        if (slice_equal_string(problem->faults[i].field, name))
            return problem->faults[i].text;
    return (struct slice){0};
}

static void add_field(const struct admin_request *request, struct buffer *out,
                      const struct field *field, bool focus)
{
    struct slice fault = fault_of(request, field->name);
    buffer_append_format(out, "<div class='field'>\n<label for='%s'>%s</label>\n", field->name,
                         field->label);
    if (field->hint != NULL)
        buffer_append_format(out, "<span class='hint' id='%s-hint'>%s</span>\n", field->name,
                             field->hint);
    buffer_append_format(out, "<input id='%s' name='%s' type='%s' autocomplete='%s' required",
                         field->name, field->name, field->type, field->complete);
    if (field->hint != NULL || fault.data != NULL)
        buffer_append_format(
            out, " aria-describedby='%s%s%s%s%s'", field->hint != NULL ? field->name : "",
            field->hint != NULL ? "-hint" : "",
            field->hint != NULL && fault.data != NULL ? " " : "",
            fault.data != NULL ? field->name : "", fault.data != NULL ? "-error" : "");
    if (strcmp(field->name, "code") == 0)
        add(out, " class='code' spellcheck='false' autocapitalize='none'");
    if (fault.data != NULL)
        add(out, " aria-invalid='true'");
    add(out, focus ? " autofocus value='" : " value='");
    add_text(out, field->value);
    add(out, "'>\n");
    if (fault.data != NULL) {
        buffer_append_format(out, "<p class='error' id='%s-error'>", field->name);
        add_text(out, fault);
        add(out, "</p>\n");
    }
    add(out, "</div>\n");
}

static void add_code_form(const struct admin_request *request, struct buffer *out)
{
    const struct field code = {.name = "code",
                               .label = "Code",
                               .type = "text",
                               .complete = "off",
                               .hint = "What stands behind the # of the link."};
    begin_form(request, out);
    add_field(request, out, &code, true);
    add(out, "<button>Continue</button>\n</form>\n");
}

// ---- Pages

static void write_asking(const struct admin_request *request, struct buffer *out)
{
    bool setup = request->page.setup;
    begin_page(out, setup ? "Set up" : "Join", false);
    add(out, setup
                 ? "<h1>Set up Sallyport</h1>\n<p class='lead'>Paste the code of the link that the "
                   "gateway printed when it started.</p>\n"
                 : "<h1>Join Sallyport</h1>\n<p class='lead'>Paste the code of the link that you "
                   "were sent.</p>\n");
    add_code_form(request, out);
    end_page(out);
}

static void add_time_left(const struct admin_request *request, struct buffer *out)
{
    int64_t minutes = (request->page.expires_ms - request->now_ms) / 60000 + 1;
    add(out, "<p class='note'>This link works once");
    if (minutes < 120)
        buffer_append_format(out, ", for another %lld minute%s.</p>\n", (long long)minutes,
                             minutes == 1 ? "" : "s");
    else if (minutes < 48 * 60)
        buffer_append_format(out, ", for another %lld hours.</p>\n", (long long)(minutes / 60));
    else
        buffer_append_format(out, ", for another %lld days.</p>\n", (long long)(minutes / 60 / 24));
}

static void add_lead(const struct admin_request *request, struct buffer *out)
{
    static const char *const may[] = {
        [STORE_VIEWER] = ". You may look at servers, grants and the names of policies.",
        [STORE_POLICY_MANAGER] = ". You may write policies and attach them to what grants reach.",
        [STORE_ADMIN] =
            ". You may add servers, write policies, hand out grants and invite others."};
    static const char *const as[] = {[STORE_VIEWER] = "a viewer",
                                     [STORE_POLICY_MANAGER] = "a policy manager",
                                     [STORE_ADMIN] = "an admin"};
    const struct admin_page *page = &request->page;
    if (page->setup) {
        add(out,
            "<h1>Make the first admin</h1>\n<p class='lead'>This account may do everything in the "
            "organisation ");
        add_strong(out, page->organisation);
        add(out, ": add servers, write policies, hand out grants and invite others.</p>\n");
        return;
    }
    add(out, "<h1>Join ");
    add_text(out, page->organisation);
    buffer_append_format(out,
                         "</h1>\n<p class='lead'>You are invited as <strong>%s</strong>%s</p>\n",
                         as[page->role], may[page->role]);
}

// The sentence on top, for what is no field's fault and for those who do not see the fields.
static void add_alert(const struct admin_request *request, struct buffer *out)
{
    const struct admin_problem *problem = &request->problem;
    if (request->status < 400)
        return;
    add(out, "<div class='alert' role='alert'>");
    if (problem->fault_count == 1)
        add(out, "One field needs another look.");
    else if (problem->fault_count > 1)
        buffer_append_format(out, "%zu fields need another look.", problem->fault_count);
    else
        add_text(out, problem->detail);
    add(out, "</div>\n");
}

static void add_fields(const struct admin_request *request, struct buffer *out)
{
    const struct admin_login *login = &request->login;
    const struct admin_page *page = &request->page;
    bool invited = page->invited.length > 0;
    const struct field fields[] = {
        {"email", "E-mail", "email", "username", NULL, login->email},
        {"name", "Name", "text", "name", "As others see it, in the audit for instance.",
         login->name},
        {"password", "Password", "password", "new-password",
         "At least 12 characters. A sentence is good.", (struct slice){0}},
        {"repeat", "Password again", "password", "new-password", NULL, (struct slice){0}}};
    bool focused = false;
    if (invited) {
        add(out, "<div class='field'>\n<span class='label'>E-mail</span>\n<span class='fixed'>");
        add_text(out, page->invited);
        // For password managers, which look for the account in a field.
        add(out, "</span>\n<input type='hidden' name='username' autocomplete='username' value='");
        add_text(out, page->invited);
        add(out, "'>\n</div>\n");
    }
    for (size_t i = invited ? 1 : 0; i < sizeof fields / sizeof *fields; i++) {
        bool focus = !focused && (request->problem.fault_count == 0 ||
                                  fault_of(request, fields[i].name).data != NULL);
        add_field(request, out, &fields[i], focus);
        focused = focused || focus;
    }
}

static void add_key_choice(const struct admin_request *request, struct buffer *out)
{
    add(out, "<div class='choice'>\n<input type='checkbox' id='key' name='key' value='yes' "
             "aria-describedby='key-hint'");
    add(out, request->page.wants_key ? " checked>\n" : ">\n");
    add(out, "<div>\n<label for='key'>Make an API key, too</label>\n<span class='hint' "
             "id='key-hint'>For "
             "the command line. It is shown once, on the next page.</span>\n</div>\n</div>\n");
}

static void write_welcome(const struct admin_request *request, struct buffer *out)
{
    begin_page(out, request->status >= 400 ? "Error: make your account" : "Make your account",
               false);
    add_lead(request, out);
    add_alert(request, out);
    begin_form(request, out);
    add(out, "<input type='hidden' name='code' value='");
    add_text(out, request->login.token);
    add(out, "'>\n");
    add_fields(request, out);
    if (request->page.role == STORE_ADMIN)
        add_key_choice(request, out);
    add(out, "<button>Make the account</button>\n</form>\n");
    add_time_left(request, out);
    end_page(out);
}

static void add_key(const struct admin_request *request, struct buffer *out)
{
    add(out,
        "<h2>Your API key</h2>\n<p>It is shown this once, and may do what you may. For the command "
        "line:</p>\n<pre tabindex='0' aria-label='Commands'><code>export SALLYPORT_URL=");
    add(out, admin_is_secure(request) ? "https://" : "http://");
    add_text(out, request->page.host);
    add(out, "\nexport SALLYPORT_KEY=");
    buffer_append_string(out, request->secret);
    add(out, "</code></pre>\n");
}

static void add_next_steps(const struct admin_request *request, struct buffer *out)
{
    bool key = request->secret[0] != '\0';
    if (key)
        add_key(request, out);
    add(out, "<h2>What now</h2>\n<p>Say which server is behind the gateway, what agents may do "
             "there, and "
             "who gets in:</p>\n<pre tabindex='0' aria-label='Example'><code>"
             "sallyport server add files https://files.example.com/mcp\n"
             "sallyport policy save careful careful.json\n"
             "sallyport grant add laptop files=careful</code></pre>\n");
    if (!key)
        add(out, "<p>The command line needs an API key; <code>docs/api.md</code> shows how to sign "
                 "in and "
                 "make one.</p>\n");
}

static void write_done(const struct admin_request *request, struct buffer *out)
{
    bool admin = request->page.role == STORE_ADMIN;
    begin_page(out, "Done", admin);
    add(out,
        "<div class='mark'><svg viewBox='0 0 24 24' aria-hidden='true'><path d='m5 13 4.5 4.5L19 "
        "7.5'/></svg></div>\n<h1>Welcome, ");
    add_text(out, request->login.name);
    add(out, "</h1>\n<p>");
    add_strong(out, request->login.email);
    add(out, admin ? " is an admin of " : " is a member of ");
    add_strong(out, request->page.organisation);
    add(out, " now. The link that brought you here does not work any more.</p>\n");
    if (admin)
        add_next_steps(request, out);
    end_page(out);
}

static void write_over(const struct admin_request *request, struct buffer *out)
{
    const struct admin_page *page = &request->page;
    bool used = page->state == PAGE_USED;
    begin_page(out, used ? "Used already" : "Expired", false);
    add_bad_mark(out);
    add(out,
        used ? "<h1>This link was used already</h1>\n<p>Each link works once. If it was you, sign "
               "in with the password that you chose.</p>\n"
             : "<h1>This link has expired</h1>\n");
    if (used)
        add(out, page->setup ? "<p>If it was not you, somebody else may be the admin now: stop the "
                               "gateway and look who was added.</p>\n"
                             : "<p>If it was not you, tell an admin.</p>\n");
    else if (page->setup)
        add(out, "<p>The link for the first admin is good for an hour. Start the gateway again: it "
                 "prints a new one.</p>\n");
    else
        add(out, "<p>Ask whoever invited you for a new invitation.</p>\n");
    end_page(out);
}

static void write_unknown(const struct admin_request *request, struct buffer *out)
{
    bool setup = request->page.setup;
    begin_page(out, "Unknown link", false);
    add_bad_mark(out);
    add(out, "<h1>This link is not known</h1>\n<p class='lead'>");
    add(out,
        setup
            ? "Perhaps a part of it is missing, or the gateway was started again since: each start "
              "without an admin prints a new link, and only the newest one works."
            : "Perhaps a part of it is missing, or the invitation was withdrawn.");
    add(out, "</p>\n");
    add_code_form(request, out);
    end_page(out);
}

static void write_trouble(const struct admin_request *request, struct buffer *out)
{
    begin_page(out, "That did not work", false);
    add_bad_mark(out);
    add(out, "<h1>That did not work</h1>\n<p role='alert'>");
    add_text(out, request->problem.detail);
    add(out, ".</p>\n");
    end_page(out);
}

void admin_page_write(struct admin_request *request, struct buffer *out)
{
    switch (request->page.state) {
    case PAGE_WELCOMES: write_welcome(request, out); return;
    case PAGE_DONE: write_done(request, out); return;
    case PAGE_EXPIRED:
    case PAGE_USED: write_over(request, out); return;
    default: break;
    }
    if (request->status == 404)
        write_unknown(request, out);
    else if (request->status >= 400)
        write_trouble(request, out);
    else
        write_asking(request, out);
}
