-- Modify "goods_returns" table
ALTER TABLE `goods_returns` ADD COLUMN `pictures` json NULL, ADD COLUMN `refusal` varchar(800) NOT NULL DEFAULT '', ADD COLUMN `carrier` varchar(64) NOT NULL DEFAULT '', ADD COLUMN `tracking_no` varchar(64) NOT NULL DEFAULT '', ADD COLUMN `sent_us` bigint NOT NULL DEFAULT 0, ADD INDEX `goodsreturn_requested_us_id` (`requested_us`, `id`), ADD INDEX `goodsreturn_state_requested_us` (`state`, `requested_us`);
-- Modify "return_lines" table
ALTER TABLE `return_lines` ADD COLUMN `damaged` bigint NOT NULL DEFAULT 0, ADD COLUMN `missing` bigint NOT NULL DEFAULT 0, ADD COLUMN `forgiven` bigint NOT NULL DEFAULT 0;
