-- Create "shipping_reports" table
CREATE TABLE `shipping_reports` (`id` text NOT NULL, `org` text NOT NULL, `order_id` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `external_no` text NOT NULL DEFAULT (''), `fulfilment_id` text NOT NULL, `parcel_id` text NOT NULL DEFAULT (''), `carrier` text NOT NULL DEFAULT (''), `tracking_no` text NOT NULL DEFAULT (''), `lines` json NOT NULL, `at_us` integer NOT NULL DEFAULT (0), `acknowledged_us` integer NOT NULL DEFAULT (0), `acknowledged_by` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "shippingreport_channel_acknowledged_us_at_us_id" to table: "shipping_reports"
CREATE INDEX `shippingreport_channel_acknowledged_us_at_us_id` ON `shipping_reports` (`channel`, `acknowledged_us`, `at_us`, `id`);
-- Create index "shippingreport_order_id" to table: "shipping_reports"
CREATE INDEX `shippingreport_order_id` ON `shipping_reports` (`order_id`);
