-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_payments" table
CREATE TABLE `new_payments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `provider` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `payee` text NOT NULL DEFAULT (''), `expires_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), `ask_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "payments" to new temporary table "new_payments"
INSERT INTO `new_payments` (`id`, `org`, `order_id`, `no`, `provider`, `state`, `amount_minor`, `payee`, `expires_us`, `created_us`) SELECT `id`, `org`, `order_id`, `no`, `provider`, `state`, `amount_minor`, `payee`, `expires_us`, `created_us` FROM `payments`;
-- Drop "payments" table after copying rows
DROP TABLE `payments`;
-- Rename temporary table "new_payments" to "payments"
ALTER TABLE `new_payments` RENAME TO `payments`;
-- Create index "payment_order_id_no" to table: "payments"
CREATE UNIQUE INDEX `payment_order_id_no` ON `payments` (`order_id`, `no`);
-- Create index "payment_ask_us" to table: "payments"
CREATE INDEX `payment_ask_us` ON `payments` (`ask_us`);
-- Create "new_refunds" table
CREATE TABLE `new_refunds` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `capture_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `return_id` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `reference` text NOT NULL DEFAULT (''), `attempts` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), `round` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "refunds" to new temporary table "new_refunds"
INSERT INTO `new_refunds` (`id`, `org`, `order_id`, `capture_id`, `no`, `return_id`, `reason`, `state`, `amount_minor`, `reference`, `attempts`, `next_us`, `created_us`, `done_us`) SELECT `id`, `org`, `order_id`, `capture_id`, `no`, `return_id`, `reason`, `state`, `amount_minor`, `reference`, `attempts`, `next_us`, `created_us`, `done_us` FROM `refunds`;
-- Drop "refunds" table after copying rows
DROP TABLE `refunds`;
-- Rename temporary table "new_refunds" to "refunds"
ALTER TABLE `new_refunds` RENAME TO `refunds`;
-- Create index "refund_order_id_no" to table: "refunds"
CREATE UNIQUE INDEX `refund_order_id_no` ON `refunds` (`order_id`, `no`);
-- Create index "refund_state_next_us" to table: "refunds"
CREATE INDEX `refund_state_next_us` ON `refunds` (`state`, `next_us`);
-- Create "sandbox_entries" table
CREATE TABLE `sandbox_entries` (`id` text NOT NULL, `payment_id` text NOT NULL, `kind` text NOT NULL DEFAULT (''), `transaction_no` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `currency` text NOT NULL DEFAULT (''), `payee` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "sandboxentry_payment_id" to table: "sandbox_entries"
CREATE INDEX `sandboxentry_payment_id` ON `sandbox_entries` (`payment_id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
