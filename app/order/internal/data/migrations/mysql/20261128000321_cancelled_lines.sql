-- Modify "order_lines" table
ALTER TABLE `order_lines` ADD COLUMN `cancelled_quantity` bigint NOT NULL DEFAULT 0;
