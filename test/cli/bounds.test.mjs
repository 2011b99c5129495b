// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// docs/bounds.md says what the code says: each row's default is compared with the constant behind it, and, where there is
// a key, with what the configuration takes without it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROOT } from '../lib/scratch.mjs';
import { run } from './command.mjs';

const HTTP_SERVER = 'src/http/server.c', HTTP_CLIENT = 'src/http/client.c', UPSTREAM = 'src/upstream/upstream_internal.h';
const BRIDGE = 'src/pipeline/bridge_internal.h', KEPT = 'src/pipeline/replay_store.c', SESSION = 'src/pipeline/session.c', TALK = 'src/pipeline/session_talk.c';
const ADMIN = 'src/admin/admin_internal.h', THROTTLE = 'src/admin/throttle.c', SCAN = 'src/scan/scan.h';
const FETCH = 'src/fetch/fetch.h';
const SINK = 'src/sink/sink_internal.h';
const LIMIT = 'src/limit/limit_internal.h', NOTES = 'src/limit/journal_internal.h', COUNTERS = 'src/limit/table.c';
const OIDC = 'src/admin/oidc_internal.h';
const NOTIFY = 'src/notify/notify.h', DISPATCH = 'src/notify/dispatch.c';
const LOG = 'src/audit/log.c', ROW = 'src/audit/audit_internal.h';
// First cell -> file, constant, and what one of it is worth (1; for times, milliseconds).
const CONSTANTS = {
  'request line and headers': [HTTP_SERVER, 'head_max'],
  'headers of a request': [HTTP_SERVER, 'header_count_max'],
  'a message on standard input (`run`, `connect`)': ['src/pipeline/stdio_face.c', 'LINE_MAX_BYTES'],
  'all bodies that are still coming in, beyond 16 KiB of each': [HTTP_SERVER, 'BODIES_MAX'],
  'nesting of a message': ['src/json/json.h', 'JSON_DEFAULT_DEPTH'],
  'values and keys of a message': ['src/json/scan.c', 'DEFAULT_NODES'],
  'characters of a number': ['src/json/json.h', 'JSON_NUMBER_LENGTH'],
  'members of a batch': ['src/pipeline/batch.c', 'BATCH_MAX'],
  'bytes of requests behind the one that is being answered': ['src/http/connection.c', 'PENDING_MAX'],
  connections: [HTTP_SERVER, 'connections_max'],
  'sessions of a grant, open or being opened': [SESSION, 'SESSIONS_MAX_PER_GRANT'],
  'calls of a grant in flight': [SESSION, 'CALLS_MAX_PER_GRANT'],
  'questions of a grant to people, open at the same time': ['src/approval/desk.c', 'OPEN_PER_GRANT'],
  'questions of all grants to people, open at the same time': ['src/approval/desk.c', 'OPEN'],
  'calls of a grant that wait for a person': ['src/approval/approval.h', 'APPROVAL_HELD_PER_GRANT'],
  'canonical arguments that a person is asked about': ['src/approval/approval.h', 'APPROVAL_ARGUMENTS_MAX'],
  'GET streams of a session': ['src/pipeline/http_request.c', 'STREAMS_MAX'],
  'URIs in a `subscriptions/listen`': ['src/pipeline/subscriptions.c', 'RESOURCES_MAX'],
  'calls of a grant that wait for a person as tasks, or did': ['src/pipeline/held_tasks_internal.h', 'HELD_TASKS_PER_GRANT'],
  'such tasks of all grants': ['src/pipeline/held_tasks_internal.h', 'HELD_TASKS_MAX'],
  'results of these together': ['src/pipeline/held_tasks_internal.h', 'HELD_TASKS_BYTES'],
  'a `requestState` of the gateway\'s': ['src/approval/approval.h', 'APPROVAL_TICKET_MAX'],
  'the server\'s own in it': ['src/approval/approval.h', 'APPROVAL_STATE_MAX'],
  'time that it is good for': ['src/pipeline/asking_ways.c', 'COMES_BACK_MS', 1],
  'with a page, or of a run': ['src/approval/approval.h', 'APPROVAL_TICKET_MS', 1],
  'approved calls whose servers asked something, of all grants': ['src/approval/approval.h', 'APPROVAL_RUNS_MAX'],
  'until a client resumes the stream of a held call': ['src/pipeline/asking_hold.c', 'AWAY_US', 0.001],
  'a round of 2026-07-28': ['src/pipeline/asking_ways.c', 'ROUND_MS', 1],
  'tasks of a grant that are known': ['src/pipeline/origin.c', 'TASKS_MAX'],
  'clients of a grant whose calls are counted for `session.calls` in the modern era': ['src/pipeline/ledger.c', 'TALLIES_MAX'],
  'head of an answer': [HTTP_CLIENT, 'head_max'],
  'headers of an answer': [HTTP_CLIENT, 'HEADERS_MAX'],
  'places of a result where secrets or personal data may begin, if the policy looks for them': ['src/detect/detect.h', 'DETECT_LOOKS_MAX'],
  'an endpoint (HTTP with SSE)': ['src/upstream/endpoint.c', 'REFERENCE_MAX'],
  'an answer to a POST (HTTP with SSE)': ['src/upstream/sse_post.c', 'BODY_MAX'],
  'a line of standard error': ['src/upstream/child.c', 'ERROR_LINE_MAX'],
  'lines of standard error a second': ['src/upstream/child.c', 'ERROR_LINES_A_SECOND'],
  "requests of a session's server that wait for their answer": [TALK, 'ASKED_MAX'],
  "messages that wait for a session's GET stream": [TALK, 'WAITING_MAX'],
  'bytes of such messages': [TALK, 'WAITING_BYTES_MAX'],
  'messages kept for a client that comes back to a stream': [KEPT, 'KEPT_MAX'],
  'bytes of such messages of a session': [KEPT, 'KEPT_BYTES_MAX'],
  'bytes of such messages of a grant': [KEPT, 'GRANT_BYTES_MAX'],
  'news of tasks that overtook the answers of their calls, of a session': ['src/pipeline/held_news.c', 'HELD_MAX'],
  'bytes of such news': ['src/pipeline/held_news.c', 'HELD_BYTES_MAX'],
  'servers of which it is known when they last answered, and what they spoke': ['src/pipeline/seen.c', 'SEEN_MAX'],
  'limits of a call that its row of the decision log names': ['src/pipeline/charges.c', 'TOLD_MAX'],
  'tools remembered of a server': ['src/pipeline/toolbox.c', 'TOOLS_MAX'],
  "bytes of a tool's description that are read for its category": ['src/catalogue/catalogue_internal.h', 'PROSE_BYTES'],
  'arguments of a tool that are read for its category': ['src/catalogue/schema.c', 'PROPERTIES'],
  'a line of `sallyport classify`': ['src/cli/classify.c', 'LINE_MAX_BYTES'],
  'calls that wait for a connection to a server': [HTTP_CLIENT, 'calls_waiting_max'],
  'processes of a server': [UPSTREAM, 'UPSTREAM_CHILDREN_MAX'],
  'streams of a server (HTTP with SSE)': [UPSTREAM, 'UPSTREAM_STREAMS_MAX'],
  'bytes that a program has not read': ['src/upstream/child.c', 'TO_CHILD_MAX'],
  'bytes that wait to be posted on a stream (HTTP with SSE)': ['src/upstream/sse_post.c', 'WAITING_MAX'],
  'bytes that a client has not read': [HTTP_SERVER, 'unsent_high'],
  'the same, from a program or a stream that others share': ['src/pipeline/http_face.c', 'UNSENT_MAX'],
  'the same, all in all': ['src/http/connection.c', 'UNSENT_MAX'],
  'all of it: bytes that clients and programs have not read, or that wait for a GET stream': null, // the configuration's alone
  'names that are looked up at the same time': ['src/loop/lookup.c', 'THREADS_MAX'],
  'a message': [UPSTREAM, 'UPSTREAM_MESSAGE_MAX'], // of a server; a client's is `body_max`
  'calls in flight at a server': [UPSTREAM, 'UPSTREAM_CALLS_MAX'],
  'the head of a request': [HTTP_SERVER, 'head_timeout_ms', 1],
  'a pause in a body': [HTTP_SERVER, 'body_timeout_ms', 1],
  'a body as a whole, however steadily it drips': [HTTP_SERVER, 'body_total_ms', 1],
  'a connection without a request': [HTTP_SERVER, 'idle_timeout_ms', 1],
  'a client that takes nothing of its answer': [HTTP_SERVER, 'write_timeout_ms', 1],
  'connecting to a server: name, TCP, TLS': [UPSTREAM, 'UPSTREAM_CONNECT_TIMEOUT_MS', 1],
  'an answer: to its head, then for a JSON body, or for each pause of a stream that answers a request': [UPSTREAM, 'UPSTREAM_ANSWER_TIMEOUT_MS', 1],
  'an idle connection to a server': [HTTP_CLIENT, 'idle_timeout_ms', 1],
  'an address of a server, until its name is asked for again': [HTTP_CLIENT, 'lookup_ttl_ms', 1],
  'a stream that the server keeps open behind its answer': ['src/pipeline/pipeline.c', 'ANSWERED_US', 1e-3],
  'a call of the legacy era that its client has left': ['src/pipeline/pipeline.c', 'LEFT_CALL_MS', 1],
  "a server's request that waits for its answer": [TALK, 'ASKED_MS', 1],
  'what is kept for a client that comes back to a stream': [KEPT, 'KEPT_US', 1e-3],
  'a session without a request or stream': [SESSION, 'IDLE_MS', 1],
  'a stop, for calls that still run': null, // the configuration's alone
  'a program whose standard input was closed, until SIGTERM, and again until SIGKILL': ['src/upstream/child.c', 'GRACE_MS', 1],
  'a program that died at once, until it is started again': ['src/upstream/child.c', 'BACK_OFF_FIRST_MS', 1],
  'rounds of questions in one call': [BRIDGE, 'BRIDGE_ROUNDS_MAX'],
  'questions of one round': [BRIDGE, 'BRIDGE_QUESTIONS_MAX'],
  'requests of a legacy server during one call': [BRIDGE, 'BRIDGE_ASKED_MAX'],
  "calls that wait for their client's next request": [BRIDGE, 'BRIDGE_PARKED_MAX'],
  'the same, of a grant': [BRIDGE, 'BRIDGE_PARKED_PER_GRANT'],
  'questions of a session at a server': [BRIDGE, 'BRIDGE_PARKED_PER_CONVERSATION'],
  'bytes of questions and answers that wait': [BRIDGE, 'BRIDGE_PARKED_BYTES'],
  "a call that waits for its client's next request, in time": [BRIDGE, 'BRIDGE_PARKED_US', 1e-3],
  "a client's answers to a round of questions": [BRIDGE, 'BRIDGE_WAIT_US', 1e-3],
  'kinds of clients of a grant at the same time': [BRIDGE, 'CONVERSATIONS_PER_GRANT'],
  'one translated message': [BRIDGE, 'BRIDGE_TEXT_MAX'],
  'what a client says of itself': [BRIDGE, 'BRIDGE_CLIENT_MAX'],
  'tasks of a conversation with a legacy server': [BRIDGE, 'BRIDGE_TASKS_MAX'],
  'tasks of such a conversation whose questions or results are waited for': [BRIDGE, 'BRIDGE_WATCHES_MAX'],
  "tasks of the gateway's own in a session": ['src/pipeline/own_tasks.c', 'OWN_TASKS_MAX'],
  'such a task, in time': ['src/pipeline/own_tasks.c', 'OWN_TASK_MS', 1],
  'a page of an error -32042 that the server does not call complete': ['src/pipeline/bridge_urls.c', 'DONE_WAIT_MS', 1],
  'an answer to `server/discover`': [BRIDGE, 'BRIDGE_PROBE_MS', 1],
  "a server's word that it listens for what a client subscribed to": [BRIDGE, 'BRIDGE_LISTEN_US', 1e-3],
  'resources that one session or stream watches': [BRIDGE, 'BRIDGE_URIS_MAX'],
  'counters of limits': [COUNTERS, 'DEFAULT_CAPACITY'],
  'bytes of memory for them, on average': [COUNTERS, 'BYTES_PER_COUNTER'],
  "bytes of a counter's key: organisation, server, scope, name and `per` value": [LIMIT, 'LIMIT_KEY_MAX'],
  'charges of a sliding counter that are kept one by one': [LIMIT, 'LIMIT_ENTRIES_MAX'],
  'limits of one call': ['src/limit/limit.h', 'LIMIT_CHARGES_MAX'],
  'pieces of the journal, 32 KiB each': [NOTES, 'LIMIT_CHUNKS'],
  'bytes of records of one worker that wait to be written': [LOG, 'DEFAULT_RING'],
  'bytes of a text in a row': [ROW, 'AUDIT_TEXT_MAX'],
  'names of arguments in a row': [ROW, 'AUDIT_KEYS_MAX'],
  'bytes of such a name': [ROW, 'AUDIT_KEY_MAX'],
  'bytes of values of arguments in a row': [ROW, 'AUDIT_ARGUMENTS_MAX'],
  'arguments of which values are logged': ['src/policy/mask.c', 'ARGUMENTS_MAX'],
  'bytes of a text that is looked into for what must not be logged': ['src/policy/mask.c', 'INSPECTED_VALUE_MAX'],
  'all such texts of a call': ['src/policy/mask.c', 'INSPECTED_MAX'],
  'processor time of the expressions that look for it, of a call': ['src/pipeline/decode.c', 'MASK_MOST_US', 1e-3],
  'a turn at a log that another gateway writes to': [LOG, 'TURN_US', 1e-3],
  'a stop, for what is not written yet': [LOG, 'CLOSE_US', 1e-3],
  'bytes that a crash left behind the last row': [ROW, 'AUDIT_LOOSE_MAX'],
  sinks: ['src/config/sinks.c', 'SINKS_MAX'],
  "rows of a sink's batch": ['src/sink/options.c', 'ROWS_MAX'],
  'bytes of a batch, before its last row': [SINK, 'SINK_BATCH_BYTES'],
  "a sink's answer to a batch": ['src/sink/http.c', 'ANSWER_MAX'],
  'a sink that does not answer, or takes nothing': ['src/sink/options.c', 'TIMEOUT_MS', 1],
  'attempts of a sink that fails': ['src/sink/run.c', 'BACKOFF_MOST_MS', 1],
  'a stop, for what sinks have not had yet': [SINK, 'SINK_CLOSE_MS', 1],
  'a body for the API': [ADMIN, 'BODY_MAX'],
  'a body with a policy': [ADMIN, 'POLICY_BODY_MAX'],
  'a body with a whole organisation (and never more than a message)': [ADMIN, 'APPLY_BODY_MAX'],
  'bodies for the API that are worked on, all in all, of one worker': ['src/admin/admin.c', 'BODIES_MAX'],
  'requests to the API that are worked on, of one worker': ['src/admin/admin.c', 'REQUESTS_MAX'],
  'passwords that wait to be checked': ['src/admin/admin.c', 'HASHERS_WAITING'],
  'proofs of the logs at the same time': ['src/admin/proofs.c', 'PROVERS'],
  'a proof of the logs': ['src/admin/proofs_run.c', 'PROOF_MINUTES', 60000],
  'files of the decision log that it reads': ['src/admin/proofs_run.c', 'FILES_MAX'],
  'proofs that are remembered, of all organisations': ['src/admin/proofs_internal.h', 'PROOFS_KEPT'],
  'changes of the sealing key at the same time': ['src/admin/sealing.c', 'SEALERS'],
  'records that a job of such a change looks at': ['src/control/reseal.c', 'BATCH'],
  'sealing keys at the same time, with those that were replaced since the start': ['src/secret/secret_internal.h', 'SECRET_KEYS_MAX'],
  'how long less of the logs waits, when admins ask for it': ['src/control/retention.h', 'CONTROL_SHORTER_MS'],
  'trials of servers that wait': ['src/admin/admin.c', 'TRIALS_WAITING'],
  'trials of servers at the same time': ['src/admin/admin.c', 'TRIALS'],
  'tools that a trial counts': ['src/control/trial.c', 'TRIAL_TOOLS_MAX'],
  'tools of a stack, looked at together': ['src/stack/stack.h', 'STACK_TOOLS_MAX'],
  'servers of a stack': ['src/stack/stack.h', 'STACK_SERVERS_MAX'],
  'servers of a stack over the API': ['src/admin/stack.c', 'SERVERS_MAX'],
  "bytes of a tool's name that a starter policy can hold": ['src/catalogue/catalogue.h', 'CATALOGUE_ADVISED_NAME_MAX'],
  'a starter policy': ['src/catalogue/catalogue.h', 'CATALOGUE_POLICY_MAX'],
  'tools of a server that anything is decided about': ['src/filter/filter.h', 'FILTER_TOOLS_MAX'],
  'bytes of the name of such a tool': ['src/filter/filter.h', 'FILTER_NAME_MAX'],
  'definitions of one tool that count as accepted': ['src/filter/filter.h', 'FILTER_DEFINITIONS_MAX'],
  'a definition that can be accepted': ['src/pipeline/pipeline.h', 'PIPELINE_DEFINITION_MAX'],
  'definitions of a server that wait to be looked at': ['src/control/sightings.c', 'WAITING_MAX'],
  'fingerprints that one request accepts or rejects': ['src/admin/definitions.c', 'AT_ONCE_MAX'],
  'first lists of servers that are not whole yet, of all servers': ['src/pipeline/watch.c', 'DRAFTS_BYTES_MAX'],
  'tools of a server in quarantine that nobody ever accepted, and that are remembered': ['src/pipeline/watch.c', 'UNKNOWN_MAX'],
  'definitions on their way into the database': ['src/control/sightings.c', 'QUEUE_BYTES_MAX'],
  'lists on their way into the catalogue': ['src/control/listings.c', 'QUEUE_BYTES_MAX'],
  'servers of a scan': [SCAN, 'SCAN_SERVERS_MAX'],
  'servers of a scan that are asked at the same time': [SCAN, 'SCAN_PARALLEL'],
  'time for one server': [SCAN, 'SCAN_TIME_MS', 1],
  'the same for an answer to a question of the newer protocol era': [SCAN, 'SCAN_DISCOVER_MS', 1],
  'a program that is scanned, to end by itself': [SCAN, 'SCAN_END_MS', 1],
  'one answer of a server that is scanned': [SCAN, 'SCAN_MESSAGE_MAX'],
  'pages of its list': [SCAN, 'SCAN_PAGES_MAX'],
  'tools of it': [SCAN, 'SCAN_TOOLS_MAX'],
  'their definitions': [SCAN, 'SCAN_TOOLS_BYTES_MAX'],
  'definitions of all servers of a scan, or a dump': [SCAN, 'SCAN_ALL_BYTES_MAX'],
  'exports of decisions and listeners to them, of one worker': ['src/admin/admin.c', 'STREAMS_MAX'],
  'searches for decisions that wait': ['src/admin/admin.c', 'SEARCHES_WAITING'],
  'replays and suggestions that wait': ['src/admin/admin.c', 'PLAYS_WAITING'],
  'time of one of them': ['src/admin/rehearse_log.c', 'PLAY_US', 0.001],
  'rows that one of them reads, unless more are asked for': ['src/admin/rehearse_log.c', 'MOST_STANDARD'],
  'rows that may be asked for': ['src/admin/rehearse.c', 'MOST_MAX'],
  'memory of each part of a replay (classes, counters, what came out)': ['src/admin/rehearse_internal.h', 'PLAY_MEMORY'],
  'rows that a listener to decisions may be behind': ['src/admin/stream.c', 'BEHIND_MAX'],
  'time to look for a page of decisions': ['src/admin/decisions.c', 'PAGE_BUDGET_US', 0.001],
  'distinct combinations of texts that the index tells apart, of a grant in a file of the log': ['src/decisions/decisions_internal.h', 'SHAPES_OF_GRANT_MAX'],
  'the same of all grants': ['src/decisions/decisions_internal.h', 'SHAPES_EXACT_MAX'],
  'passwords tried for an account in 15 minutes': [THROTTLE, 'PER_ACCOUNT'],
  'passwords tried from an address (a /64 with IPv6) in 15 minutes': [THROTTLE, 'PER_ADDRESS'],
  'a session of the dashboard': ['src/admin/session_internal.h', 'SESSION_MS', 1],
  'the same, unused': ['src/admin/session_internal.h', 'SESSION_IDLE_MS', 1],
  'an invitation, unless it says otherwise': ['src/admin/people.c', 'INVITATION_MS', 1],
  'the link for the first admin': ['src/control/control.h', 'CONTROL_SETUP_MS', 1],
  'what was answered to an idempotency key': ['src/admin/replay.c', 'KEPT_MS', 1],
  'a sign-in with an identity provider, from question to answer': [OIDC, 'VISIT_MS', 1],
  'such sign-ins under way': [OIDC, 'VISITS_MAX'],
  'the same, from one address': [OIDC, 'VISITS_PER_ADDRESS'],
  'sign-ins that wait for identity providers': ['src/admin/admin.c', 'ASKERS_WAITING'],
  'a document of an identity provider': [OIDC, 'DOCUMENT_MAX'],
  'how long its metadata and keys are remembered': [OIDC, 'DOCUMENT_MS', 1],
  'keys of an identity provider': ['src/oidc/oidc.h', 'OIDC_KEYS_MAX'],
  'an ID token': ['src/oidc/oidc.h', 'OIDC_TOKEN_MAX'],
  'items of a page': ['src/admin/resources.c', 'PAGE_MOST'],
  'faults that one answer lists': [ADMIN, 'ERRORS_MAX'],
  'servers that one grant reaches': [ADMIN, 'REACH_MAX'],
  'files that the log is cut into and that are deleted at once': [ROW, 'AUDIT_SEGMENTS_MAX'],
  "a policy's document": ['src/store/tables.c', 'BULK_MAX'],
  'settings of a server, tags of a grant': ['src/store/tables.c', 'JSON_MAX'],
  'records on a page': ['src/store/view.c', 'PAGE_MOST'],
  'changes that share a commit': ['src/store/records.c', 'BATCH_MAX'],
  'memory of one job': ['src/store/records.c', 'JOB_MEMORY_MAX'],
  'credentials of a server that one grant uses': ['src/control/server.c', 'ENVIRONMENT_MAX'],
  'tokens of a grant at the same time': ['src/control/load_grant.c', 'TOKENS_MAX'],
  'servers of a grant': ['src/control/load_grant.c', 'REACH_MAX'],
  'a database that another program has locked': ['src/store/sqlite/connection.c', 'busy_timeout', 1],
  'channels of an organisation': [NOTIFY, 'NOTIFY_CHANNELS_MAX'],
  'addresses of a channel': [NOTIFY, 'NOTIFY_ADDRESSES_MAX'],
  'bytes of a webhook\'s URL': [NOTIFY, 'NOTIFY_URL_MAX'],
  'notices of a channel that wait': [NOTIFY, 'NOTIFY_WAITING_MAX'],
  'attempts for a notice': [NOTIFY, 'NOTIFY_ATTEMPTS'],
  'time from a notice to its last attempt': [NOTIFY, 'NOTIFY_HOURS', 3600000],
  'notices of a channel that were given up and are kept': [NOTIFY, 'NOTIFY_GIVEN_UP_MAX'],
  'questions by the contact form from one address, in 15 minutes': [THROTTLE, 'PER_ACCOUNT'],
  'the same of all together, in an hour': ['src/control/control.h', 'CONTROL_CONTACTS_AN_HOUR'],
  'questions by the contact form that are kept': ['src/control/control.h', 'CONTROL_CONTACTS_MAX'],
  'days that questions by the contact form are kept': ['src/control/control.h', 'CONTROL_CONTACT_DAYS'],
  'days that they are kept': [NOTIFY, 'NOTIFY_GIVEN_UP_DAYS'],
  'peace that a receiver may ask for (`Retry-After`)': ['src/notify/send.c', 'ASKED_MOST_MS', 1],
  'connections to webhooks': ['src/fetch/fetch.c', 'CONNECTIONS_MAX'],
  'time for a webhook to answer': [DISPATCH, 'WEB_MS', 1],
  'webhooks of channels under way at once': [NOTIFY, 'NOTIFY_WEBHOOKS_MAX'],
  'mails under way at once': [NOTIFY, 'NOTIFY_MAILS_MAX'],
  'time for a mail': [DISPATCH, 'MAIL_MS', 1],
  'one answer of a mail server': ['src/fetch/mail.c', 'REPLY_S', 1000],
  'an answer of a webhook': [DISPATCH, 'ANSWER_MAX'],
  'values of arguments in a mail': ['src/notify/letter.c', 'ARGUMENTS_MAX'],
  'requests to outside at the same time': [FETCH, 'FETCH_OPEN_MAX'],
  'the URL of such a request': [FETCH, 'FETCH_URL_MAX'],
  'heads of its answer, interim ones included': [FETCH, 'FETCH_HEADS_MAX'],
  'its answer, unless it says otherwise': [FETCH, 'FETCH_ANSWER_MAX'],
  'its time, redirects included, unless it says otherwise': [FETCH, 'FETCH_TIMEOUT_MS', 1],
  'redirects of it': [FETCH, 'FETCH_REDIRECTS_MAX'],
  'an authorization by OAuth, from its beginning to the browser\'s answer': ['src/control/control.h', 'CONTROL_SIGN_IN_MS', 1],
  'beginnings that wait for an answer': ['src/control/sign_in_keep.c', 'PENDING_MAX'],
  'a document of an authorization server or a protected server': ['src/control/sign_in_internal.h', 'DOCUMENT_MAX'],
  'an access or refresh token': ['src/oauth/oauth.h', 'OAUTH_TOKEN_MAX'],
  'characters of a list of scopes': ['src/oauth/oauth.h', 'OAUTH_SCOPE_MAX'],
  'requests of the API that wait for somebody outside': ['src/admin/admin.c', 'ASKERS_WAITING'],
  'ranges of addresses that the operator allows': ['src/net/net.h', 'NET_GUARD_RANGES_MAX'],
  'rules that a worker has not taken over': ['src/control/rules.c', 'IN_FORCE_MS', 1],
};

