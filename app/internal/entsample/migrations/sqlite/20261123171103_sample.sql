-- Create "brands" table
CREATE TABLE `brands` (`id` text NOT NULL, `name` text NOT NULL, PRIMARY KEY (`id`));
-- Create "notes" table
CREATE TABLE `notes` (`id` text NOT NULL, `org` text NOT NULL, `member` text NULL, `code` text NOT NULL, `qty` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "note_org_code" to table: "notes"
CREATE UNIQUE INDEX `note_org_code` ON `notes` (`org`, `code`);
-- Create "shelves" table
CREATE TABLE `shelves` (`id` text NOT NULL, `org` text NOT NULL, `sku` text NOT NULL, `on_hand` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "shelf_org_sku" to table: "shelves"
CREATE UNIQUE INDEX `shelf_org_sku` ON `shelves` (`org`, `sku`);
