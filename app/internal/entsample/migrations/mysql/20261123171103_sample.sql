-- Create "brands" table
CREATE TABLE `brands` (`id` varchar(40) NOT NULL, `name` varchar(200) NOT NULL, PRIMARY KEY (`id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "notes" table
CREATE TABLE `notes` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `member` varchar(40) NULL, `code` varchar(64) NOT NULL, `qty` bigint NOT NULL DEFAULT 0, `created_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), UNIQUE INDEX `note_org_code` (`org`, `code`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "shelves" table
CREATE TABLE `shelves` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `sku` varchar(64) NOT NULL, `on_hand` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), UNIQUE INDEX `shelf_org_sku` (`org`, `sku`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
