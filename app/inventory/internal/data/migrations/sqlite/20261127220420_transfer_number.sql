-- Create index "transfer_number" to table: "transfers"
CREATE INDEX `transfer_number` ON `transfers` (`number`);
