-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_members" table
CREATE TABLE `new_members` (`id` text NOT NULL, `org` text NOT NULL, `phone_hash` text NOT NULL, `phone_cipher` blob NOT NULL, `name` text NOT NULL DEFAULT (''), `home_store_code` text NOT NULL DEFAULT (''), `guide_code` text NOT NULL DEFAULT (''), `guide_store_code` text NOT NULL DEFAULT (''), `guide_reason` text NOT NULL DEFAULT (''), `guide_bound_at_us` integer NOT NULL DEFAULT (0), `channels` text NOT NULL DEFAULT (''), `tier` text NOT NULL DEFAULT (''), `segments` text NOT NULL DEFAULT (''), `created_at_us` integer NOT NULL, `updated_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "members" to new temporary table "new_members"
INSERT INTO `new_members` (`id`, `org`, `phone_hash`, `phone_cipher`, `name`, `home_store_code`, `guide_code`, `guide_store_code`, `guide_reason`, `guide_bound_at_us`, `channels`, `created_at_us`, `updated_at_us`) SELECT `id`, `org`, `phone_hash`, `phone_cipher`, `name`, `home_store_code`, `guide_code`, `guide_store_code`, `guide_reason`, `guide_bound_at_us`, `channels`, `created_at_us`, `updated_at_us` FROM `members`;
-- Drop "members" table after copying rows
DROP TABLE `members`;
-- Rename temporary table "new_members" to "members"
ALTER TABLE `new_members` RENAME TO `members`;
-- Create index "member_phone_hash" to table: "members"
CREATE UNIQUE INDEX `member_phone_hash` ON `members` (`phone_hash`);
-- Create index "member_home_store_code_id" to table: "members"
CREATE INDEX `member_home_store_code_id` ON `members` (`home_store_code`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
