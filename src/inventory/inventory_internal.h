// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "chain/chain.h"
#include "inventory/inventory.h"
#include "store/catalogue.h"

#include <zstd.h>

enum {
    FOLD_MAX = 96,     // bytes of a name that is sorted by
    SUMMARY_MAX = 160, // bytes of a description's first sentence
    KEY_SIZE = 16,     // of a name in the history
    WORDS_MAX = 2048,  // bytes of the words that a tool is found by
};

// What the texts of many servers have in common: compressed data names the one that it needs.
struct dictionary {
    unsigned id; // 0: none
    ZSTD_CDict *packs;
    ZSTD_DDict *unpacks;
};

struct inventory {
    struct store_catalogue *store;
    struct dictionary dictionary;
    bool looked; // for a dictionary
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    bool batch; // inventory_begin was called
};

// ---- words.c: names and texts made comparable
struct fold {
    char bytes[FOLD_MAX];
    size_t length;
};
// The start of a name in small letters (ASCII).
void inventory_fold(struct slice name, struct fold *ret);
static inline struct slice fold_slice(const struct fold *fold)
{
    return slice_of(fold->bytes, fold->length);
}
// Words of a name with a space behind each: parts at humps of capitals, and what has humps as a
// whole. At most WORDS_MAX bytes in `out`.
void inventory_name_words(struct slice name, struct buffer *out);
// Words of a text, without those that every text has.
void inventory_text_words(struct slice text, struct buffer *out);
// The words of what is looked for, each in `out`; how many, at most `most`.
size_t inventory_query_words(struct slice text, struct buffer *out, struct slice *words,
                             size_t most);
// The first sentence, on one line, at most SUMMARY_MAX bytes.
struct slice inventory_summary(struct slice description, char room[SUMMARY_MAX + 1]);
// At most `most` bytes, none of a character without the rest of it.
struct slice inventory_cut(struct slice text, size_t most);

// ---- inventory.c
// The owner's number. ERROR_NOT_FOUND where it has nothing and is not to be made.
int inventory_owner(struct inventory *inventory, struct slice organisation, bool make, int64_t *ret,
                    struct error *error) MUST_CHECK;
// The owners that may be seen, lower numbers first; how many.
int inventory_owners(struct inventory *inventory, struct slice organisation, int64_t ret[2],
                     size_t *ret_count, struct error *error) MUST_CHECK;
int inventory_damaged(struct error *error, const char *what);

// ---- pack.c
// Appends the text, compressed.
int inventory_squeeze(struct inventory *inventory, struct slice text, struct buffer *out,
                      struct error *error) MUST_CHECK;
int inventory_expand(struct inventory *inventory, struct slice data, struct buffer *out,
                     struct error *error) MUST_CHECK;
// Makes a dictionary of the texts, when there is none yet: what is compressed from now on uses it.
// `sizes`: of each, one behind the other in `texts`. Texts that give none are no failure.
int inventory_learn(struct inventory *inventory, struct slice texts, const size_t *sizes,
                    size_t count, struct error *error) MUST_CHECK;
// It is not known any more what the file has.
void inventory_unlearn(struct inventory *inventory);
// A pack is entries one behind the other, in the order of their places.
struct pack_entry {
    uint32_t place;
    struct slice text;
};
int inventory_pack_add(struct buffer *raw, const struct pack_entry *entry);
// Takes one off the front. False: there is none, or (*ret_damaged) it is cut off.
bool inventory_pack_next(struct slice *rest, struct pack_entry *ret, bool *ret_damaged);

// ---- take.c
// What a tool is found by; `words` gets both, `ret` points into it and into `fold`.
int inventory_describe(struct slice server, struct store_catalogue_tool *tool, struct fold *fold,
                       struct buffer *words);
int64_t inventory_worst_of(const struct store_catalogue_server *server);

// ---- read.c
int inventory_copy_server(const struct store_catalogue_server *from, struct slice organisation,
                          struct arena *arena, struct inventory_server *ret);
// All but the server's.
int inventory_copy_row(const struct store_catalogue_tool *from, struct arena *arena,
                       struct inventory_row *ret);
// Finds the server that is meant, for one owner or all that may be seen.
struct inventory_meant {
    int64_t id, owner;
};
int inventory_find(struct inventory *inventory, struct slice organisation, struct slice slug,
                   struct inventory_meant *ret, struct error *error) MUST_CHECK;
