-- SPDX-FileCopyrightText: 2026 The Sallyport authors
-- SPDX-License-Identifier: Apache-2.0
--
-- The index of the decision log, as a list of steps forward. A released step is never changed; a new
-- one is added at the end, under the next number. Built into the program by embed_sql.py.

-- step 1
CREATE TABLE schema_version (
    version    INTEGER NOT NULL,
    applied_at TEXT    NOT NULL
);
CREATE TABLE segment ( -- a file of the log
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL, -- in the log's folder
    inode     INTEGER NOT NULL,
    head      BLOB    NOT NULL, -- the link of its first row, which no other file has
    first_row INTEGER NOT NULL,
    last_row  INTEGER NOT NULL, -- the newest one that is indexed
    last_at   INTEGER NOT NULL, -- where it begins
    last_link BLOB    NOT NULL,
    indexed   INTEGER NOT NULL  -- bytes, up to the end of a line
);
CREATE TABLE shape ( -- what many rows have in common
    segment      INTEGER NOT NULL,
    organisation BLOB    NOT NULL,
    id           INTEGER NOT NULL, -- from 1, in the order of their first rows
    loose        INTEGER NOT NULL, -- what of it is not known: 0, nothing
    texts        BLOB    NOT NULL,
    PRIMARY KEY (segment, organisation, id)
) WITHOUT ROWID;
CREATE TABLE block ( -- rows that follow each other without a gap, in the file and in their numbers
    first_row INTEGER PRIMARY KEY,
    segment   INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    at        INTEGER NOT NULL, -- of its first row
    min_ms    INTEGER NOT NULL, -- times of decisions, milliseconds since 1970-01-01 UTC
    max_ms    INTEGER NOT NULL,
    shapes    BLOB    NOT NULL, -- which ones, and of how many rows each
    data      BLOB    NOT NULL  -- shape, length and time of each row
);
CREATE INDEX block_segment ON block (segment);
CREATE TABLE band ( -- some dozens of blocks that are full, and which shape is in which of them
    first_row INTEGER PRIMARY KEY,
    segment   INTEGER NOT NULL,
    last_row  INTEGER NOT NULL,
    data      BLOB    NOT NULL
);
CREATE INDEX band_segment ON band (segment);
