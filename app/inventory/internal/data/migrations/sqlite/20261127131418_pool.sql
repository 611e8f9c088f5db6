-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_holds" table
CREATE TABLE `new_holds` (`id` text NOT NULL, `org` text NOT NULL, `demand` blob NULL, `state` integer NOT NULL DEFAULT (0), `round` integer NOT NULL DEFAULT (0), `priority` integer NOT NULL DEFAULT (0), `ship_by_us` integer NOT NULL DEFAULT (0), `waiting_since_us` integer NOT NULL DEFAULT (0), `tried_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "holds" to new temporary table "new_holds"
INSERT INTO `new_holds` (`id`, `org`, `created_us`) SELECT `id`, `org`, `created_us` FROM `holds`;
-- Drop "holds" table after copying rows
DROP TABLE `holds`;
-- Rename temporary table "new_holds" to "holds"
ALTER TABLE `new_holds` RENAME TO `holds`;
-- Create index "hold_state_priority_ship_by_us_waiting_since_us" to table: "holds"
CREATE INDEX `hold_state_priority_ship_by_us_waiting_since_us` ON `holds` (`state`, `priority`, `ship_by_us`, `waiting_since_us`);
-- Create "new_locations" table
CREATE TABLE `new_locations` (`id` text NOT NULL, `name` text NOT NULL DEFAULT (''), `org` text NOT NULL DEFAULT (''), `kind` integer NOT NULL, `lat` real NULL, `lng` real NULL, `active` bool NOT NULL DEFAULT (true), `ways` integer NOT NULL, `shared` bool NOT NULL DEFAULT (false), `settlement_rate_bp` integer NOT NULL DEFAULT (0), `fulfilment_fee_minor` integer NOT NULL DEFAULT (0), `version` integer NOT NULL, `profile` blob NULL, `profile_version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "locations" to new temporary table "new_locations"
INSERT INTO `new_locations` (`id`, `name`, `org`, `kind`, `lat`, `lng`, `active`, `ways`, `shared`, `settlement_rate_bp`, `fulfilment_fee_minor`, `version`, `updated_us`) SELECT `id`, `name`, `org`, `kind`, `lat`, `lng`, `active`, `ways`, `shared`, `settlement_rate_bp`, `fulfilment_fee_minor`, `version`, `updated_us` FROM `locations`;
-- Drop "locations" table after copying rows
DROP TABLE `locations`;
-- Rename temporary table "new_locations" to "locations"
ALTER TABLE `new_locations` RENAME TO `locations`;
-- Create "new_movements" table
CREATE TABLE `new_movements` (`id` text NOT NULL, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `seq` integer NOT NULL, `reason` text NOT NULL, `document` text NOT NULL, `ref` text NOT NULL DEFAULT (''), `actor` text NOT NULL DEFAULT (''), `note` text NOT NULL DEFAULT (''), `bucket` text NOT NULL DEFAULT (''), `batch` text NOT NULL DEFAULT (''), `request` text NOT NULL DEFAULT (''), `quantity` integer NOT NULL, `qty_before` integer NOT NULL, `qty_after` integer NOT NULL, `at_us` integer NOT NULL, `hash` blob NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "movements" to new temporary table "new_movements"
INSERT INTO `new_movements` (`id`, `org`, `sku`, `location`, `owner`, `seq`, `reason`, `document`, `ref`, `actor`, `note`, `quantity`, `qty_before`, `qty_after`, `at_us`, `hash`) SELECT `id`, `org`, `sku`, `location`, `owner`, `seq`, `reason`, `document`, `ref`, `actor`, `note`, `quantity`, `qty_before`, `qty_after`, `at_us`, `hash` FROM `movements`;
-- Drop "movements" table after copying rows
DROP TABLE `movements`;
-- Rename temporary table "new_movements" to "movements"
ALTER TABLE `new_movements` RENAME TO `movements`;
-- Create index "movement_sku_location_owner_seq" to table: "movements"
CREATE UNIQUE INDEX `movement_sku_location_owner_seq` ON `movements` (`sku`, `location`, `owner`, `seq`);
-- Create index "movement_once" to table: "movements"
CREATE UNIQUE INDEX `movement_once` ON `movements` (`sku`, `location`, `owner`, `reason`, `document`, `ref`, `bucket`);
-- Create index "movement_document" to table: "movements"
CREATE INDEX `movement_document` ON `movements` (`document`);
-- Create index "movement_at_us_id" to table: "movements"
CREATE INDEX `movement_at_us_id` ON `movements` (`at_us`, `id`);
-- Create index "movement_location_at_us_id" to table: "movements"
CREATE INDEX `movement_location_at_us_id` ON `movements` (`location`, `at_us`, `id`);
-- Create "new_reservations" table
CREATE TABLE `new_reservations` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `line_id` text NOT NULL, `gid` text NOT NULL DEFAULT (''), `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `location_name` text NOT NULL DEFAULT (''), `seller` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `way` integer NOT NULL, `quantity` integer NOT NULL, `open` integer NOT NULL, `shipped` integer NOT NULL DEFAULT (0), `released` integer NOT NULL DEFAULT (0), `expired` integer NOT NULL DEFAULT (0), `state` integer NOT NULL, `version` integer NOT NULL, `expires_at_us` integer NOT NULL, `due_us` integer NOT NULL DEFAULT (0), `settlement_price_minor` integer NOT NULL, `fulfilment_fee_minor` integer NOT NULL, `distance_m` integer NOT NULL, `replaces` text NOT NULL DEFAULT (''), `batch` text NOT NULL DEFAULT (''), `quota` text NOT NULL DEFAULT (''), `presale` text NOT NULL DEFAULT (''), `kit_sku` text NOT NULL DEFAULT (''), `capacity_day` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "reservations" to new temporary table "new_reservations"
INSERT INTO `new_reservations` (`id`, `org`, `document`, `line_id`, `gid`, `sku`, `location`, `owner`, `location_name`, `seller`, `channel`, `way`, `quantity`, `open`, `shipped`, `released`, `expired`, `state`, `version`, `expires_at_us`, `due_us`, `settlement_price_minor`, `fulfilment_fee_minor`, `distance_m`, `replaces`, `created_us`, `updated_us`) SELECT `id`, `org`, `document`, `line_id`, `gid`, `sku`, `location`, `owner`, `location_name`, `seller`, `channel`, `way`, `quantity`, `open`, `shipped`, `released`, `expired`, `state`, `version`, `expires_at_us`, `due_us`, `settlement_price_minor`, `fulfilment_fee_minor`, `distance_m`, `replaces`, `created_us`, `updated_us` FROM `reservations`;
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
-- Create "new_stock" table
CREATE TABLE `new_stock` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `on_hand` integer NOT NULL DEFAULT (0), `reserved` integer NOT NULL DEFAULT (0), `safety` integer NOT NULL DEFAULT (0), `in_transit` integer NOT NULL DEFAULT (0), `damaged` integer NOT NULL DEFAULT (0), `blocked` integer NOT NULL DEFAULT (0), `batched` integer NOT NULL DEFAULT (0), `outage_until_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `seq` integer NOT NULL DEFAULT (0), `chain` blob NOT NULL, `version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0));
-- Copy rows from old table "stock" to new temporary table "new_stock"
INSERT INTO `new_stock` (`id`, `org`, `sku`, `location`, `owner`, `on_hand`, `reserved`, `safety`, `seq`, `chain`, `version`, `updated_us`) SELECT `id`, `org`, `sku`, `location`, `owner`, `on_hand`, `reserved`, `safety`, `seq`, `chain`, `version`, `updated_us` FROM `stock`;
-- Drop "stock" table after copying rows
DROP TABLE `stock`;
-- Rename temporary table "new_stock" to "stock"
ALTER TABLE `new_stock` RENAME TO `stock`;
-- Create index "stock_sku_location_owner" to table: "stock"
CREATE UNIQUE INDEX `stock_sku_location_owner` ON `stock` (`sku`, `location`, `owner`);
-- Create index "stock_location_sku_owner" to table: "stock"
CREATE INDEX `stock_location_sku_owner` ON `stock` (`location`, `sku`, `owner`);
-- Create "assignments" table
CREATE TABLE `assignments` (`id` text NOT NULL, `org` text NOT NULL, `document` text NOT NULL, `location` text NOT NULL, `round` integer NOT NULL, `state` integer NOT NULL, `lines` integer NOT NULL, `capacity_day` integer NOT NULL DEFAULT (0), `answer_by_us` integer NOT NULL DEFAULT (0), `reason` text NOT NULL DEFAULT (''), `actor` text NOT NULL DEFAULT (''), `version` integer NOT NULL DEFAULT (1), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "assignment_document_location_round" to table: "assignments"
CREATE UNIQUE INDEX `assignment_document_location_round` ON `assignments` (`document`, `location`, `round`);
-- Create index "assignment_state_answer_by_us" to table: "assignments"
CREATE INDEX `assignment_state_answer_by_us` ON `assignments` (`state`, `answer_by_us`);
-- Create index "assignment_location_created_us" to table: "assignments"
CREATE INDEX `assignment_location_created_us` ON `assignments` (`location`, `created_us`);
-- Create index "assignment_org_created_us" to table: "assignments"
CREATE INDEX `assignment_org_created_us` ON `assignments` (`org`, `created_us`);
-- Create "batches" table
CREATE TABLE `batches` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `code` text NOT NULL, `produced_day` integer NOT NULL DEFAULT (0), `expires_day` integer NOT NULL DEFAULT (0), `expires_us` integer NOT NULL DEFAULT (0), `on_hand` integer NOT NULL DEFAULT (0), `reserved` integer NOT NULL DEFAULT (0), `blocked` bool NOT NULL DEFAULT (false), `version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0));
-- Create index "batch_sku_location_owner_code" to table: "batches"
CREATE UNIQUE INDEX `batch_sku_location_owner_code` ON `batches` (`sku`, `location`, `owner`, `code`);
-- Create index "batch_blocked_expires_us" to table: "batches"
CREATE INDEX `batch_blocked_expires_us` ON `batches` (`blocked`, `expires_us`);
-- Create "capacities" table
CREATE TABLE `capacities` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `location` text NOT NULL, `day` integer NOT NULL, `orders` integer NOT NULL DEFAULT (0), `lines` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0));
-- Create index "capacity_location_day" to table: "capacities"
CREATE UNIQUE INDEX `capacity_location_day` ON `capacities` (`location`, `day`);
-- Create "kits" table
CREATE TABLE `kits` (`id` text NOT NULL, `parts` blob NOT NULL, `active` bool NOT NULL DEFAULT (true), `version` integer NOT NULL DEFAULT (1), `changed_by` text NOT NULL DEFAULT (''), `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "presales" table
CREATE TABLE `presales` (`id` text NOT NULL, `org` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `owner` text NOT NULL, `quota` integer NOT NULL, `used` integer NOT NULL DEFAULT (0), `arrives_us` integer NOT NULL, `open` bool NOT NULL DEFAULT (true), `version` integer NOT NULL DEFAULT (0), `created_by` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "presale_sku_open_arrives_us" to table: "presales"
CREATE INDEX `presale_sku_open_arrives_us` ON `presales` (`sku`, `open`, `arrives_us`);
-- Create index "presale_created_us_id" to table: "presales"
CREATE INDEX `presale_created_us_id` ON `presales` (`created_us`, `id`);
-- Create "quotas" table
CREATE TABLE `quotas` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `policy` text NOT NULL, `sku` text NOT NULL, `location` text NOT NULL, `used` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL DEFAULT (0));
-- Create index "quota_sku_location_policy" to table: "quotas"
CREATE UNIQUE INDEX `quota_sku_location_policy` ON `quotas` (`sku`, `location`, `policy`);
-- Create index "quota_policy" to table: "quotas"
CREATE INDEX `quota_policy` ON `quotas` (`policy`);
-- Create "rulesets" table
CREATE TABLE `rulesets` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `kind` text NOT NULL, `name` text NOT NULL, `version` integer NOT NULL, `state` integer NOT NULL, `body` blob NOT NULL, `active_key` text NULL, `revision` integer NOT NULL DEFAULT (1), `created_by` text NOT NULL DEFAULT (''), `activated_by` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `updated_us` integer NOT NULL);
-- Create index "rulesets_active_key_key" to table: "rulesets"
CREATE UNIQUE INDEX `rulesets_active_key_key` ON `rulesets` (`active_key`);
-- Create index "ruleset_kind_name_version" to table: "rulesets"
CREATE UNIQUE INDEX `ruleset_kind_name_version` ON `rulesets` (`kind`, `name`, `version`);
-- Create index "ruleset_kind_state" to table: "rulesets"
CREATE INDEX `ruleset_kind_state` ON `rulesets` (`kind`, `state`);
-- Create "sharing_policies" table
CREATE TABLE `sharing_policies` (`id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `place_kind` integer NOT NULL, `place` text NOT NULL DEFAULT (''), `product_kind` integer NOT NULL, `product` text NOT NULL DEFAULT (''), `mode` integer NOT NULL, `value` integer NOT NULL, `from_us` integer NOT NULL, `until_us` integer NOT NULL DEFAULT (0), `live_key` text NULL, `created_by` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `ended_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "sharing_policies_live_key_key" to table: "sharing_policies"
CREATE UNIQUE INDEX `sharing_policies_live_key_key` ON `sharing_policies` (`live_key`);
-- Create index "sharingpolicy_ended_us_until_us" to table: "sharing_policies"
CREATE INDEX `sharingpolicy_ended_us_until_us` ON `sharing_policies` (`ended_us`, `until_us`);
-- Create index "sharingpolicy_created_us_id" to table: "sharing_policies"
CREATE INDEX `sharingpolicy_created_us_id` ON `sharing_policies` (`created_us`, `id`);
-- Create "simulations" table
CREATE TABLE `simulations` (`id` text NOT NULL, `state` integer NOT NULL, `strategies` blob NOT NULL, `orders` integer NOT NULL DEFAULT (0), `done` integer NOT NULL DEFAULT (0), `report` blob NULL, `failure` text NOT NULL DEFAULT (''), `created_by` text NOT NULL DEFAULT (''), `lease_owner` text NOT NULL DEFAULT (''), `lease_until_us` integer NOT NULL DEFAULT (0), `version` integer NOT NULL DEFAULT (1), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "simulation_state_lease_until_us" to table: "simulations"
CREATE INDEX `simulation_state_lease_until_us` ON `simulations` (`state`, `lease_until_us`);
-- Create index "simulation_created_us_id" to table: "simulations"
CREATE INDEX `simulation_created_us_id` ON `simulations` (`created_us`, `id`);
-- Create "simulation_orders" table
CREATE TABLE `simulation_orders` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `simulation` text NOT NULL, `number` integer NOT NULL, `document` text NOT NULL, `demand` blob NOT NULL, `outcome` blob NULL, `differs` bool NOT NULL DEFAULT (false));
-- Create index "simulationorder_simulation_number" to table: "simulation_orders"
CREATE UNIQUE INDEX `simulationorder_simulation_number` ON `simulation_orders` (`simulation`, `number`);
-- Create index "simulationorder_simulation_differs_number" to table: "simulation_orders"
CREATE INDEX `simulationorder_simulation_differs_number` ON `simulation_orders` (`simulation`, `differs`, `number`);
-- Create "stock_changes" table
CREATE TABLE `stock_changes` (`id` text NOT NULL, `position` integer NULL, `body` blob NOT NULL, `created_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "stock_changes_position_key" to table: "stock_changes"
CREATE UNIQUE INDEX `stock_changes_position_key` ON `stock_changes` (`position`);
-- Create index "stockchange_created_us_id" to table: "stock_changes"
CREATE INDEX `stockchange_created_us_id` ON `stock_changes` (`created_us`, `id`);
-- Create "stocktakes" table
CREATE TABLE `stocktakes` (`id` text NOT NULL, `org` text NOT NULL, `location` text NOT NULL, `blind` bool NOT NULL, `frozen` bool NOT NULL, `state` integer NOT NULL, `version` integer NOT NULL DEFAULT (1), `note` text NOT NULL DEFAULT (''), `created_by` text NOT NULL DEFAULT (''), `submitted_by` text NOT NULL DEFAULT (''), `decided_by` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "stocktake_created_us_id" to table: "stocktakes"
CREATE INDEX `stocktake_created_us_id` ON `stocktakes` (`created_us`, `id`);
-- Create index "stocktake_location_state" to table: "stocktakes"
CREATE INDEX `stocktake_location_state` ON `stocktakes` (`location`, `state`);
-- Create "stocktake_counts" table
CREATE TABLE `stocktake_counts` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `stocktake` text NOT NULL, `sku` text NOT NULL, `owner` text NOT NULL, `batch` text NOT NULL DEFAULT (''), `counted` integer NOT NULL, `book` integer NOT NULL, `seq` integer NOT NULL, `actor` text NOT NULL, `request` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL);
-- Create index "stocktakecount_stocktake_actor" to table: "stocktake_counts"
CREATE INDEX `stocktakecount_stocktake_actor` ON `stocktake_counts` (`stocktake`, `actor`);
-- Create index "stocktakecount_stocktake_sku_owner_batch" to table: "stocktake_counts"
CREATE INDEX `stocktakecount_stocktake_sku_owner_batch` ON `stocktake_counts` (`stocktake`, `sku`, `owner`, `batch`);
-- Create "stocktake_lines" table
CREATE TABLE `stocktake_lines` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `stocktake` text NOT NULL, `sku` text NOT NULL, `owner` text NOT NULL, `batch` text NOT NULL DEFAULT (''), `counted` integer NULL, `book` integer NOT NULL DEFAULT (0), `seq` integer NOT NULL DEFAULT (0), `counted_by` text NOT NULL DEFAULT (''), `counted_us` integer NOT NULL DEFAULT (0), `difference` integer NOT NULL DEFAULT (0));
-- Create index "stocktakeline_stocktake_sku_owner_batch" to table: "stocktake_lines"
CREATE UNIQUE INDEX `stocktakeline_stocktake_sku_owner_batch` ON `stocktake_lines` (`stocktake`, `sku`, `owner`, `batch`);
-- Create index "stocktakeline_sku_owner_stocktake" to table: "stocktake_lines"
CREATE INDEX `stocktakeline_sku_owner_stocktake` ON `stocktake_lines` (`sku`, `owner`, `stocktake`);
-- Create "transfers" table
CREATE TABLE `transfers` (`id` text NOT NULL, `number` text NOT NULL, `from_location` text NOT NULL, `to_location` text NOT NULL, `from_org` text NOT NULL, `to_org` text NOT NULL, `state` integer NOT NULL, `lines` blob NOT NULL, `version` integer NOT NULL DEFAULT (1), `note` text NOT NULL DEFAULT (''), `created_by` text NOT NULL DEFAULT (''), `created_us` integer NOT NULL, `sent_us` integer NOT NULL DEFAULT (0), `received_us` integer NOT NULL DEFAULT (0), `expected_us` integer NOT NULL DEFAULT (0), `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "transfer_from_org_number" to table: "transfers"
CREATE UNIQUE INDEX `transfer_from_org_number` ON `transfers` (`from_org`, `number`);
-- Create index "transfer_created_us_id" to table: "transfers"
CREATE INDEX `transfer_created_us_id` ON `transfers` (`created_us`, `id`);
-- Create index "transfer_to_location_state_expected_us" to table: "transfers"
CREATE INDEX `transfer_to_location_state_expected_us` ON `transfers` (`to_location`, `state`, `expected_us`);
-- Create index "transfer_from_location_state" to table: "transfers"
CREATE INDEX `transfer_from_location_state` ON `transfers` (`from_location`, `state`);
-- Create "webhooks" table
CREATE TABLE `webhooks` (`id` text NOT NULL, `org` text NOT NULL, `channel` text NOT NULL, `url` text NOT NULL, `secret` blob NOT NULL, `coalesce_ms` integer NOT NULL, `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `failures` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `last_error` text NOT NULL DEFAULT (''), `lease_owner` text NOT NULL DEFAULT (''), `lease_until_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "webhook_active_next_us" to table: "webhooks"
CREATE INDEX `webhook_active_next_us` ON `webhooks` (`active`, `next_us`);
-- Create index "webhook_org_created_us_id" to table: "webhooks"
CREATE INDEX `webhook_org_created_us_id` ON `webhooks` (`org`, `created_us`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
