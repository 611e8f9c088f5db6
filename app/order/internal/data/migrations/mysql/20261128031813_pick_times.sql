-- Modify "fulfilments" table
ALTER TABLE `fulfilments` ADD COLUMN `pick_by_us` bigint NULL, ADD COLUMN `pick_late_us` bigint NULL;
-- Modify "service_levels" table
ALTER TABLE `service_levels` ADD COLUMN `pick_us` bigint NULL;
