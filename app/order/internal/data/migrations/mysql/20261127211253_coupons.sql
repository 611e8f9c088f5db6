-- Modify "promotions" table
ALTER TABLE `promotions` ADD COLUMN `claimed` bigint NOT NULL DEFAULT 0;
-- Create "coupons" table
CREATE TABLE `coupons` (`id` varchar(40) NOT NULL, `promotion` varchar(40) NOT NULL, `member_id` varchar(40) NOT NULL, `state` varchar(16) NOT NULL DEFAULT '', `claimed_us` bigint NOT NULL DEFAULT 0, `expires_us` bigint NOT NULL DEFAULT 0, `order_id` varchar(40) NOT NULL DEFAULT '', `gid` varchar(40) NOT NULL DEFAULT '', PRIMARY KEY (`id`), INDEX `coupon_member_id_claimed_us_id` (`member_id`, `claimed_us`, `id`), INDEX `coupon_order_id` (`order_id`), INDEX `coupon_promotion_member_id` (`promotion`, `member_id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
