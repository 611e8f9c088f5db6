-- Modify "fulfilments" table
ALTER TABLE `fulfilments` ADD COLUMN `merged` varchar(40) NULL;
-- Create "merged_parcels" table
CREATE TABLE `merged_parcels` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `location` varchar(64) NOT NULL, `members` json NOT NULL, `merged_by` varchar(128) NOT NULL DEFAULT '', `merged_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
