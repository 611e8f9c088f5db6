-- Modify "goods_returns" table
ALTER TABLE `goods_returns` ADD COLUMN `refund_only` bool NOT NULL DEFAULT 0, ADD COLUMN `freight_minor` bigint NOT NULL DEFAULT 0;
-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `freight_refunded_minor` bigint NOT NULL DEFAULT 0;
-- Modify "return_policies" table
ALTER TABLE `return_policies` ADD COLUMN `keep_goods_minor` bigint NOT NULL DEFAULT 0, ADD COLUMN `freight` bigint NOT NULL DEFAULT 0, ADD COLUMN `goodwill_alone_minor` bigint NOT NULL DEFAULT 0;
-- Create "goodwills" table
CREATE TABLE `goodwills` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `order_id` varchar(40) NOT NULL, `no` bigint NOT NULL DEFAULT 0, `state` varchar(16) NOT NULL DEFAULT '', `amount_minor` bigint NOT NULL DEFAULT 0, `way` varchar(16) NOT NULL DEFAULT '', `reason` varchar(800) NOT NULL DEFAULT '', `asked_by` varchar(128) NOT NULL DEFAULT '', `approved_by` varchar(128) NOT NULL DEFAULT '', `refusal` varchar(800) NOT NULL DEFAULT '', `reference` varchar(128) NOT NULL DEFAULT '', `asked_us` bigint NOT NULL DEFAULT 0, `approved_us` bigint NOT NULL DEFAULT 0, `done_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `goodwill_asked_us_id` (`asked_us`, `id`), UNIQUE INDEX `goodwill_order_id_no` (`order_id`, `no`), INDEX `goodwill_state_asked_us` (`state`, `asked_us`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
