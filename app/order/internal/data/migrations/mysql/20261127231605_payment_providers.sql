-- Modify "payments" table
ALTER TABLE `payments` ADD COLUMN `ask_us` bigint NOT NULL DEFAULT 0, ADD INDEX `payment_ask_us` (`ask_us`);
-- Modify "refunds" table
ALTER TABLE `refunds` ADD COLUMN `failure` varchar(255) NOT NULL DEFAULT '', ADD COLUMN `round` bigint NOT NULL DEFAULT 0;
-- Create "sandbox_entries" table
CREATE TABLE `sandbox_entries` (`id` varchar(64) NOT NULL, `payment_id` varchar(40) NOT NULL, `kind` varchar(16) NOT NULL DEFAULT '', `transaction_no` varchar(160) NOT NULL DEFAULT '', `amount_minor` bigint NOT NULL DEFAULT 0, `currency` varchar(3) NOT NULL DEFAULT '', `payee` varchar(128) NOT NULL DEFAULT '', `at_us` bigint NOT NULL DEFAULT 0, PRIMARY KEY (`id`), INDEX `sandboxentry_payment_id` (`payment_id`)) CHARSET utf8mb4 COLLATE utf8mb4_bin;
