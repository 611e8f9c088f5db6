-- Modify "stores" table
ALTER TABLE `stores` ADD COLUMN `region` varchar(32) NOT NULL DEFAULT '';
