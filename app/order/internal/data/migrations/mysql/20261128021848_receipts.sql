-- Modify "order_lines" table
ALTER TABLE `order_lines` ADD COLUMN `receipts_minor` bigint NULL;
