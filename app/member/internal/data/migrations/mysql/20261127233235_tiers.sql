-- Modify "members" table
ALTER TABLE `members` ADD COLUMN `tier` varchar(64) NOT NULL DEFAULT '', ADD COLUMN `segments` varchar(2000) NOT NULL DEFAULT '';
