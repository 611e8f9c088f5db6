-- Modify "goods_returns" table
ALTER TABLE `goods_returns` ADD COLUMN `cash_at` varchar(64) NOT NULL DEFAULT '';
-- Modify "return_policies" table
ALTER TABLE `return_policies` ADD COLUMN `any_store` bool NOT NULL DEFAULT 0;
