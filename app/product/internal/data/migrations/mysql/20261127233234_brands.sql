-- Modify "skus" table
ALTER TABLE `skus` ADD COLUMN `brand` varchar(64) NOT NULL DEFAULT '';
