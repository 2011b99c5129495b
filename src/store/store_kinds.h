// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the records of store.h consist of, which others include.
#pragma once

#include "base/slice.h"

enum store_kind {
    STORE_ORGANISATION,
    STORE_MEMBER,
    STORE_INVITATION,
    STORE_API_KEY,
    STORE_SESSION, // of the dashboard
    STORE_SERVER,
    STORE_CREDENTIAL,    // of a server, sealed
    STORE_AUTHORIZATION, // of the gateway at a server, by OAuth
    STORE_BEARER,        // the tokens that came of it, sealed
    STORE_POLICY,
    STORE_POLICY_VERSION,
    STORE_GRANT,
    STORE_GRANT_TOKEN,
    STORE_REACH,      // one server that a grant reaches
    STORE_PROVIDER,   // of identities, for sign-in
    STORE_OVERRIDE,   // the category that a person gives a tool
    STORE_DEFINITION, // of a tool, that a person looked at
    STORE_SIGHTING,   // of a definition that waits for one
    STORE_QUESTION,   // to people, whether a call may run
    STORE_VOTE,       // what one of them says
    STORE_EXCEPTION,  // calls that run without being asked about, for a while
    STORE_CHANNEL,    // where people outside are told of what happens
    STORE_NOTICE,     // one thing that they are told
    STORE_CONTACT,    // what a stranger wrote by the contact form
    STORE_RETENTION,  // how long the logs are kept, as people say over the API
    STORE_REQUEST,    // an idempotency key and what was answered
    STORE_AUDIT,      // changes, and what the audit says about itself: see below
    STORE_KINDS,
};
enum store_role { STORE_VIEWER, STORE_POLICY_MANAGER, STORE_ADMIN }; // each may what the former may
enum store_transport { STORE_HTTP, STORE_SSE, STORE_STDIO };
enum store_place { STORE_HEADER, STORE_ENVIRONMENT };
enum store_flow { STORE_BY_PERSON, STORE_BY_SECRET }; // authorization code, client credentials
enum store_client { STORE_GIVEN, STORE_DOCUMENT, STORE_REGISTERED };
// Needs a person; works; its token is over and a new one cannot be had now.
enum store_standing { STORE_NEEDS_SIGN_IN, STORE_READY, STORE_FAILING };
enum store_mode { STORE_ENFORCE, STORE_OBSERVE };
enum store_category {
    STORE_READ_ONLY,
    STORE_WRITES_DATA,
    STORE_EXECUTES,
    STORE_DESTROYS,
    STORE_PAYS
};
enum store_looked { STORE_ACCEPTED, STORE_REJECTED };
// Open are the first two. STORE_REFUSED is what people call rejected.
enum store_question_state {
    STORE_ASKED,
    STORE_APPROVED,
    STORE_REFUSED,
    STORE_RAN, // or may have: it was going to be sent
    STORE_EXPIRED,
    STORE_WITHDRAWN, // its client went away, or wants it no more
    STORE_OVERTAKEN, // the policy says something else since
};
enum store_channel_kind { STORE_WEBHOOK, STORE_MAIL };
enum store_actor_kind { STORE_SYSTEM, STORE_BY_MEMBER, STORE_BY_KEY };

// Begins every record. Times are milliseconds since 1970-01-01 UTC. The store fills in what is not
// given: id when empty (a prefix and 26 letters and digits, unguessable, in order of creation),
// version (1, then one more with each change: the ETag), both times.
struct store_head {
    struct slice id;
    struct slice organisation; // an organisation's own id
    int64_t version;
    int64_t created_ms;
    int64_t changed_ms;
};

