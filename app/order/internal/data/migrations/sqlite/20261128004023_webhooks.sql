-- Create "webhooks" table
CREATE TABLE `webhooks` (`id` text NOT NULL, `org` text NOT NULL, `channel` text NOT NULL, `url` text NOT NULL, `secret` blob NOT NULL, `coalesce_ms` integer NOT NULL, `active` bool NOT NULL DEFAULT (true), `position` integer NOT NULL DEFAULT (0), `failures` integer NOT NULL DEFAULT (0), `next_us` integer NOT NULL DEFAULT (0), `last_error` text NOT NULL DEFAULT (''), `lease_owner` text NOT NULL DEFAULT (''), `lease_until_us` integer NOT NULL DEFAULT (0), `created_us` integer NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "webhook_active_next_us" to table: "webhooks"
CREATE INDEX `webhook_active_next_us` ON `webhooks` (`active`, `next_us`);
-- Create index "webhook_org_created_us_id" to table: "webhooks"
CREATE INDEX `webhook_org_created_us_id` ON `webhooks` (`org`, `created_us`, `id`);
