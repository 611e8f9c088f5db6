-- Modify "transfers" table
ALTER TABLE `transfers` ADD INDEX `transfer_number` (`number`);
