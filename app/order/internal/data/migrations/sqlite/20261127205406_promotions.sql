-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Add column "freight_discounts" to table: "orders"
ALTER TABLE `orders` ADD COLUMN `freight_discounts` json NULL;
-- Create "new_order_lines" table
CREATE TABLE `new_order_lines` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `sku` text NOT NULL DEFAULT (''), `title` json NULL, `tax_class` text NOT NULL DEFAULT (''), `returnable` bool NOT NULL DEFAULT (false), `quantity` integer NOT NULL DEFAULT (0), `unit_minor` integer NOT NULL DEFAULT (0), `gross_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `payable_minor` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `discounts` json NULL, `gift_of` text NOT NULL DEFAULT (''), `returned_quantity` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "order_lines" to new temporary table "new_order_lines"
INSERT INTO `new_order_lines` (`id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `returned_quantity`, `refunded_minor`, `points_back`) SELECT `id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `returned_quantity`, `refunded_minor`, `points_back` FROM `order_lines`;
-- Drop "order_lines" table after copying rows
DROP TABLE `order_lines`;
-- Rename temporary table "new_order_lines" to "order_lines"
ALTER TABLE `new_order_lines` RENAME TO `order_lines`;
-- Create index "orderline_order_id_no" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_order_id_no` ON `order_lines` (`order_id`, `no`);
-- Create "promotions" table
CREATE TABLE `promotions` (`id` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `ended` bool NOT NULL DEFAULT (false), `terms` blob NOT NULL, `until_us` integer NOT NULL DEFAULT (0), `budget_minor` integer NOT NULL DEFAULT (0), `quota` integer NOT NULL DEFAULT (0), `per_buyer` integer NOT NULL DEFAULT (0), `used_minor` integer NOT NULL DEFAULT (0), `used_quantity` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "promotion_ended_until_us" to table: "promotions"
CREATE INDEX `promotion_ended_until_us` ON `promotions` (`ended`, `until_us`);
-- Create "promotion_buyers" table
CREATE TABLE `promotion_buyers` (`id` text NOT NULL, `promotion` text NOT NULL, `member_id` text NOT NULL, `quantity` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "promotionbuyer_promotion_member_id" to table: "promotion_buyers"
CREATE UNIQUE INDEX `promotionbuyer_promotion_member_id` ON `promotion_buyers` (`promotion`, `member_id`);
-- Create index "promotionbuyer_member_id" to table: "promotion_buyers"
CREATE INDEX `promotionbuyer_member_id` ON `promotion_buyers` (`member_id`);
-- Create "promotion_uses" table
CREATE TABLE `promotion_uses` (`id` text NOT NULL, `gid` text NOT NULL, `order_id` text NOT NULL, `promotion` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `member_id` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL DEFAULT (0), `quantity` integer NOT NULL DEFAULT (0), `given_back` bool NOT NULL DEFAULT (false), `at_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "promotionuse_gid_promotion" to table: "promotion_uses"
CREATE UNIQUE INDEX `promotionuse_gid_promotion` ON `promotion_uses` (`gid`, `promotion`);
-- Create index "promotionuse_order_id" to table: "promotion_uses"
CREATE INDEX `promotionuse_order_id` ON `promotion_uses` (`order_id`);
-- Create index "promotionuse_promotion_given_back" to table: "promotion_uses"
CREATE INDEX `promotionuse_promotion_given_back` ON `promotion_uses` (`promotion`, `given_back`);
-- Create "promotion_versions" table
CREATE TABLE `promotion_versions` (`id` text NOT NULL, `promotion` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `terms` blob NOT NULL, `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "promotionversion_promotion_version" to table: "promotion_versions"
CREATE UNIQUE INDEX `promotionversion_promotion_version` ON `promotion_versions` (`promotion`, `version`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
