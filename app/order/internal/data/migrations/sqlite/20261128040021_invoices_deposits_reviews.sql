-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_cart_lines" table
CREATE TABLE `new_cart_lines` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `shop_store` text NOT NULL DEFAULT (''), `seen_minor` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "cart_lines" to new temporary table "new_cart_lines"
INSERT INTO `new_cart_lines` (`id`, `org`, `member_id`, `sku`, `quantity`, `updated_us`) SELECT `id`, `org`, `member_id`, `sku`, `quantity`, `updated_us` FROM `cart_lines`;
-- Drop "cart_lines" table after copying rows
DROP TABLE `cart_lines`;
-- Rename temporary table "new_cart_lines" to "cart_lines"
ALTER TABLE `new_cart_lines` RENAME TO `cart_lines`;
-- Create index "cartline_member_id_shop_store_sku" to table: "cart_lines"
CREATE UNIQUE INDEX `cartline_member_id_shop_store_sku` ON `cart_lines` (`member_id`, `shop_store`, `sku`);
-- Add column "pick_by_us" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `pick_by_us` integer NULL;
-- Add column "pick_late_us" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `pick_late_us` integer NULL;
-- Add column "merged" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `merged` text NULL;
-- Create "new_orders" table
CREATE TABLE `new_orders` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `source_no` text NOT NULL DEFAULT (''), `external_no` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `currency` text NOT NULL DEFAULT (''), `goods_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `freight_minor` integer NOT NULL DEFAULT (0), `total_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `captured_minor` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `freight_refunded_minor` integer NOT NULL DEFAULT (0), `gift_charged_minor` integer NOT NULL DEFAULT (0), `origin_order` text NOT NULL DEFAULT (''), `origin_return` text NOT NULL DEFAULT (''), `credit_minor` integer NOT NULL DEFAULT (0), `merchant_account` text NOT NULL DEFAULT (''), `attributions` json NULL, `way` text NOT NULL DEFAULT (''), `pickup_store` text NOT NULL DEFAULT (''), `receiver` blob NULL, `receiver_cipher` blob NULL, `phone_key` text NOT NULL DEFAULT (''), `remark` text NOT NULL DEFAULT (''), `device` text NOT NULL DEFAULT (''), `clerk` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `placed_us` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `pay_until_us` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `freight_discounts` json NULL, `return_terms` json NULL, `tax_minor` integer NOT NULL DEFAULT (0), `tax_on_top` bool NOT NULL DEFAULT (false), `unallocated` bool NOT NULL DEFAULT (false), `allocate_attempt` integer NOT NULL DEFAULT (0), `allocate_at_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `asked_us` integer NOT NULL DEFAULT (0), `choose_by_us` integer NOT NULL DEFAULT (0), `held_until_us` integer NULL, `tax_profile` text NOT NULL DEFAULT (''), `invoice_count` integer NOT NULL DEFAULT (0), `review` text NULL, `place_key` text NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "orders" to new temporary table "new_orders"
INSERT INTO `new_orders` (`id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `external_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `freight_refunded_minor`, `gift_charged_minor`, `origin_order`, `origin_return`, `credit_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `receiver_cipher`, `phone_key`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `tax_minor`, `tax_on_top`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version`, `asked_us`, `choose_by_us`) SELECT `id`, `org`, `member_id`, `kind`, `channel`, `source_no`, `external_no`, `shop_store`, `state`, `currency`, `goods_minor`, `discount_minor`, `freight_minor`, `total_minor`, `points`, `points_amount_minor`, `captured_minor`, `refunded_minor`, `freight_refunded_minor`, `gift_charged_minor`, `origin_order`, `origin_return`, `credit_minor`, `merchant_account`, `attributions`, `way`, `pickup_store`, `receiver`, `receiver_cipher`, `phone_key`, `remark`, `device`, `clerk`, `fingerprint`, `placed_us`, `paid_us`, `pay_until_us`, `ship_by_us`, `updated_us`, `freight_discounts`, `return_terms`, `tax_minor`, `tax_on_top`, `unallocated`, `allocate_attempt`, `allocate_at_us`, `version`, `asked_us`, `choose_by_us` FROM `orders`;
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
-- Create index "order_state_choose_by_us" to table: "orders"
CREATE INDEX `order_state_choose_by_us` ON `orders` (`state`, `choose_by_us`);
-- Create index "order_place_key_placed_us" to table: "orders"
CREATE INDEX `order_place_key_placed_us` ON `orders` (`place_key`, `placed_us`);
-- Add column "receipts_minor" to table: "order_lines"
ALTER TABLE `order_lines` ADD COLUMN `receipts_minor` integer NULL;
-- Add column "pick_us" to table: "service_levels"
ALTER TABLE `service_levels` ADD COLUMN `pick_us` integer NULL;
-- Create "address_changes" table
CREATE TABLE `address_changes` (`id` text NOT NULL, `org` text NOT NULL, `changes` integer NOT NULL DEFAULT (0), `under` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create "deposits" table
CREATE TABLE `deposits` (`id` text NOT NULL, `org` text NOT NULL, `amount_minor` integer NOT NULL DEFAULT (0), `balance_from_us` integer NOT NULL DEFAULT (0), `balance_until_us` integer NOT NULL DEFAULT (0), `forfeit_bp` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `payments` integer NOT NULL DEFAULT (0), `forfeited_minor` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "deposit_due_us" to table: "deposits"
CREATE INDEX `deposit_due_us` ON `deposits` (`due_us`);
-- Create "gift_orders" table
CREATE TABLE `gift_orders` (`id` text NOT NULL, `org` text NOT NULL, `message` text NOT NULL DEFAULT (''), `open_us` integer NOT NULL DEFAULT (0), `until_us` integer NOT NULL DEFAULT (0), `key_hash` text NOT NULL DEFAULT (''), `taken_us` integer NOT NULL DEFAULT (0), `taken_by` text NOT NULL DEFAULT (''), `due_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "giftorder_key_hash" to table: "gift_orders"
CREATE INDEX `giftorder_key_hash` ON `gift_orders` (`key_hash`);
-- Create index "giftorder_due_us" to table: "gift_orders"
CREATE INDEX `giftorder_due_us` ON `gift_orders` (`due_us`);
-- Create "guest_carts" table
CREATE TABLE `guest_carts` (`id` text NOT NULL, `org` text NOT NULL, `address_key` text NOT NULL DEFAULT (''), `opened_us` integer NOT NULL DEFAULT (0), `touched_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "guestcart_address_key_opened_us" to table: "guest_carts"
CREATE INDEX `guestcart_address_key_opened_us` ON `guest_carts` (`address_key`, `opened_us`);
-- Create index "guestcart_touched_us" to table: "guest_carts"
CREATE INDEX `guestcart_touched_us` ON `guest_carts` (`touched_us`);
-- Create "invoices" table
CREATE TABLE `invoices` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `red_of` text NOT NULL DEFAULT (''), `profile` text NOT NULL DEFAULT (''), `moment` text NOT NULL DEFAULT (''), `buyer_cipher` blob NULL, `amount_minor` integer NOT NULL DEFAULT (0), `tax_minor` integer NOT NULL DEFAULT (0), `lines` json NULL, `round` integer NOT NULL DEFAULT (0), `asked_us` integer NOT NULL DEFAULT (0), `accepted_us` integer NOT NULL DEFAULT (0), `attempts` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `failure` text NOT NULL DEFAULT (''), `official_no` text NOT NULL DEFAULT (''), `url` text NOT NULL DEFAULT (''), `asked_by` text NOT NULL DEFAULT (''), `requested_us` integer NOT NULL DEFAULT (0), `issued_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "invoice_order_id_no" to table: "invoices"
CREATE UNIQUE INDEX `invoice_order_id_no` ON `invoices` (`order_id`, `no`);
-- Create index "invoice_state_next_us" to table: "invoices"
CREATE INDEX `invoice_state_next_us` ON `invoices` (`state`, `next_us`);
-- Create index "invoice_state_requested_us" to table: "invoices"
CREATE INDEX `invoice_state_requested_us` ON `invoices` (`state`, `requested_us`);
-- Create index "invoice_requested_us_id" to table: "invoices"
CREATE INDEX `invoice_requested_us_id` ON `invoices` (`requested_us`, `id`);
-- Create "merged_parcels" table
CREATE TABLE `merged_parcels` (`id` text NOT NULL, `org` text NOT NULL, `location` text NOT NULL, `members` json NOT NULL, `merged_by` text NOT NULL DEFAULT (''), `merged_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "order_remarks" table
CREATE TABLE `order_remarks` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `text` text NOT NULL DEFAULT (''), `flag` text NOT NULL DEFAULT (''), `internal` bool NOT NULL DEFAULT (false), `actor` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "orderremark_order_id_at_us_id" to table: "order_remarks"
CREATE INDEX `orderremark_order_id_at_us_id` ON `order_remarks` (`order_id`, `at_us`, `id`);
-- Create "reviews" table
CREATE TABLE `reviews` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `hits` json NULL, `reason` text NOT NULL DEFAULT (''), `opened_by` text NOT NULL DEFAULT (''), `opened_us` integer NOT NULL DEFAULT (0), `held_us` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), `escalated_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), `done_by` text NOT NULL DEFAULT (''), `answer` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "review_order_id_no" to table: "reviews"
CREATE UNIQUE INDEX `review_order_id_no` ON `reviews` (`order_id`, `no`);
-- Create index "review_state_held_us_id" to table: "reviews"
CREATE INDEX `review_state_held_us_id` ON `reviews` (`state`, `held_us`, `id`);
-- Create index "review_org_state_held_us_id" to table: "reviews"
CREATE INDEX `review_org_state_held_us_id` ON `reviews` (`org`, `state`, `held_us`, `id`);
-- Create index "review_state_due_us" to table: "reviews"
CREATE INDEX `review_state_due_us` ON `reviews` (`state`, `due_us`);
-- Create "review_rules" table
CREATE TABLE `review_rules` (`id` text NOT NULL, `org` text NOT NULL, `code` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `from_us` integer NOT NULL DEFAULT (0), `terms` blob NOT NULL, `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "reviewrule_org_code_version" to table: "review_rules"
CREATE UNIQUE INDEX `reviewrule_org_code_version` ON `review_rules` (`org`, `code`, `version`);
-- Create "sandbox_invoices" table
CREATE TABLE `sandbox_invoices` (`id` text NOT NULL, `red_of` text NOT NULL DEFAULT (''), `fingerprint` text NOT NULL DEFAULT (''), `refusal` text NOT NULL DEFAULT (''), `message` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `official_no` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "sandboxinvoice_red_of" to table: "sandbox_invoices"
CREATE INDEX `sandboxinvoice_red_of` ON `sandbox_invoices` (`red_of`);
-- Create "tax_profiles" table
CREATE TABLE `tax_profiles` (`id` text NOT NULL, `org` text NOT NULL, `taxpayer` text NOT NULL DEFAULT (''), `tax_no` text NOT NULL DEFAULT (''), `title` text NOT NULL DEFAULT (''), `invoice_when` text NOT NULL DEFAULT (''), `request_days` integer NOT NULL DEFAULT (0), `from_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `withdrawn` bool NOT NULL DEFAULT (false), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "taxprofile_org_from_us_version" to table: "tax_profiles"
CREATE UNIQUE INDEX `taxprofile_org_from_us_version` ON `tax_profiles` (`org`, `from_us`, `version`);
-- Create index "taxprofile_changed_us" to table: "tax_profiles"
CREATE INDEX `taxprofile_changed_us` ON `tax_profiles` (`changed_us`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
