-- Create "allocations" table
CREATE TABLE `allocations` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `strategy` text NOT NULL, `text` text NOT NULL, `candidates` blob NOT NULL, `considered` integer NOT NULL, `took_us` integer NOT NULL, `decided_at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "allocation_document_decided_at_us" to table: "allocations"
CREATE INDEX `allocation_document_decided_at_us` ON `allocations` (`document`, `decided_at_us`);
-- Create "discrepancies" table
CREATE TABLE `discrepancies` (`id` text NOT NULL, `org` text NOT NULL, `sku` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `owner` text NOT NULL DEFAULT (''), `kind` text NOT NULL, `document` text NOT NULL DEFAULT (''), `reservation_id` text NOT NULL DEFAULT (''), `size` integer NOT NULL, `open` integer NOT NULL, `opened_us` integer NOT NULL, `closed_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "discrepancy_sku_location_owner_open" to table: "discrepancies"
CREATE INDEX `discrepancy_sku_location_owner_open` ON `discrepancies` (`sku`, `location`, `owner`, `open`);
-- Create index "discrepancy_opened_us_id" to table: "discrepancies"
CREATE INDEX `discrepancy_opened_us_id` ON `discrepancies` (`opened_us`, `id`);
-- Create "generations" table
CREATE TABLE `generations` (`id` text NOT NULL, `number` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "holds" table
CREATE TABLE `holds` (`id` text NOT NULL, `org` text NOT NULL, `created_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "locations" table
CREATE TABLE `locations` (`id` text NOT NULL, `name` text NOT NULL DEFAULT (''), `org` text NOT NULL DEFAULT (''), `kind` integer NOT NULL, `lat` real NULL, `lng` real NULL, `active` bool NOT NULL DEFAULT (true), `ways` integer NOT NULL, `shared` bool NOT NULL DEFAULT (false), `settlement_rate_bp` integer NOT NULL DEFAULT (0), `fulfilment_fee_minor` integer NOT NULL DEFAULT (0), `version` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "movements" table
CREATE TABLE `movements` (`id` text NOT NULL, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `seq` integer NOT NULL, `reason` text NOT NULL, `document` text NOT NULL, `ref` text NOT NULL DEFAULT (''), `actor` text NOT NULL DEFAULT (''), `note` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL, `qty_before` integer NOT NULL, `qty_after` integer NOT NULL, `at_us` integer NOT NULL, `hash` blob NOT NULL, PRIMARY KEY (`id`));
-- Create index "movement_sku_location_owner_seq" to table: "movements"
CREATE UNIQUE INDEX `movement_sku_location_owner_seq` ON `movements` (`sku`, `location`, `owner`, `seq`);
-- Create index "movement_once" to table: "movements"
CREATE UNIQUE INDEX `movement_once` ON `movements` (`sku`, `location`, `owner`, `reason`, `document`, `ref`);
-- Create index "movement_document" to table: "movements"
CREATE INDEX `movement_document` ON `movements` (`document`);
-- Create index "movement_at_us_id" to table: "movements"
CREATE INDEX `movement_at_us_id` ON `movements` (`at_us`, `id`);
-- Create index "movement_location_at_us_id" to table: "movements"
CREATE INDEX `movement_location_at_us_id` ON `movements` (`location`, `at_us`, `id`);
-- Create "reservations" table
CREATE TABLE `reservations` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `line_id` text NOT NULL, `gid` text NOT NULL DEFAULT (''), `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `location_name` text NOT NULL DEFAULT (''), `seller` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `way` integer NOT NULL, `quantity` integer NOT NULL, `open` integer NOT NULL, `shipped` integer NOT NULL DEFAULT (0), `released` integer NOT NULL DEFAULT (0), `expired` integer NOT NULL DEFAULT (0), `state` integer NOT NULL, `version` integer NOT NULL, `expires_at_us` integer NOT NULL, `due_us` integer NOT NULL DEFAULT (0), `settlement_price_minor` integer NOT NULL, `fulfilment_fee_minor` integer NOT NULL, `distance_m` integer NOT NULL, `replaces` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "reservation_document_created_us" to table: "reservations"
CREATE INDEX `reservation_document_created_us` ON `reservations` (`document`, `created_us`);
-- Create index "reservation_due_us" to table: "reservations"
CREATE INDEX `reservation_due_us` ON `reservations` (`due_us`);
-- Create index "reservation_sku_location_owner_state" to table: "reservations"
CREATE INDEX `reservation_sku_location_owner_state` ON `reservations` (`sku`, `location`, `owner`, `state`);
-- Create "reservation_changes" table
CREATE TABLE `reservation_changes` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `org` text NOT NULL, `reservation_id` text NOT NULL, `version` integer NOT NULL, `from_state` integer NOT NULL, `to_state` integer NOT NULL, `quantity` integer NOT NULL, `actor` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL);
-- Create index "reservationchange_reservation_id_version" to table: "reservation_changes"
CREATE UNIQUE INDEX `reservationchange_reservation_id_version` ON `reservation_changes` (`reservation_id`, `version`);
-- Create "stock" table
CREATE TABLE `stock` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `on_hand` integer NOT NULL DEFAULT (0), `reserved` integer NOT NULL DEFAULT (0), `safety` integer NOT NULL DEFAULT (0), `seq` integer NOT NULL DEFAULT (0), `chain` blob NOT NULL, `version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0));
-- Create index "stock_sku_location_owner" to table: "stock"
CREATE UNIQUE INDEX `stock_sku_location_owner` ON `stock` (`sku`, `location`, `owner`);
-- Create index "stock_location_sku_owner" to table: "stock"
CREATE INDEX `stock_location_sku_owner` ON `stock` (`location`, `sku`, `owner`);
