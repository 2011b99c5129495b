// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs the decision rows of test/policy/*.rows (the format stands in test/policy/README.md) and
// says how many hold. Exit code 1 when one does not.
#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 16384, TAGS_MAX = 8, CHARGES_MAX = 8, NOTES_MAX = 64 };

enum block { BLOCK_NONE, BLOCK_POLICY, BLOCK_CONDITION, BLOCK_DOCUMENT };

struct runner {
    const char *path, *folder;
    size_t line;
    enum block block;
    struct buffer text;              // of the block that is being read
    struct policy *policies[3];      // the policy; or one each for require, deny_if, approve_if
    struct policy_problems problems; // BLOCK_DOCUMENT
    size_t told;                     // problems that had their row
    size_t passed, failed;
};

static void fail(struct runner *r, const char *format, ...) PRINTF_LIKE(2, 3);
static void fail(struct runner *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%zu: ", r->path, r->line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    r->failed++;
}

// ---- Blocks

static void drop_block(struct runner *r)
{
    if (r->block == BLOCK_DOCUMENT && r->told != r->problems.count)
        fail(r, "the document above has %zu problems, %zu have a row", r->problems.count, r->told);
    for (size_t i = 0; i < 3; i++) {
        policy_unref(r->policies[i]);
        r->policies[i] = NULL;
    }
    policy_problems_release(&r->problems);
    r->block = BLOCK_NONE;
    r->told = 0;
}

static struct policy *compile(struct runner *r, struct slice text)
{
    struct policy *policy = NULL;
    struct policy_problems problems;
    int result = policy_compile(text, SLICE_LITERAL("rows"), &policy, &problems);
    for (size_t i = 0; i < problems.count; i++)
        if (!problems.items[i].warning)
            fail(r, "policy: %u:%u: %s", problems.items[i].at.line, problems.items[i].at.column,
                 problems.items[i].text);
    if (result != 0 && problems.count == 0)
        fail(r, "policy: %s", error_text(result));
    policy_problems_release(&problems);
    return policy;
}

static void finish_condition(struct runner *r, struct slice conditions)
{
    static const char *const lists[] = {"require", "deny_if", "approve_if"};
    for (size_t i = 0; i < 3; i++) {
        struct buffer text;
        buffer_init(&text, 0);
        buffer_append_format(&text,
                             "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"%s\":["
                             "{\"conditions\":[%.*s]}]}}}",
                             lists[i], SLICE_PRINT(conditions));
        r->policies[i] = compile(r, buffer_slice(&text));
        buffer_release(&text);
    }
}

static void finish_block(struct runner *r)
{
    struct slice text = buffer_slice(&r->text);
    if (text.length == 0)
        return;
    if (r->block == BLOCK_POLICY)
        r->policies[0] = compile(r, text);
    else if (r->block == BLOCK_CONDITION)
        finish_condition(r, text);
    else if (policy_compile(text, SLICE_LITERAL("rows"), &r->policies[0], &r->problems) != 0 &&
             r->problems.count == 0)
        fail(r, "refused without a problem");
    buffer_clear(&r->text);
}

static void start_file(struct runner *r, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(r, "cannot open %s", path);
        return;
    }
    char *space;
    size_t got;
    do {
        space = buffer_reserve(&r->text, 4096);
        got = space == NULL ? 0 : fread(space, 1, 4096, file);
        buffer_commit(&r->text, got);
    } while (got > 0);
    fclose(file);
}

static bool start_block(struct runner *r, char *line)
{
    static const struct {
        const char *word;
        enum block block;
    } words[] = {
        {"policy ", BLOCK_POLICY}, {"cond ", BLOCK_CONDITION}, {"document ", BLOCK_DOCUMENT}};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(line, words[i].word, length) != 0)
            continue;
        drop_block(r);
        r->block = words[i].block;
        if (line[length] == '@')
            start_file(r, line + length + 1);
        else // columns count from the word on, so that people can read them off the file
            buffer_append_string(&r->text, line + length);
        return true;
    }
    return false;
}

