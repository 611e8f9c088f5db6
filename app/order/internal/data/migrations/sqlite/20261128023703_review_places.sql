-- Create index "order_place_key_placed_us" to table: "orders"
CREATE INDEX `order_place_key_placed_us` ON `orders` (`place_key`, `placed_us`);
