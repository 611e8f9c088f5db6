-- Modify "discrepancies" table
ALTER TABLE `discrepancies` ADD INDEX `discrepancy_kind_open` (`kind`, `open`);
