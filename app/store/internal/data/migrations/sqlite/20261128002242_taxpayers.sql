-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_organisations" table
CREATE TABLE `new_organisations` (`id` text NOT NULL, `org` text NOT NULL, `name` text NOT NULL, `kind` text NOT NULL, `parent` text NOT NULL, `root` text NULL, `settlement_rate_bp` integer NOT NULL, `fulfilment_fee_minor` integer NOT NULL, `share_stock` bool NOT NULL, `merchant_account` text NOT NULL, `taxpayer` text NOT NULL DEFAULT (''), `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "organisations" to new temporary table "new_organisations"
INSERT INTO `new_organisations` (`id`, `org`, `name`, `kind`, `parent`, `root`, `settlement_rate_bp`, `fulfilment_fee_minor`, `share_stock`, `merchant_account`, `updated_us`) SELECT `id`, `org`, `name`, `kind`, `parent`, `root`, `settlement_rate_bp`, `fulfilment_fee_minor`, `share_stock`, `merchant_account`, `updated_us` FROM `organisations`;
-- Drop "organisations" table after copying rows
DROP TABLE `organisations`;
-- Rename temporary table "new_organisations" to "organisations"
ALTER TABLE `new_organisations` RENAME TO `organisations`;
-- Create index "organisation_parent_id" to table: "organisations"
CREATE INDEX `organisation_parent_id` ON `organisations` (`parent`, `id`);
-- Create index "organisation_kind_id" to table: "organisations"
CREATE INDEX `organisation_kind_id` ON `organisations` (`kind`, `id`);
-- Create index "organisation_root" to table: "organisations"
CREATE UNIQUE INDEX `organisation_root` ON `organisations` (`root`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
