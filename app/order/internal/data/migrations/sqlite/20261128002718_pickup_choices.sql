-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_orders" table
CREATE TABLE `new_orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `freight_discounts` json NULL, `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `asked_us` integer NOT NULL DEFAULT (0), `choose_by_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "orders" to new temporary table "new_orders"
INSERT INTO `new_orders` (`id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version`) SELECT `id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version` FROM `orders`;
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
-- Create index "order_choose_by_us" to table: "orders"
CREATE INDEX `order_choose_by_us` ON `orders` (`choose_by_us`);
-- Create "new_fulfilments" table
CREATE TABLE `new_fulfilments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `way` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `location_name` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL DEFAULT (0), `assigned_us` integer NOT NULL DEFAULT (0), `accepted_us` integer NOT NULL DEFAULT (0), `shipped_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `auto_receive_us` integer NOT NULL DEFAULT (0), `return_until_us` integer NOT NULL DEFAULT (0), `close_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), `picked_us` integer NOT NULL DEFAULT (0), `packed_us` integer NOT NULL DEFAULT (0), `delivered_us` integer NOT NULL DEFAULT (0), `failed_us` integer NOT NULL DEFAULT (0), `back_us` integer NOT NULL DEFAULT (0), `shortened_us` integer NOT NULL DEFAULT (0), `accept_by_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `accept_late_us` integer NOT NULL DEFAULT (0), `ship_late_us` integer NOT NULL DEFAULT (0), `overdue_us` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), `collect_until_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Copy rows from old table "fulfilments" to new temporary table "new_fulfilments"
INSERT INTO `new_fulfilments` (`id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no`, `picked_us`, `packed_us`, `delivered_us`, `failed_us`, `back_us`, `shortened_us`, `accept_by_us`, `ship_by_us`, `accept_late_us`, `ship_late_us`, `overdue_us`, `due_us`, `failure`) SELECT `id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no`, `picked_us`, `packed_us`, `delivered_us`, `failed_us`, `back_us`, `shortened_us`, `accept_by_us`, `ship_by_us`, `accept_late_us`, `ship_late_us`, `overdue_us`, `due_us`, `failure` FROM `fulfilments`;
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
-- Create index "fulfilment_state_collect_until_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_collect_until_us` ON `fulfilments` (`state`, `collect_until_us`);
-- Create index "fulfilment_overdue_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_overdue_us_id` ON `fulfilments` (`overdue_us`, `id`);
-- Create "new_service_levels" table
CREATE TABLE `new_service_levels` (`id` text NOT NULL, `accept_us` integer NOT NULL DEFAULT (0), `ship_us` integer NOT NULL DEFAULT (0), `collect_us` integer NOT NULL DEFAULT (0), `answer_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "service_levels" to new temporary table "new_service_levels"
INSERT INTO `new_service_levels` (`id`, `accept_us`, `ship_us`, `version`, `changed_by`, `changed_us`) SELECT `id`, `accept_us`, `ship_us`, `version`, `changed_by`, `changed_us` FROM `service_levels`;
-- Drop "service_levels" table after copying rows
DROP TABLE `service_levels`;
-- Rename temporary table "new_service_levels" to "service_levels"
ALTER TABLE `new_service_levels` RENAME TO `service_levels`;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
