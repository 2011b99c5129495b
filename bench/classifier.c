// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Scores the classifier on labelled tools, one JSON object a line: server, tool, description,
// input_schema, annotations, label, label_source, and `disputed`. Annotations are hidden for rows
// whose label was made of them. docs/classifier.md.
//
// usage: classifier [--source NAME]... [--annotations hidden|shown] [--min-confidence PERMILLE]
// [--undisputed] [--wrong]
//                   [--rows] [--speed SECONDS] FILE.jsonl
#include "catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CATEGORIES = CATALOGUE_UNKNOWN,
    GROUPS_MAX = 24,
    SOURCES_MAX = 8,
    NAME_MAX_BYTES = 48,
    STEPS = 10
};

struct group {
    char name[NAME_MAX_BYTES];
    unsigned counts[CATEGORIES][CATEGORIES + 1]; // label, verdict (the last: Unknown)
};

struct options {
    const char *sources[SOURCES_MAX];
    size_t source_count;
    const char *path;
    int least, seconds;
    bool hidden, shown, undisputed, wrong, rows;
};

struct score {
    struct options options;
    struct group groups[GROUPS_MAX];
    size_t group_count;
    unsigned sure[STEPS][2]; // verdicts by confidence: all, right
    unsigned bad;
};

struct line {
    char *text;
    size_t room;
    struct json_doc doc;
    struct arena arena;
    struct catalogue_scratch scratch;
};

static struct group *group_of(struct score *score, const char *name)
{
    for (size_t i = 0; i < score->group_count; i++)
        if (strcmp(score->groups[i].name, name) == 0)
            return &score->groups[i];
    if (score->group_count == GROUPS_MAX)
        return &score->groups[GROUPS_MAX - 1];
    struct group *group = &score->groups[score->group_count++];
    snprintf(group->name, sizeof group->name, "%s", name);
    return group;
}

static int category_named(struct slice name)
{
    for (int c = 0; c < CATEGORIES; c++)
        if (slice_equal_string(name, catalogue_category_name((enum catalogue_category)c)))
            return c;
    return -1;
}

static struct slice member(struct line *line, const char *name)
{
    uint32_t node = json_get(&line->doc, 0, name);
    if (node == JSON_NONE || json_type(&line->doc, node) != JSON_STRING)
        return slice_of("", 0);
    return json_string(&line->doc, node, &line->arena);
}

static bool is_wanted(const struct options *options, const char *source)
{
    for (size_t i = 0; i < options->source_count; i++)
        if (strncmp(source, options->sources[i], strlen(options->sources[i])) == 0)
            return true;
    return options->source_count == 0;
}

