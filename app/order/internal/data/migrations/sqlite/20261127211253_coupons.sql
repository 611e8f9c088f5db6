-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_promotions" table
CREATE TABLE `new_promotions` (`id` text NOT NULL, `version` integer NOT NULL DEFAULT (0), `ended` bool NOT NULL DEFAULT (false), `terms` blob NOT NULL, `until_us` integer NOT NULL DEFAULT (0), `budget_minor` integer NOT NULL DEFAULT (0), `quota` integer NOT NULL DEFAULT (0), `per_buyer` integer NOT NULL DEFAULT (0), `used_minor` integer NOT NULL DEFAULT (0), `used_quantity` integer NOT NULL DEFAULT (0), `claimed` integer NOT NULL DEFAULT (0), `changed_by` text NOT NULL DEFAULT (''), `changed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "promotions" to new temporary table "new_promotions"
INSERT INTO `new_promotions` (`id`, `version`, `ended`, `terms`, `until_us`, `budget_minor`, `quota`, `per_buyer`, `used_minor`, `used_quantity`, `changed_by`, `changed_us`) SELECT `id`, `version`, `ended`, `terms`, `until_us`, `budget_minor`, `quota`, `per_buyer`, `used_minor`, `used_quantity`, `changed_by`, `changed_us` FROM `promotions`;
-- Drop "promotions" table after copying rows
DROP TABLE `promotions`;
-- Rename temporary table "new_promotions" to "promotions"
ALTER TABLE `new_promotions` RENAME TO `promotions`;
-- Create index "promotion_ended_until_us" to table: "promotions"
CREATE INDEX `promotion_ended_until_us` ON `promotions` (`ended`, `until_us`);
-- Create "coupons" table
CREATE TABLE `coupons` (`id` text NOT NULL, `promotion` text NOT NULL, `member_id` text NOT NULL, `state` text NOT NULL DEFAULT (''), `claimed_us` integer NOT NULL DEFAULT (0), `expires_us` integer NOT NULL DEFAULT (0), `order_id` text NOT NULL DEFAULT (''), `gid` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "coupon_member_id_claimed_us_id" to table: "coupons"
CREATE INDEX `coupon_member_id_claimed_us_id` ON `coupons` (`member_id`, `claimed_us`, `id`);
-- Create index "coupon_promotion_member_id" to table: "coupons"
CREATE INDEX `coupon_promotion_member_id` ON `coupons` (`promotion`, `member_id`);
-- Create index "coupon_order_id" to table: "coupons"
CREATE INDEX `coupon_order_id` ON `coupons` (`order_id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
