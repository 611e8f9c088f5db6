-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_goods_returns" table
CREATE TABLE `new_goods_returns` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `state` text NOT NULL DEFAULT (''), `reason` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `pictures` json NULL, `refusal` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `sent_us` integer NOT NULL DEFAULT (0), `refund_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), `requested_us` integer NOT NULL DEFAULT (0), `approved_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `done_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
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
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
