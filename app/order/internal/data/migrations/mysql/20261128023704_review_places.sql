-- Modify "orders" table
ALTER TABLE `orders` ADD INDEX `order_place_key_placed_us` (`place_key`, `placed_us`);
