-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_stores" table
CREATE TABLE `new_stores` (`id` text NOT NULL, `org` text NOT NULL, `name` text NOT NULL, `ownership` text NOT NULL, `address` text NOT NULL, `city` text NOT NULL, `province` text NOT NULL, `country` text NOT NULL, `postcode` text NOT NULL, `region` text NOT NULL DEFAULT (''), `timezone` text NOT NULL, `lat` real NOT NULL, `lng` real NOT NULL, `opens` text NOT NULL, `closes` text NOT NULL, `capabilities` text NOT NULL, `active` bool NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "stores" to new temporary table "new_stores"
INSERT INTO `new_stores` (`id`, `org`, `name`, `ownership`, `address`, `city`, `province`, `country`, `postcode`, `timezone`, `lat`, `lng`, `opens`, `closes`, `capabilities`, `active`, `updated_us`) SELECT `id`, `org`, `name`, `ownership`, `address`, `city`, `province`, `country`, `postcode`, `timezone`, `lat`, `lng`, `opens`, `closes`, `capabilities`, `active`, `updated_us` FROM `stores`;
-- Drop "stores" table after copying rows
DROP TABLE `stores`;
-- Rename temporary table "new_stores" to "stores"
ALTER TABLE `new_stores` RENAME TO `stores`;
-- Create index "store_org_id" to table: "stores"
CREATE INDEX `store_org_id` ON `stores` (`org`, `id`);
-- Create index "store_city_id" to table: "stores"
CREATE INDEX `store_city_id` ON `stores` (`city`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