// Text has a greatest length (ERROR_RANGE beyond) and is never NULL: absent is empty. "optional"
// means that it may be empty. What says "unique" is so within the organisation: ERROR_EXISTS. What
// says "fixed" is set when the record is added and ignored by changes.
struct store_organisation {
    struct store_head head;
    struct slice name; // unique in the installation: 1-64 of [a-z0-9-]
    struct slice title;
    bool commands_allowed;      // may its admins add servers that are programs on this machine?
    struct slice log_arguments; // JSON object: what of arguments is logged; optional: nothing
};
struct store_member {
    struct store_head head;
    struct slice email; // unique, ignoring case
    struct slice name;
    enum store_role role;
    struct slice password; // argon2id as libsodium writes it; optional; masked in the audit
    struct slice subject;  // "ISSUER SUBJECT" of an OpenID provider; unique, optional
    bool disabled;
    int64_t signed_in_ms; // 0: never
};
struct store_invitation {
    struct store_head head;
    struct slice email; // optional: the first admin says it when the link is used
    enum store_role role;
    struct slice token;      // SHA-256, 32 bytes; fixed; masked in the audit
    struct slice invited_by; // a member's id, optional; fixed
    int64_t expires_ms;
    int64_t accepted_ms; // 0: not yet
};
struct store_api_key {
    struct store_head head;
    struct slice label; // unique
    enum store_role role;
    struct slice token;      // SHA-256, 32 bytes; fixed; masked in the audit
    struct slice created_by; // a member's id, optional; fixed
    int64_t expires_ms;      // 0: never
    int64_t revoked_ms;      // 0: no
    int64_t used_ms;         // 0: never
};
struct store_session {
    struct store_head head;
    struct slice member; // parent; fixed
    struct slice token;  // SHA-256, 32 bytes; fixed; masked in the audit
    struct slice csrf;   // SHA-256, 32 bytes; masked in the audit
    struct slice address;
    int64_t expires_ms;
    int64_t used_ms;
};
struct store_server {
    struct store_head head;
    struct slice name; // unique: 1-64 of [A-Za-z0-9_-]
    enum store_transport transport;
    struct slice url;      // optional
    struct slice command;  // a JSON array of strings, optional
    struct slice settings; // a JSON object in the configuration file's words for a server
    bool disabled;
};
struct store_credential {
    struct store_head head;
    struct slice server; // parent; fixed
    struct slice grant;  // the one that uses it, in place of the server's own; optional; fixed
    enum store_place place;
    struct slice name;   // of the header or the variable; unique with server, grant and place
    struct slice sealed; // secret/secret.h; masked in the audit
};
struct store_authorization {
    struct store_head head;
    struct slice server; // parent; fixed
    struct slice grant;  // the one that uses it, in place of the server's own; optional; fixed;
                         // unique with the server
    enum store_flow flow;
    enum store_standing state;
    enum store_client client_source;
    struct slice issuer;         // of the authorization server, optional
    struct slice client;         // its id there, optional
    struct slice client_secret;  // sealed, optional; masked in the audit
    int64_t client_method;       // enum oauth_method
    struct slice resource;       // that tokens are for, optional
    struct slice token_url;      // of the authorization server, optional
    struct slice revocation_url; // optional
    struct slice asked_scope;    // what an admin wants, optional: what the server names
    struct slice scope;          // what was granted, optional
    struct slice missing_scope;  // what the server asked for since, optional
    struct slice note;           // why it is not ready, for people; optional
};
// Its changes leave no row of the audit: tokens are renewed all the time.
struct store_bearer {
    struct store_head head;
    struct slice server;        // parent; fixed
    struct slice authorization; // unique; fixed
    struct slice access;        // sealed
    struct slice refresh;       // sealed, optional
    int64_t obtained_ms;
    int64_t expires_ms; // 0: not known
};
struct store_policy {
    struct store_head head;
    struct slice name; // unique: 1-64 of [A-Za-z0-9_-]
    struct slice note;
    int64_t latest; // number of the newest version, 0: none yet
};
struct store_policy_version { // never changes
    struct store_head head;
    struct slice policy; // parent
    int64_t number;      // from 1, unique within the policy
    struct slice author; // for people
    struct slice note;
    struct slice document; // the bytes; the audit has their length instead
};
struct store_grant {
    struct store_head head;
    struct slice label; // unique
    struct slice tags;  // a JSON array of strings
    enum store_mode mode;
    int64_t expires_ms; // 0: never
    int64_t revoked_ms; // 0: no
    int64_t used_ms;    // 0: never
    struct slice owner; // id of the member or key that made it; optional; fixed
    int64_t paused_ms;  // every call is denied since then, until a person looks; 0: no
    struct slice paused_why;
};
struct store_grant_token {
    struct store_head head;
    struct slice grant; // parent; fixed
    struct slice token; // SHA-256, 32 bytes; fixed; masked in the audit
    int64_t expires_ms; // 0: as long as the grant
};
struct store_reach {
    struct store_head head;
    struct slice grant;  // parent; fixed
    struct slice server; // unique within the grant; fixed
    struct slice policy; // optional: without one everything is denied
    int64_t number;      // of the policy's version; 0: its latest
};
struct store_provider { // OpenID Connect
    struct store_head head;
    struct slice name; // unique: 1-64 of [A-Za-z0-9_-]
    struct slice title;
    struct slice issuer; // URL
    struct slice client; // our id there
    struct slice sealed; // our secret there, secret/secret.h; optional; masked in the audit
    struct slice scopes; // with blanks between
    // Who comes in besides members and those who were invited: whose e-mail address is of one of
    // these domains (a JSON array of strings), or of whom a claim says this; with this role.
    struct slice domains;
    struct slice claim; // optional
    struct slice claim_value;
    enum store_role role;
    bool disabled;
};
// What is kept of tools belongs to a server: its id, or "file." and the name of one that the
// configuration file declares (those are the organisation "default"'s).
struct store_override {
    struct store_head head;
    struct slice server; // parent; fixed
    struct slice tool;   // unique with the server; fixed
    enum store_category category;
    struct slice note;   // why, for people
    struct slice author; // for people
};
struct store_definition {
    struct store_head head;
    struct slice server; // parent; fixed
    struct slice tool;   // fixed
    struct slice print;  // the fingerprint, 32 bytes; unique with server and tool; fixed
    enum store_looked state;
    struct slice text; // the definition as the server gave it; the audit has its length instead
    struct slice note;
    struct slice author; // for people
};
// Its changes leave no row of the audit: servers cause them.
struct store_sighting {
    struct store_head head;
    struct slice server; // parent; fixed
    struct slice tool;   // unique with the server; fixed
    struct slice print;  // 32 bytes
    struct slice text;
};
// A question belongs to the grant whose call it is about, and outlives it. Grants and servers that
// the configuration file declares are "file." and their name; those are the organisation
// "default"'s. One question of a print, policy and policy_version is open at a time: a further one
// is ERROR_EXISTS.
struct store_question {
    struct store_head head;
    struct slice grant;                                          // parent; fixed
    struct slice grant_label, server, server_name, tool, client; // fixed
    struct slice print; // 32 bytes: SHA-256 of grant, server, tool and arguments; fixed
    // Canonical JSON, sealed (secret/secret.h), masked in the audit, left out of lists: whoever
    // changes a question gets it first. Optional: gone when the question has been over for a day.
    struct slice arguments;
    struct slice policy, policy_version; // its name; fixed, as what it said is
    struct slice rule, reason, category, severity;
    struct slice facts; // JSON object: what the call's limits stood at; fixed
    enum store_question_state state;
    int64_t approvers; // so many different people
    int64_t expires_ms;
    int64_t decided_ms;     // 0: not yet
    int64_t ran_ms;         // 0: no
    struct slice exception; // the one that was made of it; optional
    struct slice note;      // why it ended, for people
};
struct store_vote {
    struct store_head head;
    struct slice question; // parent; fixed
    struct slice member;   // id; unique with the question; fixed. A key's where nobody made the key
    struct slice label;    // for people; fixed
    bool yes;
    struct slice note;
};
struct store_exception {
    struct store_head head;
    struct slice grant;                                  // parent; fixed
    struct slice grant_label, server, server_name, tool; // fixed
    struct slice print;                                  // as of the question; fixed
    int64_t most_uses;                                   // 0: any number
    int64_t uses;
    int64_t expires_ms;
    int64_t revoked_ms;    // 0: no
    struct slice author;   // for people
    struct slice question; // its id; fixed
    struct slice note;
};
struct store_channel {
    struct store_head head;
    struct slice name; // unique: 1-64 of [A-Za-z0-9_-]
    enum store_channel_kind kind;
    struct slice address; // URL, or a JSON array of addresses
    struct slice sealed;  // secret/secret.h; optional; masked in the audit
    struct slice events;  // JSON array of names: "approval.asked"
    bool arguments;       // does it get the values of a call's arguments?
    bool disabled;
};
// Waits until it is delivered, and is then removed. Its changes leave no row of the audit.
struct store_notice {
    struct store_head head;
    struct slice channel; // parent; fixed
    struct slice event;   // fixed
    struct slice object;  // id of what it is about; fixed
    struct slice body;    // fixed
    int64_t attempts;
    int64_t next_ms; // not before; 0: given up
    struct slice last_error;
};
// What is in it is masked in the audit: strangers wrote it.
struct store_contact {
    struct store_head head;
    struct slice name, email, text; // fixed; name optional
    int64_t done_ms;                // 0: nobody has taken care of it
    struct slice done_by;           // for people
};
// What of the logs is kept for how long, or how much: each as people said it, and what they want
// that waits for its time. Values are milliseconds or bytes, 0: for ever, or all of it.
enum store_kept_of { STORE_LOG_KEEP_MS, STORE_LOG_KEEP_BYTES, STORE_AUDIT_KEEP_MS, STORE_KEPT };
struct store_kept {
    bool said; // else `value` means nothing
    int64_t value;
    int64_t next, due_ms; // holds from then on; due_ms 0: nothing waits
};
struct store_retention { // one for the whole gateway, of its first organisation
    struct store_head head;
    struct store_kept kept[STORE_KEPT];
};
struct store_request {
    struct store_head head;
    struct slice key;         // who asked and what the client chose; unique; fixed
    struct slice fingerprint; // SHA-256 of the request, 32 bytes; fixed
    int64_t status;
    struct slice answer;
    int64_t expires_ms;
};
struct store_audit {
    struct store_head head;
    int64_t sequence; // from 1 without gaps, per organisation
    enum store_actor_kind actor_kind;
    struct slice actor;  // a member's or a key's id
    struct slice action; // "grant.add", "grant.change", "grant.remove"; of notes "audit.WHAT"
    struct slice object; // parent; an id; of notes what they are: "start", "checkpoint"
    struct slice line;   // the whole row as JSON, tied to the one before (chain/chain.h)
    struct slice link;   // 32 bytes
};
