-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_cart_lines" table
CREATE TABLE `new_cart_lines` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0), `shop_store` text NOT NULL DEFAULT (''), `seen_minor` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "cart_lines" to new temporary table "new_cart_lines"
INSERT INTO `new_cart_lines` (`id`, `org`, `member_id`, `sku`, `quantity`, `updated_us`) SELECT `id`, `org`, `member_id`, `sku`, `quantity`, `updated_us` FROM `cart_lines`;
-- Drop "cart_lines" table after copying rows
DROP TABLE `cart_lines`;
-- Rename temporary table "new_cart_lines" to "cart_lines"
ALTER TABLE `new_cart_lines` RENAME TO `cart_lines`;
-- Create index "cartline_member_id_shop_store_sku" to table: "cart_lines"
CREATE UNIQUE INDEX `cartline_member_id_shop_store_sku` ON `cart_lines` (`member_id`, `shop_store`, `sku`);
-- Create "guest_carts" table
CREATE TABLE `guest_carts` (`id` text NOT NULL, `org` text NOT NULL, `address_key` text NOT NULL DEFAULT (''), `opened_us` integer NOT NULL DEFAULT (0), `touched_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "guestcart_address_key_opened_us" to table: "guest_carts"
CREATE INDEX `guestcart_address_key_opened_us` ON `guest_carts` (`address_key`, `opened_us`);
-- Create index "guestcart_touched_us" to table: "guest_carts"
CREATE INDEX `guestcart_touched_us` ON `guest_carts` (`touched_us`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
