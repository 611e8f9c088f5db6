-- Create index "discrepancy_kind_open" to table: "discrepancies"
CREATE INDEX `discrepancy_kind_open` ON `discrepancies` (`kind`, `open`);
