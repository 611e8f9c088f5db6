-- Create "address_changes" table
CREATE TABLE `address_changes` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `changes` bigint NOT NULL DEFAULT 0, `under` varchar(40) NOT NULL DEFAULT '', PRIMARY KEY (`id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
