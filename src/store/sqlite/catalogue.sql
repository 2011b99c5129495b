-- SPDX-FileCopyrightText: 2026 The Sallyport authors
-- SPDX-License-Identifier: Apache-2.0
--
-- The catalogue, as a list of steps forward. A released step is never changed; a new one is added at
-- the end, under the next number. Built into the program by embed_sql.py.

-- step 1
CREATE TABLE schema_version (
    version    INTEGER NOT NULL,
    applied_at TEXT    NOT NULL
);
CREATE TABLE owner (
    id           INTEGER PRIMARY KEY, -- from 1
    organisation BLOB    NOT NULL UNIQUE
);
CREATE TABLE server (
    id          INTEGER PRIMARY KEY, -- owner * 2^24 and a number
    owner       INTEGER NOT NULL,    -- 4194303: shared by all
    name        BLOB    NOT NULL,
    slug        BLOB    NOT NULL,
    fold        BLOB    NOT NULL, -- the name in small letters, its start
    title       BLOB    NOT NULL,
    source      BLOB    NOT NULL,
    reads       INTEGER NOT NULL, -- how many of its tools
    writes      INTEGER NOT NULL,
    executes    INTEGER NOT NULL,
    destroys    INTEGER NOT NULL,
    pays        INTEGER NOT NULL,
    unknown     INTEGER NOT NULL,
    tools       INTEGER NOT NULL,
    tokens      INTEGER NOT NULL, -- of all definitions
    worst       INTEGER NOT NULL, -- severity, 0 to 3
    first_seen  INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC, as all times
    seen        INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    forgotten   INTEGER NOT NULL  -- rows of its history that are not kept any more
);
CREATE UNIQUE INDEX server_name ON server (owner, name);
CREATE UNIQUE INDEX server_slug ON server (owner, slug);
CREATE INDEX server_fold ON server (owner, fold, id, title); -- all that a list looks through
CREATE TABLE tool (
    id          INTEGER PRIMARY KEY, -- server * 2^16 and a place
    name        BLOB    NOT NULL,
    summary     BLOB    NOT NULL, -- the first sentence of its description, its start
    category    INTEGER NOT NULL, -- 0 Read to 4 Financial, 5 unknown
    override    INTEGER,          -- what a person said, in place of it
    confidence  INTEGER NOT NULL, -- per mille
    tokens      INTEGER NOT NULL,
    fingerprint BLOB    NOT NULL, -- SHA-256
    first_seen  INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    changes     INTEGER NOT NULL
);
CREATE TABLE tool_name ( -- tools in the order of their names
    owner    INTEGER NOT NULL,
    category INTEGER NOT NULL, -- that counts
    fold     BLOB    NOT NULL,
    tool     INTEGER NOT NULL,
    PRIMARY KEY (owner, category, fold, tool)
) WITHOUT ROWID;
-- Words that tools are found by. It has no copy of them: what is taken out must be given as it was.
CREATE VIRTUAL TABLE word USING fts5 (
    name, words, category, content = '', detail = column, columnsize = 0, prefix = '2 3',
    tokenize = 'ascii'
);
CREATE TABLE pack ( -- definitions of one server, compressed together
    id   INTEGER PRIMARY KEY, -- of its first tool
    data BLOB NOT NULL
);
CREATE TABLE dictionary ( -- what packs have in common
    id   INTEGER PRIMARY KEY, -- as compressed data names it
    data BLOB NOT NULL
);
CREATE TABLE past (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    server     INTEGER NOT NULL,
    name_key   BLOB    NOT NULL, -- the start of the SHA-256 of the name
    kind       INTEGER NOT NULL, -- 0 added, 1 changed, 2 removed
    name       BLOB    NOT NULL,
    definition BLOB    NOT NULL, -- before, compressed
    before     BLOB    NOT NULL, -- its fingerprint
    since      INTEGER NOT NULL, -- when it was first there
    at         INTEGER NOT NULL
);
CREATE INDEX past_name ON past (server, name_key, id);
CREATE TABLE total ( -- sums of an owner
    owner  INTEGER NOT NULL,
    kind   INTEGER NOT NULL, -- a category; 16 and on: servers by worst severity; 32: when it changed
    items  INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (owner, kind)
) WITHOUT ROWID;
