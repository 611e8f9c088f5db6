-- Create "price_entries" table
CREATE TABLE `price_entries` (`id` text NOT NULL, `price_list` text NOT NULL, `sku` text NOT NULL, `from_us` integer NOT NULL, `version` integer NOT NULL, `price_minor` integer NOT NULL, `withdrawn` bool NOT NULL, `changed_by` text NOT NULL, `changed_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "priceentry_sku_price_list_from_us_version" to table: "price_entries"
CREATE UNIQUE INDEX `priceentry_sku_price_list_from_us_version` ON `price_entries` (`sku`, `price_list`, `from_us`, `version`);
-- Create index "priceentry_price_list_sku_from_us_version" to table: "price_entries"
CREATE INDEX `priceentry_price_list_sku_from_us_version` ON `price_entries` (`price_list`, `sku`, `from_us`, `version`);
-- Create "price_lists" table
CREATE TABLE `price_lists` (`id` text NOT NULL, `name` text NOT NULL, `channel` text NOT NULL, `store` text NOT NULL, `region` text NOT NULL, `tier` text NOT NULL, `currency` text NOT NULL, `from_us` integer NOT NULL, `until_us` integer NOT NULL, `version` integer NOT NULL, `changed_by` text NOT NULL, `changed_us` integer NOT NULL, PRIMARY KEY (`id`));
