-- Modify "cart_lines" table
ALTER TABLE `cart_lines` ADD COLUMN `shop_store` varchar(64) NOT NULL DEFAULT '', ADD COLUMN `seen_minor` bigint NOT NULL DEFAULT 0, DROP INDEX `cartline_member_id_sku`, ADD UNIQUE INDEX `cartline_member_id_shop_store_sku` (`member_id`, `shop_store`, `sku`);
-- Create "guest_carts" table
CREATE TABLE `guest_carts` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `address_key` varchar(64) NOT NULL DEFAULT '', `opened_us` bigint NOT NULL DEFAULT 0, `touched_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `guestcart_address_key_opened_us` (`address_key`, `opened_us`), INDEX `guestcart_touched_us` (`touched_us`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
