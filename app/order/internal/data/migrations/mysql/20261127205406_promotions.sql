-- Modify "orders" table
ALTER TABLE `orders` ADD COLUMN `freight_discounts` json NULL;
-- Modify "order_lines" table
ALTER TABLE `order_lines` ADD COLUMN `discounts` json NULL, ADD COLUMN `gift_of` varchar(40) NOT NULL DEFAULT '';
-- Create "promotions" table
CREATE TABLE `promotions` (`id` varchar(40) NOT NULL, `version` bigint NOT NULL DEFAULT 0, `ended` bool NOT NULL DEFAULT 0, `terms` mediumblob NOT NULL, `until_us` bigint NOT NULL DEFAULT 0, `budget_minor` bigint NOT NULL DEFAULT 0, `quota` bigint NOT NULL DEFAULT 0, `per_buyer` bigint NOT NULL DEFAULT 0, `used_minor` bigint NOT NULL DEFAULT 0, `used_quantity` bigint NOT NULL DEFAULT 0, `changed_by` varchar(128) NOT NULL DEFAULT '', `changed_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `promotion_ended_until_us` (`ended`, `until_us`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "promotion_buyers" table
CREATE TABLE `promotion_buyers` (`id` varchar(40) NOT NULL, `promotion` varchar(40) NOT NULL, `member_id` varchar(40) NOT NULL, `quantity` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `promotionbuyer_member_id` (`member_id`), UNIQUE INDEX `promotionbuyer_promotion_member_id` (`promotion`, `member_id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "promotion_uses" table
CREATE TABLE `promotion_uses` (`id` varchar(40) NOT NULL, `gid` varchar(40) NOT NULL, `order_id` varchar(40) NOT NULL, `promotion` varchar(40) NOT NULL, `version` bigint NOT NULL DEFAULT 0, `member_id` varchar(40) NOT NULL DEFAULT '', `amount_minor` bigint NOT NULL DEFAULT 0, `quantity` bigint NOT NULL DEFAULT 0, `given_back` bool NOT NULL DEFAULT 0, `at_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), UNIQUE INDEX `promotionuse_gid_promotion` (`gid`, `promotion`), INDEX `promotionuse_order_id` (`order_id`), INDEX `promotionuse_promotion_given_back` (`promotion`, `given_back`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "promotion_versions" table
CREATE TABLE `promotion_versions` (`id` varchar(40) NOT NULL, `promotion` varchar(40) NOT NULL, `version` bigint NOT NULL DEFAULT 0, `terms` mediumblob NOT NULL, `changed_by` varchar(128) NOT NULL DEFAULT '', `changed_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), UNIQUE INDEX `promotionversion_promotion_version` (`promotion`, `version`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
