-- Create "trade_events" table
CREATE TABLE `trade_events` (`id` text NOT NULL, `org` text NOT NULL, `position` integer NULL, `order_id` text NOT NULL, `seller_org` text NOT NULL DEFAULT (''), `part` bool NOT NULL DEFAULT (false), `version` integer NOT NULL DEFAULT (0), `topic` text NOT NULL DEFAULT (''), `state` text NOT NULL DEFAULT (''), `kind` text NOT NULL DEFAULT (''), `channel` text NOT NULL DEFAULT (''), `shop_store` text NOT NULL DEFAULT (''), `fulfilment_id` text NOT NULL DEFAULT (''), `location` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL DEFAULT (0), `body` json NOT NULL, PRIMARY KEY (`id`));
-- Create index "tradeevent_order_id_version_fulfilment_id_part" to table: "trade_events"
CREATE UNIQUE INDEX `tradeevent_order_id_version_fulfilment_id_part` ON `trade_events` (`order_id`, `version`, `fulfilment_id`, `part`);
-- Create index "tradeevent_position" to table: "trade_events"
CREATE UNIQUE INDEX `tradeevent_position` ON `trade_events` (`position`);
-- Create index "tradeevent_at_us" to table: "trade_events"
CREATE INDEX `tradeevent_at_us` ON `trade_events` (`at_us`);
