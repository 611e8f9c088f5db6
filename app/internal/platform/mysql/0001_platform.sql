-- The tables that every center has. Times are UTC microseconds.
CREATE TABLE commands (
  caller VARCHAR(128) NOT NULL, method VARCHAR(160) NOT NULL, request_id VARCHAR(64) NOT NULL,
  hash VARBINARY(32) NOT NULL, answer MEDIUMBLOB NULL, refusal MEDIUMBLOB NULL, created_us BIGINT NOT NULL,
  PRIMARY KEY (caller, method, request_id), KEY commands_created (created_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE intents (
  caller VARCHAR(128) NOT NULL, method VARCHAR(160) NOT NULL, request_id VARCHAR(64) NOT NULL,
  hash VARBINARY(32) NOT NULL, gid VARCHAR(40) NOT NULL, business_id VARCHAR(64) NOT NULL, principal BLOB NOT NULL, payload MEDIUMBLOB NOT NULL,
  state VARCHAR(8) NOT NULL, answer MEDIUMBLOB NULL, refusal MEDIUMBLOB NULL,
  lease_owner VARCHAR(64) NOT NULL DEFAULT '', lease_until_us BIGINT NOT NULL DEFAULT 0, attempts BIGINT NOT NULL DEFAULT 0,
  created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL,
  PRIMARY KEY (caller, method, request_id), UNIQUE KEY intents_gid (gid), KEY intents_business (business_id),
  KEY intents_open (state, lease_until_us), KEY intents_updated (state, updated_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE outbox (
  id VARCHAR(40) NOT NULL, kind VARCHAR(8) NOT NULL, msg_key VARCHAR(128) NOT NULL, calls MEDIUMBLOB NOT NULL, created_us BIGINT NOT NULL,
  position BIGINT NULL, lease_owner VARCHAR(64) NOT NULL DEFAULT '', lease_until_us BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0, done_us BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id), KEY outbox_open (done_us, lease_until_us), UNIQUE KEY outbox_position (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE barriers (
  gid VARCHAR(40) NOT NULL, branch VARCHAR(64) NOT NULL, op VARCHAR(16) NOT NULL, created_us BIGINT NOT NULL,
  PRIMARY KEY (gid, branch, op), KEY barriers_created (created_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE audit_head (
  id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, hash VARBINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE audit_log (
  seq BIGINT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, actor VARCHAR(128) NOT NULL, action VARCHAR(96) NOT NULL,
  subject VARCHAR(128) NOT NULL, detail MEDIUMBLOB NOT NULL, prev_hash VARBINARY(32) NOT NULL, hash VARBINARY(32) NOT NULL,
  KEY audit_log_subject (subject, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE leases (
  name VARCHAR(96) NOT NULL, owner VARCHAR(64) NOT NULL, until_us BIGINT NOT NULL, PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE sequences (
  name VARCHAR(96) NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
