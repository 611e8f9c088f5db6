-- Add column "merged" to table: "fulfilments"
ALTER TABLE `fulfilments` ADD COLUMN `merged` text NULL;
-- Create "merged_parcels" table
CREATE TABLE `merged_parcels` (`id` text NOT NULL, `org` text NOT NULL, `location` text NOT NULL, `members` json NOT NULL, `merged_by` text NOT NULL DEFAULT (''), `merged_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
