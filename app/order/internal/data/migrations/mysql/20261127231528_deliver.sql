-- Modify "fulfilments" table
ALTER TABLE `fulfilments` ADD COLUMN `picked_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `packed_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `delivered_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `failed_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `back_us` bigint NOT NULL DEFAULT 0, ADD COLUMN `failure` varchar(200) NOT NULL DEFAULT '';
