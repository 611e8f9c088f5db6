-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_reservations" table
CREATE TABLE `new_reservations` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `line_id` text NOT NULL, `gid` text NOT NULL DEFAULT (''), `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `location_name` text NOT NULL DEFAULT (''), `seller` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `way` integer NOT NULL, `quantity` integer NOT NULL, `open` integer NOT NULL, `shipped` integer NOT NULL DEFAULT (0), `released` integer NOT NULL DEFAULT (0), `expired` integer NOT NULL DEFAULT (0), `state` integer NOT NULL, `version` integer NOT NULL, `expires_at_us` integer NOT NULL, `due_us` integer NOT NULL DEFAULT (0), `settlement_price_minor` integer NOT NULL, `fulfilment_fee_minor` integer NOT NULL, `distance_m` integer NOT NULL, `replaces` text NOT NULL DEFAULT (''), `batch` text NOT NULL DEFAULT (''), `quota` text NOT NULL DEFAULT (''), `presale` text NOT NULL DEFAULT (''), `kit_sku` text NOT NULL DEFAULT (''), `capacity_day` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "reservations" to new temporary table "new_reservations"
INSERT INTO `new_reservations` (`id`, `org`, `document`, `line_id`, `gid`, `sku`, `location`, `owner`, `location_name`, `seller`, `channel`, `way`, `quantity`, `open`, `shipped`, `released`, `expired`, `state`, `version`, `expires_at_us`, `due_us`, `settlement_price_minor`, `fulfilment_fee_minor`, `distance_m`, `replaces`, `batch`, `quota`, `presale`, `kit_sku`, `created_us`, `updated_us`) SELECT `id`, `org`, `document`, `line_id`, `gid`, `sku`, `location`, `owner`, `location_name`, `seller`, `channel`, `way`, `quantity`, `open`, `shipped`, `released`, `expired`, `state`, `version`, `expires_at_us`, `due_us`, `settlement_price_minor`, `fulfilment_fee_minor`, `distance_m`, `replaces`, `batch`, `quota`, `presale`, `kit_sku`, `created_us`, `updated_us` FROM `reservations`;
-- Drop "reservations" table after copying rows
DROP TABLE `reservations`;
-- Rename temporary table "new_reservations" to "reservations"
ALTER TABLE `new_reservations` RENAME TO `reservations`;
-- Create index "reservation_document_created_us" to table: "reservations"
CREATE INDEX `reservation_document_created_us` ON `reservations` (`document`, `created_us`);
-- Create index "reservation_due_us" to table: "reservations"
CREATE INDEX `reservation_due_us` ON `reservations` (`due_us`);
-- Create index "reservation_sku_location_owner_state" to table: "reservations"
CREATE INDEX `reservation_sku_location_owner_state` ON `reservations` (`sku`, `location`, `owner`, `state`);
-- Create index "reservation_created_us_org_document" to table: "reservations"
CREATE INDEX `reservation_created_us_org_document` ON `reservations` (`created_us`, `org`, `document`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
