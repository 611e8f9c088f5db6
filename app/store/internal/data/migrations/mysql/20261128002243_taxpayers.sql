-- Modify "organisations" table
ALTER TABLE `organisations` ADD COLUMN `taxpayer` varchar(32) NOT NULL DEFAULT '';
