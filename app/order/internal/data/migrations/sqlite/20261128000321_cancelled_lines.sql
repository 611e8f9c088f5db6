-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_order_lines" table
CREATE TABLE `new_order_lines` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `no` integer NOT NULL DEFAULT (0), `sku` text NOT NULL DEFAULT (''), `title` json NULL, `tax_class` text NOT NULL DEFAULT (''), `returnable` bool NOT NULL DEFAULT (false), `quantity` integer NOT NULL DEFAULT (0), `unit_minor` integer NOT NULL DEFAULT (0), `gross_minor` integer NOT NULL DEFAULT (0), `discount_minor` integer NOT NULL DEFAULT (0), `payable_minor` integer NOT NULL DEFAULT (0), `points_amount_minor` integer NOT NULL DEFAULT (0), `points` integer NOT NULL DEFAULT (0), `discounts` json NULL, `gift_of` text NOT NULL DEFAULT (''), `returned_quantity` integer NOT NULL DEFAULT (0), `cancelled_quantity` integer NOT NULL DEFAULT (0), `refunded_minor` integer NOT NULL DEFAULT (0), `points_back` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Copy rows from old table "order_lines" to new temporary table "new_order_lines"
INSERT INTO `new_order_lines` (`id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `discounts`, `gift_of`, `returned_quantity`, `refunded_minor`, `points_back`) SELECT `id`, `org`, `order_id`, `no`, `sku`, `title`, `tax_class`, `returnable`, `quantity`, `unit_minor`, `gross_minor`, `discount_minor`, `payable_minor`, `points_amount_minor`, `points`, `discounts`, `gift_of`, `returned_quantity`, `refunded_minor`, `points_back` FROM `order_lines`;
-- Drop "order_lines" table after copying rows
DROP TABLE `order_lines`;
-- Rename temporary table "new_order_lines" to "order_lines"
ALTER TABLE `new_order_lines` RENAME TO `order_lines`;
-- Create index "orderline_order_id_no" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_order_id_no` ON `order_lines` (`order_id`, `no`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