const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, ms: 1, s: 1000, m: 60000, min: 60000, h: 3600000, d: 86400000, '': 1 };
function amount(cell) {
  const match = /^`?([\d.,]+) ?([A-Za-z]*)`?$/.exec(cell);
  assert.ok(match && match[2] in UNITS, `not an amount: ${cell}`);
  return Number(match[1].replaceAll(',', '')) * UNITS[match[2]];
}

// NAME = 4 * 1024, NAME = 1 << 20, set_default(&options->NAME, 4u << 20), setenv("NAME", "16", 0)
function constant(file, name) {
  const source = fs.readFileSync(path.join(ROOT, file), 'utf8');
  const match = new RegExp(`(?:\\b${name} = |&options->${name}, |"${name}", ")([\\d(][\\d\\s*<()uU]*)`).exec(source);
  assert.ok(match, `${file} has no ${name}`);
  const expression = match[1].replace(/[uU]/g, '').replace(/\)+$/, '');
  return Function(`return ${expression}`)();
}

function rows() {
  const lines = fs.readFileSync(path.join(ROOT, 'docs/bounds.md'), 'utf8').split('\n').filter(line => line.startsWith('| '));
  return lines.map(line => line.slice(2, -2).split(' | ').map(cell => cell.replace(/^\||\|$/g, '').trim())).filter(cells => cells[0] !== 'bound');
}

