-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_orders" table
CREATE TABLE `new_orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `freight_refunded_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `freight_discounts` json NULL, `return_terms` json NULL, `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "orders" to new temporary table "new_orders"
INSERT INTO `new_orders` (`id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version`) SELECT `id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version` FROM `orders`;
-- Drop "orders" table after copying rows
DROP TABLE `orders`;
-- Rename temporary table "new_orders" to "orders"
ALTER TABLE `new_orders` RENAME TO `orders`;
-- Create index "order_org_channel_source_no" to table: "orders"
CREATE UNIQUE INDEX `order_org_channel_source_no` ON `orders` (`org`, `channel`, `source_no`);
-- Create index "order_placed_us_id" to table: "orders"
CREATE INDEX `order_placed_us_id` ON `orders` (`placed_us`, `id`);
-- Create index "order_member_id_placed_us" to table: "orders"
CREATE INDEX `order_member_id_placed_us` ON `orders` (`member_id`, `placed_us`);
-- Create index "order_state_pay_until_us" to table: "orders"
CREATE INDEX `order_state_pay_until_us` ON `orders` (`state`, `pay_until_us`);
-- Create index "order_unallocated_allocate_at_us" to table: "orders"
CREATE INDEX `order_unallocated_allocate_at_us` ON `orders` (`unallocated`, `allocate_at_us`);
-- Create "new_return_policies" table
CREATE TABLE `new_return_policies` (`id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `from_us` integer NOT NULL DEFAULT (0), `window_days` integer NOT NULL DEFAULT (0), `receive_days` integer NOT NULL DEFAULT (0), `delay_days` integer NOT NULL DEFAULT (0), `keep_goods_minor` integer NOT NULL DEFAULT (0), `freight` integer NOT NULL DEFAULT (0), `goodwill_alone_minor` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "return_policies" to new temporary table "new_return_policies"
INSERT INTO `new_return_policies` (`id`, `channel`, `from_us`, `window_days`, `receive_days`, `delay_days`, `changed_by`, `changed_us`) SELECT `id`, `channel`, `from_us`, `window_days`, `receive_days`, `delay_days`, `changed_by`, `changed_us` FROM `return_policies`;
-- Drop "return_policies" table after copying rows
DROP TABLE `return_policies`;
-- Rename temporary table "new_return_policies" to "return_policies"
ALTER TABLE `new_return_policies` RENAME TO `return_policies`;
-- Create index "returnpolicy_channel_from_us_changed_us" to table: "return_policies"
CREATE INDEX `returnpolicy_channel_from_us_changed_us` ON `return_policies` (`channel`, `from_us`, `changed_us`);
-- Create index "returnpolicy_changed_us_id" to table: "return_policies"
CREATE INDEX `returnpolicy_changed_us_id` ON `return_policies` (`changed_us`, `id`);
-- Create "new_goods_returns" table
CREATE TABLE `new_goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `pictures` json NULL, `refusal` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `refund_only` bool NOT NULL DEFAULT (false), `freight_minor` integer NOT NULL DEFAULT (0), `sent_us` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "goods_returns" to new temporary table "new_goods_returns"
INSERT INTO `new_goods_returns` (`id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us`) SELECT `id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us` FROM `goods_returns`;
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
-- Create "goodwills" table
CREATE TABLE `goodwills` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `way` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `asked_by` text NOT NULL DEFAULT (''), `approved_by` text NOT NULL DEFAULT (''), `refusal` text NOT NULL DEFAULT (''), `reference` text NOT NULL DEFAULT (''), `asked_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "goodwill_order_id_no" to table: "goodwills"
CREATE UNIQUE INDEX `goodwill_order_id_no` ON `goodwills` (`order_id`, `no`);
-- Create index "goodwill_state_asked_us" to table: "goodwills"
CREATE INDEX `goodwill_state_asked_us` ON `goodwills` (`state`, `asked_us`);
-- Create index "goodwill_asked_us_id" to table: "goodwills"
CREATE INDEX `goodwill_asked_us_id` ON `goodwills` (`asked_us`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
