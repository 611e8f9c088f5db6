-- Add column "receipts_minor" to table: "order_lines"
ALTER TABLE `order_lines` ADD COLUMN `receipts_minor` integer NULL;
