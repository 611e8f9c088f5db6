-- Add column "return_terms" to table: "orders"
ALTER TABLE `orders` ADD COLUMN `return_terms` json NULL;
-- Create "return_policies" table
CREATE TABLE `return_policies` (`id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `from_us` integer NOT NULL DEFAULT (0), `window_days` integer NOT NULL DEFAULT (0), `receive_days` integer NOT NULL DEFAULT (0), `delay_days` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "returnpolicy_channel_from_us_changed_us" to table: "return_policies"
CREATE INDEX `returnpolicy_channel_from_us_changed_us` ON `return_policies` (`channel`, `from_us`, `changed_us`);
-- Create index "returnpolicy_changed_us_id" to table: "return_policies"
CREATE INDEX `returnpolicy_changed_us_id` ON `return_policies` (`changed_us`, `id`);
