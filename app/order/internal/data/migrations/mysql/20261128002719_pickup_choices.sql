-- Modify "fulfilments" table
ALTER TABLE `fulfilments` ADD COLUMN `collect_until_us` bigint NOT NULL DEFAULT 0, ADD INDEX `fulfilment_state_collect_until_us` (`state`, `collect_until_us`);
-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `asked_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `choose_by_us` bigint NOT NULL DEFAULT 0, ADD INDEX `order_choose_by_us` (`choose_by_us`);
-- Modify "service_levels" table
ALTER TABLE `service_levels` ADD COLUMN `collect_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `answer_us` bigint NOT NULL DEFAULT 0;
