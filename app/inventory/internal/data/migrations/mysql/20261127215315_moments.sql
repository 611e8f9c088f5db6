-- Create "moments" table
CREATE TABLE `moments` (`id` bigint NOT NULL AUTO_INCREMENT, `at_us` bigint NOT NULL, `stock_id` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `moment_at_us` (`at_us`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
