-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_skus" table
CREATE TABLE `new_skus` (`id` text NOT NULL, `spu` text NOT NULL, `barcode` text NOT NULL, `gtin` text NULL, `title` json NOT NULL, `search` text NOT NULL, `category` text NOT NULL, `brand` text NOT NULL DEFAULT (''), `tax_class` text NOT NULL, `price_minor` integer NOT NULL, `currency` text NOT NULL, `weight_g` integer NOT NULL, `returnable` bool NOT NULL, `active` bool NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "skus" to new temporary table "new_skus"
INSERT INTO `new_skus` (`id`, `spu`, `barcode`, `gtin`, `title`, `search`, `category`, `tax_class`, `price_minor`, `currency`, `weight_g`, `returnable`, `active`, `updated_us`) SELECT `id`, `spu`, `barcode`, `gtin`, `title`, `search`, `category`, `tax_class`, `price_minor`, `currency`, `weight_g`, `returnable`, `active`, `updated_us` FROM `skus`;
-- Drop "skus" table after copying rows
DROP TABLE `skus`;
-- Rename temporary table "new_skus" to "skus"
ALTER TABLE `new_skus` RENAME TO `skus`;
-- Create index "sku_gtin" to table: "skus"
CREATE UNIQUE INDEX `sku_gtin` ON `skus` (`gtin`);
-- Create index "sku_category_id" to table: "skus"
CREATE INDEX `sku_category_id` ON `skus` (`category`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
