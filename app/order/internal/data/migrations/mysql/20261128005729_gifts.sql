-- Modify "goods_returns" table
ALTER TABLE `goods_returns` ADD COLUMN `gift_minor` bigint NOT NULL DEFAULT 0;
-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `gift_charged_minor` bigint NOT NULL DEFAULT 0;
-- Modify "order_lines" table
ALTER TABLE `order_lines` ADD COLUMN `earned` json NULL;