// ---- Rows

struct row {
    struct policy_call call;
    struct slice tags[TAGS_MAX];
    struct json_doc doc;
    const char *word;  // the outcome
    const char *rule;  // "-": not looked at
    const char *note;  // part of the reason, NULL
    const char *gives; // what an answer becomes, NULL: nothing changes
    bool failed;       // the answer is an error
    const char *charges[CHARGES_MAX];
    size_t charge_count;
    bool check_charges;
};

// A word ends at a space outside of quotes and brackets.
static char *next_word(char **rest)
{
    char *at = *rest, *start;
    int depth = 0;
    bool quoted = false;
    at += strspn(at, " \t");
    for (start = at; *at != '\0'; at++) {
        if (quoted) {
            quoted = *at != '"';
            at += *at == '\\' && at[1] != '\0';
        } else if (*at == '"') {
            quoted = true;
        } else if (strchr("([{", *at) != NULL) {
            depth++;
        } else if (strchr(")]}", *at) != NULL) {
            depth--;
        } else if (depth <= 0 && (*at == ' ' || *at == '\t')) {
            *at++ = '\0';
            break;
        }
    }
    *rest = at;
    return start;
}

static bool set_category(struct policy_call *call, const char *name)
{
    for (unsigned i = 0; i <= CATALOGUE_UNKNOWN; i++)
        if (strcmp(name, catalogue_category_name((enum catalogue_category)i)) == 0) {
            call->category = (enum catalogue_category)i;
            return true;
        }
    return false;
}

static bool set_tags(struct row *row, char *list)
{
    for (char *tag = list; tag != NULL && row->call.grant_tag_count < TAGS_MAX;) {
        char *comma = strchr(tag, ',');
        if (comma != NULL)
            *comma++ = '\0';
        row->tags[row->call.grant_tag_count++] = slice_from_string(tag);
        tag = comma;
    }
    row->call.grant_tags = row->tags;
    return true;
}

static bool set_option(struct row *row, char *word)
{
    char *value = strchr(word, '=');
    struct policy_call *call = &row->call;
    if (word[0] == '$' && row->charge_count < CHARGES_MAX) {
        row->check_charges = true;
        if (strcmp(word, "$none") != 0)
            row->charges[row->charge_count++] = word + 1;
        return true;
    }
    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(word, "category") == 0)
        return set_category(call, value);
    if (strcmp(word, "label") == 0)
        call->grant_label = slice_from_string(value);
    else if (strcmp(word, "client") == 0)
        call->client_name = slice_from_string(value);
    else if (strcmp(word, "tags") == 0)
        return set_tags(row, value);
    else if (strcmp(word, "calls") == 0)
        call->session_calls = strtoull(value, NULL, 10);
    else if (strcmp(word, "gives") == 0)
        row->gives = value;
    else if (strcmp(word, "as") == 0)
        row->failed = strcmp(value, "error") == 0;
    else if (strcmp(word, "now") == 0)
        return clock_parse(slice_from_string(value), &call->now_ms);
    else
        return false;
    return true;
}

static void set_name(struct policy_call *call, const char *word)
{
    static const struct {
        const char *prefix;
        enum policy_subject subject;
    } prefixes[] = {
        {"resource=", POLICY_RESOURCE}, {"prompt=", POLICY_PROMPT}, {"method=", POLICY_METHOD}};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (strncmp(word, prefixes[i].prefix, length) == 0) {
            call->subject = prefixes[i].subject;
            word += length;
            break;
        }
    }
    call->name = slice_from_string(strcmp(word, "\"\"") == 0 ? "" : word);
}

static bool set_arguments(struct runner *r, struct row *row, const char *text)
{
    if (strcmp(text, "-") == 0)
        return true;
    struct error error = {0};
    if (json_scan(&row->doc, slice_from_string(text), NULL, &error, NULL) != 0) {
        fail(r, "arguments: %s", error.text);
        return false;
    }
    row->call.doc = &row->doc;
    row->call.args = 0;
    return true;
}

