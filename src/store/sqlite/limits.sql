-- SPDX-FileCopyrightText: 2026 The Sallyport authors
-- SPDX-License-Identifier: Apache-2.0
--
-- The limits file, as a list of steps forward. A released step is never changed; a new one is added
-- at the end, under the next number. Built into the program by embed_sql.py.

-- step 1
CREATE TABLE schema_version (
    version    INTEGER NOT NULL,
    applied_at TEXT    NOT NULL
);
CREATE TABLE counter (
    key            BLOB    NOT NULL, -- organisation, server, subject, counter name, each as LENGTH:BYTES
    sliding        INTEGER NOT NULL,
    calendar_month INTEGER NOT NULL,
    window_ms      INTEGER NOT NULL,
    expires_ms     INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
    entries        TEXT    NOT NULL, -- "SINCE AT AMOUNT", separated by commas, oldest first
    PRIMARY KEY (key, sliding, calendar_month, window_ms)
) WITHOUT ROWID;
CREATE INDEX counter_expires ON counter (expires_ms);

-- step 2
CREATE TABLE journal (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    id     BLOB    NOT NULL, -- of the file beside this one that has the latest charges
    clean  INTEGER NOT NULL, -- nothing was left in it
    folded TEXT    NOT NULL  -- for each of its lanes the last epoch that is in this file
);