test('every default of docs/bounds.md is the code’s', () => {
  const seen = new Set();
  for (const [bound, standard, key] of rows()) {
    assert.ok(bound in CONSTANTS, `no constant is known for "${bound}"`);
    seen.add(bound);
    if (CONSTANTS[bound] === null || key === '`limits.message_bytes`') continue;
    const [file, name, worth = 1] = CONSTANTS[bound];
    assert.equal(amount(standard), constant(file, name) * worth, `${bound}: ${file}, ${name}`);
  }
  assert.deepEqual(Object.keys(CONSTANTS).filter(bound => !seen.has(bound)), []);
});

test('every key of docs/bounds.md exists and has that default', () => {
  const help = run(['help', 'config']).out;
  let keys = 0;
  for (const [bound, standard, key] of rows()) {
    const name = /^`([a-z_.]+)`$/.exec(key)?.[1];
    if (!name) continue;
    keys++;
    const parts = name.split('.');
    const section = parts.length > 1 ? help.slice(help.indexOf(`#### \`${parts[0]}\``)) : help;
    const row = new RegExp(`^\\| \`${parts.at(-1)}\` \\|[^|]*\\| ([^|]*) \\|`, 'm').exec(section);
    assert.ok(row, `no key ${name}`);
    assert.equal(amount(row[1]), amount(standard), `${bound}: ${name}`);
  }
  assert.ok(keys >= 11, `${keys} keys`);
});