static bool read_row(struct runner *r, char *line, struct row *row)
{
    char *note = strstr(line, " ~ ");
    if (note != NULL) {
        *note = '\0';
        row->note = note + 3;
    }
    row->word = next_word(&line);
    row->rule = r->block == BLOCK_CONDITION ? "-" : next_word(&line);
    set_name(&row->call, r->block == BLOCK_CONDITION ? "t" : next_word(&line));
    char *word = next_word(&line);
    if (word[0] == '{' || word[0] == '[' || word[0] == '-') {
        if (!set_arguments(r, row, word))
            return false;
        word = next_word(&line);
    }
    for (; *word != '\0'; word = next_word(&line))
        if (!set_option(row, word)) {
            fail(r, "unknown option '%s'", word);
            return false;
        }
    return true;
}

static void init_row(struct row *row)
{
    *row = (struct row){.call = {.subject = POLICY_TOOL,
                                 .args = JSON_NONE,
                                 .category = CATALOGUE_READ,
                                 .now_ms = 1795255200000}}; // 2026-11-21T10:00:00Z, a Saturday
    json_doc_init(&row->doc);
}

// ---- Expectations

static const char *outcome_name(const struct policy_verdict *v)
{
    if (v->hidden)
        return v->outcome == POLICY_DENY ? "hide" : "hidden but not denied";
    if (v->outcome == POLICY_ALLOW && v->observed.noted)
        return v->observed.outcome == POLICY_ASK ? "would-ask" : "would-deny";
    return v->outcome == POLICY_ALLOW ? "allow" : v->outcome == POLICY_ASK ? "ask" : "deny";
}

static bool contains(struct slice text, const char *part)
{
    return memmem(text.data, text.length, part, strlen(part)) != NULL;
}

static bool check_charges(struct runner *r, const struct row *row, const struct policy_verdict *v)
{
    bool good = v->charge_count == row->charge_count;
    for (size_t i = 0; good && i < v->charge_count; i++) {
        const struct policy_charge *charge = &v->charges[i];
        char amount[DECIMAL_TEXT_SIZE], found[512];
        decimal_format(charge->amount, amount);
        snprintf(found, sizeof found, "%.*s=%s%s%.*s", SLICE_PRINT(charge->rule), amount,
                 charge->per.length > 0 ? "@" : "", SLICE_PRINT(charge->per));
        good = strcmp(found, row->charges[i]) == 0;
        if (!good)
            fail(r, "charge %zu is %s", i, found);
    }
    if (v->charge_count != row->charge_count)
        fail(r, "%zu charges", v->charge_count);
    return good;
}

static bool same_verdict(const struct policy_verdict *a, const struct policy_verdict *b)
{
    return a->outcome == b->outcome && a->hidden == b->hidden && slice_equal(a->rule, b->rule) &&
           slice_equal(a->reason, b->reason) && a->charge_count == b->charge_count;
}

static bool is_json(struct slice text)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool good = json_scan(&doc, text, NULL, NULL, NULL) == 0 && json_type(&doc, 0) == JSON_ARRAY;
    json_doc_release(&doc);
    return good;
}

