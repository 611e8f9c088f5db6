-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `return_terms` json NULL;
-- Create "return_policies" table
CREATE TABLE `return_policies` (`id` varchar(40) NOT NULL, `channel` varchar(32) NOT NULL DEFAULT '', `from_us` bigint NOT NULL DEFAULT 0, `window_days` bigint NOT NULL DEFAULT 0, `receive_days` bigint NOT NULL DEFAULT 0, `delay_days` bigint NOT NULL DEFAULT 0, `changed_by` varchar(128) NOT NULL DEFAULT '', `changed_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `returnpolicy_changed_us_id` (`changed_us`, `id`), INDEX `returnpolicy_channel_from_us_changed_us` (`channel`, `from_us`, `changed_us`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
