-- Modify "goods_returns" table
ALTER TABLE `goods_returns` ADD COLUMN `exchange` json NULL, ADD COLUMN `exchange_order` varchar(40) NOT NULL DEFAULT '';
-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `origin_order` varchar(40) NOT NULL DEFAULT '', ADD COLUMN `origin_return` varchar(40) NOT NULL DEFAULT '', ADD COLUMN `credit_minor` bigint NOT NULL DEFAULT 0;