// Decides, and asks explain for the same.
static bool decide(struct runner *r, const struct policy *policy, const struct row *row,
                   const char *expected, const char *note)
{
    struct arena arena;
    struct buffer text, steps;
    struct policy_verdict v, explained;
    arena_init(&arena, 16 << 20);
    buffer_init(&text, 0);
    buffer_init(&steps, 0);
    policy_decide(policy, &row->call, &arena, &v);
    policy_explain(policy, &row->call, &arena, &explained, &text, &steps);
    bool good = true;
    struct slice rule = v.outcome == POLICY_ALLOW && v.observed.noted ? v.observed.rule : v.rule;
    struct slice reason = rule.data == v.rule.data ? v.reason : v.observed.reason;
    if (strcmp(outcome_name(&v), expected) != 0)
        fail(r, "expected %s: %s by %.*s: %.*s", expected, outcome_name(&v), SLICE_PRINT(v.rule),
             SLICE_PRINT(v.reason)),
            good = false;
    else if (strcmp(row->rule, "-") != 0 && !slice_equal_string(rule, row->rule))
        fail(r, "rule is %.*s", SLICE_PRINT(rule)), good = false;
    else if (note != NULL && !contains(reason, note))
        fail(r, "reason is '%.*s'", SLICE_PRINT(reason)), good = false;
    else if (v.outcome != POLICY_ALLOW && v.reason.length == 0)
        fail(r, "no reason"), good = false;
    else if (row->check_charges)
        good = check_charges(r, row, &v);
    if (!same_verdict(&v, &explained) || !contains(buffer_slice(&text), "=> ") ||
        !is_json(buffer_slice(&steps)))
        fail(r, "explain differs: %.*s", SLICE_PRINT(buffer_slice(&text))), good = false;
    arena_release(&arena);
    buffer_release(&text);
    buffer_release(&steps);
    return good;
}

static void run_condition_row(struct runner *r, const struct row *row)
{
    static const struct {
        const char *word, *outcomes[3];
    } words[] = {
        {"yes", {"allow", "deny", "ask"}},
        {"no", {"deny", "allow", "allow"}},
        {"some", {"deny", "deny", "ask"}},
        {"error", {"deny", "deny", "deny"}},
    };
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(row->word, words[i].word) != 0)
            continue;
        bool good = true;
        for (size_t j = 0; j < 3; j++)
            good &= decide(r, r->policies[j], row, words[i].outcomes[j], row->note);
        r->passed += good;
        return;
    }
    fail(r, "unknown word '%s'", row->word);
}

// The document's text with the changes in it.
static void write_changed(const struct json_doc *doc, const struct policy_answer_verdict *v,
                          struct buffer *out)
{
    size_t at = 0;
    for (size_t i = 0; i < v->change_count; i++) {
        const struct policy_change *change = &v->changes[i];
        buffer_append(out, slice_of(doc->text.data + at, change->start - at));
        buffer_append(out, change->replacement);
        at = change->start + change->length;
    }
    buffer_append(out, slice_of(doc->text.data + at, doc->text.length - at));
}

static bool check_answer(struct runner *r, const struct row *row,
                         const struct policy_answer_verdict *v, struct slice text)
{
    bool would = strcmp(row->word, "would-withhold") == 0;
    struct slice wanted = row->gives != NULL ? slice_from_string(row->gives) : row->doc.text;
    if (v->denied != (strcmp(row->word, "withheld") == 0))
        fail(r, "expected %s: %s by %.*s: %.*s", row->word, v->denied ? "withheld" : "passes",
             SLICE_PRINT(v->rule), SLICE_PRINT(v->reason));
    else if (v->denied && !slice_equal_string(v->rule, row->rule))
        fail(r, "rule is %.*s", SLICE_PRINT(v->rule));
    else if (v->denied && (row->note == NULL || !contains(v->reason, row->note)))
        fail(r, "reason is '%.*s'", SLICE_PRINT(v->reason));
    else if (would != v->observed.noted ||
             (would && (!slice_equal_string(v->observed.rule, row->rule) || row->note == NULL ||
                        !contains(v->observed.reason, row->note))))
        fail(r, "observed: %d by %.*s: %.*s", v->observed.noted, SLICE_PRINT(v->observed.rule),
             SLICE_PRINT(v->observed.reason));
    else if (!v->denied && !slice_equal(text, wanted))
        fail(r, "gives %.*s", SLICE_PRINT(text));
    else
        return true;
    return false;
}

