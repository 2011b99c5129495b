-- SPDX-FileCopyrightText: 2026 The Sallyport authors
-- SPDX-License-Identifier: Apache-2.0
--
-- The records of the control plane, as a list of steps forward. A released step is never changed; a
-- new one is added at the end, under the next number. Built into the program by embed_sql.py. The
-- columns are those of src/store/tables.c, which knows their types and bounds.
--
-- Every key begins with the organisation, and so does every reference: a row cannot refer to one of
-- another organisation. Indexes that end in the id are for lists of what belongs to one record, in
-- order of ids. Times are milliseconds since 1970-01-01 UTC, 0: never.

-- step 1
CREATE TABLE schema_version (
    version    INTEGER NOT NULL,
    applied_at TEXT    NOT NULL
) STRICT;
CREATE TABLE organisation (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name             TEXT    NOT NULL UNIQUE,
    title            TEXT    NOT NULL,
    commands_allowed INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation),
    CHECK (organisation = id)
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    email        TEXT    NOT NULL COLLATE NOCASE,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('viewer', 'policy_manager', 'admin')),
    password     TEXT,
    subject      TEXT,
    disabled     INTEGER NOT NULL,
    signed_in_ms INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, email),
    UNIQUE (organisation, subject),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE invitation (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    email       TEXT,
    role        TEXT    NOT NULL CHECK (role IN ('viewer', 'policy_manager', 'admin')),
    token       BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    invited_by  TEXT,
    expires_ms  INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE api_key (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    label      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'policy_manager', 'admin')),
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    created_by TEXT,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, label),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    member     TEXT    NOT NULL,
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    csrf       BLOB    NOT NULL CHECK (length(csrf) = 32),
    address    TEXT    NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, member) REFERENCES member (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX session_member ON session (organisation, member, id);
CREATE INDEX session_expires ON session (expires_ms);
CREATE TABLE server (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    transport TEXT    NOT NULL CHECK (transport IN ('http', 'sse', 'stdio')),
    url       TEXT,
    command   TEXT,
    settings  TEXT    NOT NULL,
    disabled  INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE credential (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server TEXT NOT NULL,
    place  TEXT NOT NULL CHECK (place IN ('header', 'environment')),
    name   TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, server, place, name),
    FOREIGN KEY (organisation, server) REFERENCES server (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_server ON credential (organisation, server, id);
CREATE TABLE policy (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    note   TEXT    NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE policy_version (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    policy   TEXT    NOT NULL,
    number   INTEGER NOT NULL CHECK (number > 0),
    author   TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    document BLOB    NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, policy, number),
    FOREIGN KEY (organisation, policy) REFERENCES policy (organisation, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX policy_version_policy ON policy_version (organisation, policy, id);
CREATE TABLE "grant" (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    label      TEXT    NOT NULL,
    tags       TEXT    NOT NULL,
    mode       TEXT    NOT NULL CHECK (mode IN ('enforce', 'observe')),
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, label),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE grant_token (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    "grant"    TEXT    NOT NULL,
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, "grant") REFERENCES "grant" (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX grant_token_grant ON grant_token (organisation, "grant", id);
CREATE TABLE reach (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    "grant" TEXT    NOT NULL,
    server  TEXT    NOT NULL,
    policy  TEXT,
    number  INTEGER NOT NULL,
    -- What a pinned version refers to; NULL for the latest, which then refers to the policy alone.
    pinned  INTEGER GENERATED ALWAYS AS (nullif(number, 0)) STORED,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, "grant", server),
    FOREIGN KEY (organisation, "grant") REFERENCES "grant" (organisation, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation, server) REFERENCES server (organisation, id),
    FOREIGN KEY (organisation, policy) REFERENCES policy (organisation, id),
    FOREIGN KEY (organisation, policy, pinned)
        REFERENCES policy_version (organisation, policy, number),
    CHECK (policy IS NOT NULL OR number = 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX reach_grant ON reach (organisation, "grant", id);
CREATE INDEX reach_server ON reach (organisation, server);
CREATE INDEX reach_policy ON reach (organisation, policy, pinned);
CREATE TABLE request (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    "key"       TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status      INTEGER NOT NULL,
    answer      BLOB    NOT NULL,
    expires_ms  INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, "key"),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT;
CREATE INDEX request_expires ON request (expires_ms);
CREATE TABLE audit (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    actor_kind TEXT    NOT NULL CHECK (actor_kind IN ('system', 'member', 'api_key')),
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    line       BLOB    NOT NULL,
    link       BLOB    NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, sequence),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT;
CREATE INDEX audit_object ON audit (organisation, object, id);

-- step 2
-- Credentials that belong to one grant.
CREATE TABLE credential_with_grant (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server  TEXT NOT NULL,
    "grant" TEXT,
    place   TEXT NOT NULL CHECK (place IN ('header', 'environment')),
    name    TEXT NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, server) REFERENCES server (organisation, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation, "grant") REFERENCES "grant" (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO credential_with_grant
    SELECT organisation, id, version, created_ms, changed_ms, server, NULL, place, name, sealed
    FROM credential;
DROP TABLE credential;
ALTER TABLE credential_with_grant RENAME TO credential;
CREATE UNIQUE INDEX credential_name
    ON credential (organisation, server, ifnull("grant", ''), place, name);
CREATE INDEX credential_server ON credential (organisation, server, id);
CREATE INDEX credential_grant ON credential (organisation, "grant");

-- step 3
-- What an organisation wants to have logged of arguments.
ALTER TABLE organisation ADD COLUMN log_arguments TEXT;

-- step 4
-- Authorizations by OAuth and their tokens.
CREATE TABLE authorization (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server         TEXT NOT NULL,
    "grant"        TEXT,
    flow           TEXT NOT NULL CHECK (flow IN ('authorization_code', 'client_credentials')),
    state          TEXT NOT NULL CHECK (state IN ('needs_sign_in', 'ready', 'failing')),
    client_source  TEXT NOT NULL CHECK (client_source IN ('given', 'metadata_document', 'registered')),
    issuer         TEXT,
    client         TEXT,
    client_secret  BLOB,
    client_method  INTEGER NOT NULL,
    resource       TEXT,
    token_url      TEXT,
    revocation_url TEXT,
    asked_scope    TEXT,
    scope          TEXT,
    missing_scope  TEXT,
    note           TEXT,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, server) REFERENCES server (organisation, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation, "grant") REFERENCES "grant" (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX authorization_one ON authorization (organisation, server, ifnull("grant", ''));
CREATE INDEX authorization_server ON authorization (organisation, server, id);
CREATE INDEX authorization_grant ON authorization (organisation, "grant");
CREATE TABLE bearer (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server        TEXT    NOT NULL,
    authorization TEXT    NOT NULL,
    access        BLOB    NOT NULL,
    refresh       BLOB,
    obtained_ms   INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, authorization),
    FOREIGN KEY (organisation, server) REFERENCES server (organisation, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation, authorization) REFERENCES authorization (organisation, id)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX bearer_server ON bearer (organisation, server, id);

-- step 5
-- OpenID Connect providers of an organisation.
CREATE TABLE provider (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    issuer      TEXT    NOT NULL,
    client      TEXT    NOT NULL,
    sealed      BLOB,
    scopes      TEXT    NOT NULL,
    domains     TEXT    NOT NULL,
    claim       TEXT    NOT NULL,
    claim_value TEXT    NOT NULL,
    role        TEXT    NOT NULL CHECK (role IN ('viewer', 'policy_manager', 'admin')),
    disabled    INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;

-- step 6
-- What people decided about tools, and what waits for them. A server that the configuration file
-- declares has no row: `recorded` is NULL then.
CREATE TABLE override (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server   TEXT    NOT NULL,
    tool     TEXT    NOT NULL,
    category TEXT    NOT NULL
        CHECK (category IN ('Read', 'Write', 'Execute', 'Destructive', 'Financial')),
    note     TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    recorded TEXT GENERATED ALWAYS AS (iif(server LIKE 'file.%', NULL, server)) STORED,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, server, tool),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation),
    FOREIGN KEY (organisation, recorded) REFERENCES server (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX override_server ON override (organisation, server, id);
CREATE INDEX override_recorded ON override (organisation, recorded);
CREATE TABLE definition (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server   TEXT    NOT NULL,
    tool     TEXT    NOT NULL,
    print    BLOB    NOT NULL CHECK (length(print) = 32),
    state    TEXT    NOT NULL CHECK (state IN ('accepted', 'rejected')),
    text     BLOB    NOT NULL,
    note     TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    recorded TEXT GENERATED ALWAYS AS (iif(server LIKE 'file.%', NULL, server)) STORED,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, server, tool, print),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation),
    FOREIGN KEY (organisation, recorded) REFERENCES server (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX definition_server ON definition (organisation, server, id);
CREATE INDEX definition_recorded ON definition (organisation, recorded);
CREATE TABLE sighting (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    server   TEXT    NOT NULL,
    tool     TEXT    NOT NULL,
    print    BLOB    NOT NULL CHECK (length(print) = 32),
    text     BLOB    NOT NULL,
    recorded TEXT GENERATED ALWAYS AS (iif(server LIKE 'file.%', NULL, server)) STORED,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, server, tool),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation),
    FOREIGN KEY (organisation, recorded) REFERENCES server (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_server ON sighting (organisation, server, id);
CREATE INDEX sighting_recorded ON sighting (organisation, recorded);

-- step 7
-- Questions to people and their answers, exceptions that came of these, and who is told outside.
-- Questions outlive the grants and servers that they are about.
ALTER TABLE "grant" ADD COLUMN owner TEXT;
ALTER TABLE "grant" ADD COLUMN paused_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "grant" ADD COLUMN paused_why TEXT NOT NULL DEFAULT '';
CREATE TABLE question (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    "grant"        TEXT    NOT NULL,
    grant_label    TEXT    NOT NULL,
    server         TEXT    NOT NULL,
    server_name    TEXT    NOT NULL,
    tool           TEXT    NOT NULL,
    client         TEXT    NOT NULL,
    print          BLOB    NOT NULL CHECK (length(print) = 32),
    arguments      BLOB,
    policy         TEXT    NOT NULL,
    policy_version TEXT    NOT NULL,
    rule           TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    severity       TEXT    NOT NULL,
    facts          TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('asked', 'approved', 'rejected', 'ran',
                                                     'expired', 'withdrawn', 'overtaken')),
    approvers      INTEGER NOT NULL CHECK (approvers > 0),
    expires_ms     INTEGER NOT NULL CHECK (expires_ms > 0),
    decided_ms     INTEGER NOT NULL,
    ran_ms         INTEGER NOT NULL,
    exception      TEXT,
    note           TEXT    NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT;
CREATE UNIQUE INDEX question_one ON question (organisation, print, policy, policy_version)
    WHERE state IN ('asked', 'approved');
CREATE INDEX question_open ON question (organisation, id) WHERE state IN ('asked', 'approved');
CREATE INDEX question_over ON question (changed_ms) WHERE state NOT IN ('asked', 'approved');
CREATE INDEX question_full ON question (changed_ms)
    WHERE arguments IS NOT NULL AND state NOT IN ('asked', 'approved');
CREATE INDEX question_print ON question (organisation, print, id);
CREATE INDEX question_grant ON question (organisation, "grant", id);
CREATE TABLE vote (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    question TEXT    NOT NULL,
    member   TEXT    NOT NULL,
    label    TEXT    NOT NULL,
    yes      INTEGER NOT NULL,
    note     TEXT    NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, question, member),
    FOREIGN KEY (organisation, question) REFERENCES question (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX vote_question ON vote (organisation, question, id);
CREATE TABLE exception (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    "grant"     TEXT    NOT NULL,
    grant_label TEXT    NOT NULL,
    server      TEXT    NOT NULL,
    server_name TEXT    NOT NULL,
    tool        TEXT    NOT NULL,
    print       BLOB    NOT NULL CHECK (length(print) = 32),
    most_uses   INTEGER NOT NULL,
    uses        INTEGER NOT NULL CHECK (most_uses = 0 OR uses <= most_uses),
    expires_ms  INTEGER NOT NULL CHECK (expires_ms > 0),
    revoked_ms  INTEGER NOT NULL,
    author      TEXT    NOT NULL,
    question    TEXT,
    note        TEXT    NOT NULL,
    recorded    TEXT GENERATED ALWAYS AS (iif("grant" LIKE 'file.%', NULL, "grant")) STORED,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation),
    FOREIGN KEY (organisation, recorded) REFERENCES "grant" (organisation, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX exception_grant ON exception (organisation, "grant", id);
CREATE INDEX exception_print ON exception (organisation, print, id);
CREATE INDEX exception_recorded ON exception (organisation, recorded);
CREATE TABLE channel (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('webhook', 'mail')),
    address  TEXT    NOT NULL,
    sealed   BLOB,
    events   TEXT    NOT NULL,
    disabled INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation, name),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
CREATE TABLE notice (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    channel    TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    next_ms    INTEGER NOT NULL,
    last_error TEXT    NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, channel) REFERENCES channel (organisation, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX notice_channel ON notice (organisation, channel, id);

-- step 8
ALTER TABLE channel ADD COLUMN arguments INTEGER NOT NULL DEFAULT 0;

-- step 9
CREATE TABLE contact (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    name    TEXT,
    email   TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    done_ms INTEGER NOT NULL,
    done_by TEXT    NOT NULL,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;

-- step 10
CREATE TABLE retention (
    organisation TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    log_keep_ms_said      INTEGER NOT NULL,
    log_keep_ms           INTEGER NOT NULL,
    log_keep_ms_next      INTEGER NOT NULL,
    log_keep_ms_due_ms    INTEGER NOT NULL,
    log_keep_bytes_said   INTEGER NOT NULL,
    log_keep_bytes        INTEGER NOT NULL,
    log_keep_bytes_next   INTEGER NOT NULL,
    log_keep_bytes_due_ms INTEGER NOT NULL,
    audit_keep_ms_said    INTEGER NOT NULL,
    audit_keep_ms         INTEGER NOT NULL,
    audit_keep_ms_next    INTEGER NOT NULL,
    audit_keep_ms_due_ms  INTEGER NOT NULL,
    PRIMARY KEY (organisation, id),
    UNIQUE (organisation),
    FOREIGN KEY (organisation) REFERENCES organisation (organisation)
) STRICT, WITHOUT ROWID;
