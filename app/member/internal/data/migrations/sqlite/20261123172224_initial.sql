-- Create "members" table
CREATE TABLE `members` (`id` text NOT NULL, `org` text NOT NULL, `phone_hash` text NOT NULL, `phone_cipher` blob NOT NULL, `name` text NOT NULL DEFAULT (''), `home_store_code` text NOT NULL DEFAULT (''), `guide_code` text NOT NULL DEFAULT (''), `guide_store_code` text NOT NULL DEFAULT (''), `guide_reason` text NOT NULL DEFAULT (''), `guide_bound_at_us` integer NOT NULL DEFAULT (0), `channels` text NOT NULL DEFAULT (''), `created_at_us` integer NOT NULL, `updated_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "member_phone_hash" to table: "members"
CREATE UNIQUE INDEX `member_phone_hash` ON `members` (`phone_hash`);
-- Create index "member_home_store_code_id" to table: "members"
CREATE INDEX `member_home_store_code_id` ON `members` (`home_store_code`, `id`);
-- Create "points_accounts" table
CREATE TABLE `points_accounts` (`id` text NOT NULL, `org` text NOT NULL, `balance` integer NOT NULL DEFAULT (0), `frozen` integer NOT NULL DEFAULT (0), `pending` integer NOT NULL DEFAULT (0), `debt` integer NOT NULL DEFAULT (0), `seq` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "points_documents" table
CREATE TABLE `points_documents` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `gid` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `frozen` integer NOT NULL DEFAULT (0), `spent` integer NOT NULL DEFAULT (0), `given_back` integer NOT NULL DEFAULT (0), `created_at_us` integer NOT NULL, `updated_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "pointsdocument_member_id_state" to table: "points_documents"
CREATE INDEX `pointsdocument_member_id_state` ON `points_documents` (`member_id`, `state`);
-- Create "points_entries" table
CREATE TABLE `points_entries` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `seq` integer NOT NULL, `reason` text NOT NULL, `document` text NOT NULL DEFAULT (''), `line_id` text NOT NULL DEFAULT (''), `effect` text NOT NULL, `lot_id` text NOT NULL DEFAULT (''), `points` integer NOT NULL, `pending` integer NOT NULL, `debt` integer NOT NULL, `balance_after` integer NOT NULL, `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "pointsentry_member_id_seq" to table: "points_entries"
CREATE UNIQUE INDEX `pointsentry_member_id_seq` ON `points_entries` (`member_id`, `seq`);
-- Create index "pointsentry_member_id_effect" to table: "points_entries"
CREATE UNIQUE INDEX `pointsentry_member_id_effect` ON `points_entries` (`member_id`, `effect`);
-- Create index "pointsentry_document" to table: "points_entries"
CREATE INDEX `pointsentry_document` ON `points_entries` (`document`);
-- Create "points_lines" table
CREATE TABLE `points_lines` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `line_id` text NOT NULL, `member_id` text NOT NULL, `base_minor` integer NOT NULL, `accrued` integer NOT NULL, `clawed_back` integer NOT NULL DEFAULT (0), `earned` integer NOT NULL DEFAULT (0), `is_earned` bool NOT NULL DEFAULT (false), `refunded_minor` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "pointsline_document_line_id" to table: "points_lines"
CREATE UNIQUE INDEX `pointsline_document_line_id` ON `points_lines` (`document`, `line_id`);
-- Create index "pointsline_member_id_is_earned" to table: "points_lines"
CREATE INDEX `pointsline_member_id_is_earned` ON `points_lines` (`member_id`, `is_earned`);
-- Create "points_lots" table
CREATE TABLE `points_lots` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `document` text NOT NULL DEFAULT (''), `line_id` text NOT NULL DEFAULT (''), `points` integer NOT NULL, `remaining` integer NOT NULL, `expires_at_us` integer NOT NULL, `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "pointslot_member_id_expires_at_us" to table: "points_lots"
CREATE INDEX `pointslot_member_id_expires_at_us` ON `points_lots` (`member_id`, `expires_at_us`);
-- Create index "pointslot_expires_at_us_remaining" to table: "points_lots"
CREATE INDEX `pointslot_expires_at_us_remaining` ON `points_lots` (`expires_at_us`, `remaining`);
-- Create "sign_in_codes" table
CREATE TABLE `sign_in_codes` (`id` text NOT NULL, `org` text NOT NULL, `phone_hash` text NOT NULL, `hash` text NOT NULL, `expires_at_us` integer NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `used` bool NOT NULL DEFAULT (false), `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "signincode_phone_hash_at_us" to table: "sign_in_codes"
CREATE INDEX `signincode_phone_hash_at_us` ON `sign_in_codes` (`phone_hash`, `at_us`);
-- Create index "signincode_at_us" to table: "sign_in_codes"
CREATE INDEX `signincode_at_us` ON `sign_in_codes` (`at_us`);