static void run_answer_row(struct runner *r, const struct row *row)
{
    struct policy_answer answer = {.doc = &row->doc, .whole = 0, .result = 0};
    struct policy_answer_verdict v;
    struct arena arena;
    struct buffer text;
    arena_init(&arena, 16 << 20);
    buffer_init(&text, 0);
    if (row->failed)
        answer.result = JSON_NONE;
    policy_decide_answer(r->policies[0], &row->call, &answer, &arena, &v);
    write_changed(&row->doc, &v, &text);
    r->passed += check_answer(r, row, &v, buffer_slice(&text));
    buffer_release(&text);
    arena_release(&arena);
}

static void run_list_row(struct runner *r, const struct row *row)
{
    bool expected = strcmp(row->word, "listed") == 0;
    if (policy_lists(r->policies[0], row->call.subject, row->call.name, row->call.category) !=
        expected)
        fail(r, "expected %s", row->word);
    else
        r->passed++;
}

static void run_problem_row(struct runner *r, char *line)
{
    char *note = strstr(line, " ~ ");
    if (strcmp(line, "fine") == 0) {
        if (r->policies[0] == NULL || r->problems.count > 0)
            fail(r, "expected no problem, found %s",
                 r->problems.count > 0 ? r->problems.items[0].text : "a refusal");
        else
            r->passed++;
        return;
    }
    if (r->told >= r->problems.count || note == NULL) {
        fail(r, "no such problem");
        return;
    }
    *note = '\0';
    const struct policy_problem *problem = &r->problems.items[r->told++];
    char found[64];
    snprintf(found, sizeof found, "%s %u:%u", problem->warning ? "warning" : "error",
             problem->at.line, problem->at.column);
    line[strcspn(line, "\t")] = '\0';
    while (line[0] != '\0' && line[strlen(line) - 1] == ' ')
        line[strlen(line) - 1] = '\0';
    if (strcmp(found, line) != 0 || strstr(problem->text, note + 3) == NULL)
        fail(r, "found %s ~ %s", found, problem->text);
    else
        r->passed++;
}

static void run_row(struct runner *r, char *line)
{
    finish_block(r);
    if (r->block == BLOCK_DOCUMENT) {
        run_problem_row(r, line);
        return;
    }
    struct row row;
    init_row(&row);
    if (!read_row(r, line, &row)) {
    } else if (r->block == BLOCK_CONDITION) {
        run_condition_row(r, &row);
    } else if (strcmp(row.word, "listed") == 0 || strcmp(row.word, "unlisted") == 0) {
        run_list_row(r, &row);
    } else if (strcmp(row.word, "passes") == 0 || strcmp(row.word, "withheld") == 0 ||
               strcmp(row.word, "would-withhold") == 0) {
        run_answer_row(r, &row);
    } else {
        r->passed += decide(r, r->policies[0], &row, row.word, row.note);
    }
    json_doc_release(&row.doc);
}

static void run_file(struct runner *r)
{
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(r->path, "r");
    if (file == NULL) {
        fail(r, "cannot open");
        return;
    }
    for (r->line = 1; fgets(line, sizeof line, file) != NULL; r->line++) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[strspn(line, " ")] == '\0')
            continue;
        if (line[0] == ' ' || line[0] == '\t') { // goes on with the block
            buffer_append_string(&r->text, "\n");
            buffer_append_string(&r->text, line);
        } else if (!start_block(r, line)) {
            run_row(r, line);
        }
    }
    finish_block(r);
    drop_block(r);
    fclose(file);
}

int main(int argc, char **argv)
{
    size_t passed = 0, failed = 0;
    for (int i = 2; i < argc; i++) {
        struct runner r = {.folder = argv[1], .path = argv[i]};
        buffer_init(&r.text, 0);
        run_file(&r);
        buffer_release(&r.text);
        passed += r.passed;
        failed += r.failed;
    }
    printf("%zu rows passed, %zu failed\n", passed, failed);
    return failed > 0 || passed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
