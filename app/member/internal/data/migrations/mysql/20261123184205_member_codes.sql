-- Create "code_misses" table
CREATE TABLE `code_misses` (`id` varchar(64) NOT NULL, `org` varchar(40) NOT NULL, `misses` bigint NOT NULL DEFAULT 0, `since_us` bigint NOT NULL, PRIMARY KEY (`id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- Create "member_codes" table
CREATE TABLE `member_codes` (`id` varchar(40) NOT NULL, `org` varchar(40) NOT NULL, `hash` varchar(64) NOT NULL, `expires_at_us` bigint NOT NULL, PRIMARY KEY (`id`), UNIQUE INDEX `membercode_hash` (`hash`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
