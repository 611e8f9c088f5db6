-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `held_until_us` bigint NULL;
