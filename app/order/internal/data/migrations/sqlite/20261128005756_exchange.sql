-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_orders" table
CREATE TABLE `new_orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `external_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `freight_refunded_minor` integer NOT NULL DEFAULT (0), `gift_charged_minor` integer NOT NULL DEFAULT (0), `origin_order` text NOT NULL DEFAULT (''), `origin_return` text NOT NULL DEFAULT (''), `credit_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `receiver_cipher` blob NULL, `phone_key` text NOT NULL DEFAULT (''), `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `freight_discounts` json NULL, `return_terms` json NULL, `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "orders" to new temporary table "new_orders"
INSERT INTO `new_orders` (`id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `external_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `freight_refunded_minor`, `gift_charged_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `receiver_cipher`, `phone_key`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version`) SELECT `id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `external_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `freight_refunded_minor`, `gift_charged_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `receiver_cipher`, `phone_key`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version` FROM `orders`;
-- Drop "orders" table after copying rows
DROP TABLE `orders`;
-- Rename temporary table "new_orders" to "orders"
ALTER TABLE `new_orders` RENAME TO `orders`;
-- Create index "order_org_channel_source_no" to table: "orders"
CREATE UNIQUE INDEX `order_org_channel_source_no` ON `orders` (`org`, `channel`, `source_no`);
-- Create index "order_placed_us_id" to table: "orders"
CREATE INDEX `order_placed_us_id` ON `orders` (`placed_us`, `id`);
-- Create index "order_member_id_placed_us_id" to table: "orders"
CREATE INDEX `order_member_id_placed_us_id` ON `orders` (`member_id`, `placed_us`, `id`);
-- Create index "order_phone_key_placed_us_id" to table: "orders"
CREATE INDEX `order_phone_key_placed_us_id` ON `orders` (`phone_key`, `placed_us`, `id`);
-- Create index "order_external_no_placed_us_id" to table: "orders"
CREATE INDEX `order_external_no_placed_us_id` ON `orders` (`external_no`, `placed_us`, `id`);
-- Create index "order_org_placed_us_id" to table: "orders"
CREATE INDEX `order_org_placed_us_id` ON `orders` (`org`, `placed_us`, `id`);
-- Create index "order_shop_store_placed_us_id" to table: "orders"
CREATE INDEX `order_shop_store_placed_us_id` ON `orders` (`shop_store`, `placed_us`, `id`);
-- Create index "order_channel_placed_us_id" to table: "orders"
CREATE INDEX `order_channel_placed_us_id` ON `orders` (`channel`, `placed_us`, `id`);
-- Create index "order_state_placed_us_id" to table: "orders"
CREATE INDEX `order_state_placed_us_id` ON `orders` (`state`, `placed_us`, `id`);
-- Create index "order_state_pay_until_us" to table: "orders"
CREATE INDEX `order_state_pay_until_us` ON `orders` (`state`, `pay_until_us`);
-- Create index "order_unallocated_allocate_at_us" to table: "orders"
CREATE INDEX `order_unallocated_allocate_at_us` ON `orders` (`unallocated`, `allocate_at_us`);
-- Create "new_goods_returns" table
CREATE TABLE `new_goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `pictures` json NULL, `refusal` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `exchange` json NULL, `exchange_order` text NOT NULL DEFAULT (''), `refund_only` bool NOT NULL DEFAULT (false), `cash_at` text NOT NULL DEFAULT (''), `freight_minor` integer NOT NULL DEFAULT (0), `gift_minor` integer NOT NULL DEFAULT (0), `sent_us` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "goods_returns" to new temporary table "new_goods_returns"
INSERT INTO `new_goods_returns` (`id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `refund_only`, `cash_at`, `freight_minor`, `gift_minor`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us`) SELECT `id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `pictures`, `refusal`, `carrier`, `tracking_no`, `refund_only`, `cash_at`, `freight_minor`, `gift_minor`, `sent_us`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us` FROM `goods_returns`;
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
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
