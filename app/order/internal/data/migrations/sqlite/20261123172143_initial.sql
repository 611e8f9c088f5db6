-- Create "captures" table
CREATE TABLE `captures` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `payment_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `provider` text NOT NULL DEFAULT (''), `transaction_no` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `currency` text NOT NULL DEFAULT (''), `payee` text NOT NULL DEFAULT (''), `refunded_minor` integer NOT NULL DEFAULT (0), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "capture_org_provider_transaction_no" to table: "captures"
CREATE UNIQUE INDEX `capture_org_provider_transaction_no` ON `captures` (`org`, `provider`, `transaction_no`);
-- Create index "capture_order_id_no" to table: "captures"
CREATE UNIQUE INDEX `capture_order_id_no` ON `captures` (`order_id`, `no`);
-- Create "cart_lines" table
CREATE TABLE `cart_lines` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "cartline_member_id_sku" to table: "cart_lines"
CREATE UNIQUE INDEX `cartline_member_id_sku` ON `cart_lines` (`member_id`, `sku`);
-- Create "fulfilments" table
CREATE TABLE `fulfilments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `seller_org` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `way` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `location_name` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL DEFAULT (0), `assigned_us` integer NOT NULL DEFAULT (0), `accepted_us` integer NOT NULL DEFAULT (0), `shipped_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `auto_receive_us` integer NOT NULL DEFAULT (0), `return_until_us` integer NOT NULL DEFAULT (0), `close_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
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
-- Create "fulfilment_lines" table
CREATE TABLE `fulfilment_lines` (`id` text NOT NULL, `org` text NOT NULL, `fulfilment_id` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `title` json NULL, `quantity` integer NOT NULL DEFAULT (0), `returned_quantity` integer NOT NULL DEFAULT (0), `owner` text NOT NULL DEFAULT (''), `reservation_id` text NOT NULL DEFAULT (''), `settlement_minor` integer NOT NULL DEFAULT (0), `fee_minor` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "fulfilmentline_fulfilment_id_no" to table: "fulfilment_lines"
CREATE UNIQUE INDEX `fulfilmentline_fulfilment_id_no` ON `fulfilment_lines` (`fulfilment_id`, `no`);
-- Create index "fulfilmentline_order_id" to table: "fulfilment_lines"
CREATE INDEX `fulfilmentline_order_id` ON `fulfilment_lines` (`order_id`);
-- Create "goods_returns" table
CREATE TABLE `goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "goodsreturn_order_id_no" to table: "goods_returns"
CREATE UNIQUE INDEX `goodsreturn_order_id_no` ON `goods_returns` (`order_id`, `no`);
-- Create "orders" table
CREATE TABLE `orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
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
-- Create "order_events" table
CREATE TABLE `order_events` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `subject` text NOT NULL DEFAULT (''), `subject_id` text NOT NULL, `event` text NOT NULL DEFAULT (''), `from_state` text NOT NULL DEFAULT (''), `to_state` text NOT NULL DEFAULT (''), `actor` text NOT NULL DEFAULT (''), `note` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "orderevent_order_id_version" to table: "order_events"
CREATE UNIQUE INDEX `orderevent_order_id_version` ON `order_events` (`order_id`, `version`);
-- Create "order_lines" table
CREATE TABLE `order_lines` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `sku` text NOT NULL DEFAULT (''), `title` json NULL, `tax_class` text NOT NULL DEFAULT (''), `returnable` bool NOT NULL DEFAULT (false), `quantity` integer NOT NULL DEFAULT (0), `unit_minor` integer NOT NULL DEFAULT (0), `gross_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `payable_minor` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `returned_quantity` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "orderline_order_id_no" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_order_id_no` ON `order_lines` (`order_id`, `no`);
-- Create "payments" table
CREATE TABLE `payments` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `provider` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `payee` text NOT NULL DEFAULT (''), `expires_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "payment_order_id_no" to table: "payments"
CREATE UNIQUE INDEX `payment_order_id_no` ON `payments` (`order_id`, `no`);
-- Create "refunds" table
CREATE TABLE `refunds` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `capture_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `return_id` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `reference` text NOT NULL DEFAULT (''), `attempts` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "refund_order_id_no" to table: "refunds"
CREATE UNIQUE INDEX `refund_order_id_no` ON `refunds` (`order_id`, `no`);
-- Create index "refund_state_next_us" to table: "refunds"
CREATE INDEX `refund_state_next_us` ON `refunds` (`state`, `next_us`);
-- Create "return_lines" table
CREATE TABLE `return_lines` (`id` text NOT NULL, `org` text NOT NULL, `return_id` text NOT NULL, `order_id` text NOT NULL, `line_id` text NOT NULL, `fulfilment_line_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `no` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "returnline_return_id_no" to table: "return_lines"
CREATE UNIQUE INDEX `returnline_return_id_no` ON `return_lines` (`return_id`, `no`);
-- Create index "returnline_order_id" to table: "return_lines"
CREATE INDEX `returnline_order_id` ON `return_lines` (`order_id`);
