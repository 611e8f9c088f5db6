-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_goods_returns" table
CREATE TABLE `new_goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `pictures` json NULL, `refusal` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `refund_only` bool NOT NULL DEFAULT (false), `cash_at` text NOT NULL DEFAULT (''), `freight_minor` integer NOT NULL DEFAULT (0), `sent_us` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "goods_returns" to new temporary table "new_goods_returns"
INSERT INTO `new_goods_returns` (`id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `refund_only`, `freight_minor`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us`) SELECT `id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `refund_only`, `freight_minor`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us` FROM `goods_returns`;
-- Drop "goods_returns" table after copying rows
DROP TABLE `goods_returns`;
-- Rename temporary table "new_goods_returns" to "goods_returns"
ALTER TABLE `new_goods_returns` RENAME TO `goods_returns`;
-- Create index "goodsreturn_order_id_no" to table: "goods_returns"
CREATE UNIQUE INDEX `goodsreturn_order_id_no` ON `goods_returns` (`order_id`, `no`);
-- Create index "goodsreturn_state_requested_us" to table: "goods_returns"
CREATE INDEX `goodsreturn_state_requested_us` ON `goods_returns` (`state`, `requested_us`);
-- Create index "goodsreturn_requested_us_id" to table: "goods_returns"
CREATE INDEX `goodsreturn_requested_us_id` ON `goods_returns` (`requested_us`, `id`);
-- Create "new_return_policies" table
CREATE TABLE `new_return_policies` (`id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `from_us` integer NOT NULL DEFAULT (0), `window_days` integer NOT NULL DEFAULT (0), `receive_days` integer NOT NULL DEFAULT (0), `delay_days` integer NOT NULL DEFAULT (0), `keep_goods_minor` integer NOT NULL DEFAULT (0), `freight` integer NOT NULL DEFAULT (0), `goodwill_alone_minor` integer NOT NULL DEFAULT (0), `any_store` bool NOT NULL DEFAULT (false), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "return_policies" to new temporary table "new_return_policies"
INSERT INTO `new_return_policies` (`id`, `channel`, `from_us`, `window_days`, `receive_days`, `delay_days`, `keep_goods_minor`, `freight`, `goodwill_alone_minor`, `changed_by`, `changed_us`) SELECT `id`, `channel`, `from_us`, `window_days`, `receive_days`, `delay_days`, `keep_goods_minor`, `freight`, `goodwill_alone_minor`, `changed_by`, `changed_us` FROM `return_policies`;
-- Drop "return_policies" table after copying rows
DROP TABLE `return_policies`;
-- Rename temporary table "new_return_policies" to "return_policies"
ALTER TABLE `new_return_policies` RENAME TO `return_policies`;
-- Create index "returnpolicy_channel_from_us_changed_us" to table: "return_policies"
CREATE INDEX `returnpolicy_channel_from_us_changed_us` ON `return_policies` (`channel`, `from_us`, `changed_us`);
-- Create index "returnpolicy_changed_us_id" to table: "return_policies"
CREATE INDEX `returnpolicy_changed_us_id` ON `return_policies` (`changed_us`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
