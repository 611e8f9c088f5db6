-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_fulfilments" table
CREATE TABLE `new_fulfilments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `way` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `location_name` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL DEFAULT (0), `assigned_us` integer NOT NULL DEFAULT (0), `accepted_us` integer NOT NULL DEFAULT (0), `shipped_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `auto_receive_us` integer NOT NULL DEFAULT (0), `return_until_us` integer NOT NULL DEFAULT (0), `close_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), `picked_us` integer NOT NULL DEFAULT (0), `packed_us` integer NOT NULL DEFAULT (0), `delivered_us` integer NOT NULL DEFAULT (0), `failed_us` integer NOT NULL DEFAULT (0), `back_us` integer NOT NULL DEFAULT (0), `shortened_us` integer NOT NULL DEFAULT (0), `accept_by_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `accept_late_us` integer NOT NULL DEFAULT (0), `ship_late_us` integer NOT NULL DEFAULT (0), `overdue_us` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Copy rows from old table "fulfilments" to new temporary table "new_fulfilments"
INSERT INTO `new_fulfilments` (`id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no`, `picked_us`, `packed_us`, `delivered_us`, `failed_us`, `back_us`, `shortened_us`, `failure`) SELECT `id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no`, `picked_us`, `packed_us`, `delivered_us`, `failed_us`, `back_us`, `shortened_us`, `failure` FROM `fulfilments`;
-- Drop "fulfilments" table after copying rows
DROP TABLE `fulfilments`;
-- Rename temporary table "new_fulfilments" to "fulfilments"
ALTER TABLE `new_fulfilments` RENAME TO `fulfilments`;
-- Create index "fulfilment_order_id_no" to table: "fulfilments"
CREATE UNIQUE INDEX `fulfilment_order_id_no` ON `fulfilments` (`order_id`, `no`);
-- Create index "fulfilment_location_state" to table: "fulfilments"
CREATE INDEX `fulfilment_location_state` ON `fulfilments` (`location`, `state`);
-- Create index "fulfilment_created_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_created_us_id` ON `fulfilments` (`created_us`, `id`);
-- Create index "fulfilment_state_auto_receive_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_auto_receive_us` ON `fulfilments` (`state`, `auto_receive_us`);
-- Create index "fulfilment_state_close_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_close_us` ON `fulfilments` (`state`, `close_us`);
-- Create index "fulfilment_due_us" to table: "fulfilments"
CREATE INDEX `fulfilment_due_us` ON `fulfilments` (`due_us`);
-- Create index "fulfilment_overdue_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_overdue_us_id` ON `fulfilments` (`overdue_us`, `id`);
-- Create "service_levels" table
CREATE TABLE `service_levels` (`id` text NOT NULL, `accept_us` integer NOT NULL DEFAULT (0), `ship_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
