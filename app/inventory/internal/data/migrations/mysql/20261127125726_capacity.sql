-- Modify "reservations" table
ALTER TABLE `reservations` ADD COLUMN `capacity_day` bigint NOT NULL DEFAULT 0, ADD INDEX `reservation_created_us_org_document` (`created_us`, `org`, `document`);
