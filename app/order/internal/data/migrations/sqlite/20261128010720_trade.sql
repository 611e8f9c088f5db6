-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_fulfilments" table
CREATE TABLE `new_fulfilments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `way` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `location_name` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL DEFAULT (0), `assigned_us` integer NOT NULL DEFAULT (0), `accepted_us` integer NOT NULL DEFAULT (0), `shipped_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `auto_receive_us` integer NOT NULL DEFAULT (0), `return_until_us` integer NOT NULL DEFAULT (0), `close_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), `placed_us` integer NOT NULL DEFAULT (0), `picked_us` integer NOT NULL DEFAULT (0), `packed_us` integer NOT NULL DEFAULT (0), `delivered_us` integer NOT NULL DEFAULT (0), `failed_us` integer NOT NULL DEFAULT (0), `back_us` integer NOT NULL DEFAULT (0), `shortened_us` integer NOT NULL DEFAULT (0), `accept_by_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `accept_late_us` integer NOT NULL DEFAULT (0), `ship_late_us` integer NOT NULL DEFAULT (0), `overdue_us` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), `collect_until_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Copy rows from old table "fulfilments" to new temporary table "new_fulfilments"
INSERT INTO `new_fulfilments` (`id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no`) SELECT `id`, `org`, `order_id`, `member_id`, `seller_org`, `channel`, `way`, `location`, `location_name`, `state`, `carrier`, `tracking_no`, `created_us`, `assigned_us`, `accepted_us`, `shipped_us`, `received_us`, `auto_receive_us`, `return_until_us`, `close_us`, `version`, `no` FROM `fulfilments`;
-- Drop "fulfilments" table after copying rows
DROP TABLE `fulfilments`;
-- Rename temporary table "new_fulfilments" to "fulfilments"
ALTER TABLE `new_fulfilments` RENAME TO `fulfilments`;
-- Create index "fulfilment_order_id_no" to table: "fulfilments"
CREATE UNIQUE INDEX `fulfilment_order_id_no` ON `fulfilments` (`order_id`, `no`);
-- Create index "fulfilment_location_state_created_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_location_state_created_us_id` ON `fulfilments` (`location`, `state`, `created_us`, `id`);
-- Create index "fulfilment_location_created_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_location_created_us_id` ON `fulfilments` (`location`, `created_us`, `id`);
-- Create index "fulfilment_location_placed_us_order_id" to table: "fulfilments"
CREATE INDEX `fulfilment_location_placed_us_order_id` ON `fulfilments` (`location`, `placed_us`, `order_id`);
-- Create index "fulfilment_org_created_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_org_created_us_id` ON `fulfilments` (`org`, `created_us`, `id`);
-- Create index "fulfilment_created_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_created_us_id` ON `fulfilments` (`created_us`, `id`);
-- Create index "fulfilment_state_auto_receive_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_auto_receive_us` ON `fulfilments` (`state`, `auto_receive_us`);
-- Create index "fulfilment_state_close_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_close_us` ON `fulfilments` (`state`, `close_us`);
-- Create index "fulfilment_due_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_due_us_id` ON `fulfilments` (`due_us`, `id`);
-- Create index "fulfilment_location_due_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_location_due_us_id` ON `fulfilments` (`location`, `due_us`, `id`);
-- Create index "fulfilment_state_collect_until_us" to table: "fulfilments"
CREATE INDEX `fulfilment_state_collect_until_us` ON `fulfilments` (`state`, `collect_until_us`);
-- Create index "fulfilment_overdue_us_id" to table: "fulfilments"
CREATE INDEX `fulfilment_overdue_us_id` ON `fulfilments` (`overdue_us`, `id`);
-- Create "new_fulfilment_lines" table
CREATE TABLE `new_fulfilment_lines` (`id` text NOT NULL, `org` text NOT NULL, `fulfilment_id` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `title` json NULL, `quantity` integer NOT NULL DEFAULT (0), `returned_quantity` integer NOT NULL DEFAULT (0), `owner` text NOT NULL DEFAULT (''), `reservation_id` text NOT NULL DEFAULT (''), `settlement_minor` integer NOT NULL DEFAULT (0), `fee_minor` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "fulfilment_lines" to new temporary table "new_fulfilment_lines"
INSERT INTO `new_fulfilment_lines` (`id`, `org`, `fulfilment_id`, `order_id`, `line_id`, `sku`, `title`, `quantity`, `returned_quantity`, `owner`, `reservation_id`, `settlement_minor`, `fee_minor`, `no`) SELECT `id`, `org`, `fulfilment_id`, `order_id`, `line_id`, `sku`, `title`, `quantity`, `returned_quantity`, `owner`, `reservation_id`, `settlement_minor`, `fee_minor`, `no` FROM `fulfilment_lines`;
-- Drop "fulfilment_lines" table after copying rows
DROP TABLE `fulfilment_lines`;
-- Rename temporary table "new_fulfilment_lines" to "fulfilment_lines"
ALTER TABLE `new_fulfilment_lines` RENAME TO `fulfilment_lines`;
-- Create index "fulfilmentline_fulfilment_id_no" to table: "fulfilment_lines"
CREATE UNIQUE INDEX `fulfilmentline_fulfilment_id_no` ON `fulfilment_lines` (`fulfilment_id`, `no`);
-- Create index "fulfilmentline_order_id" to table: "fulfilment_lines"
CREATE INDEX `fulfilmentline_order_id` ON `fulfilment_lines` (`order_id`);
-- Create index "fulfilmentline_sku_created_us_fulfilment_id" to table: "fulfilment_lines"
CREATE INDEX `fulfilmentline_sku_created_us_fulfilment_id` ON `fulfilment_lines` (`sku`, `created_us`, `fulfilment_id`);
-- Create "new_goods_returns" table
CREATE TABLE `new_goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `pictures` json NULL, `refusal` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `exchange` json NULL, `exchange_order` text NOT NULL DEFAULT (''), `refund_only` bool NOT NULL DEFAULT (false), `cash_at` text NOT NULL DEFAULT (''), `freight_minor` integer NOT NULL DEFAULT (0), `gift_minor` integer NOT NULL DEFAULT (0), `sent_us` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "goods_returns" to new temporary table "new_goods_returns"
INSERT INTO `new_goods_returns` (`id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us`) SELECT `id`, `org`, `order_id`, `no`, `state`, `reason`, `location`, `refund_minor`, `points_back`, `requested_us`, `approved_us`, `received_us`, `done_us` FROM `goods_returns`;
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
-- Create "new_orders" table
CREATE TABLE `new_orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `external_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `freight_refunded_minor` integer NOT NULL DEFAULT (0), `gift_charged_minor` integer NOT NULL DEFAULT (0), `origin_order` text NOT NULL DEFAULT (''), `origin_return` text NOT NULL DEFAULT (''), `credit_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `receiver_cipher` blob NULL, `phone_key` text NOT NULL DEFAULT (''), `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `freight_discounts` json NULL, `return_terms` json NULL, `tax_minor` integer NOT NULL DEFAULT (0), `tax_on_top` bool NOT NULL DEFAULT (false), `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `asked_us` integer NOT NULL DEFAULT (0), `choose_by_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
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
-- Create index "order_choose_by_us" to table: "orders"
CREATE INDEX `order_choose_by_us` ON `orders` (`choose_by_us`);
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
-- Create "new_return_lines" table
CREATE TABLE `new_return_lines` (`id` text NOT NULL, `org` text NOT NULL, `return_id` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `fulfilment_line_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL DEFAULT (0), `damaged` integer NOT NULL DEFAULT (0), `missing` integer NOT NULL DEFAULT (0), `forgiven` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "return_lines" to new temporary table "new_return_lines"
INSERT INTO `new_return_lines` (`id`, `org`, `return_id`, `order_id`, `line_id`, `fulfilment_line_id`, `sku`, `quantity`, `refund_minor`, `points_back`, `no`) SELECT `id`, `org`, `return_id`, `order_id`, `line_id`, `fulfilment_line_id`, `sku`, `quantity`, `refund_minor`, `points_back`, `no` FROM `return_lines`;
-- Drop "return_lines" table after copying rows
DROP TABLE `return_lines`;
-- Rename temporary table "new_return_lines" to "return_lines"
ALTER TABLE `new_return_lines` RENAME TO `return_lines`;
-- Create index "returnline_return_id_no" to table: "return_lines"
CREATE UNIQUE INDEX `returnline_return_id_no` ON `return_lines` (`return_id`, `no`);
-- Create index "returnline_order_id" to table: "return_lines"
CREATE INDEX `returnline_order_id` ON `return_lines` (`order_id`);
-- Create "new_order_lines" table
CREATE TABLE `new_order_lines` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `sku` text NOT NULL DEFAULT (''), `title` json NULL, `tax_class` text NOT NULL DEFAULT (''), `returnable` bool NOT NULL DEFAULT (false), `quantity` integer NOT NULL DEFAULT (0), `unit_minor` integer NOT NULL DEFAULT (0), `gross_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `payable_minor` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `discounts` json NULL, `gift_of` text NOT NULL DEFAULT (''), `earned` json NULL, `tax_bp` integer NOT NULL DEFAULT (0), `tax_minor` integer NOT NULL DEFAULT (0), `returned_quantity` integer NOT NULL DEFAULT (0), `cancelled_quantity` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `placed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "order_lines" to new temporary table "new_order_lines"
INSERT INTO `new_order_lines` (`id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `discounts`, `gift_of`, `returned_quantity`, `refunded_minor`, `points_back`) SELECT `id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `discounts`, `gift_of`, `returned_quantity`, `refunded_minor`, `points_back` FROM `order_lines`;
-- Drop "order_lines" table after copying rows
DROP TABLE `order_lines`;
-- Rename temporary table "new_order_lines" to "order_lines"
ALTER TABLE `new_order_lines` RENAME TO `order_lines`;
-- Create index "orderline_order_id_no" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_order_id_no` ON `order_lines` (`order_id`, `no`);
-- Create index "orderline_sku_placed_us_order_id" to table: "order_lines"
CREATE INDEX `orderline_sku_placed_us_order_id` ON `order_lines` (`sku`, `placed_us`, `order_id`);
-- Create "goodwills" table
CREATE TABLE `goodwills` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `way` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `asked_by` text NOT NULL DEFAULT (''), `approved_by` text NOT NULL DEFAULT (''), `refusal` text NOT NULL DEFAULT (''), `reference` text NOT NULL DEFAULT (''), `asked_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "goodwill_order_id_no" to table: "goodwills"
CREATE UNIQUE INDEX `goodwill_order_id_no` ON `goodwills` (`order_id`, `no`);
-- Create index "goodwill_state_asked_us" to table: "goodwills"
CREATE INDEX `goodwill_state_asked_us` ON `goodwills` (`state`, `asked_us`);
-- Create index "goodwill_asked_us_id" to table: "goodwills"
CREATE INDEX `goodwill_asked_us_id` ON `goodwills` (`asked_us`, `id`);
-- Create "parcels" table
CREATE TABLE `parcels` (`id` text NOT NULL, `org` text NOT NULL, `fulfilment_id` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `lines` json NOT NULL, `made_us` integer NOT NULL DEFAULT (0), `shipped_us` integer NOT NULL DEFAULT (0), `delivered_us` integer NOT NULL DEFAULT (0), `failed_us` integer NOT NULL DEFAULT (0), `back_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "parcel_fulfilment_id_no" to table: "parcels"
CREATE UNIQUE INDEX `parcel_fulfilment_id_no` ON `parcels` (`fulfilment_id`, `no`);
-- Create index "parcel_order_id" to table: "parcels"
CREATE INDEX `parcel_order_id` ON `parcels` (`order_id`);
-- Create "return_policies" table
CREATE TABLE `return_policies` (`id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `from_us` integer NOT NULL DEFAULT (0), `window_days` integer NOT NULL DEFAULT (0), `receive_days` integer NOT NULL DEFAULT (0), `delay_days` integer NOT NULL DEFAULT (0), `keep_goods_minor` integer NOT NULL DEFAULT (0), `freight` integer NOT NULL DEFAULT (0), `goodwill_alone_minor` integer NOT NULL DEFAULT (0), `any_store` bool NOT NULL DEFAULT (false), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "returnpolicy_channel_from_us_changed_us" to table: "return_policies"
CREATE INDEX `returnpolicy_channel_from_us_changed_us` ON `return_policies` (`channel`, `from_us`, `changed_us`);
-- Create index "returnpolicy_changed_us_id" to table: "return_policies"
CREATE INDEX `returnpolicy_changed_us_id` ON `return_policies` (`changed_us`, `id`);
-- Create "sandbox_entries" table
CREATE TABLE `sandbox_entries` (`id` text NOT NULL, `payment_id` text NOT NULL, `kind` text NOT NULL DEFAULT (''), `transaction_no` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `currency` text NOT NULL DEFAULT (''), `payee` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "sandboxentry_payment_id" to table: "sandbox_entries"
CREATE INDEX `sandboxentry_payment_id` ON `sandbox_entries` (`payment_id`);
-- Create "service_levels" table
CREATE TABLE `service_levels` (`id` text NOT NULL, `accept_us` integer NOT NULL DEFAULT (0), `ship_us` integer NOT NULL DEFAULT (0), `collect_us` integer NOT NULL DEFAULT (0), `answer_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "shipping_reports" table
CREATE TABLE `shipping_reports` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `external_no` text NOT NULL DEFAULT (''), `fulfilment_id` text NOT NULL, `parcel_id` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `lines` json NOT NULL, `at_us` integer NOT NULL DEFAULT (0), `acknowledged_us` integer NOT NULL DEFAULT (0), `acknowledged_by` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "shippingreport_channel_acknowledged_us_at_us_id" to table: "shipping_reports"
CREATE INDEX `shippingreport_channel_acknowledged_us_at_us_id` ON `shipping_reports` (`channel`, `acknowledged_us`, `at_us`, `id`);
-- Create index "shippingreport_order_id" to table: "shipping_reports"
CREATE INDEX `shippingreport_order_id` ON `shipping_reports` (`order_id`);
-- Create "trade_events" table
CREATE TABLE `trade_events` (`id` text NOT NULL, `org` text NOT NULL, `position` integer NULL, `order_id` text NOT NULL, `seller_org` text NOT NULL DEFAULT (''), `part` bool NOT NULL DEFAULT (false), `version` integer NOT NULL DEFAULT (0), `topic` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `fulfilment_id` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), `body` json NOT NULL, PRIMARY KEY (`id`));
-- Create index "tradeevent_order_id_version_fulfilment_id_part" to table: "trade_events"
CREATE UNIQUE INDEX `tradeevent_order_id_version_fulfilment_id_part` ON `trade_events` (`order_id`, `version`, `fulfilment_id`, `part`);
-- Create index "tradeevent_position" to table: "trade_events"
CREATE UNIQUE INDEX `tradeevent_position` ON `trade_events` (`position`);
-- Create index "tradeevent_at_us" to table: "trade_events"
CREATE INDEX `tradeevent_at_us` ON `trade_events` (`at_us`);
-- Create "trade_terms" table
CREATE TABLE `trade_terms` (`id` text NOT NULL, `kind` text NOT NULL DEFAULT (''), `scope` text NOT NULL DEFAULT (''), `from_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `terms` blob NOT NULL, `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "tradeterm_kind_scope_from_us_version" to table: "trade_terms"
CREATE UNIQUE INDEX `tradeterm_kind_scope_from_us_version` ON `trade_terms` (`kind`, `scope`, `from_us`, `version`);
-- Create "webhooks" table
CREATE TABLE `webhooks` (`id` text NOT NULL, `org` text NOT NULL, `channel` text NOT NULL, `url` text NOT NULL, `secret` blob NOT NULL, `coalesce_ms` integer NOT NULL, `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `failures` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `last_error` text NOT NULL DEFAULT (''), `lease_owner` text NOT NULL DEFAULT (''), `lease_until_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "webhook_active_next_us" to table: "webhooks"
CREATE INDEX `webhook_active_next_us` ON `webhooks` (`active`, `next_us`);
-- Create index "webhook_org_created_us_id" to table: "webhooks"
CREATE INDEX `webhook_org_created_us_id` ON `webhooks` (`org`, `created_us`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
