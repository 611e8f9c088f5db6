-- The tables that every center has. Times are UTC microseconds.
CREATE TABLE commands (
  caller TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
  hash BLOB NOT NULL, answer BLOB NULL, refusal BLOB NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (caller, method, request_id)
) WITHOUT ROWID;
CREATE INDEX commands_created ON commands (created_us);
CREATE TABLE intents (
  caller TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
  hash BLOB NOT NULL, gid TEXT NOT NULL, business_id TEXT NOT NULL, principal BLOB NOT NULL, payload BLOB NOT NULL,
  state TEXT NOT NULL, answer BLOB NULL, refusal BLOB NULL,
  lease_owner TEXT NOT NULL DEFAULT '', lease_until_us INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  PRIMARY KEY (caller, method, request_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX intents_gid ON intents (gid);
CREATE INDEX intents_business ON intents (business_id);
CREATE INDEX intents_open ON intents (state, lease_until_us);
CREATE INDEX intents_updated ON intents (state, updated_us);
CREATE TABLE outbox (
  id TEXT NOT NULL, kind TEXT NOT NULL, msg_key TEXT NOT NULL, calls BLOB NOT NULL, created_us INTEGER NOT NULL,
  position INTEGER NULL, lease_owner TEXT NOT NULL DEFAULT '', lease_until_us INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0, done_us INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX outbox_open ON outbox (done_us, lease_until_us);
CREATE UNIQUE INDEX outbox_position ON outbox (position);
CREATE TABLE barriers (
  gid TEXT NOT NULL, branch TEXT NOT NULL, op TEXT NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (gid, branch, op)
) WITHOUT ROWID;
CREATE INDEX barriers_created ON barriers (created_us);
CREATE TABLE audit_head (id INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE audit_log (
  seq INTEGER NOT NULL PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail BLOB NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX audit_log_subject ON audit_log (subject, seq);
CREATE TABLE leases (name TEXT NOT NULL, owner TEXT NOT NULL, until_us INTEGER NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID;
CREATE TABLE sequences (name TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID;