// One line of it, however long and whatever is in it.
static void print_text(struct slice text, size_t most)
{
    for (size_t i = 0; i < text.length && i < most; i++)
        putchar((unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
}

static void print_row(const struct catalogue_tool *tool, const char *source, int label,
                      const struct catalogue_verdict *verdict)
{
    printf("%-11s %-11s %3d  ", catalogue_category_name((enum catalogue_category)label),
           catalogue_category_name(verdict->category), verdict->confidence);
    print_text(tool->server, 30);
    printf(" | ");
    print_text(tool->name, 80);
    printf(" | ");
    print_text(tool->description, 150);
    printf(" | %s\n", source);
    for (size_t i = 0; i < verdict->count && i < 6; i++) {
        const struct catalogue_evidence *e = &verdict->evidence[i];
        printf("        %s %s %d '%.*s' %s\n", catalogue_source_name(e->source),
               catalogue_category_name(e->category), e->weight, SLICE_PRINT(e->words), e->says);
    }
}

static void count(struct score *score, const char *source, bool disputed, int label,
                  const struct catalogue_verdict *verdict)
{
    group_of(score, source)->counts[label][verdict->category]++;
    if (strncmp(source, "policylayer", 11) == 0) {
        group_of(score, "all PolicyLayer")->counts[label][verdict->category]++;
        if (!disputed)
            group_of(score, "PolicyLayer undisputed")->counts[label][verdict->category]++;
    }
    int step = verdict->confidence * STEPS / 1001;
    score->sure[step][0]++;
    score->sure[step][1] += (int)verdict->category == label;
}

static void score_line(struct score *score, struct line *line)
{
    const struct options *options = &score->options;
    char source[NAME_MAX_BYTES];
    struct slice named = member(line, "label_source");
    snprintf(source, sizeof source, "%.*s", SLICE_PRINT(named));
    int label = category_named(member(line, "label"));
    uint32_t node = json_get(&line->doc, 0, "disputed");
    bool disputed = node != JSON_NONE && json_type(&line->doc, node) == JSON_TRUE;
    if (label < 0 || !is_wanted(options, source) || (options->undisputed && disputed))
        return;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    catalogue_read_tool(&line->doc, 0, &line->scratch, &tool);
    if (options->hidden || (!options->shown && strcmp(source, "mcp-annotations") == 0))
        tool.hints = (struct catalogue_hints){-1, -1};
    catalogue_classify(&tool, &verdict);
    if (verdict.confidence < options->least)
        return;
    count(score, source, disputed, label, &verdict);
    if (options->rows || (options->wrong && (int)verdict.category != label))
        print_row(&tool, source, label, &verdict);
}

static int scan_line(struct line *line, size_t length)
{
    struct error error;
    while (length > 0 && (line->text[length - 1] == '\n' || line->text[length - 1] == '\r'))
        length--;
    arena_clear(&line->arena);
    return length == 0 ? -1
                       : json_scan(&line->doc, slice_of(line->text, length), NULL, &error, NULL);
}

static void print_group(const struct group *group)
{
    unsigned total = 0, right = 0, grave = 0, missed = 0;
    double sum = 0;
    unsigned classes = 0;
    printf("\n%s\n  %-12s %9s %9s %9s   rows: label, columns: verdict\n", group->name, "",
           "precision", "recall", "F1");
    for (int c = 0; c < CATEGORIES; c++) {
        unsigned rows = 0, columns = 0, hits = group->counts[c][c];
        for (int k = 0; k <= CATEGORIES; k++) {
            rows += group->counts[c][k];
            columns += k < CATEGORIES ? group->counts[k][c] : 0;
        }
        double precision = columns == 0 ? 0 : (double)hits / columns;
        double recall = rows == 0 ? 0 : (double)hits / rows;
        double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
        printf("  %-12s %9.3f %9.3f %9.3f  ", catalogue_category_name((enum catalogue_category)c),
               precision, recall, f1);
        for (int k = 0; k <= CATEGORIES; k++)
            printf(" %5u", group->counts[c][k]);
        printf("\n");
        total += rows;
        right += hits;
        sum += rows > 0 ? f1 : 0;
        classes += rows > 0;
        if (c >= CATALOGUE_EXECUTE) {
            grave += rows;
            missed += group->counts[c][CATALOGUE_READ] + group->counts[c][CATALOGUE_WRITE];
        }
    }
    printf("  n %u, accuracy %.3f, macro F1 %.3f, dangerous misses %u of %u (%.1f %%)\n", total,
           total == 0 ? 0 : (double)right / total, classes == 0 ? 0 : sum / classes, missed, grave,
           grave == 0 ? 0 : 100.0 * missed / grave);
}

static void print_score(const struct score *score)
{
    for (size_t i = 0; i < score->group_count; i++)
        print_group(&score->groups[i]);
    printf("\nconfidence   verdicts   right\n");
    for (int i = 0; i < STEPS; i++)
        if (score->sure[i][0] > 0)
            printf("%3d to %3d %% %9u   %5.1f %%\n", i * 10, i * 10 + 10, score->sure[i][0],
                   100.0 * score->sure[i][1] / score->sure[i][0]);
    if (score->bad > 0)
        printf("%u lines are no JSON objects\n", score->bad);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// The whole file in memory, again and again: parsing of the line and classification.
static void measure(struct line *line, const char *path, int seconds)
{
    FILE *file = fopen(path, "r");
    char *all = NULL;
    size_t room = 0, tools = 0;
    ssize_t length = file == NULL ? -1 : getdelim(&all, &room, EOF, file);
    double start = now(), scanned = 0;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    while (length > 0 && now() - start < seconds) {
        for (char *at = all, *end; (end = memchr(at, '\n', (size_t)(all + length - at))) != NULL;
             at = end + 1) {
            if (json_scan(&line->doc, slice_of(at, (size_t)(end - at)), NULL, NULL, NULL) != 0)
                continue;
            catalogue_read_tool(&line->doc, 0, &line->scratch, &tool);
            catalogue_classify(&tool, &verdict);
            tools++;
        }
        scanned += (double)length;
    }
    double took = now() - start;
    printf("\n%.0f tools/s, %.0f MB/s (JSON parsed and classified, one core)\n",
           (double)tools / took, scanned / took / 1e6);
    free(all);
    if (file != NULL)
        fclose(file);
}

static int read_options(int count, char **words, struct options *ret)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(word, "--source") == 0 && ret->source_count < SOURCES_MAX)
            ret->sources[ret->source_count++] = value, i++;
        else if (strcmp(word, "--annotations") == 0)
            ret->hidden = strcmp(value, "hidden") == 0, ret->shown = !ret->hidden, i++;
        else if (strcmp(word, "--min-confidence") == 0)
            ret->least = (int)strtol(value, NULL, 10), i++;
        else if (strcmp(word, "--speed") == 0)
            ret->seconds = (int)strtol(value, NULL, 10), i++;
        else if (strcmp(word, "--undisputed") == 0)
            ret->undisputed = true;
        else if (strcmp(word, "--wrong") == 0)
            ret->wrong = true;
        else if (strcmp(word, "--rows") == 0)
            ret->rows = true;
        else if (word[0] != '-' && ret->path == NULL)
            ret->path = word;
        else
            return -1;
    }
    return ret->path == NULL ? -1 : 0;
}

int main(int argument_count, char **arguments)
{
    static struct score score;
    struct line line = {0};
    if (read_options(argument_count, arguments, &score.options) != 0) {
        fprintf(
            stderr,
            "usage: classifier [--source NAME]... [--annotations hidden|shown] [--min-confidence "
            "PERMILLE]\n"
            "                  [--undisputed] [--wrong] [--rows] [--speed SECONDS] FILE.jsonl\n");
        return 2;
    }
    FILE *file = fopen(score.options.path, "r");
    if (file == NULL) {
        perror(score.options.path);
        return 1;
    }
    json_doc_init(&line.doc);
    arena_init(&line.arena, 64 << 20);
    ssize_t length;
    while ((length = getline(&line.text, &line.room, file)) > 0)
        if (scan_line(&line, (size_t)length) == 0 && json_type(&line.doc, 0) == JSON_OBJECT)
            score_line(&score, &line);
        else
            score.bad++;
    fclose(file);
    print_score(&score);
    if (score.options.seconds > 0)
        measure(&line, score.options.path, score.options.seconds);
    json_doc_release(&line.doc);
    arena_release(&line.arena);
    free(line.text);
    return 0;
}
