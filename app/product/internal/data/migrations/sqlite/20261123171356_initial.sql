-- Create "skus" table
CREATE TABLE `skus` (`id` text NOT NULL, `spu` text NOT NULL, `barcode` text NOT NULL, `gtin` text NULL, `title` json NOT NULL, `search` text NOT NULL, `category` text NOT NULL, `tax_class` text NOT NULL, `price_minor` integer NOT NULL, `currency` text NOT NULL, `weight_g` integer NOT NULL, `returnable` bool NOT NULL, `active` bool NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "sku_gtin" to table: "skus"
CREATE UNIQUE INDEX `sku_gtin` ON `skus` (`gtin`);
-- Create index "sku_category_id" to table: "skus"
CREATE INDEX `sku_category_id` ON `skus` (`category`, `id`);
