-- Add column "held_until_us" to table: "orders"
ALTER TABLE `orders` ADD COLUMN `held_until_us` integer NULL;
