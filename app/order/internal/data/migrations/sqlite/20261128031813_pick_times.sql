-- Add column "pick_by_us" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `pick_by_us` integer NULL;
-- Add column "pick_late_us" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `pick_late_us` integer NULL;
-- Add column "pick_us" to table: "service_levels"
ALTER TABLE `service_levels` ADD COLUMN `pick_us` integer NULL;
